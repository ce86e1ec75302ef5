/** The port to what an environment says of itself and of us: reads for a diagnosis, which no delivery needs. */

import type { Instant } from '../consent/time.ts'
import type { Dataverse, Guid, Identity, Row, TableMetadata } from './dataverse.ts'

/** Who we are, and the clock that said so. */
export interface SignedIn extends Identity {
  /** Dataverse's `Date` header, whole seconds; absent where a proxy took it away. */
  readonly at?: Instant
  /** Our own clock, in milliseconds since the epoch, when the request left and when its answer was here. */
  readonly sentAtMs: number
  readonly answeredAtMs: number
}

/** A user of the environment, without name or address. */
export interface SystemUser {
  readonly id: Guid
  /** Whether an app registration stands behind it. */
  readonly isApplication: boolean
  readonly disabled: boolean
  /** Whether its name speaks of Didomi. */
  readonly namedDidomi: boolean
}

/** A security role that a user holds directly. */
export interface SecurityRole {
  readonly name: string
  /** Made from the template of the System Administrator, whatever its name in the language of the environment. */
  readonly isAdministrator: boolean
}

/** How far a privilege reaches: own rows, the business unit, that and those below, the organization. */
export type PrivilegeDepth = 'Basic' | 'Local' | 'Deep' | 'Global'

/** What a table's definition says beside `TableMetadata`. */
export interface TableDefinition {
  /** The casing in the names of its privileges. */
  readonly schemaName: string
  readonly keys: ReadonlyArray<{
    readonly name: string
    readonly columns: readonly string[]
    /** Only an `Active` key can be used. */
    readonly status: string
  }>
}

/** Which columns the audience configuration takes for recipients of contacts, as text of an undocumented form. */
export interface AudienceSettings {
  readonly emailFields: string
  readonly phoneFields: string
}

export type EnforcementModel = 'restrictive' | 'non-restrictive' | 'disabled'

/** How a purpose is enforced, by channel; absent where the column is empty or unknown. */
export type PurposeModels = Readonly<Partial<Record<'email' | 'text' | 'voice' | 'custom', EnforcementModel>>>

export interface Inspection {
  /** Our application users, by their place in the configuration. */
  readonly userCount: number
  /** @throws CodedError `token-refused`, `unauthenticated`, `forbidden` (no application user) */
  signIn(user: number, signal: AbortSignal): Promise<SignedIn>
  /** Unknown ids are absent. */
  users(ids: readonly Guid[], signal: AbortSignal): Promise<SystemUser[]>
  roles(userId: Guid, signal: AbortSignal): Promise<SecurityRole[]>
  /** Of these privileges the ones that the user holds, those of teams included; names are case-sensitive. */
  privileges(
    user: number,
    userId: Guid,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, PrivilegeDepth>>
  /** Nothing where there is no such table. */
  definition(logicalName: string, signal: AbortSignal): Promise<TableDefinition | undefined>
  /** Rows with a value in this column, at most so many, in one request. */
  someWith(table: TableMetadata, column: string, most: number, signal: AbortSignal): Promise<Row[]>
  purposeModels(ids: readonly Guid[], signal: AbortSignal): Promise<ReadonlyMap<Guid, PurposeModels>>
  /** The audience configuration of contacts; nothing where the environment keeps none. */
  audience(signal: AbortSignal): Promise<AudienceSettings | undefined>
}

/** An environment that can be inspected as well as delivered to. */
export interface InspectedDataverse extends Dataverse {
  readonly inspection: Inspection
}
