/** A world with both targets of a migration, and its steps run as the command line runs them. */

import { type MigrateRequest, migrate, rollBackMigration } from '../../jobs/migrate.ts'
import { fingerprints } from '../../src/config/fingerprint.ts'
import type { EmulatorSeed } from '../../src/emulator/seed.ts'
import { COMMERCIAL_PURPOSE_ID, NEWSLETTER_TOPIC_ID, SECOND_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import type { MigrateReport, MigrateStep } from '../../src/migrate/migrate-report.ts'
import type { RollbackReport } from '../../src/migrate/rollback.ts'
import { sidesOf } from '../../src/migrate/sides.ts'
import { CONSENTS, DAYS, id, since } from './deliver-samples.ts'
import type { TargetDraft, WorldDraft } from './deliver-settings.ts'
import type { DeliverWorld } from './deliver-world.ts'

export const NEWS_PURPOSE = `purpose:${COMMERCIAL_PURPOSE_ID}`
export const OFFERS_PURPOSE = `purpose:${SECOND_PURPOSE_ID}`
export const SPORTS_TOPIC = `topic:${NEWSLETTER_TOPIC_ID}`

const NEWS = 'consents_purposes_news_enabled'
const OFFERS = 'consents_purposes_offers_enabled'
const SPORTS = { purpose: 'news', preference: 'topics', value: 'sports' }

/** The columns that a customer of the legacy integration made: yes or no, inverted, choice, choices, and a date. */
export const COLUMNS: NonNullable<EmulatorSeed['columns']> = {
  contact: [
    { type: 'boolean', name: 'new_news', defaultValue: null },
    {
      type: 'choice',
      name: 'new_offers',
      options: [
        { value: 1, label: 'Yes' },
        { value: 2, label: 'No' },
        { value: 3, label: 'Ask again' },
      ],
    },
    {
      type: 'choices',
      name: 'new_topics',
      options: [
        { value: 1, label: 'Sports' },
        { value: 2, label: 'Travel' },
      ],
    },
    { type: 'boolean', name: 'donotsendnews', defaultValue: null },
    { type: 'datetime', name: 'new_consentdate' },
  ],
}

export const LEGACY: TargetDraft = {
  name: 'legacy',
  type: 'microsoft-dynamics',
  mappings: [
    { id: 'new_news', value: NEWS },
    { id: 'new_offers', value: OFFERS, trueValue: 'Yes', falseValue: 'No' },
    { id: 'new_topics', value: { purpose: 'news', preference: 'topics' }, options: { sports: 1, travel: 2 } },
  ],
}

export const CURRENT: TargetDraft = {
  name: 'current',
  type: 'microsoft-dynamics-cpc',
  mappings: [
    { id: NEWS_PURPOSE, value: NEWS },
    { id: OFFERS_PURPOSE, value: OFFERS },
    { id: SPORTS_TOPIC, value: SPORTS },
  ],
}

/** A contact saved ten days ago. */
export const contact = (n: number, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  contactid: id(n),
  emailaddress1: `p${n}@example.com`,
  createdon: since(-300 * DAYS),
  modifiedon: since(-10 * DAYS),
  ...more,
})

/** Both targets over these contacts and consent rows. */
export function migrationDraft(
  contacts: readonly Record<string, unknown>[],
  given: {
    readonly consents?: readonly Record<string, unknown>[]
    readonly legacy?: Partial<TargetDraft>
    readonly current?: Partial<TargetDraft>
    readonly settings?: Readonly<Record<string, unknown>>
    readonly seed?: EmulatorSeed
  } = {},
): WorldDraft {
  const rows = { contacts, ...(given.consents && { [CONSENTS]: given.consents }) }
  return {
    targets: [
      { ...LEGACY, ...given.legacy },
      { ...CURRENT, ...given.current },
    ],
    ...(given.settings && { settings: given.settings }),
    emulator: { seed: { columns: COLUMNS, ...given.seed, rows } },
  }
}

let runs = 0

/** The request of one run; sides as flags name them. */
export async function migrationRequest(
  { settings, folder }: Pick<DeliverWorld, 'settings' | 'folder'>,
  more: Partial<MigrateRequest> & { readonly flags?: { readonly legacy?: string; readonly current?: string } } = {},
): Promise<MigrateRequest> {
  const { flags = {}, ...given } = more
  const { readFile } = await import('node:fs/promises')
  const surroundings = { env: {}, readFile: (path: string) => readFile(path, 'utf8'), cwd: folder }
  const sides = await sidesOf(settings, { ...flags, csv: given.csv !== undefined }, surroundings)
  runs += 1
  const fingerprint = fingerprints(settings).delivery[sides.current.name] ?? ''
  return { run: `migration-${runs}`, sides, fingerprint, adoptEnvironment: false, ...given }
}

/** One step. */
export async function migrateStep(
  world: DeliverWorld,
  step: MigrateStep,
  more: Parameters<typeof migrationRequest>[1] = {},
): Promise<MigrateReport> {
  const request = await migrationRequest(world, more)
  return migrate(world.ports, world.settings, step, request, new AbortController().signal)
}

export async function rollBackStep(world: DeliverWorld, deleteRefusals = false): Promise<RollbackReport> {
  const request = { ...(await migrationRequest(world)), deleteRefusals }
  return rollBackMigration(world.ports, world.settings, request, new AbortController().signal)
}

/** What stands in Dataverse, told as `address purpose|topic in|out`, in order. */
export function standing(world: DeliverWorld): string[] {
  return world
    .consents()
    .map((row) => {
      const topic = row['msdynmkt_contactpointconsenttype'] === 534120001
      const value = { 534120000: 'unset', 534120001: 'in', 534120002: 'out' }[Number(row['msdynmkt_value'])]
      const what = topic ? row['msdynmkt_topicid'] : row['msdynmkt_purposeid']
      return `${row['msdynmkt_contactpointvalue']} ${NAMES.get(String(what)) ?? what} ${value}`
    })
    .sort()
}

const NAMES: ReadonlyMap<string, string> = new Map([
  [COMMERCIAL_PURPOSE_ID, 'news'],
  [SECOND_PURPOSE_ID, 'offers'],
  [NEWSLETTER_TOPIC_ID, 'sports'],
])

/** Business columns of every row, by id. */
export function business(world: DeliverWorld): Map<string, unknown[]> {
  const names = ['msdynmkt_value', 'msdynmkt_reason', 'msdynmkt_logicalreason', 'msdynmkt_source']
  return new Map(world.consents().map((row) => [String(row[`${CONSENTS}id`]), names.map((name) => row[name] ?? null)]))
}
