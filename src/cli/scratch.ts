/** A copy of the store for a command that only looks: it may do with it what a run does, and it is gone afterwards. */

import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Settings } from '../config/settings.ts'
import { CodedError } from '../lib/errors.ts'
import type { PlannedRows } from '../store/planned-rows.ts'
import { openPlannedRows, storeFiles } from '../wire.ts'
import { type Opened, type OpeningFlags, openSettings, openVoices, withOpenPorts } from './opening.ts'

/** As any command's ports, but for the store; and where planned rows are kept meanwhile. */
export type Scratch = Opened & { readonly ports: { readonly openPlannedRows: (target: string) => PlannedRows } }

/**
 * Copies the store, also while a run has it, opens the copy and whatever else ports are, does the work and removes the
 * copy. A store that is not there yet is an empty one. @throws CodedError `usage` for a store in PostgreSQL
 */
export async function withScratch<T>(
  flags: OpeningFlags,
  version: string,
  work: (scratch: Scratch) => Promise<T>,
): Promise<T> {
  const voices = openVoices(flags)
  const settings = await openSettings(flags.config, voices.log)
  const { store, archive: _, ...rest } = settings
  if (store.kind !== 'sqlite') throw notCopied()
  const folder = `${store.sqlite}.plan-${process.pid}`
  await removeLeftovers(store.sqlite)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  try {
    const sqlite = join(folder, 'store.db')
    await storeFiles.copyIfThere(store.sqlite, sqlite)
    const own: Settings = { ...rest, store: { kind: 'sqlite', sqlite, spillFolder: join(folder, 'spill') } }
    return await withOpenPorts(own, voices, flags, version, async ({ ports, ...opened }) => {
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

/** Copies of processes that are no more: killed, they removed nothing. */
async function removeLeftovers(path: string): Promise<void> {
  const beginning = `${basename(path)}.plan-`
  const names = await readdir(dirname(path)).catch(() => [])
  for (const name of names) {
    if (!name.startsWith(beginning)) continue
    const pid = Number(name.slice(beginning.length))
    if (pid === process.pid || !isAlive(pid)) await rm(join(dirname(path), name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function notCopied(): CodedError {
  return new CodedError('usage', [
    {
      where: 'store.postgres',
      found: 'a store in PostgreSQL',
      expected: 'a store that is a file (`store.sqlite`): it is copied, and the copy is worked on',
      remedy: 'Plan with a store of your own: `bootstrap` fills an empty one from the API or an archive.',
    },
  ])
}
