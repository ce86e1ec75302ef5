/** A copy of the store for a command that only looks: it may do with it what a run does, and it is gone afterwards. */

import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Settings, StoreSettings } from '../config/settings.ts'
import { systemClock } from '../lib/clock.ts'
import type { PlannedRows } from '../store/planned-rows.ts'
import { openPlannedRows, openStoreCopy } from '../wire.ts'
import { type Opened, type OpeningFlags, openSettings, openVoices, withOpenPorts } from './opening.ts'
import { ownFolder } from './own-folder.ts'
import { ownSpillFolder } from './pod.ts'

/** As any command's ports, but for the store; and where planned rows are kept meanwhile. */
export type Scratch = Opened & { readonly ports: { readonly openPlannedRows: (target: string) => PlannedRows } }

/**
 * Copies the store, also while a run has it, opens the copy and whatever else ports are, does the work and removes the
 * copy. A store that is not there yet is an empty one. @throws CodedError `store-copy-forbidden`, `store-unusable`
 */
export async function withScratch<T>(
  flags: OpeningFlags,
  version: string,
  work: (scratch: Scratch) => Promise<T>,
): Promise<T> {
  const voices = openVoices(flags)
  const settings = await openSettings(flags.config, voices.log)
  const { archive: _, ...rest } = settings
  const folder = await scratchFolder(settings.store)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  try {
    // Nothing in them leads to the store itself.
    const store = { kind: 'sqlite', sqlite: join(folder, 'store.db'), spillFolder: join(folder, 'spill') } as const
    const own: Settings = { ...rest, store }
    const opening = { ...flags, openStore: () => openStoreCopy(settings.store, store.sqlite, systemClock) }
    return await withOpenPorts(own, voices, opening, version, async ({ ports, ...opened }) => {
      const open: PlannedRows[] = []
      const openHere = (target: string) => {
        const rows = openPlannedRows(join(folder, `planned-${open.length}-${basename(target)}`))
        open.push(rows)
        return rows
      }
      try {
        return await work({ ...opened, ports: { ...ports, openPlannedRows: openHere } })
      } finally {
        for (const rows of open) rows.close()
      }
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Where the store's other files on their way lie. */
function scratchFolder(store: StoreSettings): Promise<string> {
  return store.kind === 'sqlite' ? ownFolder(`${store.sqlite}.plan-`) : ownSpillFolder(store.spillFolder)
}
