/** A migration and its rollback, each of their steps failing or being the last in turn: the next run makes it good. */

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { migrate, rollBackMigration } from '../../jobs/migrate.ts'
import type { Reply } from '../../src/dataverse/send.ts'
import type { EmulatorSeed } from '../../src/emulator/seed.ts'
import { COMMERCIAL_PURPOSE_ID, SECOND_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import type { World } from '../../src/emulator/world.ts'
import { silentLog } from '../../src/lib/log.ts'
import { noProgress } from '../../src/lib/progress.ts'
import { openPorts, type Ports } from '../../src/wire.ts'
import { Chaos, type Fate, stepwise } from '../simulation/chaos.ts'
import { connect, ORIGIN, openEnvironment, simClock, tokenOf } from '../simulation/environment.ts'
import type { Place } from '../simulation/run.ts'
import { BEGIN, CONSENTS, consentRow, DAYS, NOT_SET, OPTED_IN, since } from '../support/deliver-samples.ts'
import { settingsOf } from '../support/deliver-settings.ts'
import { contact, migrationDraft, migrationRequest } from '../support/migrate-world.ts'

const FATES: readonly Fate[] = ['before', 'after', 'kill-before', 'kill-after']
const PATIENCE_MS = 600_000

const HOUR_MS = 3_600_000

/** Yeses, noes and a topic without its purpose at four addresses, one of them shared; two rows stand there already. */
const DRAFT = migrationDraft(
  [
    contact(1, { new_news: true, new_offers: 2 }),
    contact(2, { new_news: false }),
    contact(3, { new_topics: '1' }),
    contact(4, { new_news: true, emailaddress1: 'p1@example.com' }),
    contact(5, { new_news: true, new_offers: 2 }),
  ],
  {
    current: { options: { parentPurpose: 'ensure' } },
    consents: [
      consentRow(101, {
        address: 'p5@example.com',
        value: NOT_SET,
        purpose: COMMERCIAL_PURPOSE_ID,
        at: since(-50 * DAYS),
      }),
      consentRow(102, {
        address: 'p5@example.com',
        value: OPTED_IN,
        purpose: SECOND_PURPOSE_ID,
        at: since(-50 * DAYS),
      }),
    ],
  },
)

/** What every environment says of its tables; asking for it is a step all the same. */
const metadata = new Map<string, Reply>()

/** One process: opened, run once with this luck, and closed as a dead one leaves its files. */
async function once(place: Place, folder: string, what: 'apply' | 'rollback', chaos: Chaos): Promise<number | 'died'> {
  const { settings, clock } = place
  const own = await openPorts(settings, { log: silentLog, progress: noProgress, version: 'test', clock })
  const dataverse = connect(place, chaos)
  const ports: Ports = {
    ...own,
    store: stepwise(own.store, chaos, 'store'),
    openDataverse: () => dataverse,
    openMigrationFile: async (target, kept) => stepwise(await own.openMigrationFile(target, kept), chaos, 'store'),
  }
  const request = await migrationRequest({ settings, folder })
  const { signal } = new AbortController()
  try {
    const report =
      what === 'apply'
        ? await migrate(ports, settings, 'apply', request, signal)
        : await rollBackMigration(ports, settings, { ...request, deleteRefusals: true }, signal)
    return report.exitCode
  } catch {
    return 'died'
  } finally {
    await dataverse.close()
    await own.close()
  }
}

/** The migration with its nth step gone wrong and an undisturbed one after it, then the same with the rollback. */
async function twice(what: 'apply' | 'rollback', nth: number, fate: Fate) {
  const folder = await mkdtemp(join(tmpdir(), 'migrate-resume-'))
  try {
    await mkdir(join(folder, 'export'), { recursive: true })
    const clock = simClock(Date.parse(BEGIN))
    const world = openEnvironment(DRAFT.emulator?.seed as EmulatorSeed, clock)
    const settings = await settingsOf(DRAFT, ORIGIN, folder)
    const place = { settings, world, clock, random: () => 0.5, token: await tokenOf(world), metadata }
    if (what === 'rollback') await once(place, folder, 'apply', new Chaos())
    clock.advanceTo(clock.now() - Date.parse(BEGIN) + HOUR_MS)
    const chaos = new Chaos((n) => (n === nth ? fate : 'fine'))
    await once(place, folder, what, chaos)
    const second = await once(place, folder, what, new Chaos())
    const held = heldIn(world)
    const third = await once(place, folder, 'rollback', new Chaos())
    return { steps: chaos.steps, second, held, third, after: heldIn(world) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What every row says, and of those that we wrote from when on. */
function heldIn(world: World): string[] {
  return world
    .rows(CONSENTS)
    .map((row) => {
      const reason = String(row['msdynmkt_reason']).replace(/ run=.*/, '')
      return `${row['msdynmkt_contactpointvalue']} ${row['msdynmkt_purposeid']} ${row['msdynmkt_topicid']} ${row['msdynmkt_value']} ${reason}`
    })
    .sort()
}

describe.each(['apply', 'rollback'] as const)('§8.4 every step of %s', (what) => {
  it.each(FATES)(
    '%s: the next run ends where an undisturbed one would have, and the way back stays whole',
    async (fate) => {
      const before = heldIn(openEnvironment(DRAFT.emulator?.seed as EmulatorSeed, simClock(Date.parse(BEGIN))))
      const reference = await twice(what, 0, 'fine')
      expect(reference).toMatchObject({ second: 0, third: 0, after: before })
      if (what === 'apply') expect(reference.held.length).toBeGreaterThan(6)
      const wrong: string[] = []
      for (let nth = 1; nth <= reference.steps; nth += 1) {
        const { second, held, third, after } = await twice(what, nth, fate)
        if (second !== 0 || third !== 0) wrong.push(`step ${nth}: ended with ${second}, then ${third}`)
        if (JSON.stringify(held) !== JSON.stringify(reference.held)) wrong.push(`step ${nth}: ${held.join('; ')}`)
        if (JSON.stringify(after) !== JSON.stringify(before)) wrong.push(`step ${nth}, back: ${after.join('; ')}`)
      }
      expect(wrong).toEqual([])
    },
    PATIENCE_MS,
  )
})
