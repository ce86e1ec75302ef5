/** Contacts as speakers: read by pages, merged ones left to their masters, their choices dated by what is known of them. */

import type { Settings, TargetSettings } from '../config/settings.ts'
import type { Statement } from '../consent/statement.ts'
import type { Dataverse, Guid, Row, TableMetadata } from '../dataverse/dataverse.ts'
import { namedPersons } from '../deliver/contact-changes.ts'
import { columnPlace } from '../deliver/contact-rows.ts'
import { lastSave, pointsOf, searchedColumns } from '../deliver/contacts.ts'
import { readPersons } from '../deliver/persons.ts'
import type { ContactColumn } from '../projection/contact-column.ts'
import { combine, type Person, personStatement } from '../projection/person.ts'
import type { LedgerEntry, Place, Store, TargetScope } from '../store/store.ts'
import { dateChoice } from './dating.ts'
import { answerIn } from './legacy-value.ts'
import type { Question } from './pairing.ts'
import type { Speaker, SpeakerPage, Utterance } from './speaker.ts'

/** What contacts are read with. */
export interface ContactReading {
  readonly store: Store
  readonly dataverse: Dataverse
  readonly table: TableMetadata
  readonly questions: readonly Question[]
  /** Every choice column of the legacy document: what they refuse counts above topics, paired or not. */
  readonly columns: readonly ContactColumn[]
  /** Didomi purposes above a topic of the current document. */
  readonly parents: ReadonlySet<string>
  readonly target: TargetSettings
  readonly legacy: TargetScope
  readonly current: TargetScope
  readonly settings: Pick<Settings, 'events' | 'reading'>
  /** Every systemuser id that ever wrote for us. */
  readonly us: ReadonlySet<Guid>
}

/** Pages of speakers: contacts with a value in at least one of the columns, deactivated ones included (semantics §5.1). */
export async function* contactSpeakers(reading: ContactReading, signal: AbortSignal): AsyncIterable<SpeakerPage> {
  const { store, dataverse, table, questions, columns, target, legacy } = reading
  const asked = [...new Set([...questions.map(({ column }) => column.name), ...columns.map(({ name }) => name)])]
  if (asked.length === 0) return
  const dates = questions.flatMap(({ asOfColumn }) => asOfColumn ?? [])
  const select = searchedColumns({ table, target, columns: [...asked, ...dates] })
  const states = (await store.countStates()) > 0
  const ledgers = (await store.countLedger(legacy)) > 0
  for await (const { rows } of dataverse.rowsWithAny(table, select, asked, signal)) {
    signal.throwIfAborted()
    const masters = await mastersAmong(dataverse, table, rows, signal)
    const own = rows.filter((row) => !masters.has(masterOf(row) ?? ''))
    const persons = states ? await personsOf(reading, own) : new Map<string, Person[]>()
    const ledger = ledgers ? await ledgerOf(reading, own) : new Map<Place, LedgerEntry>()
    const speakers = own.map((row) => speakerOf(reading, row, persons.get(row.id) ?? [], ledger))
    yield { speakers, merged: rows.length - own.length, malformed: 0 }
  }
}

function masterOf(row: Row): string | undefined {
  const master = row.columns['_masterid_value']
  return typeof master === 'string' ? master : undefined
}

/** Masters that exist: a merged row whose master is gone stands for itself. */
async function mastersAmong(
  dataverse: Dataverse,
  table: TableMetadata,
  rows: readonly Row[],
  signal: AbortSignal,
): Promise<Set<string>> {
  const ids = [...new Set(rows.flatMap((row) => masterOf(row) ?? []))]
  if (ids.length === 0) return new Set()
  const found = await dataverse.rowsIn(table, [table.primaryId], table.primaryId, ids, signal)
  return new Set(found.rows.map(({ id }) => id))
}

/** Persons behind each contact: those that its match attribute names, and those known for it. */
async function personsOf(
  { store, target, legacy, current, settings }: ContactReading,
  rows: readonly Row[],
): Promise<Map<string, Person[]>> {
  const ids = rows.map(({ id }) => id)
  const known = [await store.personsOfContacts(legacy, ids), await store.personsOfContacts(current, ids)]
  const behind = new Map(
    rows.map((row) => {
      const named = namedPersons(row, target, settings.reading.normalise)
      return [row.id, [...new Set([...named, ...known.flatMap((found) => found.get(row.id) ?? [])])]] as const
    }),
  )
  const persons = await readPersons(store, [...behind.values()].flat())
  return new Map([...behind].map(([id, its]) => [id, its.flatMap((person) => persons.get(person) ?? [])]))
}

function ledgerOf(
  { store, questions, legacy }: ContactReading,
  rows: readonly Row[],
): Promise<Map<Place, LedgerEntry>> {
  const columns = [...new Set(questions.map(({ column }) => column.name))]
  return store.ledger(
    legacy,
    rows.flatMap(({ id }) => columns.map((column) => columnPlace(id, column))),
  )
}

function speakerOf(
  reading: ContactReading,
  row: Row,
  persons: readonly Person[],
  ledger: ReadonlyMap<Place, LedgerEntry>,
): Speaker {
  const { target, questions, settings, us } = reading
  const utterances: Utterance[] = []
  const silent = { empty: 0, unreadable: 0 }
  for (const question of questions) {
    const stored = row.columns[question.column.name]
    const answer = answerIn(question, stored)
    if (answer === 'empty' || answer === 'unreadable') {
      silent[answer] += 1
      continue
    }
    const { statement, dating } = dateChoice(question, answer === 'yes', {
      stored: stored ?? null,
      persons: statedBy(question, persons, target, settings.events),
      ledger: ledger.get(columnPlace(row.id, question.column.name)),
      asOf: question.asOfColumn === undefined ? undefined : row.columns[question.asOfColumn],
      save: lastSave(row, us),
      clockTolerance: target.clockToleranceMicros,
    })
    utterances.push({ entries: question.entries, statement, dating })
  }
  const [person] = namedPersons(row, target, settings.reading.normalise).slice(-1)
  return {
    id: row.id,
    ...(person !== undefined && { person }),
    ...addressesOf(row, persons, target),
    utterances,
    ...silent,
    refuses: refusedParents(reading, row),
  }
}

function statedBy(
  { keys }: Question,
  persons: readonly Person[],
  { sharedAddress }: TargetSettings,
  events: Settings['events'],
): Statement | undefined {
  return combine(
    persons.flatMap((person) => personStatement(person, keys, events) ?? []),
    sharedAddress,
  )
}

/** The addresses of a contact, as its persons would have them; of nobody known, as one who says nothing (semantics §6.2). */
function addressesOf(
  row: Row,
  persons: readonly Person[],
  target: TargetSettings,
): Pick<Speaker, 'points' | 'tooLong'> {
  const ouid = row.columns[target.contact.matchAttribute]
  const nobody: Person = { id: '', ouid: typeof ouid === 'string' ? ouid : '', states: [] }
  const found = (persons.length === 0 ? [nobody] : persons).map((person) => pointsOf(person, [row], target))
  const points = new Map(
    found.flatMap(({ points: its }) => its).map((point) => [`${point.channel}/${point.address}`, point]),
  )
  return { points: [...points.values()], tooLong: found.some(({ tooLong }) => tooLong) }
}

/** Didomi purposes above topics that the contact's columns refuse. */
function refusedParents({ columns, parents }: ContactReading, row: Row): string[] {
  if (parents.size === 0) return []
  const refused = columns.flatMap((column) => {
    const purposes = column.keys.flatMap((key) =>
      key.kind === 'purpose' && parents.has(key.purpose) ? [key.purpose] : [],
    )
    return purposes.length > 0 && answerIn({ column }, row.columns[column.name]) === 'no' ? purposes : []
  })
  return [...new Set(refused)]
}
