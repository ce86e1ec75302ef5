/** A person's contacts as the text that every store keeps. */

import type { PersonContact } from './store.ts'

/** One contact as text keeps it; JSON has no `undefined`. */
interface StoredContact {
  readonly contactId: string | null
  readonly addresses: PersonContact['addresses']
}

export function contactsText(contacts: readonly PersonContact[]): string {
  return JSON.stringify(
    contacts.map(
      ({ contactId, addresses }): StoredContact => ({
        contactId: contactId ?? null,
        addresses: addresses.map(({ channel, address }) => ({ channel, address })),
      }),
    ),
  )
}

/** Reads what `contactsText` wrote. */
export function parseContacts(text: string): PersonContact[] {
  const stored = JSON.parse(text) as readonly StoredContact[]
  return stored.map(({ contactId, addresses }) => ({ contactId: contactId ?? undefined, addresses }))
}
