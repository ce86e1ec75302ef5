/** One mapped contact column: what a mapping entry and the column's metadata allow, checked before the first write (semantics §5.5). */

import type { MappingEntry } from '../config/settings.ts'
import { byCodeUnit } from '../consent/choice.ts'
import type { Key } from '../consent/key.ts'
import { parseInstant, SECOND } from '../consent/time.ts'
import type { ColumnMetadata } from '../dataverse/dataverse.ts'
import type { Complaint } from '../lib/errors.ts'
import { type Reading, readingForm } from '../mapping/reading.ts'
import type { Wants } from '../mapping/resolve.ts'
import type { JsonValue } from '../record/record.ts'

/** How a statement becomes the column's value. */
export type Encoding =
  | { readonly form: 'choice'; readonly yes: JsonValue; readonly no: JsonValue }
  /** `codes` is absent for text columns, which hold the ids themselves. */
  | { readonly form: 'set'; readonly codes?: ReadonlyMap<string, number> }
  | { readonly form: 'attribute'; readonly name: string }

export interface ContactColumn {
  readonly name: string
  readonly metadata: ColumnMetadata
  readonly keys: readonly Key[]
  readonly encoding: Encoding
}

/** What an explicit reference without value means for this column (semantics §4). */
export function wantsOf(entry: MappingEntry, metadata: ColumnMetadata): Wants {
  const spelt = entry.trueValue !== undefined || entry.falseValue !== undefined
  return metadata.type === 'choices' || (metadata.type === 'text' && !spelt) ? 'set' : 'choice'
}

/** Fits entry, column and reading together, or says why the column can never hold it. */
export function contactColumn(
  entry: MappingEntry,
  metadata: ColumnMetadata,
  reading: Reading,
  keys: readonly Key[],
): ContactColumn | Complaint {
  const encoding = encodingOf(entry, metadata, reading)
  if ('where' in encoding) return encoding
  if (!metadata.validForUpdate)
    return complaint(entry, 'a column that cannot be updated', 'a writable column', 'Map another column.')
  return { name: metadata.logicalName, metadata, keys, encoding }
}

function encodingOf(entry: MappingEntry, metadata: ColumnMetadata, reading: Reading): Encoding | Complaint {
  switch (readingForm(reading)) {
    case 'choice':
      return choiceEncoding(entry, metadata)
    case 'set':
      return setEncoding(entry, metadata)
    case 'attribute':
      return ATTRIBUTE_TYPES.has(metadata.type) && reading.kind === 'attribute'
        ? { form: 'attribute', name: reading.name }
        : unfit(entry, metadata, 'an attribute')
  }
}

const ATTRIBUTE_TYPES: ReadonlySet<ColumnMetadata['type']> = new Set([
  'text',
  'boolean',
  'choice',
  'date-time',
  'date-only',
  'whole-number',
  'decimal',
])

function choiceEncoding(entry: MappingEntry, metadata: ColumnMetadata): Encoding | Complaint {
  /** Standard `donot…` columns are named in the negative: true means "do not allow" (Dataverse: contact table). */
  const invert = entry.invert ?? (metadata.type === 'boolean' && metadata.logicalName.startsWith('donot'))
  const order = (yes: JsonValue, no: JsonValue): Encoding =>
    invert ? { form: 'choice', yes: no, no: yes } : { form: 'choice', yes, no }
  switch (metadata.type) {
    case 'boolean':
      return order(true, false)
    case 'choice': {
      const yes = optionCode(metadata, entry.trueValue)
      const no = optionCode(metadata, entry.falseValue)
      if (yes !== undefined && no !== undefined && yes !== no) return order(yes, no)
      return complaint(
        entry,
        'no two different options for yes and no',
        `trueValue and falseValue among the codes ${(metadata.options ?? []).map(({ code }) => code).join(', ')} or their labels`,
        'Set both under `entryOptions`.',
      )
    }
    case 'text': {
      const [yes, no] = [entry.trueValue, entry.falseValue].map((spelling) =>
        spelling === undefined ? undefined : String(spelling),
      )
      if (yes === undefined || no === undefined || yes === no) {
        return complaint(
          entry,
          'no two different spellings for yes and no',
          'trueValue and falseValue',
          'Set both under `entryOptions`.',
        )
      }
      if (Math.max(yes.length, no.length) > (metadata.maxLength ?? Number.POSITIVE_INFINITY)) {
        return complaint(
          entry,
          'a spelling longer than the column',
          `at most ${metadata.maxLength} characters`,
          'Shorten it.',
        )
      }
      return order(yes, no)
    }
    default:
      return unfit(entry, metadata, 'a yes or no')
  }
}

function setEncoding(entry: MappingEntry, metadata: ColumnMetadata): Encoding | Complaint {
  if (metadata.type === 'text') return { form: 'set' }
  if (metadata.type !== 'choices') return unfit(entry, metadata, 'a whole set')
  const known = new Set((metadata.options ?? []).map(({ code }) => code))
  const codes = Object.entries(entry.options ?? {})
  const foreign = codes.filter(([, code]) => !known.has(code)).map(([, code]) => code)
  if (codes.length === 0 || foreign.length > 0) {
    return complaint(
      entry,
      codes.length === 0 ? 'no `options`' : `unknown option codes ${foreign.join(', ')}`,
      `value id → code, codes among ${[...known].join(', ')}`,
      'Set `options` under `entryOptions`.',
    )
  }
  return { form: 'set', codes: new Map(codes) }
}

function optionCode(metadata: ColumnMetadata, given: string | number | undefined): number | undefined {
  return metadata.options?.find(
    ({ code, labels }) =>
      code === given || String(code) === given || (typeof given === 'string' && labels.includes(given)),
  )?.code
}

const complaint = (entry: MappingEntry, found: string, expected: string, remedy: string): Complaint => ({
  where: `mapping of contact column ${entry.id}`,
  found,
  expected,
  remedy,
})

const unfit = (entry: MappingEntry, metadata: ColumnMetadata, what: string): Complaint =>
  complaint(
    entry,
    `${what} for a column of type ${metadata.type}`,
    'a column that can hold it',
    'Map another column or reference.',
  )

export type Encoded = { readonly value: JsonValue } | { readonly unholdable: 'value-too-long' | 'value-unfit' }

/** A set as the column's value; ids without a code cannot be written and are left out. */
export function encodeSet(
  column: ContactColumn,
  codes: ReadonlyMap<string, number> | undefined,
  ids: readonly string[],
): Encoded {
  if (codes === undefined) return fitting(column, ids.join(','))
  const chosen = ids.flatMap((id) => codes.get(id) ?? [])
  return chosen.length === 0 ? { value: null } : { value: sortedCodes(chosen.map(String)) }
}

/** An attribute (canonical JSON) as the column's value. */
export function encodeAttribute(column: ContactColumn, json: string): Encoded {
  const value: unknown = JSON.parse(json)
  const { type, options } = column.metadata
  switch (type) {
    case 'text':
      return value === null || typeof value === 'object' ? UNFIT : fitting(column, String(value))
    case 'boolean':
      return typeof value === 'boolean' ? { value } : UNFIT
    case 'whole-number':
      return Number.isSafeInteger(value) ? { value: value as number } : UNFIT
    case 'decimal':
      return typeof value === 'number' ? { value } : UNFIT
    case 'date-time':
    case 'date-only': {
      const instant = parseInstant(value)
      if (instant === undefined) return UNFIT
      const seconds = new Date(Math.floor(instant / SECOND) * 1_000).toISOString()
      return { value: type === 'date-time' ? `${seconds.slice(0, 19)}Z` : seconds.slice(0, 10) }
    }
    case 'choice': {
      const option = options?.find(({ code, labels }) => code === value || labels.some((label) => label === value))
      return option === undefined ? UNFIT : { value: option.code }
    }
    default:
      return UNFIT
  }
}

const UNFIT = { unholdable: 'value-unfit' } as const

function fitting(column: ContactColumn, text: string): Encoded {
  return text.length > (column.metadata.maxLength ?? Number.POSITIVE_INFINITY)
    ? { unholdable: 'value-too-long' }
    : { value: text }
}

const sortedCodes = (codes: readonly string[]): string => [...new Set(codes)].sort(byCodeUnit).join(',')

/** Does the column hold this value already, however Dataverse writes it? */
export function sameValue(
  { metadata }: Pick<ContactColumn, 'metadata'>,
  stored: JsonValue | undefined,
  wanted: JsonValue,
): boolean {
  if (statesNothing(stored)) return statesNothing(wanted)
  switch (metadata.type) {
    case 'choices':
      return codesOf(stored) === codesOf(wanted)
    case 'date-time':
      return parseInstant(stored) === parseInstant(wanted)
    default:
      return stored === wanted
  }
}

const codesOf = (value: JsonValue | undefined): string =>
  sortedCodes(
    String(value ?? '')
      .split(',')
      .map((code) => code.trim()),
  )

/** Null states nothing; an empty text or set is how Dataverse may answer null. */
export function statesNothing(stored: JsonValue | undefined): boolean {
  return stored === null || stored === undefined || stored === ''
}
