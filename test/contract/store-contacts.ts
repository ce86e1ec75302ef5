/** The store contract's rules of contacts and addresses. */

import { expect, it } from 'vitest'
import type { PersonContact, Store } from '../../src/store/store.ts'
import { HOSTILE, person, SCOPE } from './store-samples.ts'

const OTHER = { ...SCOPE, organization: '8a6c0000-0000-4000-8000-000000000002' }
const email = (address: string) => ({ channel: 'email' as const, address })

export function contactRules(store: () => Store): void {
  it('contacts come back as saved, a person without any differs from an unknown one', async () => {
    const contacts: PersonContact[] = [
      { contactId: 'c2', addresses: [email('b@example.com'), { channel: 'text', address: '+4930' }] },
      { contactId: 'c1', addresses: [] },
      { contactId: undefined, addresses: [email('a@example.com')] },
    ]
    await store().saveContacts(SCOPE, [
      { person: person(1), contacts },
      { person: person(2), contacts: [] },
    ])
    expect(await store().contactsOf(SCOPE, [person(1), person(2), person(3)])).toEqual(
      new Map([
        [person(1), contacts],
        [person(2), []],
      ]),
    )
    expect((await store().contactsOf(OTHER, [person(1)])).size).toBe(0)
  })

  it('§6.4 every person known for an address is found, in key order, under channel/address', async () => {
    const shared = email('shared@example.com')
    await store().saveContacts(
      SCOPE,
      [3, 1, 2].map((n) => ({ person: person(n), contacts: [{ contactId: `c${n}`, addresses: [shared] }] })),
    )
    await store().saveContacts(OTHER, [{ person: person(4), contacts: [{ contactId: 'c4', addresses: [shared] }] }])
    const found = await store().personsAt(SCOPE, [shared, { ...shared, channel: 'custom' }, email('none@example.com')])
    expect(found).toEqual(new Map([['email/shared@example.com', [person(1), person(2), person(3)]]]))
  })

  it('saving again replaces contacts and addresses', async () => {
    const before = [{ contactId: 'c1', addresses: [email('old@example.com'), email('kept@example.com')] }]
    const after = [{ contactId: 'c2', addresses: [email('kept@example.com'), email('new@example.com')] }]
    await store().saveContacts(SCOPE, [{ person: person(1), contacts: before }])
    await store().saveContacts(SCOPE, [{ person: person(1), contacts: after }])
    const found = await store().personsAt(
      SCOPE,
      ['old', 'kept', 'new'].map((name) => email(`${name}@example.com`)),
    )
    expect([...found.keys()]).toEqual(['email/kept@example.com', 'email/new@example.com'])
    expect(await store().personsOfContacts(SCOPE, ['c1', 'c2'])).toEqual(new Map([['c2', [person(1)]]]))
    await store().saveContacts(SCOPE, [{ person: person(1), contacts: [] }])
    expect((await store().personsOfContacts(SCOPE, ['c2'])).size).toBe(0)
  })

  it('§5.4 persons behind one contact are found, once each', async () => {
    const twice = { contactId: 'c1', addresses: [email('a@example.com'), email('a@example.com')] }
    await store().saveContacts(SCOPE, [
      { person: person(2), contacts: [twice, twice] },
      { person: person(1), contacts: [twice] },
    ])
    expect(await store().personsOfContacts(SCOPE, ['c1', 'c9'])).toEqual(new Map([['c1', [person(1), person(2)]]]))
    expect(await store().personsAt(SCOPE, [email('a@example.com')])).toEqual(
      new Map([['email/a@example.com', [person(1), person(2)]]]),
    )
  })

  it('hostile addresses come back byte for byte', async () => {
    const contacts = HOSTILE.map((text) => ({
      contactId: text,
      addresses: [{ channel: 'custom' as const, address: text }],
    }))
    await store().saveContacts(SCOPE, [{ person: person(1), contacts }])
    expect(await store().contactsOf(SCOPE, [person(1)])).toEqual(new Map([[person(1), contacts]]))
    const found = await store().personsAt(
      SCOPE,
      contacts.flatMap((contact) => contact.addresses),
    )
    expect(found).toEqual(new Map(HOSTILE.map((text) => [`custom/${text}`, [person(1)]])))
  })
}
