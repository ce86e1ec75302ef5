/** The settings as the program uses them: complete, checked, units in the names, secrets wrapped. */

import type { KeyText } from '../consent/key.ts'
import type { AuthenticationSettings } from '../dataverse/authentication.ts'
import type { ReadingSettings } from '../record/record.ts'
import type { Instance } from './instance.ts'
import type { Secret } from './secret.ts'
import type { WatchSettings } from './watch-settings.ts'

/** `contact`: columns of the contact (§5). `consent`: contact point consents (§6). */
export type Mode = 'contact' | 'consent'

export type ContactChannel = 'email' | 'text' | 'voice' | 'custom'

/** An explicit reference (semantics §4); a value never stands without its preference. */
export interface ExplicitReference {
  readonly purpose: string
  readonly preference?: string
  readonly value?: string
}

/** Our own options of a mapping entry. */
export interface EntryOptions {
  readonly channel?: ContactChannel
  readonly invert?: boolean
  readonly trueValue?: string | number
  readonly falseValue?: string | number
  /** Value id → option code. */
  readonly options?: Readonly<Record<string, number>>
  readonly li?: boolean
  readonly allowTracking?: boolean
}

/** One entry of the mapping; `id` is a contact column, or `purpose:<guid>` / `topic:<guid>` in lower case. */
export interface MappingEntry extends EntryOptions {
  readonly id: string
  readonly value: string | ExplicitReference
}

/** The column map of CSV sources (semantics §2.7). */
export interface CsvSettings {
  readonly organizationUserId: string
  readonly updatedAt: string
  readonly userId?: string
  readonly choices: readonly CsvChoice[]
}

/** One choice column; `set` keys hold comma-separated value ids and use no spellings. */
export interface CsvChoice {
  readonly key: KeyText
  readonly column: string
  readonly trueSpellings: readonly string[]
  readonly falseSpellings: readonly string[]
}

/** A folder; `directory` is absolute. */
export interface DirectoryLocation {
  readonly kind: 'directory'
  readonly directory: string
}

/** The role in Didomi's account that may read the bucket. */
export interface AssumedRole {
  readonly roleArn: string
  readonly externalId?: string
  readonly sessionName: string
  readonly durationSeconds: number
}

/** An S3 bucket; without `region` it is asked for, without `endpoint` it is Amazon's. */
export interface S3Location {
  readonly kind: 's3'
  readonly bucket: string
  readonly region?: string
  readonly endpoint?: string
  readonly forcePathStyle: boolean
  /** Whether requests say that we pay for them. */
  readonly requestPayer: boolean
  readonly assumeRole?: AssumedRole
}

/** A Google Cloud Storage bucket; without `keyFile` (absolute) the application default credentials hold. */
export interface GcsLocation {
  readonly kind: 'gcs'
  readonly bucket: string
  readonly endpoint?: string
  readonly projectId?: string
  readonly keyFile?: string
  /** The project that pays, for a Requester Pays bucket. */
  readonly userProject?: string
}

/** Where objects lie. */
export type LocationSettings = DirectoryLocation | S3Location | GcsLocation

export interface SourceSettings {
  readonly location: LocationSettings
  /** Without a slash at the start, with one at the end; `''` for the root. */
  readonly prefix: string
  readonly exportIds?: readonly string[]
  readonly successMarker: 'auto' | 'users' | 'partition'
  readonly csv?: CsvSettings
  /** Parts read at once, each on a thread of its own. */
  readonly workers: number
  /** How many times its stored size an object may have once decompressed. */
  readonly maxExpansion: number
}

/** Where objects are copied to, under the keys they have in the source, before they count. */
export interface ArchiveSettings {
  readonly to: LocationSettings
}

/** What becomes of reports; `directory` is absolute. */
export interface ReportSettings {
  readonly directory: string
  /** Whether a page is drawn beside the JSON. */
  readonly page: boolean
  /** Runs whose reports stay in the directory; older ones go. */
  readonly keep: number
  /** Where they are put besides, below `prefix` (without a slash at the start, with one at the end; `''` for none). */
  readonly to?: LocationSettings
  readonly prefix: string
}

/** A file beside the program; paths are absolute. */
export interface SqliteStoreSettings {
  readonly kind: 'sqlite'
  readonly sqlite: string
  /** Takes records on their way while a large ingest lasts. */
  readonly spillFolder: string
}

/** A schema of a PostgreSQL database; without `tls` nothing is encrypted, which is for loopback alone. */
export interface PostgresStoreSettings {
  readonly kind: 'postgres'
  readonly sqlite?: undefined
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: Secret
  readonly schema: string
  /** `ca`: absolute path of the certificates to trust. */
  readonly tls?: { readonly ca?: string }
  /** How long a process that is silent still counts as alive. */
  readonly leaseMs: number
  /** Absolute; takes records on their way while a large ingest lasts. */
  readonly spillFolder: string
}

/** Where state is kept. */
export type StoreSettings = SqliteStoreSettings | PostgresStoreSettings

/** How Didomi's API is reached. */
export interface DidomiSettings {
  readonly organizationId: string
  readonly key: string
  readonly secret: Secret
  /** Without a slash at the end. */
  readonly apiRoot: string
  /** The URL of the export log, without its query. */
  readonly exportLogUrl: string
  /** Whether line counts are compared with the export log. */
  readonly checkExportLog: boolean
}

export interface Catalogue {
  readonly purposes: ReadonlyArray<{
    readonly id: string
    readonly preferences: ReadonlyArray<{ readonly id: string; readonly values: readonly string[] }>
    readonly channels: readonly string[]
  }>
  readonly channels: readonly string[]
}

export interface ContactSettings {
  readonly matchAttribute: string
  readonly duplicates: 'all' | 'refuse'
  readonly template: Readonly<Record<string, string | number | boolean | null>>
  readonly adopt: readonly string[]
  readonly upsertOn: 'statement' | 'opt-in'
  readonly changeTracking: 'auto' | 'off'
}

/** Where the addresses of one channel come from. */
export interface ContactPoint {
  readonly channel: ContactChannel
  /** `contact.<column>`, `organization_user_id` or `user_metadata_<key>`. */
  readonly from: string
}

/** One target: a mapping and how it is delivered. */
export interface TargetSettings {
  readonly name: string
  readonly mode: Mode
  readonly entries: readonly MappingEntry[]
  /** `upsert_mode`: whether a missing contact is created (semantics §5.2). */
  readonly upsert: boolean
  /** Repairs that were needed to read the document; also among the warnings. */
  readonly documentRepairs: readonly string[]
  readonly instance: Instance
  /** The application users that share the work; no two are one. */
  readonly authentication: readonly [AuthenticationSettings, ...AuthenticationSettings[]]
  readonly contact: ContactSettings
  readonly contactPoints: readonly ContactPoint[]
  readonly defaultCountry?: string
  readonly sharedAddress: 'opt-out-wins' | 'newest'
  readonly addressOnly: boolean
  readonly owner: 'purpose-owner' | 'default' | { readonly team: string } | { readonly user: string }
  readonly businessUnit: 'owner' | 'any'
  readonly parentPurpose: 'warn' | 'ensure' | 'off'
  readonly conflict: 'newest' | 'didomi-wins' | 'dataverse-wins'
  readonly clockToleranceMicros: number
  readonly freshnessMs: number
  readonly strict: boolean
  readonly brake: BrakeSettings
  readonly park: { readonly maxAgeDays: number }
  readonly concurrency: number
  readonly batchRows: number
  readonly batchTargetMs: number
  readonly writes: 'auto' | 'batch' | 'single'
  readonly timeoutMs: number
  readonly retries: number
  readonly tables: { readonly consent: string; readonly purpose: string; readonly topic: string }
  readonly reverse: { readonly enabled: boolean; readonly undated: 'refusals' | 'nothing' }
}

/** A column carried to purposes and topics by hand. */
export interface MigrationPair {
  readonly column: string
  /** `purpose:<guid>` or `topic:<guid>` in lower case; none leaves the column out. */
  readonly to: readonly string[]
  /** The value of a set that stands for yes. */
  readonly value?: string
  readonly asOfColumn?: string
}

/** How choices in legacy contact columns become contact point consents. */
export interface MigrationSettings {
  readonly asOfColumn?: string
  readonly pairs: readonly MigrationPair[]
}

/** The receiver of Dataverse's events, and what `reverse webhook` registers of it. */
export interface WebhookSettings {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  readonly path: string
  /** In lower case. */
  readonly header: string
  /** All are taken; the first is the one that is registered. */
  readonly secrets: readonly [Secret, ...Secret[]]
  /** Absolute paths; without it plain HTTP is spoken. */
  readonly tls?: { readonly certificate: string; readonly key: string }
  /** Whether somebody in front ends TLS. */
  readonly ingress: boolean
  readonly maxBodyBytes: number
  readonly connections: number
  readonly requestTimeoutMs: number
  /** Application users that nobody but us writes as. */
  readonly ownUsers: readonly string[]
}

/** How much may change at once: `share` of what is known, and `atLeast` in any case. */
export interface BrakeSettings {
  readonly share: number
  readonly atLeast: number
}

/** The way back, from Dataverse to Didomi. */
export interface ReverseSettings {
  readonly webhook?: WebhookSettings
  readonly brake: BrakeSettings
}

/** The whole configuration. */
export interface Settings extends WatchSettings {
  readonly source: SourceSettings
  readonly store: StoreSettings
  readonly reading: ReadingSettings
  readonly events: 'complete' | 'sparse'
  readonly rejects: { readonly maxRatio: number }
  readonly quarantine: { readonly max: number }
  /** `days`: the age at which the source deletes a partition; absent where it never does. */
  readonly retention: { readonly alarmAfterDays: number; readonly days?: number }
  /** `days`: the age at which an entry of the evidence log goes; absent where it never does. */
  readonly evidence?: { readonly days: number }
  readonly archive?: ArchiveSettings
  readonly report: ReportSettings
  readonly didomi?: DidomiSettings
  readonly catalogue: Catalogue
  /** Widget entity id → reference. */
  readonly lookup: Readonly<Record<string, ExplicitReference>>
  readonly migration: MigrationSettings
  readonly reverse: ReverseSettings
  readonly targets: readonly TargetSettings[]
  readonly warnings: readonly string[]
}
