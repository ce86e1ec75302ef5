/** The settings of a delivery in tests: targets as an operator writes them, pointed at an emulator. */

import { loadSettings } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'
import { emulatorAuthority } from '../../src/demo/configuration.ts'
import type { EmulatorOptions } from '../../src/emulator/emulator.ts'
import { DEFAULT_APP_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import type { Log } from '../../src/lib/log.ts'

const TENANT = 'd2a4c6e8-1357-4b9d-8f02-6a8c0e2b4d6f'

/** A target as written in the settings, but for the credentials. */
export interface TargetDraft {
  readonly name?: string
  readonly type: 'microsoft-dynamics' | 'microsoft-dynamics-cpc'
  readonly mappings: readonly (Readonly<Record<string, unknown>> & { readonly id: string })[]
  readonly upsert?: boolean
  /** Another application user than the emulator's own. */
  readonly application?: { readonly appId: string; readonly secret: string }
  readonly options?: Readonly<Record<string, unknown>>
}

export interface WorldDraft {
  readonly targets: readonly TargetDraft[]
  /** Everything of the settings beside source, store and targets. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly emulator?: EmulatorOptions
  readonly log?: Log
}

/** Settings as the command line would load them, from a folder. */
export async function settingsOf({ targets, settings }: WorldDraft, url: string, folder: string): Promise<Settings> {
  const config = JSON.stringify({
    source: { directory: './export' },
    ...settings,
    targets: targets.map((target, index) => ({
      name: target.name ?? `target-${index + 1}`,
      integration: {
        type: target.type,
        authentication: {
          client_id: target.application?.appId ?? DEFAULT_APP_ID,
          client_secret: target.application?.secret ?? DEFAULT_SECRET,
          tenant_id: TENANT,
          instance: url,
        },
        properties: {},
        mappings: target.mappings,
        upsert_mode: target.upsert ?? false,
      },
      authentication: emulatorAuthority(url, TENANT),
      ...target.options,
    })),
  })
  return loadSettings('didomi.yaml', { cwd: folder, env: {}, readFile: async () => config })
}
