/** Retrieve and RetrieveMultiple: one row by key, or the rows of a query page by page. */
import { createHmac } from 'node:crypto'
import { badRequest, badSyntax } from './api-error.ts'
import { type ApiReply, type ApiRequest, jsonReply } from './api-message.ts'
import { retrieveChanges } from './changes.ts'
import { parseExpand, showExpanded } from './expand.ts'
import { candidates, compileFilter } from './filter-match.ts'
import { parseFilter } from './filter-parser.ts'
import { requirePrivilege } from './identity.ts'
import { allowOnly, parsePreferences, parseQuery, splitList } from './query-options.ts'
import { findRow, noSuchRow, type RowKey } from './row-key.ts'
import { etagOf, rowProperties, selectColumns, showRow } from './row-properties.ts'
import { columnOfProperty, isLookup, type Value } from './schema.ts'
import type { DataverseState } from './state.ts'
import type { Row, Table } from './table.ts'

/** `$count` and `$top` never go beyond this. */
const MAX_ROWS = 5_000

/** `GET contacts(<key>)`. */
export function retrieve(state: DataverseState, request: ApiRequest, table: Table, key: RowKey): ApiReply {
  requirePrivilege(request.identity, 'Read', table.schema)
  const options = parseQuery(request.query)
  allowOnly(options, ['$select', '$expand'], 'a single row')
  const expansions = parseExpand(state, request.identity, table.schema, options.get('$expand'))
  const columns = selectColumns(table.schema, options.get('$select'))
  const row = findRow(table, key)
  if (row === undefined) throw noSuchRow(table, key)
  state.counters.billableRows++
  const { annotations } = parsePreferences(request.headers.get('prefer'))
  const known = request.headers.get('if-none-match')
  if (known === etagOf(row)) return { status: 304, headers: {}, body: undefined }
  return jsonReply(
    200,
    {
      '@odata.context': `${request.root}/$metadata#${table.schema.entitySetName}/$entity`,
      ...showRow(row, columns, annotations),
      ...showExpanded(row, expansions, annotations),
    },
    { ETag: etagOf(row) },
  )
}

interface Order {
  readonly path: string
  readonly descending: boolean
}

/** `GET contacts?…`: a query, a page of one, or a change-tracking call. */
export function retrieveMultiple(state: DataverseState, request: ApiRequest, table: Table): ApiReply {
  requirePrivilege(request.identity, 'Read', table.schema)
  const { token, query } = openToken(request)
  const options = parseQuery(query)
  const preferences = parsePreferences(request.headers.get('prefer'))
  state.counters.billableRows++
  const pageSize = Math.min(preferences.maxPageSize ?? state.settings.pageSize, state.settings.pageSize)
  if (options.has('$deltatoken') || preferences.trackChanges) {
    return retrieveChanges(state, request, table, options, pageSize)
  }
  allowOnly(options, ['$select', '$filter', '$orderby', '$top', '$count', '$expand'], 'a table')
  const expansions = parseExpand(state, request.identity, table.schema, options.get('$expand'))
  const columns = selectColumns(table.schema, options.get('$select'))
  const orders = parseOrders(state, table, options.get('$orderby'))
  const counted = options.get('$count') === 'true'
  const top = preferences.maxPageSize === undefined ? parseTop(options.get('$top')) : undefined
  const limit = top ?? pageSize
  const search = searchOf(state, table, options)
  const rows = counted || orders.length > 0 || search.ids !== undefined ? matching(table, search) : undefined
  const found =
    rows === undefined
      ? firstById(table, search, token, limit + 1)
      : following(state, table, sorted(state, table, rows, orders), orders, token, limit + 1)
  const page = found.slice(0, limit)
  const more = top === undefined && found.length > limit
  return jsonReply(200, {
    '@odata.context': `${request.root}/$metadata#${table.schema.entitySetName}`,
    ...(rows !== undefined && counted ? { '@odata.count': Math.min(rows.length, MAX_ROWS) } : {}),
    value: page.map((row) => ({
      ...showRow(row, columns, preferences.annotations),
      ...showExpanded(row, expansions, preferences.annotations),
    })),
    ...(more ? { '@odata.nextLink': nextLink(request, query, cookieOf(state, table, page.at(-1), orders)) } : {}),
  })
}

function parseTop(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text) || Number(text) === 0) throw badRequest(`Invalid value '${text}' for $top.`)
  return Math.min(Number(text), MAX_ROWS)
}

/** What a query looks for: the ids that an index gives, where one can, and the test of a row. */
interface Search {
  readonly ids?: Iterable<string>
  readonly test: (row: Row) => boolean
}

function searchOf(state: DataverseState, table: Table, options: ReadonlyMap<string, string>): Search {
  const filter = options.get('$filter')
  if (filter === undefined) return { test: () => true }
  const expression = parseFilter(filter, options)
  const test = compileFilter(expression, rowProperties(state, table.schema), state.collation)
  const ids = candidates(expression, (path, value) => {
    const column = columnOfProperty(table.schema, path)
    const indexable = column?.type === 'text' || column?.type === 'uniqueidentifier' || (column && isLookup(column))
    return column !== undefined && indexable ? table.find([column.logicalName], [value]) : undefined
  })
  return { test, ...(ids !== undefined && { ids }) }
}

function matching(table: Table, { ids, test }: Search): Row[] {
  if (ids === undefined) return [...table.all()].filter(test)
  return [...ids].map((id) => table.get(id)).filter((row): row is Row => row !== undefined && test(row))
}

/** A page in the order of ids, which need not be sorted anew for each: a table of a million rows has hundreds of pages. */
function firstById(table: Table, { test }: Search, token: string | undefined, limit: number): Row[] {
  const page: Row[] = []
  for (const row of table.after(token === undefined ? undefined : String(placeIn(token)[0]))) {
    if (!test(row)) continue
    page.push(row)
    if (page.length === limit) break
  }
  return page
}

function parseOrders(state: DataverseState, table: Table, text: string | undefined): Order[] {
  const properties = rowProperties(state, table.schema)
  return splitList(text ?? '').map((item) => {
    const [path = '', direction = 'asc', ...rest] = item.split(/\s+/)
    if (rest.length > 0 || (direction !== 'asc' && direction !== 'desc')) throw badSyntax('Error in query syntax.')
    properties.kindOf(path)
    return { path, descending: direction === 'desc' }
  })
}

/** The values that place a row: its ordering columns, folded, then its id. */
function placeOf(state: DataverseState, table: Table, row: Row, orders: readonly Order[]): Value[] {
  const properties = rowProperties(state, table.schema)
  const values = orders.map(({ path }) => {
    const value = properties.read(row, path)
    return typeof value === 'string' ? state.collation.fold(value) : value
  })
  return [...values, row[table.schema.primaryId] ?? null]
}

function comparePlaces(a: readonly Value[], b: readonly Value[], orders: readonly Order[]): number {
  for (let at = 0; at < a.length; at++) {
    const [x, y] = [a[at] ?? null, b[at] ?? null]
    if (x === y) continue
    const less = x === null || (y !== null && x < y)
    return less === (orders[at]?.descending ?? false) ? 1 : -1
  }
  return 0
}

function sorted(state: DataverseState, table: Table, rows: Row[], orders: readonly Order[]): Row[] {
  const { primaryId } = table.schema
  if (orders.length === 0) return rows.sort((a, b) => (String(a[primaryId]) < String(b[primaryId]) ? -1 : 1))
  const placed = rows.map((row) => ({ row, place: placeOf(state, table, row, orders) }))
  return placed.sort((a, b) => comparePlaces(a.place, b.place, orders)).map(({ row }) => row)
}

interface Cookie {
  readonly place: readonly Value[]
}

function cookieOf(state: DataverseState, table: Table, row: Row | undefined, orders: readonly Order[]): string {
  return JSON.stringify({ place: row === undefined ? [] : placeOf(state, table, row, orders) })
}

const placeIn = (token: string): readonly Value[] => (JSON.parse(token) as Cookie).place

function following(
  state: DataverseState,
  table: Table,
  rows: readonly Row[],
  orders: readonly Order[],
  token: string | undefined,
  limit: number,
): Row[] {
  if (token === undefined) return rows.slice(0, limit)
  const place = placeIn(token)
  const at = rows.findIndex((row) => comparePlaces(placeOf(state, table, row, orders), place, orders) > 0)
  return at === -1 ? [] : rows.slice(at, at + limit)
}

const PAGING_SECRET = 'paging cookie of the emulator'

/** The cookie is signed together with the rest of the link, so that an altered or re-encoded link is refused. */
function nextLink(request: ApiRequest, query: string, cookie: string): string {
  const base = `${request.path}?${query}`
  const packed = Buffer.from(cookie).toString('base64')
  const signature = createHmac('sha256', PAGING_SECRET).update(`${base}\n${packed}`).digest('hex').slice(0, 16)
  const token = encodeURIComponent(`<cookie pagingcookie="${packed}" check="${signature}" istracking="False" />`)
  return `${request.root}/${base}${query === '' ? '' : '&'}$skiptoken=${token}`
}

function openToken(request: ApiRequest): { readonly token: string | undefined; readonly query: string } {
  const at = request.query.search(/(^|&)\$skiptoken=/)
  if (at === -1) return { token: undefined, query: request.query }
  const query = request.query.slice(0, at)
  const raw = request.query.slice(at).replace(/^&?\$skiptoken=/, '')
  const match =
    /^%3Ccookie%20pagingcookie%3D%22(.*)%22%20check%3D%22(\w+)%22%20istracking%3D%22False%22%20%2F%3E$/.exec(raw)
  const packed = decodeURIComponent(match?.[1] ?? '')
  const signature = createHmac('sha256', PAGING_SECRET).update(`${request.path}?${query}\n${packed}`).digest('hex')
  if (match === null || match[2] !== signature.slice(0, 16)) throw badSyntax('The paging cookie is malformed.')
  return { token: Buffer.from(packed, 'base64').toString(), query }
}
