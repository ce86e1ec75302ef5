/** What an emulated Didomi organization is started with. */
import type { CatalogueSeed } from './didomi-catalogue.ts'
import type { ClearedPreference } from './didomi-merge.ts'
import { DOCUMENTED_RATE, type RateSettings } from './didomi-rate.ts'

/** Everything has a default; the defaults are an organization without users. */
export interface DidomiEmulatorOptions extends CatalogueSeed {
  /** 0 (the default) takes a free one. */
  readonly port?: number
  readonly organizationId?: string
  readonly key?: string
  readonly secret?: string
  readonly users?: readonly unknown[]
  /** Users of a page; Didomi's own number is 100. */
  readonly pageSize?: number
  /** Default an hour. */
  readonly tokenLifeMs?: number
  /** What the export log holds, by export id. */
  readonly exportLogs?: Readonly<Record<string, readonly unknown[]>>
  /** How the export log and the catalogue come: in an envelope, or bare. */
  readonly exportLogForm?: 'envelope' | 'bare'
  /** Whether answers carry a `Date`; default true. */
  readonly dated?: boolean
  /** Milliseconds since the epoch; dates answers and ends tokens. */
  readonly now?: () => number
  /** `false`: none at all. */
  readonly rate?: Partial<RateSettings> | false
  /** Which of Didomi's two documents is right about the fields that an event needs; default the guides. */
  readonly requiredFields?: 'guides' | 'openapi'
  /** What an event with a known id is answered; default the stored event. It changes nothing in any case. (Didomi: unknown.) */
  readonly duplicateEvent?: 'stored' | 'conflict' | 'bad-request'
  /** Whether one wrong event of many stops the others; default that it does. (Didomi: unknown.) */
  readonly partialArrays?: boolean
  /** Default the empty text. (Didomi: unknown.) */
  readonly clearedPreference?: ClearedPreference
  /** Whether a person has one record, whatever the device; default false. */
  readonly oneRecordPerPerson?: boolean
  /** Ids that events may name; others are 400. */
  readonly regulations?: readonly string[]
}

/** The same, complete. */
export interface DidomiSettings extends Required<Omit<DidomiEmulatorOptions, keyof CatalogueSeed | 'rate'>> {
  readonly catalogue: CatalogueSeed
  readonly rate: RateSettings
}

/** Fills in the defaults. */
export function didomiSettings(options: DidomiEmulatorOptions): DidomiSettings {
  const { tree, layoutEntities, formerIds, rate, ...given } = options
  return {
    port: 0,
    organizationId: 'acme',
    key: 'emulated-key',
    secret: 'emulated-secret',
    users: [],
    pageSize: 100,
    tokenLifeMs: 3_600_000,
    exportLogs: {},
    exportLogForm: 'envelope',
    dated: true,
    now: () => Date.now(),
    requiredFields: 'guides',
    duplicateEvent: 'stored',
    partialArrays: false,
    clearedPreference: 'empty-text',
    oneRecordPerPerson: false,
    regulations: ['gdpr', 'cpra', 'cpa', 'ctdpa', 'vcdpa'],
    ...given,
    rate: rate === false ? { ...DOCUMENTED_RATE, routes: [] } : { ...DOCUMENTED_RATE, ...rate },
    catalogue: {
      ...(tree === undefined ? {} : { tree }),
      ...(layoutEntities === undefined ? {} : { layoutEntities }),
      ...(formerIds === undefined ? {} : { formerIds }),
    },
  }
}
