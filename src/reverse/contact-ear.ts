/** Hears contacts: what somebody else put into their mapped columns (semantics §11.2). */

import { type Instant, SINCE_EVER } from '../consent/time.ts'
import type { Row } from '../dataverse/dataverse.ts'
import { namedPersons } from '../deliver/contact-changes.ts'
import { columnPlace } from '../deliver/contact-rows.ts'
import { instantOf, lastSave, SAVE_COLUMNS } from '../deliver/contacts.ts'
import { foundEqual } from '../deliver/ledger.ts'
import { readPersons } from '../deliver/persons.ts'
import type { ContactColumn } from '../projection/contact-column.ts'
import { comparable } from '../projection/contact-point.ts'
import type { Person } from '../projection/person.ts'
import type { LedgerEntry, PersonId, Place } from '../store/store.ts'
import { keptSpan } from './decide.ts'
import { hearColumn } from './heard.ts'
import {
  addQuiet,
  type Batch,
  countQuiet,
  differing,
  type Ear,
  type HeardSaying,
  type Hearing,
  noQuiet,
  type Quiet,
} from './hearing.ts'

export function contactEar(hearing: Hearing, all: readonly ContactColumn[]): Ear {
  // An attribute is no choice.
  const columns = all.filter(({ encoding }) => encoding.form !== 'attribute')
  const { matchAttribute } = hearing.target.contact
  const names = columns.map(({ name }) => name)
  const more = [matchAttribute, '_masterid_value', 'createdon', ...SAVE_COLUMNS]
  const select = [...new Set([hearing.table.primaryId, ...more, ...names])]
  /** Read by id, since only such a reading tells Dataverse's time. */
  const hearContacts = async (ids: readonly string[], signal: AbortSignal): Promise<Batch> => {
    if (ids.length === 0) return { quiet: noQuiet(), sayings: [] }
    const { table, dataverse } = hearing
    const { rows, at } = await dataverse.rowsIn(table, select, table.primaryId, ids, signal)
    const heard = await hearColumns(hearing, columns, rows, at)
    const persons = await personsOf(
      hearing,
      heard.filter(speaks).map(({ row }) => row),
    )
    const sayings = heard.flatMap(({ row, said }) =>
      said.map((saying) => ({ ...saying, persons: persons.get(row.id) ?? [] })),
    )
    return { quiet: sumOf(heard), sayings }
  }
  return {
    select,
    valued: names,
    async hearRows(rows, signal) {
      const heard = await hearColumns(hearing, columns, rows, SINCE_EVER)
      const again = await hearContacts(
        heard.filter(speaks).map(({ row }) => row.id),
        signal,
      )
      const quiet = sumOf(heard.filter((one) => !speaks(one)))
      addQuiet(quiet, again.quiet)
      return { quiet, sayings: again.sayings }
    },
    hearPlaces: (places, signal) =>
      hearContacts([...new Set(places.flatMap((place) => place.split('/')[1] ?? []))], signal),
  }
}

/** What one contact's columns hold. */
interface HeardContact {
  readonly row: Row
  readonly quiet: Quiet
  readonly said: readonly Omit<HeardSaying, 'persons'>[]
}

const speaks = ({ said }: HeardContact): boolean => said.length > 0

function sumOf(heard: readonly HeardContact[]): Quiet {
  const sum = noQuiet()
  for (const { quiet } of heard) addQuiet(sum, quiet)
  return sum
}

/** Every column of contacts that were read at this time. */
async function hearColumns(
  hearing: Hearing,
  columns: readonly ContactColumn[],
  all: readonly Row[],
  at: Instant,
): Promise<HeardContact[]> {
  const { store, scope } = hearing
  // A merged contact speaks through its master alone.
  const rows = all.filter(({ columns: { _masterid_value: master } }) => typeof master !== 'string')
  const places = rows.flatMap(({ id }) => columns.map(({ name }) => columnPlace(id, name)))
  const ledger = await store.ledger(scope, places)
  return rows.map((row) => {
    const quiet = noQuiet()
    const said = columns.flatMap((column) => {
      const place = columnPlace(row.id, column.name)
      const found = hearOne(hearing, row, column, place, ledger.get(place), at)
      if (typeof found !== 'string') return [found]
      countQuiet(quiet, found)
      return []
    })
    return { row, quiet, said }
  })
}

function hearOne(
  { target, us }: Hearing,
  row: Row,
  column: ContactColumn,
  place: Place,
  entry: LedgerEntry | undefined,
  at: Instant,
): Omit<HeardSaying, 'persons'> | 'ours' | 'empty' | 'not-mapped' | 'undated' {
  const save = lastSave(row, us)
  const { modifiedOn } = save
  const reading = { stored: row.columns[column.name], createdOn: instantOf(row, 'createdon'), ...save }
  const policies = { clockTolerance: target.clockToleranceMicros, undated: target.reverse.undated }
  const found = hearColumn(column, reading, entry, policies)
  if (found.kind !== 'foreign') return found.kind
  const kept = keptSpan(found)
  const { encoding } = column
  return {
    place,
    keys: column.keys,
    ...(encoding.form === 'set' && encoding.codes && { beyond: (id: string) => encoding.codes?.has(id) !== true }),
    heard: found,
    look: { kind: 'row', name: row.id },
    ...differing(place, entry, found, { rowId: row.id, modifiedOn }),
    settled: foundEqual(place, entry, kept, at, { rowId: row.id, modifiedOn }, kept),
  }
}

/** The persons whom a contact stands for: found before, or named by the match attribute and verified (semantics §5.1). */
async function personsOf(hearing: Hearing, rows: readonly Row[]): Promise<Map<string, readonly Person[]>> {
  const { store, scope, target, settings } = hearing
  const known = await store.personsOfContacts(
    scope,
    rows.map(({ id }) => id),
  )
  const named = new Map<string, PersonId[]>(
    rows.map((row) => [row.id, namedPersons(row, target, settings.reading.normalise)]),
  )
  const persons = await readPersons(store, [...[...known.values()].flat(), ...[...named.values()].flat()])
  return new Map(
    rows.map((row) => {
      const matched = comparable(String(row.columns[target.contact.matchAttribute] ?? ''))
      const verified = (named.get(row.id) ?? []).filter((id) => {
        const person = persons.get(id)
        return person !== undefined && comparable(person.ouid) === matched
      })
      const ids = new Set([...(known.get(row.id) ?? []), ...verified])
      return [row.id, [...ids].flatMap((id) => persons.get(id) ?? [])]
    }),
  )
}
