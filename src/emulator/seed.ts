/** What an emulated environment holds at the start, and what a test adds to it. */
import { badRequest } from './api-error.ts'
import { blankRow } from './blank-row.ts'
import { isoSeconds } from './clock.ts'
import { boolean, choice, choices, column, datetime, integer, text } from './column-kinds.ts'
import { DEFAULT_ROWS } from './default-rows.ts'
import { type CredentialSeeds, openCredentials } from './entra-credentials.ts'
import { type GeneratedRows, generatedRows } from './generated-rows.ts'
import { type Depth, privilegeNames } from './identity.ts'
import type { JourneysSettings } from './journeys.ts'
import { defineKey } from './metadata.ts'
import { parseRaw } from './payload.ts'
import type { ChoiceOption, Column, KeyStatus, Value } from './schema.ts'
import * as ids from './seed-ids.ts'
import { type DataverseState, nameGuid, privilegeId } from './state.ts'
import type { Table } from './table.ts'

/** A custom column. `type` says which of the other fields count. */
export interface ColumnSeed {
  readonly type: 'boolean' | 'text' | 'choice' | 'choices' | 'datetime' | 'dateonly' | 'integer' | 'decimal'
  readonly name: string
  readonly schemaName?: string
  readonly maxLength?: number
  readonly minValue?: number
  readonly maxValue?: number
  readonly options?: readonly ChoiceOption[]
  readonly defaultValue?: Value
}

/** An alternate key to define. */
export interface KeySeed {
  readonly table: string
  readonly schemaName: string
  readonly columns: readonly string[]
  /** Default `Active`. */
  readonly status?: KeyStatus
}

/** An app registration, with or without an application user. */
export interface ApplicationSeed extends CredentialSeeds {
  readonly appId: string
  /** Left out: the app gets tokens, but is not a member of the organization. */
  readonly userId?: string
  readonly businessUnitId?: string
}

/** Everything is optional; tables are named by entity set or logical name. */
export interface EmulatorSeed {
  /** Rows with raw values: lookups as GUIDs by logical or property name; system columns may be given. */
  readonly rows?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>
  /** Many rows from patterns, after the given ones. */
  readonly generate?: readonly GeneratedRows[]
  readonly columns?: Readonly<Record<string, readonly ColumnSeed[]>>
  readonly keys?: readonly KeySeed[]
  readonly applications?: readonly ApplicationSeed[]
  /** Privileges that the application users lack. */
  readonly withoutPrivileges?: readonly string[]
  /** Privileges that they hold at another depth than the whole organization, or that are not held by default. */
  readonly privileges?: Readonly<Record<string, Depth>>
  /** Tables without change tracking. */
  readonly withoutChangeTracking?: readonly string[]
  /** Tables without bulk messages. */
  readonly withoutBulk?: readonly string[]
  /** Tables that are elastic. */
  readonly elastic?: readonly string[]
  /** Read at start only; default true. */
  readonly accentInsensitive?: boolean
  /** What decides whom a message may reach; what is left out stays as it is. */
  readonly journeys?: Partial<JourneysSettings>
}

function tableOf(state: DataverseState, name: string): Table {
  return state.tableOfSet(name) ?? state.table(name)
}

function columnOf(seed: ColumnSeed, visibleFrom: number): Column {
  const { maxLength = 100, options = [], minValue, maxValue } = seed
  const extras = { schemaName: seed.schemaName ?? seed.name, custom: true, visibleFrom }
  const range = {
    ...(minValue === undefined ? {} : { minValue }),
    ...(maxValue === undefined ? {} : { maxValue }),
  }
  const initial = { ...extras, defaultValue: seed.defaultValue ?? null }
  switch (seed.type) {
    case 'boolean':
      return boolean(seed.name, seed.defaultValue ?? false, extras)
    case 'text':
      return text(seed.name, maxLength, initial)
    case 'choice':
      return choice(seed.name, options, initial)
    case 'choices':
      return choices(seed.name, options, initial)
    case 'datetime':
      return datetime(seed.name, initial)
    case 'integer':
      return integer(seed.name, { ...initial, ...range })
    case 'dateonly':
    case 'decimal':
      return column(seed.type, seed.name, { ...initial, ...range })
  }
}

/** Adds to what is there; rows with a known id are replaced. Throws for unknown tables, columns and bad values. */
export function applySeed(state: DataverseState, seed: EmulatorSeed): void {
  const visibleFrom = state.clock.now() + state.settings.metadataLagMs
  state.journeys = { ...state.journeys, ...seed.journeys }
  for (const [name, columns] of Object.entries(seed.columns ?? {})) {
    const { schema } = tableOf(state, name)
    for (const each of columns) schema.columns.set(each.name, columnOf(each, visibleFrom))
  }
  for (const name of seed.withoutChangeTracking ?? []) tableOf(state, name).schema.changeTracking = false
  for (const name of seed.withoutBulk ?? []) tableOf(state, name).schema.bulk = false
  for (const name of seed.elastic ?? []) tableOf(state, name).schema.tableType = 'Elastic'
  if (seed.withoutBulk !== undefined) seedMessageFilters(state)
  for (const each of seed.keys ?? []) {
    defineKey(state, tableOf(state, each.table), each.schemaName, each.columns, each.status ?? 'Active')
  }
  for (const each of seed.applications ?? []) register(state, each)
  for (const { identity } of state.registrations.values()) {
    for (const name of seed.withoutPrivileges ?? []) identity?.privileges.delete(name)
    for (const [name, depth] of Object.entries(seed.privileges ?? {})) identity?.privileges.set(name, depth)
  }
  for (const [name, rows] of Object.entries(seed.rows ?? {})) {
    const table = tableOf(state, name)
    for (const row of rows) seedRow(state, table, row)
  }
  for (const each of seed.generate ?? []) {
    const table = tableOf(state, each.table)
    for (const row of generatedRows(each)) seedRow(state, table, row)
  }
}

/** As if the row had stood there before anybody looked: no privileges, no plug-ins, no journal. */
function seedRow(state: DataverseState, table: Table, raw: Readonly<Record<string, unknown>>): void {
  const { schema } = table
  const given = parseRaw(schema, raw)
  const version = state.nextVersion()
  const id = String(given[schema.primaryId] ?? nameGuid(`seed ${schema.logicalName} ${version}`))
  const now = isoSeconds(state.clock.now())
  const row = blankRow(schema)
  // A custom column was added after the rows: its default fills no row that was there.
  for (const each of schema.columns.values()) if (!each.custom) row[each.logicalName] = each.defaultValue
  row['createdby'] = ids.HUMAN_USER_ID
  row['modifiedby'] = ids.HUMAN_USER_ID
  row['createdon'] = given['modifiedon'] ?? now
  row['modifiedon'] = now
  for (const name in given) row[name] = given[name] ?? null
  row[schema.primaryId] = id
  row['versionnumber'] = given['versionnumber'] ?? version
  if (row['statecode'] === 1 && given['statuscode'] === undefined) row['statuscode'] = 2
  if (schema.logicalName === 'contact') {
    row['fullname'] = [row['firstname'], row['lastname']].filter((part) => part !== null).join(' ') || null
  }
  if (schema.ownership === 'UserOwned') {
    const ownerId = String(given['ownerid'] ?? ids.HUMAN_USER_ID)
    const team = state.table('team').get(ownerId)
    const owner = team ?? state.table('systemuser').get(ownerId)
    row['ownerid'] = ownerId
    row['ownerid@type'] = team === undefined ? 'systemuser' : 'team'
    row['owningbusinessunit'] = given['owningbusinessunit'] ?? owner?.['businessunitid'] ?? null
  }
  table.put(id, row)
}

function everyPrivilege(state: DataverseState): string[] {
  return privilegeNames([...state.tables.values()].map(({ schema }) => schema))
}

/** Makes an app known to the token endpoint and, with a user, to the environment with every ordinary privilege. */
export function register(state: DataverseState, application: ApplicationSeed): void {
  const { appId, userId, businessUnitId } = application
  const credentials = openCredentials(application)
  if (userId === undefined) {
    state.registrations.set(appId, { appId, credentials, identity: undefined })
    return
  }
  const unit = businessUnitId ?? ids.DEFAULT_BUSINESS_UNIT_ID
  const privileges = new Map<string, Depth>()
  for (const name of everyPrivilege(state)) privileges.set(name, 'Global')
  state.registrations.set(appId, { appId, credentials, identity: { appId, userId, businessUnitId: unit, privileges } })
  seedRow(state, state.table('systemuser'), {
    systemuserid: userId,
    fullname: `# application ${appId.slice(-4)}`,
    applicationid: appId,
    isdisabled: false,
    businessunitid: unit,
  })
}

/** `sdkmessagefilters` lists CreateMultiple and UpdateMultiple where they exist, and UpsertMultiple never. */
export function seedMessageFilters(state: DataverseState): void {
  const filters = state.table('sdkmessagefilter')
  filters.restore({ rows: new Map(), tombstones: [] })
  for (const message of ['Create', 'Update', 'Delete', 'CreateMultiple', 'UpdateMultiple']) {
    const messageId = nameGuid(`message ${message}`)
    seedRow(state, state.table('sdkmessage'), { sdkmessageid: messageId, name: message })
    for (const { schema } of state.tables.values()) {
      if (message.endsWith('Multiple') && !schema.bulk) continue
      seedRow(state, filters, {
        sdkmessagefilterid: nameGuid(`filter ${message} ${schema.logicalName}`),
        name: `${message} of ${schema.logicalName}`,
        primaryobjecttypecode: schema.logicalName,
        sdkmessageid: messageId,
      })
    }
  }
}

/** Two business units, their people and team, purposes and topics with owners, one compliance profile. */
export function seedDefaults(state: DataverseState, appId: string, secret: string): void {
  if (appId === '' || secret === '') throw badRequest('The emulator needs an app id and a secret.')
  state.organizationId = ids.ORGANIZATION_ID
  const user = (id: string, fullname: string, unit: string) => ({
    systemuserid: id,
    fullname,
    isdisabled: false,
    businessunitid: unit,
  })
  applySeed(state, {
    rows: {
      organizations: [{ organizationid: ids.ORGANIZATION_ID, name: 'acme', languagecode: 1033 }],
      businessunits: [
        { businessunitid: ids.DEFAULT_BUSINESS_UNIT_ID, name: 'Acme' },
        {
          businessunitid: ids.SECOND_BUSINESS_UNIT_ID,
          name: 'Acme North',
          parentbusinessunitid: ids.DEFAULT_BUSINESS_UNIT_ID,
        },
      ],
      teams: [
        { teamid: ids.DEFAULT_TEAM_ID, name: 'Acme', isdefault: true, businessunitid: ids.DEFAULT_BUSINESS_UNIT_ID },
      ],
      systemusers: [
        user(ids.HUMAN_USER_ID, 'Morgan Marketer', ids.DEFAULT_BUSINESS_UNIT_ID),
        user(ids.SECOND_USER_ID, 'Noor North', ids.SECOND_BUSINESS_UNIT_ID),
      ],
    },
  })
  register(state, { appId, secret, userId: ids.APPLICATION_USER_ID })
  applySeed(state, { rows: DEFAULT_ROWS })
  for (const name of everyPrivilege(state)) {
    seedRow(state, state.table('privilege'), { privilegeid: privilegeId(name), name })
  }
  seedPurposes(state)
  seedMessageFilters(state)
}

function seedPurposes(state: DataverseState): void {
  const purpose = (id: string, name: string, ownerid: string, type: number, statecode = 0) => ({
    msdynmkt_purposeid: id,
    msdynmkt_name: name,
    msdynmkt_type: type,
    msdynmkt_enforcementmodel: 534120000,
    ownerid,
    statecode,
  })
  const topic = (id: string, name: string, purposeId: string, ownerid: string) => ({
    msdynmkt_topicid: id,
    msdynmkt_name: name,
    msdynmkt_purposeid: purposeId,
    ownerid,
  })
  applySeed(state, {
    rows: {
      msdynmkt_purposes: [
        purpose(ids.COMMERCIAL_PURPOSE_ID, 'Commercial', ids.HUMAN_USER_ID, 534120000),
        purpose(ids.SECOND_PURPOSE_ID, 'Commercial North', ids.SECOND_USER_ID, 534120000),
        purpose(ids.TRACKING_PURPOSE_ID, 'Tracking', ids.HUMAN_USER_ID, 534120002),
        purpose(ids.INACTIVE_PURPOSE_ID, 'Retired', ids.HUMAN_USER_ID, 534120000, 1),
      ],
      msdynmkt_topics: [
        topic(ids.NEWSLETTER_TOPIC_ID, 'Newsletter', ids.COMMERCIAL_PURPOSE_ID, ids.HUMAN_USER_ID),
        topic(ids.SECOND_TOPIC_ID, 'Newsletter North', ids.SECOND_PURPOSE_ID, ids.SECOND_USER_ID),
      ],
      msdynmkt_compliancesettings4s: [
        {
          msdynmkt_compliancesettings4id: ids.COMPLIANCE_PROFILE_ID,
          msdynmkt_name: 'Default',
          msdynmkt_consentlinktype: 534120003,
          msdynmkt_trackingconsentpurpose: ids.TRACKING_PURPOSE_ID,
        },
      ],
    },
  })
}
