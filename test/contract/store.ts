/** What every store must do, rule by rule: run it for each adapter with a factory. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { contactRules } from './store-contacts.ts'
import { dueRules, parkingRules } from './store-due.ts'
import { erasureRules } from './store-erasure.ts'
import { evidenceRules } from './store-evidence.ts'
import { ledgerRules } from './store-ledger.ts'
import { HOSTILE, person, SCOPE, settlePersons, stateRow, union } from './store-samples.ts'
import { toldRules } from './store-told.ts'

/** One store of its own, empty at first. */
export interface StoreSeat {
  readonly store: Store
  /** Closes the store and opens it again. */
  reopen(): Promise<Store>
  /** Tries to open the same store a second time while it is open. */
  openTwice(): Promise<Store>
  dispose(): Promise<void>
}

const QUIETLY = { targets: [], dueAll: false }
const FOR_CRM = { targets: ['crm'], dueAll: false }

export function storeContract(name: string, factory: () => Promise<StoreSeat>): void {
  describe(`store contract: ${name}`, () => {
    let seat: StoreSeat
    beforeEach(async () => {
      seat = await factory()
    })
    afterEach(() => seat.dispose())
    openingRules(() => seat)
    tableRules(() => seat.store)
  })
}

/** The same but for opening and closing: what holds of a copy too, which is nobody else's and goes with its end. */
export function tableRules(current: () => Store): void {
  runRules(current)
  partitionRules(current)
  joinRules(current)
  dueRules(current)
  parkingRules(current)
  contactRules(current)
  ledgerRules(current)
  evidenceRules(current)
  erasureRules(current)
  toldRules(current)
}

function openingRules(seat: () => StoreSeat): void {
  it('§9 a second opening is refused at once with lease-held', async () => {
    await expect(seat().openTwice()).rejects.toMatchObject({ code: 'lease-held', next: 'lease' })
    expect(await seat().store.countStates()).toBe(0)
  })

  it('the pseudonym key is 32 bytes, made once', async () => {
    const first = Buffer.from(seat().store.pseudonymKey)
    expect(first).toHaveLength(32)
    const again = await seat().reopen()
    expect(Buffer.from(again.pseudonymKey).equals(first)).toBe(true)
  })

  it('what was written is there after reopening, and closing twice does no harm', async () => {
    await seat().store.joinStates([stateRow(1)], union, FOR_CRM)
    const again = await seat().reopen()
    expect(await again.countStates()).toBe(1)
    expect(await again.takeDue('crm', undefined, 10)).toEqual([{ person: person(1), mark: 1, afresh: false }])
    await again.close()
    await again.close()
  })

  it('hostile text comes back byte for byte', async () => {
    const { store } = seat()
    const rows = HOSTILE.map((text, n) => ({ person: person(n), ouid: text, userId: text, state: `state of ${text}` }))
    await store.joinStates(rows, union, QUIETLY)
    await store.addKnownIds(HOSTILE)
    for (const text of HOSTILE) {
      await store.setFingerprint(text, text)
      await store.freezeReading('crm', text, text)
    }
    const again = await seat().reopen()
    expect(await again.persons(rows.map((row) => row.person))).toEqual(
      rows.map(({ person, ouid, state }) => ({ person, ouid, states: [state] })),
    )
    expect(new Set(await again.knownIds())).toEqual(new Set(HOSTILE))
    expect(await Promise.all(HOSTILE.map((text) => again.fingerprint(text)))).toEqual(HOSTILE)
    expect(await again.frozenReadings('crm')).toEqual(new Map(HOSTILE.map((text) => [text, text])))
    expect(await again.joinStates(rows, union, QUIETLY)).toEqual({ changed: HOSTILE.length })
  })
}

function runRules(store: () => Store): void {
  it('runs are listed newest first, with what their end reported', async () => {
    await store().beginRun({ id: 'one', job: 'sync', startedAt: 1_000 })
    await store().beginRun({ id: 'two', job: 'verify', startedAt: 2_000 })
    await store().endRun('one', 3_000, 6, { due: 2, note: 'é' })
    expect(await store().runs(10)).toEqual([
      { id: 'two', job: 'verify', startedAt: 2_000 },
      { id: 'one', job: 'sync', startedAt: 1_000, endedAt: 3_000, exitCode: 6, report: { due: 2, note: 'é' } },
    ])
    expect((await store().runs(1)).map((run) => run.id)).toEqual(['two'])
  })

  it('§8.6 a fingerprint is kept per scope and replaced', async () => {
    expect(await store().fingerprint('ingest')).toBeUndefined()
    await store().setFingerprint('ingest', 'a')
    await store().setFingerprint('ingest', 'b')
    await store().setFingerprint('deliver/crm', 'c')
    expect(await store().fingerprint('ingest')).toBe('b')
  })

  it('a bookmark is kept by name, replaced, and ended', async () => {
    expect(await store().bookmark('a')).toBeUndefined()
    await store().setBookmark('a', '1')
    await store().setBookmark('a', '2')
    await store().setBookmark('b', '3')
    expect(await store().bookmark('a')).toBe('2')
    await store().setBookmark('a', undefined)
    expect(await Promise.all(['a', 'b'].map((name) => store().bookmark(name)))).toEqual([undefined, '3'])
  })

  it('§4 a frozen reading stays the first one, per target', async () => {
    await store().freezeReading('crm', 'ref', 'first')
    await store().freezeReading('crm', 'ref', 'second')
    await store().freezeReading('other', 'ref', 'third')
    expect(await store().frozenReadings('crm')).toEqual(new Map([['ref', 'first']]))
  })

  it('a delta link is kept per scope, replaced and removed', async () => {
    expect(await store().deltaLink(SCOPE)).toBeUndefined()
    await store().setDeltaLink(SCOPE, 'https://crm.example.com/?deltatoken=1')
    await store().setDeltaLink({ ...SCOPE, target: 'other' }, 'other')
    await store().setDeltaLink(SCOPE, 'https://crm.example.com/?deltatoken=2')
    expect(await store().deltaLink(SCOPE)).toBe('https://crm.example.com/?deltatoken=2')
    await store().setDeltaLink(SCOPE, undefined)
    expect(await store().deltaLink(SCOPE)).toBeUndefined()
    expect(await store().deltaLink({ ...SCOPE, target: 'other' })).toBe('other')
  })
}

function partitionRules(store: () => Store): void {
  const counts = { lines: 3, records: 1, rejects: 1, guests: 1, skipped: 0 }

  it('§8.1 an ingested object counts with its partition, and a changed one replaces it', async () => {
    await store().notePartition('e', '2026-11-02', 'open')
    await store().notePartition('e', '2026-11-01', 'open')
    const part = { key: 'part-0', size: 10, etag: '"a"', ...counts }
    await store().objectsIngested(
      'e',
      '2026-11-01',
      'pending',
      [part],
      [{ object: 'part-0', line: 2, code: 'not-json' }],
    )
    const changed = { ...part, size: 11, etag: '"b"', rejects: 0, records: 2 }
    await store().objectsIngested('e', '2026-11-01', 'ingested', [changed, { ...part, key: 'part-1' }], [])
    expect(await store().partitions()).toEqual([
      {
        exportId: 'e',
        date: '2026-11-01',
        state: 'ingested',
        objects: new Map([
          ['part-0', { size: 11, etag: '"b"' }],
          ['part-1', { size: 10, etag: '"a"' }],
        ]),
      },
      { exportId: 'e', date: '2026-11-02', state: 'open', objects: new Map() },
    ])
  })

  it('§8.5 a partition may be pending again', async () => {
    await store().notePartition('e', '2026-11-01', 'ingested')
    await store().notePartition('e', '2026-11-01', 'pending')
    expect((await store().partitions()).map((partition) => partition.state)).toEqual(['pending'])
  })

  it('§8.6 forgetting states forgets the work, but neither known ids nor ledger, contacts and runs', async () => {
    await store().joinStates([stateRow(1), stateRow(2)], union, FOR_CRM)
    await settlePersons(store(), 5, { person: person(1), mark: 1, outcome: 'unmatched', park: 'keep' })
    await store().notePartition('e', '2026-11-01', 'ingested')
    await store().addKnownIds(['purpose/p'])
    await store().putLedger(SCOPE, [{ place: 'slot/a' }])
    await store().saveContacts(SCOPE, [{ person: person(1), contacts: [{ contactId: 'c', addresses: [] }] }])
    await store().beginRun({ id: 'one', job: 'sync', startedAt: 1 })
    await store().forgetStates()
    expect(await store().countStates()).toBe(0)
    expect(await store().persons([person(1)])).toEqual([])
    expect(await store().partitions()).toEqual([])
    expect(await store().countDue('crm')).toBe(0)
    expect(await store().countParked('crm', 0)).toEqual({ parked: 0, expired: 0 })
    expect(await store().knownIds()).toEqual(['purpose/p'])
    expect(await store().countLedger(SCOPE)).toBe(1)
    expect((await store().contactsOf(SCOPE, [person(1)])).size).toBe(1)
    expect(await store().runs(5)).toHaveLength(1)
  })
}

function joinRules(store: () => Store): void {
  it('§3 a new state is kept as it is, a known one is joined', async () => {
    expect(await store().joinStates([stateRow(1, 'a')], union, QUIETLY)).toEqual({ changed: 1 })
    expect(await store().joinStates([stateRow(1, 'b'), stateRow(2, 'c')], union, QUIETLY)).toEqual({ changed: 2 })
    expect(await store().persons([person(1), person(2)])).toEqual([
      { person: person(1), ouid: 'ouid-1', states: ['ab'] },
      { person: person(2), ouid: 'ouid-2', states: ['c'] },
    ])
  })

  it('§3 one state may come several times in one call', async () => {
    expect(await store().joinStates([stateRow(1, 'a'), stateRow(1, 'b'), stateRow(1, 'a')], union, FOR_CRM)).toEqual({
      changed: 2,
    })
    expect(await store().takeDue('crm', undefined, 10)).toEqual([{ person: person(1), mark: 1, afresh: false }])
  })

  it('§8.1 only a person with a changed state is marked due, for every target', async () => {
    await store().joinStates([stateRow(1), stateRow(2)], union, QUIETLY)
    const options = { targets: ['crm', 'other'], dueAll: false }
    expect(await store().joinStates([stateRow(1, 'a'), stateRow(2, 'b')], union, options)).toEqual({ changed: 1 })
    expect(await store().takeDue('crm', undefined, 10)).toEqual([{ person: person(2), mark: 1, afresh: false }])
    expect(await store().takeDue('other', undefined, 10)).toEqual([{ person: person(2), mark: 1, afresh: false }])
  })

  it('§8.3 dueAll marks every person of the range', async () => {
    await store().joinStates([stateRow(1), stateRow(2)], union, QUIETLY)
    expect(await store().joinStates([stateRow(2)], union, { targets: ['crm'], dueAll: true })).toEqual({ changed: 0 })
    expect(await store().takeDue('crm', undefined, 10)).toEqual([{ person: person(2), mark: 1, afresh: true }])
  })

  it('states of a person come in order of user.id by code unit', async () => {
    const ids = ['\u{1F600}', '\uFFFD', 'b', '', 'B']
    await store().joinStates(
      ids.map((id) => stateRow(1, `state ${id}`, id)),
      union,
      QUIETLY,
    )
    const [found] = await store().persons([person(1)])
    expect(found?.states).toEqual(['', 'B', 'b', '\u{1F600}', '\uFFFD'].map((id) => `state ${id}`))
    expect(await store().countStates()).toBe(5)
  })

  it('a join that throws leaves nothing of its call', async () => {
    await store().joinStates([stateRow(2)], union, QUIETLY)
    const failing = () => {
      throw new Error('join failed')
    }
    await expect(store().joinStates([stateRow(1), stateRow(2)], failing, FOR_CRM)).rejects.toThrow('join failed')
    expect(await store().countStates()).toBe(1)
    expect(await store().countDue('crm')).toBe(0)
    expect(await store().joinStates([stateRow(1)], union, QUIETLY)).toEqual({ changed: 1 })
  })

  it('§4 known ids grow and repeat harmlessly', async () => {
    await store().addKnownIds(['purpose/a', 'set/a/b'])
    await store().addKnownIds(['purpose/a', 'channel/c'])
    expect(await store().knownIds()).toEqual(['channel/c', 'purpose/a', 'set/a/b'])
  })

  it('persons come in the order asked for, unknown ones left out', async () => {
    await store().joinStates([stateRow(1), stateRow(2)], union, QUIETLY)
    const found = await store().persons([person(2), person(9), person(1)])
    expect(found.map((one) => one.person)).toEqual([person(2), person(1)])
  })
}
