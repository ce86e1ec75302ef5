/** Which legacy column speaks of which purpose or topic: by the Didomi reference that both name, or as the settings say. */

import type { MigrationSettings } from '../config/settings.ts'
import { type Key, keyText } from '../consent/key.ts'
import { CodedError, type Complaint } from '../lib/errors.ts'
import type { ContactColumn } from '../projection/contact-column.ts'
import type { ConsentEntry } from '../projection/slot.ts'

/** One yes or no that a column can tell, and the entries of the current document that it is carried to. */
export interface Question {
  readonly column: ContactColumn
  /** For a column that holds a set: the value id whose being in it is a yes. */
  readonly value?: string
  /** What a person of the store states about the same. */
  readonly keys: readonly Key[]
  /** Positions in the current document's entries. */
  readonly entries: readonly number[]
  readonly asOfColumn?: string
}

/** A column, purpose or topic that takes no part, and why. */
export interface Unpaired {
  readonly side: 'legacy' | 'current'
  /** The column, or `purpose:<guid>` or `topic:<guid>`. */
  readonly id: string
  readonly why: string
}

export interface Pairing {
  readonly questions: readonly Question[]
  readonly unpaired: readonly Unpaired[]
}

/** How an entry is called in the documents and the settings. */
export const entryId = ({ kind, id }: ConsentEntry): string => `${kind}:${id}`

/**
 * Pairs columns with entries.
 * @throws CodedError `mapping-invalid` where `pairs` names what is not there, or what cannot be paired
 */
export function pairUp(
  columns: readonly ContactColumn[],
  entries: readonly ConsentEntry[],
  { pairs, asOfColumn }: MigrationSettings,
): Pairing {
  const [first, ...others] = pairComplaints(columns, entries, pairs)
  if (first !== undefined) throw new CodedError('mapping-invalid', [first, ...others])
  const questions: Question[] = []
  const unpaired: Unpaired[] = []
  for (const column of columns) {
    const explicit = pairs.filter((pair) => pair.column === column.name)
    const found =
      explicit.length > 0
        ? explicit.map((pair) => explicitQuestion(column, pair, entries))
        : sharedQuestions(column, entries)
    for (const question of found) {
      if (question.entries.length > 0) questions.push(dated(question, asOfColumn))
    }
    if (found.every((question) => question.entries.length === 0)) {
      unpaired.push({ side: 'legacy', id: column.name, why: whyNot(column, explicit.length > 0) })
    }
  }
  const reached = new Set(questions.flatMap((question) => question.entries))
  for (const [position, entry] of entries.entries()) {
    if (!reached.has(position))
      unpaired.push({ side: 'current', id: entryId(entry), why: 'no column has its reference' })
  }
  return { questions, unpaired }
}

type Pair = MigrationSettings['pairs'][number]

const dated = (question: Question, asOfColumn: string | undefined): Question =>
  question.asOfColumn !== undefined || asOfColumn === undefined ? question : { ...question, asOfColumn }

function whyNot({ encoding }: ContactColumn, explicit: boolean): string {
  if (explicit) return '`migration.pairs` leaves it out'
  if (encoding.form === 'attribute') return 'an attribute, which is no consent'
  return 'no purpose or topic has its reference'
}

function explicitQuestion(column: ContactColumn, pair: Pair, entries: readonly ConsentEntry[]): Question {
  const { value, asOfColumn } = pair
  const keys = value === undefined ? column.keys : valueKeys(column, value)
  return {
    column,
    keys,
    entries: [...entries.keys()].filter((position) => pair.to.includes(idAt(entries, position))),
    ...(value !== undefined && { value }),
    ...(asOfColumn !== undefined && { asOfColumn }),
  }
}

function idAt(entries: readonly ConsentEntry[], position: number): string {
  const entry = entries[position]
  return entry === undefined ? '' : entryId(entry)
}

const valueKeys = ({ keys }: ContactColumn, value: string): Key[] =>
  keys.flatMap((key): Key[] => (key.kind === 'set' ? [{ ...key, kind: 'value', value }] : []))

/** What a column and the entries have in common: the same keys, or single values of the column's set. */
function sharedQuestions(column: ContactColumn, entries: readonly ConsentEntry[]): Question[] {
  const { encoding, keys } = column
  if (encoding.form === 'attribute') return []
  const positions = [...entries.entries()]
  if (encoding.form === 'choice') {
    const own = namesOf(keys)
    const alike = positions.filter(([, entry]) => namesOf(entry.keys) === own).map(([position]) => position)
    return keys.length === 0 ? [] : [{ column, keys, entries: alike }]
  }
  const sets = new Set(keys.map(keyText))
  const byValue = new Map<string, number[]>()
  for (const [position, entry] of positions) {
    const value = valueWithin(entry.keys, sets)
    // A value without an option is none that the column can hold: its absence says nothing.
    if (value === undefined || encoding.codes?.has(value) === false) continue
    byValue.set(value, [...(byValue.get(value) ?? []), position])
  }
  return [...byValue].map(([value, its]) => ({ column, value, keys: valueKeys(column, value), entries: its }))
}

const namesOf = (keys: readonly Key[]): string => [...new Set(keys.map(keyText))].sort().join(' ')

/** The one value that all keys name, if each lies in one of these sets. */
function valueWithin(keys: readonly Key[], sets: ReadonlySet<string>): string | undefined {
  const values = new Set(
    keys.map((key) =>
      key.kind === 'value' && sets.has(keyText({ kind: 'set', purpose: key.purpose, preference: key.preference }))
        ? key.value
        : undefined,
    ),
  )
  const [only] = values
  return values.size === 1 ? only : undefined
}

function pairComplaints(
  columns: readonly ContactColumn[],
  entries: readonly ConsentEntry[],
  pairs: readonly Pair[],
): Complaint[] {
  const known = new Set(entries.map(entryId))
  return pairs.flatMap((pair): Complaint[] => {
    const where = `migration.pairs, column ${pair.column}`
    const column = columns.find(({ name }) => name === pair.column)
    if (column === undefined) {
      const [found, expected] = ['a column that the legacy document does not map', 'one that it maps']
      return [{ where, found, expected, remedy: 'Correct the column, or remove the pair.' }]
    }
    if (pair.to.some((id) => !known.has(id))) {
      const [found, expected] = ['an id that the current document does not map', 'ids that it maps']
      return [{ where, found, expected, remedy: 'Correct the id, or map it in the current document.' }]
    }
    if (pair.to.length === 0) return []
    const { encoding } = column
    if (encoding.form === 'attribute') {
      const [found, expected] = ['a column that holds an attribute', 'a column that holds a choice or a set']
      return [{ where, found, expected, remedy: 'Remove the pair.' }]
    }
    if ((encoding.form === 'set') === (pair.value !== undefined)) return []
    const [found, expected] = ['a set without `value`, or a choice with one', '`value` for sets, and for them alone']
    return [{ where, found, expected, remedy: 'Name the value id that stands for yes, or leave `value` out.' }]
  })
}
