/** Everything the emulated environment remembers: tables, callers, clock, counters, journal, faults. */
import { createHash } from 'node:crypto'
import { badRequest } from './api-error.ts'
import { ServerClock } from './clock.ts'
import { type Collation, openCollation } from './collation.ts'
import {
  complianceProfileTable,
  consentTable,
  contactPointSettingsTable,
  purposeTable,
  topicTable,
} from './consent-tables.ts'
import { accountTable, contactTable } from './contact-table.ts'
import { type CounterFigures, zeroCounters } from './counters.ts'
import type { Credentials } from './entra-credentials.ts'
import { FaultScript } from './faults.ts'
import type { Identity } from './identity.ts'
import { Journal } from './journal.ts'
import { type JourneysSettings, USUAL_JOURNEYS } from './journeys.ts'
import { NotUnderstoodLog } from './not-understood.ts'
import { platformTables } from './platform-tables.ts'
import type { TableSchema } from './schema.ts'
import { Table, type TableSnapshot } from './table.ts'
import { Traffic } from './traffic.ts'
import type { Unknowns } from './unknowns.ts'
import type { CommitListener } from './webhook-event.ts'
import { Vault } from './webhook-vault.ts'

/** An app registration as the token endpoint and the environment know it. */
export interface Registration {
  readonly appId: string
  readonly credentials: Credentials
  /** Undefined: the app gets tokens, but has no application user in the environment. */
  readonly identity: Identity | undefined
}

/** What does not change while the emulator runs; `tokenSeconds` in seconds, `metadataLagMs` in milliseconds. */
export interface StateSettings {
  readonly now: () => number
  readonly pageSize: number
  readonly tokenSeconds: number
  readonly dopHint: number
  readonly servers: number
  readonly metadataLagMs: number
  readonly tenant: string | undefined
  readonly unknowns: Unknowns
}

/** Rows and counters of a moment, to go back to. */
export interface StateSnapshot {
  readonly version: number
  readonly tables: ReadonlyMap<string, TableSnapshot>
}

/** One environment, as it is now. */
export class DataverseState {
  readonly settings: StateSettings
  readonly clock: ServerClock
  readonly collation: Collation
  readonly tables = new Map<string, Table>()
  readonly #tablesBySet = new Map<string, Table>()
  readonly registrations = new Map<string, Registration>()
  readonly faults = new FaultScript()
  readonly vault = new Vault()
  /** Hears of committed writes to the tables it watches. */
  commitListener: CommitListener | undefined
  organizationId = ''
  counters: CounterFigures = zeroCounters()
  readonly journal = new Journal()
  journeys: JourneysSettings = USUAL_JOURNEYS
  readonly traffic = new Traffic()
  readonly notUnderstood = new NotUnderstoodLog()
  #version = 1_000_000

  constructor(settings: StateSettings, accentInsensitive: boolean) {
    this.settings = settings
    this.clock = new ServerClock(settings.now)
    this.collation = openCollation(accentInsensitive, settings.unknowns.keyCasing === 'sensitive')
    const consent = [
      consentTable(),
      purposeTable(),
      topicTable(),
      complianceProfileTable(),
      contactPointSettingsTable(),
    ]
    for (const schema of [contactTable(), accountTable(), ...consent, ...platformTables()]) this.addTable(schema)
  }

  addTable(schema: TableSchema): void {
    const table = new Table(schema, this.collation)
    this.tables.set(schema.logicalName, table)
    this.#tablesBySet.set(schema.entitySetName, table)
  }

  /** The version number that the next write gets; it only grows. */
  nextVersion(): number {
    return ++this.#version
  }

  get version(): number {
    return this.#version
  }

  /** The table of a logical name; a missing one is a defect of the caller. */
  table(logicalName: string): Table {
    const table = this.tables.get(logicalName)
    if (table === undefined) throw badRequest(`The entity '${logicalName}' was not found in the MetadataCache.`)
    return table
  }

  /** The table behind an entity set name, or `undefined`. */
  tableOfSet(entitySetName: string): Table | undefined {
    return this.#tablesBySet.get(entitySetName)
  }

  snapshot(): StateSnapshot {
    return {
      version: this.#version,
      tables: new Map([...this.tables].map(([name, table]) => [name, table.snapshot()])),
    }
  }

  /** An environment restore: rows, their times and their versions go back; the clock and the counters do not. */
  restore(snapshot: StateSnapshot): void {
    this.#version = snapshot.version
    for (const [name, table] of snapshot.tables) this.tables.get(name)?.restore(table)
  }
}

/** A GUID that is always the same for the same name, for rows of metadata. */
export function nameGuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** The id of a privilege. */
export function privilegeId(name: string): string {
  return nameGuid(`privilege ${name}`)
}
