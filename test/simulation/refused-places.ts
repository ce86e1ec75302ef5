/** Where Dataverse would not have a row, and nothing has been written since: nobody can say that it was lost there. */

import type { Settings } from '../../src/config/settings.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { revealed } from '../../src/store/evidence-read.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { nameOf } from './oracle/history.ts'

const ALL = 1_000_000

/** In the oracle's words. The store's evidence tells it: that a plug-in refused anything at all, the caller must know. */
export async function refusedPlaces({ store }: Settings, clock: Clock): Promise<string[]> {
  if (store.kind !== 'sqlite') throw new TypeError('a simulated store is a file')
  const open = await openSqliteStore(store.sqlite, clock)
  try {
    const last = new Map<string, string>()
    for (const entry of await open.evidenceAfter(0, ALL)) {
      const { place, decision } = revealed(entry) ?? {}
      if (place !== undefined && decision !== undefined) last.set(place, decision)
    }
    return [...last].flatMap(([place, decision]) => (decision === 'rejected' ? [named(place)] : []))
  } finally {
    await open.close()
  }
}

function named(place: string): string {
  const [table, ...parts] = place.split('/')
  if (table === 'contact') {
    const [id = '', column = ''] = parts
    return nameOf({ table: 'contact', id, column })
  }
  const [channel, address = '', kind, guid = ''] = parts
  if (channel !== 'email' || kind !== 'purpose') throw new TypeError('a place that no simulation has')
  return nameOf({ table: 'consent', channel, address, kind, guid })
}
