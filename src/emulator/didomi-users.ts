/** Users of an emulated Didomi API, in pages. A user is whatever a test says, also what no user should be. */
import { isObject } from './didomi-json.ts'
import type { DidomiRecord } from './didomi-people.ts'

/** Didomi: the envelope of `GET /consents/users`. */
export interface DidomiPage {
  readonly data: readonly unknown[]
  readonly limit: number
  readonly cursor: string | null
}

/**
 * The users that a query asks for: of the allowed regulations (GDPR only where none is named) and the organization user
 * id, if one is, from the cursor on. A full page has a cursor even if nothing follows it. `undefined` for a cursor that is
 * none of ours.
 */
export function didomiPage(
  records: readonly (DidomiRecord | undefined)[],
  query: URLSearchParams,
  limit: number,
): DidomiPage | undefined {
  const allowed = regulationsIn(query)
  const ouid = query.get('organization_user_id')
  const cursor = query.get('$cursor')
  let place = cursor === null ? 0 : startOf(cursor)
  if (place === undefined) return undefined
  const data: unknown[] = []
  for (; place < records.length && data.length < limit; place++) {
    const record = records[place]
    if (record === undefined || !allowed.includes(regulationOf(record.user))) continue
    if (ouid === null || (isObject(record.user) && record.user['organization_user_id'] === ouid)) data.push(record.user)
  }
  return { data, limit, cursor: data.length < limit ? null : cursorAt(place) }
}

/** In lower case. (Didomi: GDPR where none is named; `$in` names several.) */
export function regulationsIn(query: URLSearchParams): string[] {
  const named = [...query.getAll('regulation'), ...query.getAll('regulation[$in]')]
  return named.length === 0 ? ['gdpr'] : named.map((name) => name.toLowerCase())
}

function regulationOf(user: unknown): string {
  const regulation = isObject(user) ? user['regulation'] : undefined
  return typeof regulation === 'string' ? regulation.toLowerCase() : 'gdpr'
}

/** Opaque to callers. */
const cursorAt = (place: number): string => Buffer.from(`users after ${place}`).toString('base64')

function startOf(cursor: string): number | undefined {
  const match = /^users after (\d+)$/.exec(Buffer.from(cursor, 'base64').toString())
  return match === null ? undefined : Number(match[1])
}
