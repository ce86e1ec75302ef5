/** Everything durable that the port of a store shows, told alike by every store: what runs must leave, however they came to it. */

import { ORGANIZATION_ID } from '../../src/emulator/seed-ids.ts'
import type { LedgerEntry, Store } from '../../src/store/store.ts'

/** Sorted JSON texts by name. */
export type Content = Readonly<Record<string, readonly string[]>>

/** The targets that `contactTarget` and `consentTarget` make. */
const TARGETS = ['contact', 'consent'] as const

/** A bound of the last hour is a time of Dataverse's clock: it differs from run to run. */
const bound = (instant: number | undefined) =>
  instant !== undefined && instant > (Date.now() - 3_600_000) * 1_000 ? 'clock' : String(instant)

const ledgerLine = ({ place, confirmed, intended, foreign, rowId, missingSince, restored }: LedgerEntry) => [
  ...[place, confirmed?.value, bound(confirmed?.lo), bound(confirmed?.hi), intended?.value, foreign?.value],
  ...[rowId !== undefined, missingSince !== undefined, restored],
]

/** Everything durable that the port shows and that is no time of the clock, id of a run, or random key; marks everybody due. */
export async function contentOf(store: Store): Promise<Content> {
  const lines = (values: Iterable<unknown>) => [...values].map((line) => JSON.stringify(line)).sort()
  const scopes = await Promise.all(
    TARGETS.map(async (target) => {
      const due = await store.takeDue(target, undefined, 10_000)
      await store.markAllDue(target)
      const ids = (await store.takeDue(target, undefined, 10_000)).map(({ person }) => person)
      const scope = { organization: ORGANIZATION_ID, target }
      return {
        due: due.map(({ person }) => [target, person]),
        persons: await store.persons(ids),
        parked: [...(await store.parkedSince(target, ids)).keys()].map((person) => [target, person]),
        contacts: [...(await store.contactsOf(scope, ids))].map((found) => [target, found]),
        ledger: (await store.recentLedger(scope, 10_000)).map((entry) => [target, ledgerLine(entry)]),
        count: [target, await store.countLedger(scope), await store.countQuarantine(target)],
        readings: [...(await store.frozenReadings(target))].map((reading) => [target, reading]),
      }
    }),
  )
  return {
    due: lines(scopes.flatMap(({ due }) => due)),
    persons: lines(scopes.flatMap(({ persons }) => persons)),
    parked: lines(scopes.flatMap(({ parked }) => parked)),
    contactsOf: lines(scopes.flatMap(({ contacts }) => contacts)),
    ledger: lines(scopes.flatMap(({ ledger }) => ledger)),
    counts: lines(scopes.map(({ count }) => count)),
    readings: lines(scopes.flatMap(({ readings }) => readings)),
    known: lines(await store.knownIds()),
    partitions: lines(
      (await store.partitions()).map(({ exportId, date, state, objects }) => [
        exportId,
        date,
        state,
        [...objects.keys()],
      ]),
    ),
    fingerprints: lines([await store.fingerprint('ingest'), await store.countStates()]),
  }
}
