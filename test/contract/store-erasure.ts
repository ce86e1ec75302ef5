/** What every store must do when persons are erased: nothing of them is left, and nothing of before comes back (semantics §8.9). */

import { describe, expect, it } from 'vitest'
import { joinTexts, stateText } from '../../src/consent/state.ts'
import type { Place, StateRow, Store } from '../../src/store/store.ts'
import { addEvidence, checked, evidenceFor } from './store-evidence.ts'
import { HOSTILE, person, SCOPE } from './store-samples.ts'

const AT = 1_793_500_000_000_000
const CRM = { targets: ['crm'], dueAll: false }
const OTHER = { ...SCOPE, target: 'other' }

/** A state in which a line at each of these times said yes to a purpose of its own. */
const said = (...times: number[]): string =>
  stateText({
    said: new Map(times.map((asOf) => [`purpose/p${asOf - AT}`, new Map([['true', [asOf, 1] as const]])])),
    events: new Map(),
    attributes: new Map(),
  })
const row = (n: number, state: string, ouid = `ouid-${n}`): StateRow => ({
  person: person(n),
  ouid,
  userId: 'd',
  state,
})
const who = (...persons: number[]) => persons.map((n) => ({ person: person(n), ouid: `ouid-${n}` }))
const slot = (address: string): Place => `slot/email/${address.replace(/%/g, '%25').replace(/\//g, '%2F')}/purpose/p`
const mail = (address: string) => ({ channel: 'email' as const, address })

/** Persons 1 and 2, who share an address and a contact, and have one of each alone. */
async function furnish(store: Store): Promise<void> {
  await store.joinStates([row(1, said(AT - 1)), row(2, said(AT - 1))], joinTexts, {
    targets: ['crm', 'other'],
    dueAll: false,
  })
  for (const scope of [SCOPE, OTHER]) {
    const contacts = (n: number) => [
      { contactId: `c${n}`, addresses: [mail(`${n}@example.com`), mail('both@example.com')] },
      { contactId: 'c12', addresses: [] },
    ]
    await store.saveContacts(
      scope,
      [1, 2].map((n) => ({ person: person(n), contacts: contacts(n) })),
    )
    const places = ['1@example.com', '2@example.com', 'both@example.com', '11@example.com'].map(slot)
    const columns = ['c1', 'c2', 'c12', 'c11'].map((id) => `contact/${id}/donotemail`)
    await store.putLedger(
      scope,
      [...places, ...columns].map((place) => ({ place, rowId: `row of ${place}` })),
    )
  }
  await store.settle(SCOPE, {
    now: AT - 1,
    settlements: [
      { person: person(1), mark: 1, outcome: 'unmatched', park: 'keep' },
      { person: person(2), mark: 1, outcome: 'written', park: 'clear' },
    ],
    ledger: [],
    evidence: [evidenceFor(1), evidenceFor(2), evidenceFor(1)],
    quarantine: [1, 2].map((n) => ({ person: person(n), placeHash: 'h', what: 'w', code: 'c', message: 'm' })),
  })
}

export function erasureRules(store: () => Store): void {
  describe('erasure', () => {
    removalRules(store)
    suppressionRules(store)
  })
}

function removalRules(store: () => Store): void {
  it('§8.9 everything of a person goes, nothing of others', async () => {
    await furnish(store())
    // Those of all targets, each once.
    expect((await store().addressesHeld([person(1)])).map(({ address }) => address).sort()).toEqual([
      '1@example.com',
      'both@example.com',
    ])
    expect(await store().forget(who(1), AT, 'none')).toEqual({
      ...{ persons: 1, known: 1, states: 1, due: 1, parked: 1, quarantined: 1, contacts: 2 },
      ...{ ledger: 4, ledgerShared: 4, evidenceKeys: 1 },
    })
    expect((await store().persons([person(1), person(2)])).map((one) => one.person)).toEqual([person(2)])
    expect(await store().countStates()).toBe(1)
    expect((await store().takeDue('other', undefined, 9)).map((due) => due.person)).toEqual([person(2)])
    expect((await store().parkedSince('crm', [person(1)])).size).toBe(0)
    expect(await store().countQuarantine('crm')).toBe(1)
    for (const scope of [SCOPE, OTHER]) {
      expect([...(await store().contactsOf(scope, [person(1), person(2)])).keys()]).toEqual([person(2)])
      const found = await store().personsAt(scope, [mail('1@example.com'), mail('both@example.com')])
      expect([...found]).toEqual([['email/both@example.com', [person(2)]]])
      expect([...(await store().personsOfContacts(scope, ['c1', 'c12']))]).toEqual([['c12', [person(2)]]])
      expect(await store().countLedger(scope)).toBe(6)
      const gone = await store().ledger(scope, [slot('1@example.com'), 'contact/c1/donotemail'])
      expect(gone.size).toBe(0)
    }
  })

  it('§8.9 what persons share goes with the last of them', async () => {
    await furnish(store())
    expect(await store().forget(who(1, 2), AT, 'none')).toMatchObject({ known: 2, ledger: 12, ledgerShared: 0 })
    expect(await store().countLedger(SCOPE)).toBe(2)
  })

  it('§8.9 evidence of a person can be opened no more, and the chain is whole', async () => {
    await furnish(store())
    await store().forget(who(1), AT, 'none')
    expect(await store().evidenceOf(person(1))).toEqual([])
    expect(await store().evidenceOf(person(2))).toHaveLength(1)
    expect(await checked(store())).toMatchObject({ entries: 3, erased: 2, breaks: [] })
    await addEvidence(store(), AT + 1, [evidenceFor(1)])
    expect(await store().evidenceOf(person(1))).toHaveLength(1)
    expect(await checked(store())).toMatchObject({ entries: 4, erased: 2, breaks: [] })
  })

  it('§8.9 an address that the person had once goes too, as far as evidence tells of it', async () => {
    await furnish(store())
    const place = slot('once/100%@example.com')
    await store().putLedger(SCOPE, [{ place }, { place: slot('both@example.com') }])
    await addEvidence(store(), AT - 1, [evidenceFor(1, { place }), evidenceFor(1, { place: slot('both@example.com') })])
    expect(await store().forget(who(1), AT, 'none')).toMatchObject({ ledger: 5, ledgerShared: 4 })
    expect((await store().ledger(SCOPE, [place, slot('both@example.com')])).size).toBe(1)
  })

  it('hostile addresses and contact ids go as any other', async () => {
    const contacts = HOSTILE.map((text) => ({ contactId: text, addresses: [mail(text)] }))
    await store().joinStates([row(1, said(AT))], joinTexts, CRM)
    await store().saveContacts(SCOPE, [{ person: person(1), contacts }])
    await store().putLedger(
      SCOPE,
      HOSTILE.map((text) => ({ place: slot(text) })),
    )
    expect(await store().forget(who(1), AT, 'none')).toMatchObject({ ledger: HOSTILE.length })
    expect(await store().countLedger(SCOPE)).toBe(0)
    expect((await store().personsAt(SCOPE, HOSTILE.map(mail))).size).toBe(0)
  })

  it('§8.9 doing it again, or for a person nobody knows, removes nothing more', async () => {
    await furnish(store())
    await store().forget(who(1), AT, 'none')
    const nothing = { known: 0, states: 0, due: 0, parked: 0, quarantined: 0, contacts: 0, evidenceKeys: 0 }
    expect(await store().forget(who(1, 7), AT + 1, 'none')).toEqual({
      persons: 2,
      ...nothing,
      ledger: 0,
      ledgerShared: 0,
    })
    expect(await store().countStates()).toBe(1)
  })
}

function suppressionRules(store: () => Store): void {
  it('§8.9 what was said up to the erasure does not come back, what is said later counts', async () => {
    await furnish(store())
    await store().forget(who(1, 7), AT, 'none')
    const again = [row(1, said(AT - 1)), row(2, said(AT - 1, AT - 2)), row(7, said(AT))]
    expect(await store().joinStates(again, joinTexts, { ...CRM, dueAll: true })).toEqual({ changed: 1, suppressed: 2 })
    expect((await store().persons([person(1), person(7)])).length).toBe(0)
    expect((await store().takeDue('crm', undefined, 9)).map((due) => due.person)).toEqual([person(2)])
    const later = [row(1, said(AT - 1, AT, AT + 1)), row(7, said(AT + 2))]
    expect(await store().joinStates(later, joinTexts, CRM)).toEqual({ changed: 2, suppressed: 1 })
    const persons = await store().persons([person(1), person(7)])
    expect(persons.map(({ states }) => states)).toEqual([[said(AT + 1)], [said(AT + 2)]])
  })

  it('§8.9 the later of two erasures holds, in whichever order', async () => {
    await store().forget(who(1), AT + 5, 'none')
    await store().forget(who(1), AT, 'none')
    expect(await store().joinStates([row(1, said(AT + 5))], joinTexts, CRM)).toEqual({ changed: 0, suppressed: 1 })
    await store().forget(who(1), AT + 7, 'none')
    expect(await store().joinStates([row(1, said(AT + 7))], joinTexts, CRM)).toEqual({ changed: 0, suppressed: 1 })
    expect(await store().joinStates([row(1, said(AT + 8))], joinTexts, CRM)).toEqual({ changed: 1 })
  })

  it('§8.9 a rebuild does not undo an erasure', async () => {
    await store().forget(who(1), AT, 'none')
    await store().forgetStates()
    expect(await store().joinStates([row(1, said(AT))], joinTexts, CRM)).toEqual({ changed: 0, suppressed: 1 })
  })

  it.each([
    ['none', 'lowercase', 'Ada@x', 'ada@x', true],
    ['none', 'email', 'Ade\u0301@x', 'ad\u00e9@x', true],
    ['lowercase', 'none', 'ada@x', 'ADA@x', true],
    ['email', 'none', 'ad\u00e9@x', 'ADe\u0301@x', true],
    ['none', 'none', 'Ada@x', 'ada@x', false],
    ['lowercase', 'lowercase', 'ad\u00e9@x', 'ade\u0301@x', false],
  ] as const)('§8.9 erased under %s, read under %s: %s is %s: %s', async (then, now, erased, read, suppressed) => {
    await store().forget([{ person: person(1), ouid: erased }], AT, then)
    const answer = await store().joinStates([row(2, said(AT), read)], joinTexts, { ...CRM, spelling: now })
    expect(answer).toEqual(suppressed ? { changed: 0, suppressed: 1 } : { changed: 1 })
  })
}
