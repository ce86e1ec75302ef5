/** From one row of a CSV part to a record without events (semantics §2.7). */

import { type Key, keyText, parseKey } from '../consent/key.ts'
import { formatInstant, type Instant, parseInstant } from '../consent/time.ts'
import type { Complaint } from '../lib/errors.ts'
import { identify } from './normalise.ts'
import type { LineOutcome, ReadingSettings } from './record.ts'
import { parseItems, StatementsInTheMaking } from './statements.ts'

/** Where a CSV part keeps what: names of columns, and by key text (`purpose/newsletter`) how each choice is spelt. */
export interface CsvMap {
  readonly organizationUserId: string
  /** Holds RFC 3339 instants with offset. */
  readonly updatedAt: string
  readonly userId?: string | undefined
  readonly choices: Readonly<Record<string, CsvChoice>>
}

/**
 * A column that states one choice. Spellings are compared trimmed and without regard to case; an empty or unknown one
 * states nothing. For a `set` key the cell is the comma-separated set, and a `false` spelling stands for the empty set
 * (an empty cell cannot: it states nothing).
 */
export interface CsvChoice {
  readonly column: string
  readonly true?: readonly string[] | undefined
  readonly false?: readonly string[] | undefined
}

/** The columns a CSV part must have, each once. */
export function columnsOf(map: CsvMap): readonly string[] {
  const choices = Object.values(map.choices).map(({ column }) => column)
  return [
    ...new Set([map.organizationUserId, map.updatedAt, ...(map.userId === undefined ? [] : [map.userId]), ...choices]),
  ]
}

/** Reads one row, by column name. The version of a CSV record is −1; it has no regulation and no events. */
export function csvRecord(
  row: Readonly<Record<string, string>>,
  map: CsvMap,
  settings: ReadingSettings,
  latest: Instant,
): LineOutcome {
  const cell = (column: string) => (Object.hasOwn(row, column) ? row[column] : undefined)
  const userId = map.userId === undefined ? undefined : cell(map.userId)
  const identity = identify(cell(map.organizationUserId), userId, settings.normalise)
  if (identity.kind !== 'identity') return identity
  const asOf = parseInstant(cell(map.updatedAt)?.trim())
  if (asOf === undefined) return { kind: 'reject', code: 'no-readable-time' }
  if (asOf > latest) return { kind: 'reject', code: 'time-in-the-future' }

  const statements = new StatementsInTheMaking()
  for (const [reference, choice] of Object.entries(map.choices)) {
    const key = parseKey(reference)
    if (key !== undefined) stateCell(key, choice, cell(choice.column)?.trim() ?? '', statements)
  }
  return {
    kind: 'record',
    record: {
      ouid: identity.ouid,
      userId: identity.userId,
      version: -1,
      asOf,
      statements: [...statements.end()],
      events: [],
      attributes: [['updated_at', formatInstant(asOf)]],
    },
    ignoredEvents: 0,
  }
}

function stateCell(key: Key, choice: CsvChoice, text: string, statements: StatementsInTheMaking): void {
  if (text === '') return
  if (key.kind === 'set') {
    statements.addSet(key.purpose, key.preference, isSpelt(text, choice.false) ? [] : parseItems(text))
  } else if (key.kind !== 'value') {
    if (isSpelt(text, choice.false)) statements.add(keyText(key), false)
    else if (isSpelt(text, choice.true)) statements.add(keyText(key), true)
  }
}

const folded = (text: string): string => text.trim().toLowerCase()

/** Is a cell's text one of these spellings? Blanks around it and upper or lower case make no difference. */
export function isSpelt(text: string, spellings: readonly string[] = []): boolean {
  return spellings.some((spelling) => folded(spelling) === folded(text))
}

/** What is wrong with a CSV map; an empty list where nothing is. `where` names the map in the configuration. */
export function csvMapComplaints(map: CsvMap, where: string): readonly Complaint[] {
  return Object.entries(map.choices).flatMap(([reference, choice]) => choiceComplaints(reference, choice, where))
}

function choiceComplaints(reference: string, choice: CsvChoice, where: string): readonly Complaint[] {
  const place = `${where}.choices["${reference}"]`
  const key = parseKey(reference)
  if (key === undefined || key.kind === 'value' || keyText(key) !== reference) {
    return [
      {
        where: place,
        found: 'a reference that names no choice a row can state',
        expected: 'purpose/P, purpose-li/P, preference/P/F, set/P/F, channel/C or channel/P/C',
        remedy: 'Write the ids with % and / escaped as %25 and %2F; a single value belongs to its set/P/F.',
      },
    ]
  }
  const yes = (choice.true ?? []).map(folded)
  const no = (choice.false ?? []).map(folded)
  if (yes.some((spelling) => no.includes(spelling))) {
    return [
      {
        where: place,
        found: 'a spelling that stands for both true and false',
        expected: 'each spelling in one list only',
        remedy: 'Remove it from one of the lists; case and surrounding blanks make no difference.',
      },
    ]
  }
  if (key.kind !== 'set' && (yes.length === 0 || no.length === 0)) {
    return [
      {
        where: place,
        found: 'no spelling for true or none for false',
        expected: 'at least one of each',
        remedy: 'List how the column spells both choices.',
      },
    ]
  }
  return []
}
