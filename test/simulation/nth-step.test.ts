/** One night, again and again: each time another of its steps fails or is its last, and the next run makes it good (§8.4). */

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Reply } from '../../src/dataverse/send.ts'
import type { World } from '../../src/emulator/world.ts'
import { chanceOf } from '../support/sync-world.ts'
import { Chaos, type Fate } from './chaos.ts'
import { CONSENTS, seedOf, settingsFor, VALUES } from './common.ts'
import { openEnvironment, simClock, tokenOf } from './environment.ts'
import { choose, layPartition } from './export-days.ts'
import { guid, type Population } from './population.ts'
import { runOnce } from './run.ts'

const BEGIN = Date.parse('2026-03-01T00:00:00Z')
const FATES: readonly Fate[] = ['before', 'after', 'kill-before', 'kill-after']
const PATIENCE_MS = 600_000

/** Four persons, one of them with two devices, two at one address; nobody without a contact. */
function people(): Population {
  const device = (n: number, m: number) => ({
    userId: `u${n}-${m}`,
    ouid: `person-${n}`,
    version: 0,
    updatedAt: '',
    choices: new Map<string, boolean>(),
  })
  const contact = (n: number, address: number) => ({
    contactid: guid(0xc, n),
    new_ouid: `person-${n}`,
    emailaddress1: `person-${address}@example.com`,
  })
  return {
    devices: [device(1, 0), device(1, 1), device(2, 0), device(3, 0), device(4, 0)],
    contacts: [contact(1, 1), contact(2, 2), contact(3, 3), contact(4, 3)],
    newcomers: [],
  }
}

/** What every night's environment says of its tables; asking for it is a step all the same. */
const metadata = new Map<string, Reply>()

/** The night with its nth step gone wrong, and a calm run after it; answers what Dataverse holds and how many steps it took. */
async function night(mode: 'contact' | 'consent', nth: number, fate: Fate) {
  const folder = await mkdtemp(join(tmpdir(), 'nth-'))
  try {
    await mkdir(join(folder, 'export'), { recursive: true })
    const chance = chanceOf(7)
    const clock = simClock(BEGIN)
    const population = people()
    const world = openEnvironment(seedOf(population), clock)
    const settings = await settingsFor(mode, 'sparse', folder)
    const place = { settings, world, clock, random: () => 0.5, token: await tokenOf(world), metadata }
    for (const day of [0, 1]) {
      const lines = population.devices.map((device, index) => {
        clock.advanceTo(BEGIN + day * 24 * 3_600_000 + index * 60_000)
        return choose(device, new Date(clock.now()).toISOString(), 'sparse', chance)
      })
      await layPartition(folder, `2026-03-0${day + 1}`, lines, true, chance)
    }
    clock.advanceTo(BEGIN + 2 * 24 * 3_600_000)
    const chaos = new Chaos((n) => (n === nth ? fate : 'fine'))
    const first = await runOnce(place, { run: 'first' }, chaos)
    const steps = chaos.steps
    clock.advanceTo(clock.now() + 3_600_000)
    const second = await runOnce(place, { run: 'second' }, new Chaos())
    return { first, second, steps, held: heldIn(world, mode) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Every mapped value by its place; rows of one slot are told one by one. */
function heldIn(world: World, mode: 'contact' | 'consent'): string[] {
  const rows =
    mode === 'contact'
      ? world.rows('contact').map((row) => `${row['contactid']} ${row['new_newsletter']} ${row['new_offers']}`)
      : world
          .rows(CONSENTS)
          .map(
            (row) =>
              `${row['msdynmkt_contactpointvalue']} ${row['_msdynmkt_purposeid_value'] ?? row['msdynmkt_purposeid']} ${row['msdynmkt_value'] === VALUES.in}`,
          )
  return rows.sort()
}

describe.each(['contact', 'consent'] as const)('§8.4 every step of a night, in %s mode', (mode) => {
  it.each(FATES)(
    '%s: the next run ends with what an undisturbed night would have written, once',
    async (fate) => {
      const reference = await night(mode, 0, 'fine')
      expect(reference.first.kind === 'report' && reference.first.report.exitCode).toBe(0)
      expect(reference.held.length).toBeGreaterThan(3)
      const wrong: string[] = []
      for (let nth = 1; nth <= reference.steps; nth += 1) {
        const { first, second, held } = await night(mode, nth, fate)
        const ended = second.kind === 'report' ? second.report.exitCode : 'died'
        const due = second.kind === 'report' ? second.report.deliver[0]?.deferred : undefined
        if (ended !== 0 || due !== 0) wrong.push(`step ${nth}: the next run ended with ${ended}, ${due} deferred`)
        if (JSON.stringify(held) !== JSON.stringify(reference.held)) wrong.push(`step ${nth}: ${held.join('; ')}`)
        const silent = first.kind === 'report' && first.report.failures.length === 0 && fate.startsWith('kill')
        if (silent) wrong.push(`step ${nth}: a killed run told that all was well`)
      }
      expect(wrong).toEqual([])
    },
    PATIENCE_MS,
  )
})
