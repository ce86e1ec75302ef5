/** What a refusal of Dataverse means: its body read with suspicion, and one table of what happens next. */

/** A refusal as read; `code` is `0x` and eight lower-case hex digits, or `''`. `message` is raw: mask it before use. */
export interface ApiError {
  readonly status: number
  readonly code: string
  readonly message: string
  /** Did the body have the Web API's own form? Gateways and proxies answer HTML or `{"Message": …}`. */
  readonly wellFormed: boolean
}

/**
 * What happens next.
 *
 * - `throttled`: all requests of this application user wait, then the request may be repeated.
 * - `transient`, `deadlock`: not applied; the request may be repeated.
 * - `ambiguous`: perhaps applied; only a repeatable request is repeated.
 * - `shrink`: the request is too large or too slow; halves may pass.
 * - `conflict`: the row changed meanwhile, or exists already.
 * - `gone`: there is no such row (or table, or row that it points to).
 * - `row`: this row is refused for what it holds.
 * - `bulk-unavailable`: the table or server lacks the bulk message.
 * - `authorisation`: a privilege or the application user is missing.
 * - `fatal-configuration`: mapping and table, or URL and server, have parted.
 */
export type ErrorClass =
  | 'throttled'
  | 'transient'
  | 'ambiguous'
  | 'deadlock'
  | 'shrink'
  | 'conflict'
  | 'gone'
  | 'row'
  | 'bulk-unavailable'
  | 'authorisation'
  | 'fatal-configuration'

interface Rule {
  readonly is: ErrorClass
  readonly codes?: readonly string[]
  readonly statuses?: readonly number[]
  readonly message?: RegExp
  readonly wellFormed?: boolean
}

/** No route for `…/Microsoft.Dynamics.CRM.UpdateMultiple`: an old server says so in several ways. */
const NO_SUCH_MESSAGE =
  /resource not found for the segment|no http resource was found|(create|update)multiple.*(not (supported|enabled|found)|does not support)/i

/** The first rule that fits decides; codes come before statuses because a code is "unrelated to the HTTP status". */
const RULES: readonly Rule[] = [
  // Service protection limits: requests, execution time, concurrency.
  { is: 'throttled', codes: ['0x80072322', '0x80072321', '0x80072326'] },
  // SQL 1205 is the deadlock; 0x80040255 a deadlock swallowed by a plug-in ("transaction already rolled back").
  { is: 'deadlock', codes: ['0x80044150'], message: /\b1205\b|deadlock/i },
  { is: 'deadlock', codes: ['0x80040255'] },
  // SQL 3732, 2766 and 2812 are a race of a table's first bulk calls; other SQL errors were rolled back as well.
  { is: 'transient', codes: ['0x80044150'] },
  { is: 'transient', codes: ['0x80131509'], message: /sql/i },
  { is: 'shrink', codes: ['0x80044151'] },
  // Version mismatch, primary key taken, alternate key taken.
  { is: 'conflict', codes: ['0x80060882', '0x80040237', '0x80060892'] },
  // No privilege, no privilege on this row, not a member of the organization.
  { is: 'authorisation', codes: ['0x80040220', '0x80040299', '0x80072560'] },
  { is: 'bulk-unavailable', message: NO_SUCH_MESSAGE },
  // Bad OData, bad URL, over 500 conditions, optimistic concurrency not enabled, version missing.
  {
    is: 'fatal-configuration',
    codes: ['0x80060888', '0x8006088a', '0x8004430c', '0x80060883', '0x8006088d'],
  },
  // An undeclared property is everybody's error; any other payload error is this row's value.
  { is: 'fatal-configuration', codes: ['0x80048d19'], message: /undeclared property/i },
  // Payload, length, option, range, state, plug-in, duplicate rule, unique index, hidden error, bad bind.
  {
    is: 'row',
    codes: [
      '0x80048d19',
      '0x80044331',
      '0x8004431a',
      '0x8004432f',
      '0x80044330',
      '0x80048408',
      '0x80040265',
      '0x80040333',
      '0x80073002',
      '0x80040251',
    ],
  },
  { is: 'gone', codes: ['0x80040217', '0x80060891'] },
  { is: 'throttled', statuses: [429] },
  { is: 'transient', statuses: [503] },
  { is: 'ambiguous', statuses: [408, 500, 502, 504] },
  { is: 'shrink', statuses: [413] },
  { is: 'conflict', statuses: [412] },
  { is: 'authorisation', statuses: [401, 403] },
  { is: 'bulk-unavailable', statuses: [405, 501] },
  // A gateway's 404 says that the URL is wrong, not that a row is gone.
  { is: 'gone', statuses: [404], wellFormed: true },
  { is: 'row', statuses: [400, 409, 422], wellFormed: true },
]

/** Classifies a refusal; a status that no rule knows is ambiguous above 499 and otherwise our configuration's fault. */
export function classify(error: ApiError): ErrorClass {
  const rule = RULES.find(
    ({ codes, statuses, message, wellFormed }) =>
      (codes === undefined || codes.includes(error.code)) &&
      (statuses === undefined || statuses.includes(error.status)) &&
      (message === undefined || message.test(error.message)) &&
      (wellFormed === undefined || wellFormed === error.wellFormed),
  )
  return rule?.is ?? (error.status >= 500 ? 'ambiguous' : 'fatal-configuration')
}

/** What a refusal goes by in outcomes: its code, or for lack of one its status. */
export function refusalCode({ code, status }: Pick<ApiError, 'code' | 'status'>): string {
  return code === '' ? String(status) : code
}

/** May a request that ended so be sent once more as it is, provided it is repeatable? */
export function isRepeatable(error: ApiError): boolean {
  switch (classify(error)) {
    case 'throttled':
    case 'transient':
    case 'deadlock':
      return true
    case 'ambiguous':
      // An unexplained 500 is often a plug-in or one row's fault: repeating it as it is would loop.
      return error.status !== 500
    case 'shrink':
    case 'conflict':
    case 'gone':
    case 'row':
    case 'bulk-unavailable':
    case 'authorisation':
    case 'fatal-configuration':
      return false
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Codes come as `0x80040217`, as `-2147220969`, as a number, or not at all; `0x0` says as little as nothing. */
function normaliseCode(code: unknown): string {
  const text = typeof code === 'number' || typeof code === 'string' ? String(code).trim().toLowerCase() : ''
  const value = /^0x[0-9a-f]{1,8}$/.test(text) ? Number(text) : /^-?\d{1,10}$/.test(text) ? Number(text) >>> 0 : 0
  return value === 0 ? '' : `0x${value.toString(16).padStart(8, '0')}`
}

/** The longest raw message kept for matching; a proxy's page may be megabytes. */
const MAX_MESSAGE = 4_000

/** Reads the body of a refusal, whatever it is: the Web API's JSON, another JSON, HTML, half of either, nothing. */
export function parseApiError(status: number, body: string): ApiError {
  const json = parseJson(body.replace(/^\uFEFF/, ''))
  const error = isObject(json) && isObject(json['error']) ? json['error'] : undefined
  if (error !== undefined) {
    const message = typeof error['message'] === 'string' ? error['message'] : ''
    return { status, code: normaliseCode(error['code']), message: message.slice(0, MAX_MESSAGE), wellFormed: true }
  }
  const other = isObject(json) ? (json['Message'] ?? json['message']) : undefined
  if (typeof other === 'string') {
    const code = isObject(json) ? normaliseCode(json['ErrorCode'] ?? json['code']) : ''
    return { status, code, message: other.slice(0, MAX_MESSAGE), wellFormed: false }
  }
  // A cut-off Web API error still names its code at the front.
  const code = /"code"\s*:\s*"([^"]{1,20})"/.exec(body.slice(0, MAX_MESSAGE))?.[1]
  return {
    status,
    code: normaliseCode(code),
    message: code === undefined ? '' : 'unreadable error body',
    wellFormed: false,
  }
}
