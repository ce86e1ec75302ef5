/** The two mappings of a migration: targets of the configuration, or documents beside it. */

import { type IntegrationFile, loadIntegrationFile } from '../config/integration-file.ts'
import type { Surroundings } from '../config/references.ts'
import type { MappingEntry, Mode, Settings, TargetSettings } from '../config/settings.ts'
import { CodedError } from '../lib/errors.ts'

/** What `--legacy` or `--current` names; nothing: the only target of that mode. */
export interface SideRequest {
  readonly legacy?: string
  readonly current?: string
  /** Without a legacy side: the choices come out of a file. */
  readonly csv: boolean
}

export interface Sides {
  readonly legacy?: TargetSettings
  readonly current: TargetSettings
}

/**
 * Finds both sides. A text is a target's name if there is one of this name, else the path of a document. What a document
 * does not say – connection, policies, the name that the ledger is kept by – comes from the configuration's only target
 * of that mode, else from its only target.
 * @throws CodedError `usage`, `config-invalid`, `document-invalid`
 */
export async function sidesOf(
  settings: Pick<Settings, 'targets'>,
  { legacy, current, csv }: SideRequest,
  surroundings: Surroundings & { readonly cwd: string },
): Promise<Sides> {
  const sideOf = (flag: 'legacy' | 'current', named: string | undefined) =>
    side(settings.targets, flag, named, surroundings)
  const to = await sideOf('current', current)
  if (csv) return { current: to }
  const from = await sideOf('legacy', legacy)
  if (from.instance.root === to.instance.root) return { legacy: from, current: to }
  throw new CodedError('config-invalid', [
    {
      where: `targets ${from.name} and ${to.name}`,
      found: 'two environments',
      expected: 'columns and consents of one environment',
      remedy: 'Name two targets of the same `instance`.',
    },
  ])
}

const MODES = { legacy: 'contact', current: 'consent' } as const satisfies Record<string, Mode>

async function side(
  targets: readonly TargetSettings[],
  flag: 'legacy' | 'current',
  named: string | undefined,
  surroundings: Surroundings & { readonly cwd: string },
): Promise<TargetSettings> {
  const mode = MODES[flag]
  const target = targets.find(({ name }) => name === named)
  if (target !== undefined) {
    if (target.mode === mode) return target
    throw usage(flag, `a target of ${target.mode} mode`, `one of ${mode} mode, or the path of a document`)
  }
  const ofMode = targets.filter((each) => each.mode === mode)
  if (named === undefined) {
    const [only, second] = ofMode
    if (only !== undefined && second === undefined) return only
    throw usage(flag, `nothing, and ${ofMode.length} targets of ${mode} mode`, 'a name, or the path of a document')
  }
  const document = await loadIntegrationFile(named, `--${flag}`, surroundings)
  if (document.mode !== mode) throw usage(flag, `a document of ${document.mode} mode`, `one of ${mode} mode`)
  return withDocument(targets, ofMode, document, flag)
}

function withDocument(
  targets: readonly TargetSettings[],
  ofMode: readonly TargetSettings[],
  { mode, entries }: IntegrationFile,
  flag: 'legacy' | 'current',
): TargetSettings {
  const [only, second] = ofMode.length > 0 ? ofMode : targets
  if (only === undefined || second !== undefined) {
    throw usage(flag, 'a document that any of several targets could deliver', 'the name of a target')
  }
  if (only.mode !== mode) return { ...only, mode, name: flag, entries, upsert: false }
  return { ...only, entries: entries.map((entry) => withOptions(entry, only.entries)) }
}

/** The options that the configuration gives the entry of the same id. */
function withOptions(entry: MappingEntry, configured: readonly MappingEntry[]): MappingEntry {
  const { value: _, ...options } = configured.find(({ id }) => id === entry.id) ?? { id: entry.id, value: '' }
  return { ...options, ...entry }
}

function usage(flag: string, found: string, expected: string): CodedError {
  return new CodedError('usage', [
    { where: `--${flag}`, found, expected, remedy: 'See didomi-dataverse migrate --help.' },
  ])
}
