/** A migration before it begins: who we are, what the columns are paired with, and what its slots are delivered with. */

import type { Settings, TargetSettings } from '../config/settings.ts'
import type { Dataverse, Guid, TableMetadata } from '../dataverse/dataverse.ts'
import { identify, refuseUsedEnvironment } from '../deliver/environment.ts'
import { lookAtMapping, type Mapping } from '../deliver/mapping.ts'
import { distrustRestoredEnvironment } from '../deliver/restored-environment.ts'
import type { Clock } from '../lib/clock.ts'
import { CodedError, defect } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Progress } from '../lib/progress.ts'
import type { ContactColumn } from '../projection/contact-column.ts'
import type { Store, TargetScope } from '../store/store.ts'
import { type Pairing, pairUp } from './pairing.ts'
import type { Sides } from './sides.ts'

/** What a migration needs from the world. */
export interface MigrationPorts {
  readonly store: Store
  readonly dataverse: Dataverse
  readonly clock: Clock
  readonly log: Log
  readonly progress: Progress
  readonly abandoned?: AbortSignal
  readonly quiet?: (signal: AbortSignal) => Promise<void>
}

export interface Migration {
  readonly settings: Settings
  readonly target: TargetSettings
  readonly scope: TargetScope
  /** The scope that earlier deliveries to the columns were kept by; of nobody where the choices come out of a file. */
  readonly legacyScope: TargetScope
  readonly mapping: Mapping & { readonly mode: 'consent' }
  readonly contacts: TableMetadata
  readonly columns: readonly ContactColumn[]
  readonly pairing: Pairing
  /** Didomi purposes under which the choice of a topic lies. */
  readonly parents: ReadonlySet<string>
  readonly us: ReadonlySet<Guid>
  readonly run: string
  /** What shapes the rows; under another fingerprint everything is done anew. */
  readonly fingerprint: string
}

export interface MigrationRequest {
  readonly run: string
  readonly sides: Sides
  readonly fingerprint: string
  readonly adoptEnvironment: boolean
}

/**
 * Looks at the environment and at both mappings; nothing is written.
 * @throws CodedError `mapping-invalid`
 */
export async function lookAtMigration(
  ports: MigrationPorts,
  settings: Settings,
  { run, sides, fingerprint }: MigrationRequest,
  signal: AbortSignal,
): Promise<Migration> {
  const { store, dataverse, log } = ports
  const { current, legacy } = sides
  const identities = await dataverse.whoAreWe(signal)
  const [{ organizationId: organization }] = identities
  const us = new Set([...identities.map(({ userId }) => userId), ...(await store.writers(organization))])
  const to = await lookAtMapping(ports, settings, current, signal)
  const from = legacy && (await lookAtMapping(ports, settings, legacy, signal))
  for (const warning of [...to.warnings, ...(from?.warnings ?? [])]) log.warn({ target: current.name }, warning)
  const { mapping, contacts } = to
  if (mapping.mode !== 'consent') return defect('migrate', 'a current side that is no consent mode')
  const columns = from?.mapping.mode === 'contact' ? from.mapping.columns : []
  const pairing =
    legacy === undefined ? { questions: [], unpaired: [] } : pairUp(columns, mapping.entries, settings.migration)
  checkDates(pairing, contacts)
  return {
    settings,
    target: current,
    scope: { organization, target: current.name },
    legacyScope: { organization, target: legacy?.name ?? '' },
    mapping,
    contacts,
    columns,
    pairing,
    parents: new Set(
      mapping.entries.flatMap(({ kind, keys }) =>
        kind === 'topic' ? keys.flatMap((key) => (key.kind === 'channel' ? [] : [key.purpose])) : [],
      ),
    ),
    us,
    run,
    fingerprint,
  }
}

/**
 * What must hold before the first write, as before any delivery (semantics §8.8).
 * @throws CodedError `environment-used`
 */
export async function readyToWrite(
  ports: MigrationPorts,
  { scope, mapping, target, settings }: Migration,
  adopt: boolean,
  signal: AbortSignal,
): Promise<void> {
  await ports.quiet?.(signal)
  await identify(ports, signal)
  const targets = [...new Set([scope.target, ...settings.targets.map(({ name }) => name)])]
  await refuseUsedEnvironment(ports, scope, { consents: mapping.consents, targets, adopt }, signal)
  await distrustRestoredEnvironment(ports, scope, mapping.consents, target.clockToleranceMicros, signal)
}

/** @throws CodedError `mapping-invalid` where a date column is none */
function checkDates({ questions }: Pairing, contacts: TableMetadata): void {
  const names = new Set(questions.flatMap(({ asOfColumn }) => asOfColumn ?? []))
  const [first, ...others] = [...names].flatMap((name) => {
    const type = contacts.columns.get(name)?.type
    if (type === 'date-time' || type === 'date-only') return []
    const found = type === undefined ? `no column ${name} on table contact` : `a column of type ${type}`
    const remedy = 'Correct the name of the column, or leave it out.'
    return [{ where: `migration, asOfColumn ${name}`, found, expected: 'a column that holds dates', remedy }]
  })
  if (first !== undefined) throw new CodedError('mapping-invalid', [first, ...others])
}
