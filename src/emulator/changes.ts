/** Change tracking: the whole table once, then only what changed or went away since the delta token. */
import { ApiError, badRequest } from './api-error.ts'
import { type ApiReply, type ApiRequest, jsonReply } from './api-message.ts'
import { allowOnly, parsePreferences } from './query-options.ts'
import { selectColumns, showRow } from './row-properties.ts'
import type { DataverseState } from './state.ts'
import type { Table } from './table.ts'

const DAY_MS = 86_400_000

/** Days that a token lives unless the organization says otherwise. */
const DEFAULT_EXPIRY_DAYS = 7

interface DeltaToken {
  readonly table: string
  /** Changes up to this version are known to the holder. */
  readonly since: number
  readonly issuedAt: number
  /** Where a walk over several pages stands; absent between walks. */
  readonly walk?: Walk
}

interface Walk {
  /** Version at which the walk ends; later changes belong to the next delta. */
  readonly until: number
  /** The first walk tells of no deletions. */
  readonly withDeleted: boolean
  readonly last: Change
}

interface Change {
  readonly id: string
  readonly version: number
  readonly deleted: boolean
}

function pack(token: DeltaToken): string {
  return encodeURIComponent(Buffer.from(JSON.stringify(token)).toString('base64url'))
}

function unpack(state: DataverseState, table: Table, text: string): DeltaToken {
  let token: DeltaToken
  try {
    token = JSON.parse(Buffer.from(text, 'base64url').toString()) as DeltaToken
  } catch {
    throw badRequest('The delta token is malformed.')
  }
  if (token.table !== table.schema.logicalName) throw badRequest('The delta token belongs to another table.')
  const [organization] = state.table('organization').all()
  const days = Number(organization?.['expirechangetrackingindays'] ?? DEFAULT_EXPIRY_DAYS)
  if (state.clock.now() - token.issuedAt > days * DAY_MS) {
    throw new ApiError(
      400,
      '0x80044352',
      'The version stamp associated with the client has expired. Please perform a full sync.',
    )
  }
  return token
}

/**
 * Answers a call with `Prefer: odata.track-changes` or with a delta token. Refuses filter, order, expand and top, a
 * table without change tracking, and callers whose read privilege is not of organization depth.
 */
export function retrieveChanges(
  state: DataverseState,
  request: ApiRequest,
  table: Table,
  options: ReadonlyMap<string, string>,
  pageSize: number,
): ApiReply {
  const { schema } = table
  for (const refused of ['$filter', '$orderby', '$expand', '$top']) {
    if (options.has(refused))
      throw badRequest(`The query option ${refused} is not supported when Change Tracking is enabled.`)
  }
  allowOnly(options, ['$select', '$deltatoken'], 'change tracking')
  if (!schema.changeTracking) throw badRequest(`Change tracking is not enabled for entity '${schema.logicalName}'.`)
  if (request.identity.privileges.get(`prvRead${schema.schemaName}`) !== 'Global') {
    throw new ApiError(403, '0x80040220', `Change tracking needs prvRead${schema.schemaName} at organization depth.`)
  }
  const columns = selectColumns(schema, options.get('$select'))
  const { annotations } = parsePreferences(request.headers.get('prefer'))
  const text = options.get('$deltatoken')
  const now = state.clock.now()
  const first = { table: schema.logicalName, since: 0, issuedAt: now }
  const token: DeltaToken = text === undefined ? first : unpack(state, table, text)
  const { until, withDeleted } = token.walk ?? { until: state.version, withDeleted: text !== undefined }

  const changes = changesBetween(table, token, until, withDeleted)
  const page = changes.slice(0, pageSize)
  const last = page.at(-1)
  const select = options.get('$select')
  const link = (next: Pick<DeltaToken, 'since' | 'walk'>) =>
    `${request.root}/${schema.entitySetName}?${select === undefined ? '' : `$select=${encodeURIComponent(select)}&`}$deltatoken=${pack({ table: schema.logicalName, issuedAt: now, ...next })}`
  const rest =
    last !== undefined && changes.length > page.length
      ? { '@odata.nextLink': link({ since: token.since, walk: { until, withDeleted, last } }) }
      : { '@odata.deltaLink': link({ since: until }) }
  return jsonReply(200, {
    '@odata.context': `${request.root}/$metadata#${schema.entitySetName}/$delta`,
    value: page.map(({ id, deleted }) => {
      const row = table.get(id)
      if (row !== undefined && !deleted) return showRow(row, columns, annotations)
      const context = `${request.root}/$metadata#${schema.entitySetName}/$deletedEntity`
      return { '@odata.context': context, id, reason: 'deleted' }
    }),
    ...rest,
  })
}

/** New and updated rows by version, then deleted ones; of a walk, what its earlier pages have not shown. */
function changesBetween(table: Table, token: DeltaToken, until: number, withDeleted: boolean): Change[] {
  const changes: Change[] = []
  for (const row of table.all()) {
    changes.push({ id: String(row[table.schema.primaryId]), version: Number(row['versionnumber']), deleted: false })
  }
  if (withDeleted) for (const tombstone of table.tombstones()) changes.push({ ...tombstone, deleted: true })
  const { since, walk } = token
  return changes
    .filter(({ version }) => version > since && version <= until)
    .filter((change) => walk === undefined || compareChanges(change, walk.last) > 0)
    .sort(compareChanges)
}

function compareChanges(a: Change, b: Change): number {
  return Number(a.deleted) - Number(b.deleted) || a.version - b.version
}
