/** What every simulated life has in common: its environment before the first day, its mapping and its settings. */

import type { Settings } from '../../src/config/settings.ts'
import type { EmulatorSeed } from '../../src/emulator/seed.ts'
import { COMMERCIAL_PURPOSE_ID, SECOND_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import { settingsOf } from '../support/deliver-settings.ts'
import { ORIGIN } from './environment.ts'
import type { Population } from './population.ts'

/** The logical name of the consent table. */
export const CONSENTS = 'msdynmkt_contactpointconsent4'

/** Values of a consent row: opted in, opted out. */
export const VALUES = { in: 534120001, out: 534120002 } as const

export const MAPPED = {
  contact: { newsletter: 'new_newsletter', offers: 'new_offers' },
  consent: { newsletter: COMMERCIAL_PURPOSE_ID, offers: SECOND_PURPOSE_ID },
} as const

/** The environment before its first day. */
export function seedOf({ contacts }: Population): EmulatorSeed {
  return {
    columns: {
      contacts: [
        { type: 'text', name: 'new_ouid' },
        { type: 'boolean', name: 'new_newsletter' },
        { type: 'boolean', name: 'new_offers' },
      ],
    },
    rows: {
      contacts: contacts.map((contact) => ({
        ...contact,
        createdon: '2026-01-01T00:00:00Z',
        modifiedon: '2026-01-01T00:00:00Z',
      })),
    },
  }
}

/** Settings as an operator would write them. */
export async function settingsFor(
  mode: 'contact' | 'consent',
  events: 'complete' | 'sparse',
  folder: string,
): Promise<Settings> {
  const mappings = Object.entries(MAPPED[mode]).map(([purpose, id]) => ({
    id: mode === 'contact' ? id : `purpose:${id}`,
    value: `consents_purposes_${purpose}_enabled`,
  }))
  const options = { contact: { matchAttribute: 'new_ouid' }, brake: { share: 1, atLeast: 1_000_000 } }
  const type = mode === 'contact' ? 'microsoft-dynamics' : 'microsoft-dynamics-cpc'
  const draft = { targets: [{ name: 'crm', type, mappings, options }] as const, settings: { events } }
  return settingsOf(draft, ORIGIN, folder)
}
