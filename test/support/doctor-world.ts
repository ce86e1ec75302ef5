/** A healthy installation, which the doctor's tests spoil one thing at a time; and a look at it that must change nothing. */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type DoctorWorlds, doctor } from '../../jobs/doctor.ts'
import { openDoctorWorlds } from '../../src/cli/doctor-worlds.ts'
import type { Settings } from '../../src/config/settings.ts'
import type { World as EmulatedWorld } from '../../src/emulator/world.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { noProgress } from '../../src/lib/progress.ts'
import type { DoctorReport } from '../../src/report/doctor-report.ts'
import { doctorText } from '../../src/report/doctor-text.ts'
import { leaksIn } from './canary.ts'
import { NEWS } from './deliver-consent-world.ts'
import { BEGIN, DAYS, id, saysNews, since } from './deliver-samples.ts'
import { settingsOf, type TargetDraft, type WorldDraft } from './deliver-settings.ts'
import { type DeliverWorld, openWorld } from './deliver-world.ts'

/** Enough persons to be certain of a sample. */
const PERSONS = 24

const addressOf = (n: number): string => `zq-person-${n}@example.com`

export const CONSENT_TARGET: TargetDraft = { name: 'consents', type: 'microsoft-dynamics-cpc', mappings: [NEWS] }
export const CONTACT_TARGET: TargetDraft = {
  name: 'contacts',
  type: 'microsoft-dynamics',
  mappings: [{ id: 'new_newsletter', value: 'consents_purposes_news_enabled' }],
}

export const HEALTHY = {
  targets: [CONSENT_TARGET, CONTACT_TARGET],
  emulator: {
    seed: {
      columns: {
        contacts: [
          { type: 'boolean', name: 'new_newsletter' },
          { type: 'choice', name: 'new_choice', options: [{ value: 1, label: 'Yes' }] },
        ],
      },
      rows: {
        contacts: Array.from({ length: PERSONS }, (_, n) => ({ contactid: id(n + 1), emailaddress1: addressOf(n) })),
      },
    },
  },
} satisfies WorldDraft

/** What is spoilt: the environment, the settings, the clock, or what the doctor is given to look at. */
export interface Spoilt {
  readonly environment?: (world: EmulatedWorld) => void
  readonly draft?: Partial<WorldDraft>
  /** Changes settings that no document can spoil so. */
  readonly settings?: (settings: Settings) => Settings
  /** How far our clock is ahead of everybody else's. */
  readonly aheadMs?: number
  readonly worlds?: (worlds: DoctorWorlds) => DoctorWorlds
  readonly quick?: boolean
}

/** An installation that ran well an hour ago. */
export async function openHealthy(): Promise<DeliverWorld> {
  const world = await openWorld(HEALTHY)
  const sayings = Array.from({ length: PERSONS }, (_, n) => saysNews(addressOf(n), n % 2 === 0, since(-DAYS)))
  await world.export(BEGIN.slice(0, 10), sayings)
  const report = await world.run()
  expect(report.exitCode).toBe(0)
  await world.ports.close()
  world.clock.advance(3_600_000)
  return world
}

/** Spoils one thing and asks the doctor, who must leave everything as it was and tell nobody's name. */
export async function ask(world: DeliverWorld, spoilt: Spoilt = {}): Promise<DoctorReport> {
  const emulated = world.emulator.world
  emulated.reset()
  spoilt.environment?.(emulated)
  emulated.resetCounters()
  const plain = await settingsOf({ ...HEALTHY, ...spoilt.draft }, world.emulator.url, world.folder)
  const settings = spoilt.settings?.(plain) ?? plain
  const clock: Clock = { ...world.clock, now: () => world.clock.now() + (spoilt.aheadMs ?? 0) }
  const open = { log: silentLog, progress: noProgress, version: 'test', clock }
  const worlds = openDoctorWorlds(settings, { sample: spoilt.quick === true ? 0 : 200 }, open)
  const before = standing(world.folder)
  try {
    const report = await doctor(spoilt.worlds?.(worlds) ?? worlds, new AbortController().signal)
    expect(standing(world.folder)).toEqual(before)
    const { writeRequests, rowsCreated, rowsUpdated, rowsDeleted, notUnderstood } = emulated.counters()
    expect([writeRequests, rowsCreated, rowsUpdated, rowsDeleted, notUnderstood]).toEqual([0, 0, 0, 0, 0])
    const told = `${JSON.stringify(report)}\n${doctorText(report, { colour: false })}`
    // All addresses begin alike, so one of them stands for all, and their common beginning for what is cut off.
    const canaries = [addressOf(0), addressOf(7), 'zq-person'].map((text) => ({ what: 'a person', text }))
    expect(leaksIn(told, canaries)).toEqual([])
    return report
  } finally {
    await worlds.close()
  }
}

/** Every file with its content; a lease that nobody holds may be looked at. */
function standing(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  )
  return Object.fromEntries(
    names.sort().map((name) => {
      const { mtimeMs } = statSync(join(folder, name))
      return [
        name,
        `${mtimeMs} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
      ]
    }),
  )
}

/** The checks that did not come as they do in a healthy world: `group/check` → their statuses. */
export function differences(report: DoctorReport, healthy: DoctorReport): Record<string, string> {
  const usual = statuses(healthy)
  const found = Object.entries(statuses(report)).filter(([name, status]) => usual[name] !== status)
  return Object.fromEntries(found)
}

function statuses({ checks }: DoctorReport): Record<string, string> {
  const all: Record<string, string> = {}
  for (const { group, check, status } of checks) {
    const name = `${group.replace(/^target /, '')}/${check}`
    all[name] = name in all && all[name] !== status ? `${all[name]} ${status}` : status
  }
  return all
}

/** What a check said, remedies included. */
export function saidBy(report: DoctorReport, name: string): string {
  const own = report.checks.filter(({ group, check }) => `${group.replace(/^target /, '')}/${check}` === name)
  return own
    .map((one) => (one.status === 'skipped' ? one.why : 'remedy' in one ? `${one.found} → ${one.remedy}` : one.found))
    .join('\n')
}
