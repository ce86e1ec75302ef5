/** Who lives in a simulated world: persons, their devices, their contacts and addresses, all from one seed. */

import { below, type Chance } from '../support/sync-world.ts'

/** A Didomi user: one device or browser of a person. What it holds is what its next line says. */
export interface Device {
  readonly userId: string
  readonly ouid: string
  version: number
  updatedAt: string
  readonly choices: Map<string, boolean>
}

/** A contact as seeded. */
export interface SeededContact {
  readonly contactid: string
  readonly new_ouid: string
  readonly emailaddress1: string
}

export interface Population {
  readonly devices: readonly Device[]
  readonly contacts: readonly SeededContact[]
  /** Contacts that somebody makes later. */
  readonly newcomers: readonly SeededContact[]
}

/** The Didomi purposes that are mapped, and one that is not. */
export const PURPOSES = ['newsletter', 'offers'] as const
export const UNMAPPED = 'surveys'

/** A version 4 GUID of a number. */
export const guid = (kind: number, n: number): string =>
  `${kind.toString(16).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

/** Some persons; some with several devices, some sharing an address, some without a contact, some with one later. */
export function populate(chance: Chance): Population {
  const persons = 3 + below(chance, 8)
  const devices: Device[] = []
  const contacts: SeededContact[] = []
  const newcomers: SeededContact[] = []
  for (let n = 1; n <= persons; n += 1) {
    const ouid = `person-${n}`
    for (let device = 0; device <= (chance() < 0.3 ? 1 + below(chance, 2) : 0); device += 1) {
      devices.push({ userId: `u${n}-${device}`, ouid, version: 0, updatedAt: '', choices: new Map() })
    }
    const shared = n > 1 && chance() < 0.2
    const contact: SeededContact = {
      contactid: guid(0xc, n),
      new_ouid: ouid,
      emailaddress1: shared ? `person-${n - 1}@example.com` : `person-${n}@example.com`,
    }
    const luck = chance()
    if (luck < 0.8) contacts.push(contact)
    else if (luck < 0.93) newcomers.push(contact)
  }
  return { devices, contacts, newcomers }
}
