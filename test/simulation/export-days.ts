/** What happens in a simulated export: lines of the day, late, repeated, out of order, delivered again. */

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { below, type Chance } from '../support/sync-world.ts'
import { type Device, PURPOSES, UNMAPPED } from './population.ts'

/** One exported line, as the bytes hold it. */
export interface Line {
  readonly user: Readonly<Record<string, unknown>>
  readonly events: readonly Readonly<Record<string, unknown>>[]
}

const purposesOf = (choices: ReadonlyMap<string, boolean>) => ({
  purposes: [...choices].map(([id, enabled]) => ({ id, enabled })),
})

/** A device makes up its mind about some purposes; answers the line that tells of it. */
export function choose(device: Device, at: string, events: 'complete' | 'sparse', chance: Chance): Line {
  const changed = new Map<string, boolean>()
  for (const purpose of [...PURPOSES, UNMAPPED]) if (chance() < 0.5) changed.set(purpose, chance() < 0.5)
  if (changed.size === 0) changed.set(PURPOSES[0], chance() < 0.5)
  for (const [purpose, enabled] of changed) device.choices.set(purpose, enabled)
  device.version += 1
  device.updatedAt = at
  const told = events === 'complete' ? device.choices : changed
  const event = { id: `e-${device.userId}-${device.version}`, status: 'confirmed', created_at: at, updated_at: at }
  return {
    user: {
      id: device.userId,
      organization_user_id: device.ouid,
      version: device.version,
      updated_at: at,
      regulation: 'gdpr',
      consents: purposesOf(device.choices),
    },
    events: chance() < 0.9 ? [{ ...event, regulation: 'gdpr', consents: purposesOf(told) }] : [],
  }
}

/** Lays a partition, whole or without its seal, as one or two parts, in any order and with lines twice. */
export async function layPartition(
  folder: string,
  date: string,
  lines: readonly Line[],
  sealed: boolean,
  chance: Chance,
): Promise<void> {
  const users = join(folder, 'export', 'data', 'export-id=E1', `date=${date}`, 'users')
  await rm(users, { recursive: true, force: true })
  await mkdir(users, { recursive: true })
  const doubled = lines.flatMap((line) => (chance() < 0.15 ? [line, line] : [line]))
  const shuffled = doubled.map((line) => ({ line, key: chance() })).sort((a, b) => a.key - b.key)
  const cut = chance() < 0.4 ? below(chance, shuffled.length + 1) : shuffled.length
  const parts = [shuffled.slice(0, cut), shuffled.slice(cut)].filter((part, index) => index === 0 || part.length > 0)
  for (const [index, part] of parts.entries()) {
    const text = part.map(({ line }) => `${JSON.stringify(line)}\n`).join('')
    await writeFile(join(users, `part-0000${index}.json.gz`), gzipSync(text))
  }
  if (sealed) await writeFile(join(users, '_SUCCESS'), '')
}
