/** Which places of the ledger a person holds (semantics §8.9). */

import { expect, it } from 'vitest'
import { columnPlace } from '../../src/deliver/contact-rows.ts'
import { type ConsentEntry, slotPlace } from '../../src/projection/slot.ts'
import { placesHeld } from '../../src/store/forgetting.ts'
import { HOSTILE } from '../contract/store-samples.ts'

const entry = { kind: 'purpose', id: '0f9a0000-0000-4000-8000-000000000001' } as ConsentEntry

it('§8.9 the places that delivery writes begin as the store looks for them, whatever the address', () => {
  for (const address of [...HOSTILE, 'a@example.com', 'a/b%2Fc%25@example.com']) {
    const point = { channel: 'email' as const, address }
    const place = slotPlace({ ...point, entry })
    const contacts = [{ scope: 1, contacts: [{ contactId: 'c1', addresses: [point] }] }]
    const [contact, slot, ...others] = [...placesHeld([{ person: 'p', contacts, evidence: [] }])]
    expect(others).toEqual([])
    expect(columnPlace('c1', 'donotemail').startsWith(contact?.holder.beginning ?? '-')).toBe(true)
    expect(place.startsWith(slot?.holder.beginning ?? '-')).toBe(true)
    // What evidence tells of the same place is the same address.
    const told = { scope: 1, entry: { place } } as Parameters<typeof placesHeld>[0][number]['evidence'][number]
    expect([...placesHeld([{ person: 'p', contacts, evidence: [told] }])]).toEqual([contact, slot])
    expect([...placesHeld([{ person: 'p', contacts: [], evidence: [told] }])]).toEqual([slot])
  }
})

it('§8.9 each scope has places of its own', () => {
  const contacts = [1, 2].map((scope) => ({ scope, contacts: [{ contactId: 'c1', addresses: [] }] }))
  const held = [...placesHeld([{ person: 'p', contacts, evidence: [] }])]
  expect(held.map(({ scope }) => scope)).toEqual([1, 2])
})
