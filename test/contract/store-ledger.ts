/** The store contract's rules of the ledger and of settling. */

import { expect, it } from 'vitest'
import { SINCE_EVER } from '../../src/consent/time.ts'
import type { Evidence } from '../../src/store/evidence.ts'
import type { LedgerEntry, QuarantinedRow, Settlement, Store } from '../../src/store/store.ts'
import { HOSTILE, person, SCOPE, settlePersons, stateRow, union } from './store-samples.ts'

const NOW = 1_793_500_000_123_456
const OTHER = { ...SCOPE, target: 'other' }
const PLACE = 'slot/email/a@example.com/purpose/0f9a0000-0000-4000-8000-000000000001'
const PERFECT: LedgerEntry = {
  place: PLACE,
  confirmed: { value: true, lo: NOW - 10, hi: NOW - 1, at: NOW },
  intended: { value: null, lo: SINCE_EVER, hi: NOW },
  foreign: { value: { codes: [1, 2], text: 'é "quoted"' }, lo: SINCE_EVER, hi: NOW - 5 },
  rowId: '0f9a0000-0000-4000-8000-000000000002',
  modifiedFloor: NOW - 20,
  missingSince: NOW - 2,
  restored: true,
}
const REJECTED: QuarantinedRow = {
  person: person(1),
  placeHash: 'hash-a',
  what: 'purpose',
  code: '0x80040265',
  message: 'refused',
}
const EVIDENCE: Evidence = {
  run: 'run-1',
  person: person(1),
  placeHash: 'hash-a',
  rowId: undefined,
  what: 'purpose',
  from: null,
  to: true,
  lo: SINCE_EVER,
  hi: NOW,
  event: undefined,
  decision: 'written',
}

const settlementOf = (outcome: string): Settlement => ({ person: person(1), mark: 0, outcome, park: 'clear' })
const quarantine = (store: Store, ...rows: QuarantinedRow[]) =>
  store.settle(SCOPE, {
    now: NOW,
    settlements: [settlementOf('rejected-by-dataverse')],
    ledger: [],
    evidence: [],
    quarantine: rows,
  })

export function ledgerRules(store: () => Store): void {
  entryRules(store)
  settleRules(store)
}

function entryRules(store: () => Store): void {
  it('§1 a ledger entry comes back whole', async () => {
    const bare = { place: 'contact/c1/donotemail' }
    await store().putLedger(SCOPE, [PERFECT, bare])
    const found = await store().ledger(SCOPE, [PLACE, bare.place, 'contact/c1/donotphone'])
    expect([...found]).toStrictEqual([
      [PLACE, PERFECT],
      [bare.place, bare],
    ])
    expect((await store().ledger(OTHER, [PLACE])).size).toBe(0)
    expect(await store().countLedger(SCOPE)).toBe(2)
    expect(await store().countLedger(OTHER)).toBe(0)
  })

  it('§1 putting an entry replaces the whole of it', async () => {
    await store().putLedger(SCOPE, [PERFECT])
    const { intended, missingSince, ...confirmed } = PERFECT
    await store().putLedger(SCOPE, [confirmed])
    expect((await store().ledger(SCOPE, [PLACE])).get(PLACE)).toStrictEqual(confirmed)
    expect(await store().countLedger(SCOPE)).toBe(1)
  })

  it('every kind of value keeps its type', async () => {
    const values = [true, false, null, 0, -1.5, '', 'true', [], ['a'], {}, 'null', 534120001]
    const entries = values.map((value, n) => ({ place: `p${n}`, intended: { value, lo: 1, hi: 2 } }))
    await store().putLedger(SCOPE, entries)
    const places = entries.map((entry) => entry.place)
    expect([...(await store().ledger(SCOPE, places)).values()]).toStrictEqual(entries)
  })

  it('hostile places and values come back byte for byte', async () => {
    const entries = HOSTILE.map((text) => ({ place: text, rowId: text, foreign: { value: text, lo: 1, hi: 2 } }))
    await store().putLedger(SCOPE, entries)
    expect([...(await store().ledger(SCOPE, HOSTILE))]).toStrictEqual(entries.map((entry) => [entry.place, entry]))
  })

  it('§8.8 the entries confirmed last come first; intended ones are not among them', async () => {
    const confirmedAt = (place: string, at: number) => ({ place, confirmed: { value: true, lo: 1, hi: 2, at } })
    const intended = { place: 'intended', intended: { value: true, lo: 1, hi: 2 } }
    await store().putLedger(SCOPE, [confirmedAt('a', 10), confirmedAt('b', 30), intended, confirmedAt('c', 20)])
    await store().putLedger(OTHER, [confirmedAt('d', 40)])
    await store().putLedger(SCOPE, [confirmedAt('a', 25)])
    expect((await store().recentLedger(SCOPE, 2)).map((entry) => entry.place)).toEqual(['b', 'a'])
    expect(await store().recentLedger(SCOPE, 9)).toHaveLength(3)
  })

  it('§8.8 a distrusted ledger keeps foreign statements, marked, and nothing it believed', async () => {
    const { restored, ...entry } = PERFECT
    const { foreign, ...own } = { ...entry, place: 'own' }
    await store().putLedger(SCOPE, [entry, own])
    await store().putLedger(OTHER, [entry])
    await store().distrustLedger(SCOPE)
    const found = await store().ledger(SCOPE, [PLACE, 'own'])
    const { rowId = '' } = entry
    expect(found.get(PLACE)).toStrictEqual({ place: PLACE, foreign, rowId, restored: true })
    expect(found.get('own')).toStrictEqual({ place: 'own', rowId })
    expect((await store().ledger(OTHER, [PLACE])).get(PLACE)).toStrictEqual(entry)
    expect(await store().recentLedger(SCOPE, 9)).toEqual([])
  })

  it('§1 writers are kept per organization, each once', async () => {
    await store().addWriter(SCOPE.organization, 'u2')
    await store().addWriter(SCOPE.organization, 'u1')
    await store().addWriter(SCOPE.organization, 'u2')
    await store().addWriter('another', 'u3')
    expect(await store().writers(SCOPE.organization)).toEqual(['u1', 'u2'])
    expect(await store().writers('none')).toEqual([])
  })
}

function settleRules(store: () => Store): void {
  it('§8.2 settling writes ledger and evidence with the outcome', async () => {
    await store().joinStates([stateRow(1)], union, { targets: ['crm'], dueAll: false })
    await store().settle(SCOPE, {
      now: NOW,
      settlements: [{ ...settlementOf('written'), mark: 1 }],
      ledger: [PERFECT],
      evidence: [EVIDENCE, { ...EVIDENCE, rowId: 'r', event: 'e', decision: 'superseded' }],
      quarantine: [],
    })
    expect(await store().countDue('crm')).toBe(0)
    expect((await store().ledger(SCOPE, [PLACE])).get(PLACE)).toStrictEqual(PERFECT)
  })

  it('§8.2 settling is all or nothing', async () => {
    await store().joinStates([stateRow(1)], union, { targets: ['crm'], dueAll: false })
    const broken = { ...REJECTED, person: 'no person id' }
    const settled = {
      now: NOW,
      settlements: [{ ...settlementOf('written'), mark: 1 }],
      ledger: [PERFECT],
      evidence: [],
    }
    await expect(store().settle(SCOPE, { ...settled, quarantine: [broken] })).rejects.toMatchObject({ code: 'defect' })
    expect(await store().countDue('crm')).toBe(1)
    expect(await store().countLedger(SCOPE)).toBe(0)
  })

  it('a quarantined row is replaced per place', async () => {
    await quarantine(store(), REJECTED, { ...REJECTED, placeHash: 'hash-b' })
    await quarantine(store(), { ...REJECTED, message: `again ${HOSTILE.join('')}` })
    expect(await store().countQuarantine('crm')).toBe(2)
    expect(await store().countQuarantine('other')).toBe(0)
  })

  it('a later good outcome clears the quarantine of its person alone', async () => {
    await quarantine(store(), REJECTED, { ...REJECTED, person: person(2) })
    await settlePersons(store(), NOW, settlementOf('rejected-by-dataverse'))
    expect(await store().countQuarantine('crm')).toBe(2)
    await settlePersons(store(), NOW, settlementOf('unchanged'))
    expect(await store().countQuarantine('crm')).toBe(1)
  })
}
