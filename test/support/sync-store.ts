/** What a store file and an environment hold, without times of the clock and ids of runs: what must not depend on a kill. */

import { existsSync } from 'node:fs'
import { openSqliteDatabase } from '../../src/store/sqlite-database.ts'
import type { Control } from './sync-run.ts'
import { CONSENTS } from './sync-world.ts'

/** Tables by name, each as sorted JSON texts. */
export type StoreContent = Readonly<Record<string, readonly string[]>>

/** A bound of the last hour is a time of Dataverse's clock, from a row found equal: it differs from run to run. */
const bound = (column: string) =>
  `CASE WHEN ${column} > (CAST(strftime('%s', 'now') AS INTEGER) - 3600) * 1000000 THEN 'clock' ELSE ${column} END`

/**
 * Everything durable that is not a time of the clock, an id of a run, or a random key; nor which of a slot's several rows
 * the ledger names, which is the one written last or the first one read.
 */
const QUERIES: Readonly<Record<string, string>> = {
  person: 'SELECT hex(person), ouid FROM person',
  state: 'SELECT hex(person), user_id, state FROM state',
  knownId: 'SELECT key FROM known_id',
  partition: 'SELECT export_id, date, state FROM partition',
  object: 'SELECT export_id, date, key, lines, records, rejects, guests, skipped FROM object',
  due: 'SELECT target, hex(person) FROM due',
  parked: 'SELECT target, hex(person) FROM parked',
  quarantine: 'SELECT target, hex(person), what, code FROM quarantine',
  personContacts: `SELECT target, hex(person), contacts FROM person_contacts JOIN scope ON scope.id = scope`,
  atContact: 'SELECT target, contact_id, hex(person) FROM contact_person JOIN scope ON scope.id = scope',
  atAddress: 'SELECT target, channel, address, hex(person) FROM address_person JOIN scope ON scope.id = scope',
  ledger: `SELECT target, place, confirmed_value, ${bound('confirmed_lo')} AS lo, ${bound('confirmed_hi')} AS hi, intended_value, row_id IS NOT NULL AS placed, restored,
    missing_since IS NULL AS present FROM ledger JOIN scope ON scope.id = scope`,
  foreign:
    'SELECT target, place, foreign_value FROM ledger JOIN scope ON scope.id = scope WHERE foreign_value IS NOT NULL',
  fingerprint: 'SELECT scope, value FROM fingerprint',
  frozenReading: 'SELECT target, reference, reading FROM frozen_reading',
  writer: 'SELECT user_id FROM writer',
}

/** Reads the store of a run that has ended. */
export function storeContent(path: string): StoreContent {
  if (!existsSync(path)) throw new Error('no store was made')
  const database = openSqliteDatabase(path)
  try {
    return Object.fromEntries(
      Object.entries(QUERIES).map(([name, sql]) => [
        name,
        database
          .prepare(sql)
          .all()
          .map((row) => JSON.stringify(Object.entries(row).filter(([column]) => column !== '_metadata')))
          .sort(),
      ]),
    )
  } finally {
    database.close()
  }
}

const CONTACT_COLUMNS = ['contactid', 'emailaddress1', 'lastname', 'new_newsletter', 'donotbulkemail', 'new_interests']
const CONSENT_COLUMNS = [
  'msdynmkt_contactpointconsent4id',
  'msdynmkt_contactpointvalue',
  'msdynmkt_contactpointtype',
  'msdynmkt_contactpointconsenttype',
  'msdynmkt_value',
  'msdynmkt_purposeid',
  'msdynmkt_topicid',
  'ownerid',
  'statecode',
]
/** Why a row holds its value: which statement it was that changed it, so these depend on the order of delivery. */
const CAUSE_COLUMNS = ['msdynmkt_source', 'msdynmkt_logicalreason', 'msdynmkt_reason']

/** Contacts and consent rows by what they say: sorted JSON texts. `causes` adds why; a reason is compared without its run. */
export async function environmentContent(
  control: Control,
  causes: 'causes' | 'values',
): Promise<Readonly<Record<string, readonly string[]>>> {
  const consentColumns = causes === 'causes' ? [...CONSENT_COLUMNS, ...CAUSE_COLUMNS] : CONSENT_COLUMNS
  const contents = async (set: string, columns: readonly string[]) =>
    (await control.rows(set)).map((row) => JSON.stringify(columns.map((column) => withoutRun(row[column])))).sort()
  return { contacts: await contents('contacts', CONTACT_COLUMNS), consents: await contents(CONSENTS, consentColumns) }
}

const withoutRun = (value: unknown): unknown =>
  typeof value === 'string' ? value.replace(/ run=\S+$/, '') : (value ?? null)

/** Slots that more than one row made by us stands for: there must be none. */
export async function duplicateSlots(control: Control, seeded: ReadonlySet<string>): Promise<string[]> {
  const seen = new Set<string>()
  const own = (await control.rows(CONSENTS)).filter(
    (row) => !seeded.has(String(row['msdynmkt_contactpointconsent4id'])),
  )
  return own
    .map((row) =>
      JSON.stringify([
        row['msdynmkt_contactpointtype'],
        String(row['msdynmkt_contactpointvalue']).toLowerCase(),
        row['msdynmkt_contactpointconsenttype'],
        row['msdynmkt_topicid'] ?? row['msdynmkt_purposeid'],
      ]),
    )
    .filter((slot) => seen.size === seen.add(slot).size)
}

/** What one content has and the other has not, line by line: an empty list where they are equal. */
export function differences(
  actual: Readonly<Record<string, readonly string[]>>,
  expected: Readonly<Record<string, readonly string[]>>,
): string[] {
  return [...new Set([...Object.keys(actual), ...Object.keys(expected)])].flatMap((name) => {
    const [has, wants] = [actual[name] ?? [], expected[name] ?? []]
    const [hasSet, wantsSet] = [new Set(has), new Set(wants)]
    const counts = has.length === wants.length ? [] : [`${name}: ${has.length} instead of ${wants.length}`]
    return [
      ...counts,
      ...has.filter((line) => !wantsSet.has(line)).map((line) => `${name} has ${line}`),
      ...wants.filter((line) => !hasSet.has(line)).map((line) => `${name} lacks ${line}`),
    ]
  })
}
