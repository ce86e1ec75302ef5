/** The two stores are one: whatever is asked of them, in whatever order, they answer the same (semantics §8.2). */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { LedgerEntry, PersonContact, Settlement, StateRow, Store, TargetScope } from '../../src/store/store.ts'
import { person, SCOPE } from '../contract/store-samples.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'

const bin = findPostgres()
const NOW = { now: () => 1_793_500_000_000 }
/** Few of each, so that calls meet: texts that sort differently by bytes and by code units, and one no text column takes. */
const TEXTS = ['', 'a', 'B', 'ü', '\u0000', 'a\u0000b', '\uFFFD', '\u{1F600}', '%_\\"']
const PERSONS = [0, 1, 2, 3, 4].map(person)
const SCOPES: readonly TargetScope[] = [SCOPE, { ...SCOPE, target: 'other' }]
const TARGETS = ['crm', 'other'] as const

const one = <T>(values: readonly T[]) => fc.constantFrom(...values)
const few = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 5 })
const instant = one([Number.NEGATIVE_INFINITY, 1, 2, 3, 1_793_500_000_123_456])
const at = one([1, 2, 3, 1_793_500_000_123_456])
const value = one<null | boolean | string | string[]>([null, true, false, 'x', '\u0000', ['a', 'b']])
const span = fc.record({ value, lo: instant, hi: instant })

/** One call; `does` answers what the store answered. */
interface Call {
  readonly name: string
  readonly does: (store: Store) => Promise<unknown>
}
const call = <T>(name: string, given: fc.Arbitrary<T>, does: (store: Store, given: T) => Promise<unknown>) =>
  given.map((of): Call => ({ name: `${name} ${JSON.stringify(of)}`, does: (store) => does(store, of) }))

const stateText = fc.oneof(
  one(['{"said":{"k":1},"events":{}}', '{"said":{},"events":{"\\u0000":1}}', '{"said":{},"events":{},"x":"k"}']),
)
const row: fc.Arbitrary<StateRow> = fc.record({
  person: one(PERSONS),
  ouid: one(TEXTS),
  userId: one(TEXTS),
  state: stateText,
})
const entry: fc.Arbitrary<LedgerEntry> = fc.record(
  {
    place: one(TEXTS),
    confirmed: fc.record({ value, lo: instant, hi: instant, at }),
    intended: span,
    foreign: span,
    rowId: one(TEXTS),
    modifiedFloor: at,
    missingSince: at,
    restored: fc.constant(true),
  },
  { requiredKeys: ['place'] },
)
const contact: fc.Arbitrary<PersonContact> = fc.record({
  contactId: one([undefined, ...TEXTS]),
  addresses: few(fc.record({ channel: one(['email', 'text', 'custom'] as const), address: one(TEXTS) })),
})
const settlement: fc.Arbitrary<Settlement> = fc.record({
  person: one(PERSONS),
  mark: one([0, 1, 2, 3]),
  outcome: one(['written', 'unmatched', 'rejected-by-dataverse']),
  park: one(['keep', 'clear'] as const),
})
const quarantined = fc.record({
  person: one(PERSONS),
  ...{ placeHash: one(TEXTS), what: one(TEXTS), code: one(TEXTS), message: one(TEXTS) },
})
const object = fc.record({
  ...{ key: one(TEXTS), size: at, etag: one(TEXTS), lines: at, records: at, rejects: at, guests: at, skipped: at },
})
const rejected = fc.record({ object: one(TEXTS), line: one([1, 2, 3]), code: one(['a', 'b']) })
const partition = fc.tuple(one(TEXTS), one(['2026-11-01', '2026-11-02']), one(['open', 'pending', 'ingested'] as const))

const calls: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 6,
    arbitrary: call(
      'joinStates',
      fc.tuple(few(row), few(one(TARGETS)), fc.boolean()),
      (store, [rows, targets, dueAll]) => store.joinStates(rows, larger, { targets, dueAll }),
    ),
  },
  {
    weight: 3,
    arbitrary: call(
      'settle',
      fc.tuple(one(SCOPES), at, few(settlement), few(entry), few(quarantined)),
      (store, [scope, now, settlements, ledger, quarantine]) =>
        store.settle(scope, { now, settlements, ledger, evidence: [], quarantine }),
    ),
  },
  {
    weight: 3,
    arbitrary: call(
      'saveContacts',
      fc.tuple(one(SCOPES), few(fc.record({ person: one(PERSONS), contacts: few(contact) }))),
      (store, [scope, found]) => store.saveContacts(scope, found),
    ),
  },
  {
    weight: 3,
    arbitrary: call(
      'objectsIngested',
      fc.tuple(partition, few(object), few(rejected)),
      (store, [[id, date, state], objects, rejects]) => store.objectsIngested(id, date, state, objects, rejects),
    ),
  },
  {
    weight: 2,
    arbitrary: call('putLedger', fc.tuple(one(SCOPES), few(entry)), (store, [scope, entries]) =>
      store.putLedger(scope, entries),
    ),
  },
  {
    weight: 2,
    arbitrary: call('markDue', fc.tuple(one(TARGETS), few(one(PERSONS))), (store, [target, persons]) =>
      store.markDue(target, persons),
    ),
  },
  call('notePartition', partition, (store, [id, date, state]) => store.notePartition(id, date, state)),
  call('markAllDue', one(TARGETS), (store, target) => store.markAllDue(target)),
  call('markStating', fc.tuple(one(TARGETS), few(one(['k', '\u0000', 'x']))), (store, [target, keys]) =>
    store.markStating(target, keys),
  ),
  call('markParkedDue', fc.tuple(one(TARGETS), instant), (store, [target, since]) =>
    store.markParkedDue(target, since),
  ),
  call('distrustLedger', one(SCOPES), (store, scope) => store.distrustLedger(scope)),
  call('addKnownIds', few(one(TEXTS)), (store, keys) => store.addKnownIds(keys)),
  call('setFingerprint', fc.tuple(one(TEXTS), one(TEXTS)), (store, [scope, text]) => store.setFingerprint(scope, text)),
  call('setBookmark', fc.tuple(one(TEXTS), one([undefined, ...TEXTS])), (store, [name, text]) =>
    store.setBookmark(name, text),
  ),
  call('freezeReading', fc.tuple(one(TARGETS), one(TEXTS), one(TEXTS)), (store, [target, reference, reading]) =>
    store.freezeReading(target, reference, reading),
  ),
  call('setDeltaLink', fc.tuple(one(SCOPES), one([undefined, ...TEXTS])), (store, [scope, link]) =>
    store.setDeltaLink(scope, link),
  ),
  call('forgetStates', fc.constant(null), (store) => store.forgetStates()),
)

/** A join as the real one is: it keeps what is greater, in whatever order it comes. */
const larger = (old: string, added: string): string => (old < added ? added : old)

/** Everything the port shows. Orders that the contract leaves open (texts with U+0000) are sorted here. */
async function shown(store: Store): Promise<unknown> {
  const sorted = <T>(values: Iterable<T>) => [...values].map((item) => JSON.stringify(item)).sort()
  const addresses = TEXTS.flatMap((address) =>
    (['email', 'text', 'custom'] as const).map((channel) => ({ channel, address })),
  )
  const targets = TARGETS.map(async (target) => [
    await store.takeDue(target, undefined, 3),
    await store.takeDue(target, person(2), 9),
    await store.dueMarks(target, [...PERSONS, person(0)]),
    await store.countDue(target),
    await store.countParked(target, 2),
    [...(await store.parkedSince(target, PERSONS))].sort(),
    await store.countQuarantine(target),
    sorted(await store.frozenReadings(target)),
  ])
  const scopes = SCOPES.map(async (scope) => [
    [...(await store.contactsOf(scope, PERSONS))],
    [...(await store.personsAt(scope, addresses))],
    [...(await store.personsOfContacts(scope, TEXTS))],
    [...(await store.ledger(scope, TEXTS))],
    await store.countLedger(scope),
    sorted(await store.recentLedger(scope, 99)),
    await store.deltaLink(scope),
  ])
  return {
    targets: await Promise.all(targets),
    scopes: await Promise.all(scopes),
    persons: await store.persons([...PERSONS, person(1)]),
    states: await store.countStates(),
    known: sorted(await store.knownIds()),
    partitions: sorted((await store.partitions()).map((known) => ({ ...known, objects: sorted(known.objects) }))),
    fingerprints: await Promise.all(TEXTS.map((text) => store.fingerprint(text))),
    bookmarks: await Promise.all(TEXTS.map((text) => store.bookmark(text))),
  }
}

describe.skipIf(bin === undefined)('SQLite and PostgreSQL', () => {
  let server: PostgresServer
  let folder: string
  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
    folder = await mkdtemp(join(tmpdir(), 'store-parity-'))
  })
  afterAll(async () => {
    await server?.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('answer the same to every sequence of calls', async () => {
    let rounds = 0
    await fc.assert(
      fc.asyncProperty(fc.array(calls, { minLength: 8, maxLength: 40 }), async (sequence) => {
        rounds += 1
        const schema = `parity_${rounds}`
        const stores = await Promise.all([
          openSqliteStore(join(folder, `${schema}.db`), NOW),
          openPostgresStore(server.address(schema), NOW),
        ])
        try {
          for (const { name, does } of sequence) {
            const [embedded, postgres] = await Promise.all(stores.map(does))
            expect(postgres, name).toEqual(embedded)
          }
          const [embedded, postgres] = await Promise.all(stores.map(shown))
          expect(postgres).toEqual(embedded)
        } finally {
          for (const store of stores) await store.close()
          await server.ask(`DROP SCHEMA ${schema} CASCADE`)
        }
      }),
      { numRuns: 25 },
    )
  }, 400_000)
})
