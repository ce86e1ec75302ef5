/** The store contract's rules of the reverse flow's memory (semantics §11.4). */

import { expect, it } from 'vitest'
import type { Evidence } from '../../src/store/evidence.ts'
import type { Store } from '../../src/store/store.ts'
import type { OpenLook, ToldStatement } from '../../src/store/told.ts'
import { HOSTILE, person, SCOPE, stateRow, union } from './store-samples.ts'

const AT = 1_793_500_000_123_456
const OTHER = { ...SCOPE, target: 'other' }
const SAID: ToldStatement = {
  person: person(1),
  key: 'purpose/news',
  value: false,
  instant: AT,
  event: '00000000-0000-4000-8000-000000000001',
  state: 'intended',
}
const ROW: OpenLook = { kind: 'row', name: '0f9a0000-0000-4000-8000-000000000001', reason: 'unknown-person' }
const TOLD: Evidence = {
  ...{ run: 'reverse-1', person: person(1), placeHash: 'b'.repeat(24), rowId: ROW.name, what: 'purpose/news' },
  ...{ from: true, to: false, lo: AT - 10, hi: AT, event: SAID.event, decision: 'told' },
}
const PLACE = 'slot/email/a@example.com/purpose/0f9a0000-0000-4000-8000-000000000002'
const nothing = { now: AT, statements: [], open: [], closed: [], ledger: [], evidence: [] }

export function toldRules(store: () => Store): void {
  it('§11.4 what is to be told is kept by person and key, the last of each, and posted once', async () => {
    const set = { ...SAID, key: HOSTILE[2] ?? '', value: ['a', 'b'], event: '00000000-0000-4000-8000-000000000002' }
    await store().keepHeard(SCOPE, { ...nothing, statements: [SAID, set] })
    expect(await store().untold()).toEqual([SAID, set])
    const later = { ...SAID, value: true, instant: AT + 1, event: '00000000-0000-4000-8000-000000000003' }
    await store().keepHeard(OTHER, { ...nothing, statements: [later] })
    const both = await store().toldOf([person(1), person(2)])
    expect(both).toHaveLength(2)
    expect(both).toEqual(expect.arrayContaining([set, later]))
    await store().setTold([
      { event: later.event, state: 'told' },
      { event: set.event, state: 'refused' },
    ])
    expect(await store().untold()).toEqual([])
    expect(await store().countRefused()).toBe(1)
    const states = (await store().toldOf([person(1)])).map(({ state }) => state)
    expect(states.sort()).toEqual(['refused', 'told'])
  })

  it('§11.4 statements, ledger and what waits are kept together; looks end by name', async () => {
    const entry = { place: PLACE, confirmed: { value: 1, lo: AT, hi: AT, at: AT }, rowId: ROW.name }
    const place: OpenLook = { kind: 'place', name: PLACE, reason: 'superseded' }
    await store().keepHeard(SCOPE, {
      ...nothing,
      statements: [SAID],
      open: [ROW, place],
      ledger: [entry],
      evidence: [TOLD],
    })
    expect(await store().openLooks(SCOPE)).toEqual([place, ROW])
    expect(await store().openLooks(OTHER)).toEqual([])
    expect(await store().evidenceOf(person(1))).toEqual([{ ...TOLD, ...SCOPE, sequence: 1, at: AT }])
    expect((await store().ledger(SCOPE, [PLACE])).get(PLACE)).toEqual(entry)
    const parked: OpenLook = { ...ROW, reason: 'shared-opt-in' }
    await store().keepHeard(SCOPE, { ...nothing, open: [parked], closed: [place] })
    expect(await store().openLooks(SCOPE)).toEqual([parked])
    expect(await store().placesOfRows(SCOPE, [ROW.name, 'none'])).toEqual([PLACE])
    expect(await store().placesOfRows(OTHER, [ROW.name])).toEqual([])
    expect(await store().placesOfRows(SCOPE, [])).toEqual([])
  })

  it('§11.4 a person is named by records in order of their ids', async () => {
    const rows = [stateRow(1, 'b', 'd2'), stateRow(1, 'a', 'd1')]
    await store().joinStates(rows, union, { targets: [], dueAll: false })
    const records = await store().recordsOf(person(1))
    expect(records.map(({ userId }) => userId)).toEqual(['d1', 'd2'])
    expect(await store().recordsOf(person(9))).toEqual([])
  })

  it('§8.9 an erased person leaves nothing that was told, and no place to look at', async () => {
    const contacts = [{ contactId: undefined, addresses: [{ channel: 'email' as const, address: 'a@example.com' }] }]
    await store().joinStates([stateRow(1)], union, { targets: [], dueAll: false })
    await store().saveContacts(SCOPE, [{ person: person(1), contacts }])
    const open: OpenLook[] = [ROW, { kind: 'place', name: PLACE, reason: 'superseded' }]
    await store().keepHeard(SCOPE, { ...nothing, statements: [SAID], open })
    await store().forget([{ person: person(1), ouid: 'ouid-1' }], AT, 'none')
    expect(await store().toldOf([person(1)])).toEqual([])
    expect(await store().untold()).toEqual([])
    expect(await store().openLooks(SCOPE)).toEqual([ROW])
  })
}
