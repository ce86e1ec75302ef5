/** The store contract's rules of due and parked persons. */

import { expect, it } from 'vitest'
import { SINCE_EVER } from '../../src/consent/time.ts'
import type { Store } from '../../src/store/store.ts'
import { person, settlePersons, stateRow, union } from './store-samples.ts'

const QUIETLY = { targets: [], dueAll: false }
const FOR_CRM = { targets: ['crm'], dueAll: false }

export function dueRules(store: () => Store): void {
  it('due persons are taken page by page in key order', async () => {
    await store().joinStates(
      [1, 2, 0x10, 0xff00].map((n) => stateRow(n)),
      union,
      FOR_CRM,
    )
    const first = await store().takeDue('crm', undefined, 3)
    expect(first.map((due) => due.person)).toEqual([person(1), person(2), person(0x10)])
    const rest = await store().takeDue('crm', first.at(-1)?.person, 3)
    expect(rest.map((due) => due.person)).toEqual([person(0xff00)])
    expect(await store().takeDue('other', undefined, 3)).toEqual([])
    expect(await store().countDue('crm')).toBe(4)
  })

  it('§8.2 settling the mark that was taken ends the due, an older mark does not', async () => {
    await store().joinStates([stateRow(1), stateRow(2)], union, FOR_CRM)
    await store().joinStates([stateRow(2, 'b')], union, FOR_CRM)
    const settled = { outcome: 'written', park: 'clear', mark: 1 } as const
    await settlePersons(store(), 5, { ...settled, person: person(1) }, { ...settled, person: person(2) })
    expect(await store().takeDue('crm', undefined, 10)).toEqual([{ person: person(2), mark: 2, afresh: false }])
    await settlePersons(store(), 6, { ...settled, person: person(2), mark: 2 })
    expect(await store().countDue('crm')).toBe(0)
  })

  it('a person that is not due has mark 0 and may be settled', async () => {
    await store().joinStates([stateRow(1)], union, QUIETLY)
    await store().joinStates([stateRow(2)], union, FOR_CRM)
    expect(await store().dueMarks('crm', [person(2), person(1)])).toEqual([
      { person: person(2), mark: 1, afresh: false },
      { person: person(1), mark: 0, afresh: true },
    ])
    const settled = { outcome: 'unchanged', park: 'clear', mark: 0 } as const
    await settlePersons(store(), 5, { ...settled, person: person(1) }, { ...settled, person: person(2) })
    expect(await store().countDue('crm')).toBe(1)
  })

  it('marking all and marking some increments, each target for itself, and passes over persons without states', async () => {
    await store().joinStates([stateRow(1), stateRow(2)], union, QUIETLY)
    await store().markDue('crm', [person(1), person(7)])
    await store().markAllDue('crm')
    await store().markAllDue('other')
    expect(await store().takeDue('crm', undefined, 10)).toEqual([
      { person: person(1), mark: 2, afresh: true },
      { person: person(2), mark: 1, afresh: true },
    ])
    expect(await store().countDue('other')).toBe(2)
  })

  it('§8.3 who is due afresh stays so until settled, whatever the person is marked for besides', async () => {
    await store().joinStates([stateRow(1)], union, FOR_CRM)
    const due = async () => (await store().takeDue('crm', undefined, 10)).map(({ afresh }) => afresh)
    expect(await due()).toEqual([false])
    await store().markDue('crm', [person(1)])
    expect(await due()).toEqual([true])
    await store().joinStates([stateRow(1, 'b')], union, FOR_CRM)
    expect(await due()).toEqual([true])
    await settlePersons(store(), 5, { outcome: 'written', park: 'clear', mark: 3, person: person(1) })
    await store().joinStates([stateRow(1, 'c')], union, FOR_CRM)
    expect(await due()).toEqual([false])
  })

  it('§4 persons are marked whose state states a key, said or in events, exactly', async () => {
    const keys = ['purpose/a"\\b', 'set/ü/👍', 'purpose/line\nbreak%2F']
    const [first = '', second = '', third = ''] = keys
    const states = [
      { attributes: {}, events: {}, said: { [first]: { true: [1, 1] } } },
      { attributes: {}, events: { [second]: { x: [1, 2, ''] } }, said: {} },
      { attributes: { [first]: 'x', said: first }, events: {}, said: { [`${first}c`]: {}, other: { [first]: 1 } } },
      { attributes: {}, events: { [third]: {} }, said: { [third]: {} } },
      { attributes: {}, events: {}, said: {} },
    ]
    const rows = states.map((state, n) => stateRow(n, JSON.stringify(state)))
    const second0 = { ...stateRow(0, JSON.stringify(states[0]), 'second device') }
    await store().joinStates([...rows, second0], union, QUIETLY)
    await store().markStating('crm', keys)
    expect(await store().takeDue('crm', undefined, 10)).toEqual(
      [0, 1, 3].map((n) => ({ person: person(n), mark: 1, afresh: true })),
    )
    await store().markStating('crm', [second])
    expect(await store().dueMarks('crm', [person(0), person(1)])).toEqual([
      { person: person(0), mark: 1, afresh: true },
      { person: person(1), mark: 2, afresh: true },
    ])
  })
}

export function parkingRules(store: () => Store): void {
  const unmatched = { mark: 1, outcome: 'unmatched', park: 'keep' } as const

  it('§5.2 an unmatched person is parked since its first outcome, until another outcome', async () => {
    await store().joinStates([stateRow(1), stateRow(2)], union, FOR_CRM)
    await settlePersons(store(), 100, { ...unmatched, person: person(1) })
    await settlePersons(store(), 200, { ...unmatched, person: person(1) }, { ...unmatched, person: person(2) })
    expect(await store().parkedSince('crm', [person(1), person(2), person(3)])).toEqual(
      new Map([
        [person(1), 100],
        [person(2), 200],
      ]),
    )
    expect(await store().countDue('crm')).toBe(0)
    await settlePersons(store(), 300, { person: person(1), mark: 0, outcome: 'written', park: 'clear' })
    expect((await store().parkedSince('crm', [person(1)])).size).toBe(0)
    expect((await store().parkedSince('other', [person(2)])).size).toBe(0)
  })

  it('§5.2 parked persons are retried, expired ones only counted', async () => {
    await store().joinStates([stateRow(1), stateRow(2), stateRow(3)], union, FOR_CRM)
    await settlePersons(store(), 100, { ...unmatched, person: person(1) })
    await settlePersons(store(), 200, { ...unmatched, person: person(2) })
    await settlePersons(store(), 300, { ...unmatched, person: person(3) })
    expect(await store().countParked('crm', 200)).toEqual({ parked: 1, expired: 2 })
    await store().markParkedDue('crm', 200)
    expect(await store().takeDue('crm', undefined, 10)).toEqual([{ person: person(3), mark: 1, afresh: true }])
    await store().markParkedDue('crm', SINCE_EVER)
    expect(await store().countDue('crm')).toBe(3)
  })
}
