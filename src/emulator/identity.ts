/** Who calls: an application user with the privileges its roles add up to. */
import { ApiError } from './api-error.ts'
import type { TableSchema } from './schema.ts'

/** Depth of a privilege, from own rows to the whole organization. */
export type Depth = 'Basic' | 'Local' | 'Deep' | 'Global'

/** An application user and what it may do. */
export interface Identity {
  readonly appId: string
  readonly userId: string
  readonly businessUnitId: string
  /** Privilege names in the casing of the tables' schema names; matching is case-sensitive, as in Dataverse. */
  readonly privileges: Map<string, Depth>
}

/** The verbs a table privilege may start with. */
export const VERBS = ['Create', 'Read', 'Write', 'Delete', 'Append', 'AppendTo', 'Assign'] as const
/** One of them. */
export type Verb = (typeof VERBS)[number]

/** `prvWriteContact`: the verb and the table's schema name. */
export function privilegeName(verb: Verb, schema: TableSchema): string {
  return `prv${verb}${schema.schemaName}`
}

/** Kinds of metadata that privileges of their own exist for. */
const METADATA_KINDS = ['Entity', 'Attribute', 'OptionSet', 'Relationship', 'EntityKey']

/** Every privilege that exists where these tables do. */
export function privilegeNames(schemas: Iterable<TableSchema>): string[] {
  const metadata = METADATA_KINDS.flatMap((kind) =>
    ['Create', 'Read', 'Write', 'Delete'].map((verb) => `prv${verb}${kind}`),
  )
  return [...[...schemas].flatMap((schema) => VERBS.map((verb) => privilegeName(verb, schema))), ...metadata]
}

/** Throws 403 `0x80040220` naming the privilege where the caller's roles lack it. */
export function requirePrivilege(identity: Identity, verb: Verb, schema: TableSchema): void {
  requireNamed(identity, privilegeName(verb, schema), schema.logicalName)
}

/** The same for a privilege that belongs to no table. */
export function requireNamed(identity: Identity, name: string, entity: string): void {
  if (identity.privileges.has(name)) return
  throw new ApiError(
    403,
    '0x80040220',
    `Principal user (Id=${identity.userId}, type=8, roleCount=1, privilegeCount=${identity.privileges.size}) is missing ${name} privilege for entity '${entity}'.`,
  )
}
