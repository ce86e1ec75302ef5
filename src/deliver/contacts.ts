/** The contacts of persons: found by a case-insensitive query, verified, merged ones followed to their master (semantics §5.1). */

import type { ContactPoint as ContactPointSetting, TargetSettings } from '../config/settings.ts'
import { type Instant, parseInstant, SINCE_EVER } from '../consent/time.ts'
import type { Dataverse, Guid, Row, TableMetadata } from '../dataverse/dataverse.ts'
import { groupBy } from '../lib/group.ts'
import { type ContactPoint, comparable, normaliseAddress } from '../projection/contact-point.ts'
import type { LastSave } from '../projection/contact-row.ts'
import { type Person, personAttribute } from '../projection/person.ts'
import type { PersonContact, PersonId, Store, TargetScope } from '../store/store.ts'

/** What contacts are found by and read with. */
export interface ContactSearch {
  readonly table: TableMetadata
  readonly target: TargetSettings
  /** Further columns to read: those that are mapped. */
  readonly columns: readonly string[]
}

/** A person's contacts; `merged` where one was reached through a merged row. */
export interface FoundContacts {
  readonly person: PersonId
  readonly rows: readonly Row[]
  readonly merged: boolean
  /** Several contacts although `contact.duplicates` is `refuse`. */
  readonly ambiguous: boolean
  readonly points: readonly ContactPoint[]
  /** Some address is longer than Dataverse holds. */
  readonly tooLong: boolean
}

export interface FoundForAll {
  readonly found: ReadonlyMap<PersonId, FoundContacts>
  readonly at: Instant
  readonly readAtMs: number
}

const MASTER = '_masterid_value'
const WRITER = '_modifiedby_value'
/** What `lastSave` reads. */
export const SAVE_COLUMNS: readonly string[] = [WRITER, 'modifiedon']
/** A chain of merges longer than this is a cycle in somebody's data. */
const LONGEST_MERGE_CHAIN = 20

/** Columns that every search reads. */
export function searchedColumns({ table, target, columns }: ContactSearch): string[] {
  const addresses = target.contactPoints.flatMap(({ from }) => contactColumnOf(from) ?? [])
  return [
    ...new Set([table.primaryId, target.contact.matchAttribute, MASTER, ...SAVE_COLUMNS, ...addresses, ...columns]),
  ]
}

/** When a contact was saved last, and by whom; `us`: every systemuser id that ever wrote for us. Its row has `SAVE_COLUMNS`. */
export function lastSave(row: Row, us: ReadonlySet<Guid>): LastSave {
  const by = String(row.columns[WRITER] ?? '').toLowerCase()
  return { modifiedOn: instantOf(row, 'modifiedon'), byUs: us.has(by) }
}

/** The contact column an address comes from, if it comes from one. */
export function contactColumnOf(from: ContactPointSetting['from']): string | undefined {
  return from.startsWith('contact.') ? from.slice('contact.'.length) : undefined
}

/** Finds the contacts of several persons and remembers them and their addresses in the store. */
export async function findContacts(
  { store, dataverse }: { readonly store: Store; readonly dataverse: Dataverse },
  scope: TargetScope,
  search: ContactSearch,
  persons: readonly Person[],
  signal: AbortSignal,
): Promise<FoundForAll> {
  const { table, target } = search
  const attribute = target.contact.matchAttribute
  const select = searchedColumns(search)
  const ouids = persons.map(({ ouid }) => ouid)
  const read = await dataverse.rowsIn(table, select, attribute, ouids, signal)
  const masters = await mastersOf(dataverse, table, select, read.rows, signal)

  /** Verified as the database cannot: NFC, trimmed, lower case, accents count. A row without a value matches nobody. */
  const byMatch = groupBy(read.rows, ({ columns }) => comparable(textOf(columns[attribute])[0] ?? ''))
  const found = new Map(
    persons.map((person) => [
      person.id,
      contactsOf(person, byMatch.get(comparable(person.ouid)) ?? [], masters, target),
    ]),
  )
  await store.saveContacts(
    scope,
    [...found.values()].map((one) => ({ person: one.person, contacts: remembered(one) })),
  )
  return { found, at: read.at, readAtMs: read.readAtMs }
}

/** Every row reached by following `masterid`, by id. */
async function mastersOf(
  dataverse: Dataverse,
  table: TableMetadata,
  select: readonly string[],
  rows: readonly Row[],
  signal: AbortSignal,
): Promise<Map<Guid, Row>> {
  const known = new Map<Guid, Row>(rows.map((row) => [row.id, row]))
  for (let step = 0; step < LONGEST_MERGE_CHAIN; step += 1) {
    const missing = [...known.values()].flatMap((row) => masterOf(row) ?? []).filter((id) => !known.has(id))
    if (missing.length === 0) break
    const read = await dataverse.rowsIn(table, select, table.primaryId, [...new Set(missing)], signal)
    for (const row of read.rows) known.set(row.id, row)
    if (read.rows.length === 0) break
  }
  return known
}

function masterOf(row: Row): Guid | undefined {
  const master = row.columns[MASTER]
  return typeof master === 'string' ? master.toLowerCase() : undefined
}

function contactsOf(
  person: Person,
  matching: readonly Row[],
  known: ReadonlyMap<Guid, Row>,
  target: TargetSettings,
): FoundContacts {
  const rows = new Map<Guid, Row>()
  let merged = false
  for (const row of matching) {
    const end = followed(row, known)
    merged ||= end !== row
    rows.set(end.id, end)
  }
  const addresses = pointsOf(person, [...rows.values()], target)
  return {
    person: person.id,
    rows: [...rows.values()],
    merged,
    ambiguous: rows.size > 1 && target.contact.duplicates === 'refuse',
    ...addresses,
  }
}

/** A merged row stands for its master, to the end; where the master is gone, for itself. */
function followed(row: Row, known: ReadonlyMap<Guid, Row>): Row {
  let end = row
  for (let step = 0; step < LONGEST_MERGE_CHAIN; step += 1) {
    const master = masterOf(end)
    const next = master === undefined ? undefined : known.get(master)
    if (next === undefined) break
    end = next
  }
  return end
}

/** The addresses a person has: from its contacts' columns and from itself (semantics §6.2). */
export function pointsOf(
  person: Person,
  rows: readonly Pick<Row, 'columns'>[],
  target: TargetSettings,
): { readonly points: readonly ContactPoint[]; readonly tooLong: boolean } {
  const points = new Map<string, ContactPoint>()
  let tooLong = false
  for (const { channel, from } of target.contactPoints) {
    for (const raw of rawAddresses(person, rows, from)) {
      const normalised = normaliseAddress(channel, raw, target.defaultCountry)
      if (normalised.kind === 'too-long') tooLong = true
      if (normalised.kind === 'address')
        points.set(`${channel}/${normalised.address}`, { channel, address: normalised.address })
    }
  }
  return { points: [...points.values()], tooLong }
}

function rawAddresses(person: Person, rows: readonly Pick<Row, 'columns'>[], from: string): string[] {
  const column = contactColumnOf(from)
  if (column !== undefined) return rows.flatMap(({ columns }) => textOf(columns[column]))
  if (from === 'organization_user_id') return [person.ouid]
  const json = personAttribute(person, `metadata/${from.slice('user_metadata_'.length)}`)?.json
  return json === undefined ? [] : textOf(JSON.parse(json))
}

const textOf = (value: unknown): string[] => (typeof value === 'string' && value.trim() !== '' ? [value] : [])

/** How the store remembers them. An ambiguous person counts for the addresses it shares, not for a contact. */
function remembered({ rows, ambiguous, points }: FoundContacts): PersonContact[] {
  const addresses = points.map(({ channel, address }) => ({ channel, address }))
  if (ambiguous || rows.length === 0) return addresses.length === 0 ? [] : [{ contactId: undefined, addresses }]
  return rows.map(({ id }) => ({ contactId: id, addresses }))
}

/** A column's instant; "since ever" where Dataverse gives none. */
export function instantOf(row: Row, column: string): Instant {
  return parseInstant(row.columns[column]) ?? SINCE_EVER
}
