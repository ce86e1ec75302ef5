/** Faults as JSON over the control port: checked field by field, so that a misspelt one cannot pass for a harmless one. */
import { ApiError } from './api-error.ts'
import type { Fault, FaultAction, FaultMatch, Kind } from './faults.ts'

/** One field: what it must be, in words for the refusal, and whether it may be left out. */
interface Field {
  readonly expected: string
  readonly isOptional: boolean
  readonly fits: (value: unknown) => boolean
}

type Fields = Readonly<Record<string, Field>>

function field(expected: string, fits: Field['fits']): Field {
  return { expected, isOptional: false, fits }
}

function optional(given: Field): Field {
  return { ...given, isOptional: true }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isScalar = (value: unknown) => value === null || ['string', 'number', 'boolean'].includes(typeof value)
const isWhole = (value: unknown, from: number): boolean => Number.isInteger(value) && Number(value) >= from

const TEXT = field('a text', (value) => typeof value === 'string' && value !== '')
const ANY_TEXT = field('a text', (value) => typeof value === 'string')
const FLAG = field('true or false', (value) => typeof value === 'boolean')
const AMOUNT = field('a whole number from 0', (value) => isWhole(value, 0))
const ORDINAL = field('a whole number from 1', (value) => isWhole(value, 1))
const STATUS = field('an HTTP status from 200 to 599', (value) => isWhole(value, 200) && Number(value) <= 599)
const SCALAR = field('a text, a number, true, false or null', isScalar)
const CHANGES = field(
  'an object of texts, numbers, true, false or null',
  (value) => isObject(value) && Object.values(value).every(isScalar),
)
const OBJECT = field('an object', isObject)
const ANYTHING = field('any JSON', () => true)

/** The fields of each action beside `kind`; exhaustive, so that a new kind cannot be forgotten. */
const ACTIONS: Readonly<Record<Kind, Fields>> = {
  'reset-before-commit': {},
  'reset-after-commit': {},
  'hold-after-commit': {},
  status: {
    status: STATUS,
    code: optional(ANY_TEXT),
    message: optional(ANY_TEXT),
    retryAfter: optional(AMOUNT),
    html: optional(FLAG),
  },
  'status-after-commit': { status: STATUS, message: optional(ANY_TEXT), html: optional(FLAG) },
  'too-large-above': { bytes: AMOUNT },
  'control-before': { method: TEXT, path: TEXT, body: optional(ANYTHING) },
  'truncate-body': {},
  slow: { ms: AMOUNT },
  'token-reject': {},
  'poison-row': { table: optional(TEXT), column: TEXT, value: SCALAR },
  'sql-timeout-above': { rows: AMOUNT },
  deadlock: {},
  'bulk-unavailable': {},
  'edit-before': { set: TEXT, id: TEXT, changes: CHANGES },
}

const MATCH: Fields = {
  method: optional(TEXT),
  path: optional(TEXT),
  message: optional(TEXT),
  body: optional(TEXT),
}

const FAULT: Fields = {
  match: optional(OBJECT),
  nth: optional(ORDINAL),
  count: optional(AMOUNT),
  action: OBJECT,
}

/** Reads a list of faults. Throws 400 naming the first field that is missing, unknown or of another kind. */
export function parseFaults(json: unknown): Fault[] {
  if (!Array.isArray(json)) throw refusal('faults', 'a list')
  return json.map((each, at) => parseFault(each, `faults[${at}]`))
}

function parseFault(json: unknown, where: string): Fault {
  const { match, action, ...rest } = fieldsOf(json, where, FAULT)
  const found = action as Readonly<Record<string, unknown>>
  const fields = ACTIONS[found['kind'] as Kind] as Fields | undefined
  if (fields === undefined) throw refusal(`${where}.action.kind`, `one of ${Object.keys(ACTIONS).join(', ')}`)
  fieldsOf(action, `${where}.action`, { kind: TEXT, ...fields })
  const matched = match === undefined ? {} : { match: parseMatch(match, `${where}.match`) }
  return { ...rest, ...matched, action: action as FaultAction }
}

/** Reads what requests a fault or a hold concerns; `where` names it in the refusal. */
export function parseMatch(json: unknown, where = 'match'): FaultMatch {
  return fieldsOf(json, where, MATCH)
}

/** Reads `{match, nth}` of a hold. Throws 400 as `parseFaults` does. */
export function parseHold(json: unknown): { readonly match?: FaultMatch; readonly nth?: number } {
  const { match, nth } = fieldsOf(json, 'hold', { match: optional(OBJECT), nth: optional(ORDINAL) })
  return {
    ...(match === undefined ? {} : { match: parseMatch(match, 'hold.match') }),
    ...(nth === undefined ? {} : { nth: Number(nth) }),
  }
}

function fieldsOf(json: unknown, where: string, fields: Fields): Readonly<Record<string, unknown>> {
  if (!isObject(json)) throw refusal(where, 'an object')
  for (const name of Object.keys(json)) {
    if (!Object.hasOwn(fields, name)) throw refusal(`${where}.${name}`, `one of ${Object.keys(fields).join(', ')}`)
  }
  for (const [name, { expected, isOptional, fits }] of Object.entries(fields)) {
    const value = json[name]
    if (value === undefined ? !isOptional : !fits(value)) throw refusal(`${where}.${name}`, expected)
  }
  return json
}

function refusal(where: string, expected: string): ApiError {
  return new ApiError(400, '', `${where} must be ${expected}.`)
}
