/** Everything the emulated environment remembers: tables, callers, clock, counters, journal, faults. */
import { createHash } from 'node:crypto'
import { badRequest } from './api-error.ts'
import { ServerClock } from './clock.ts'
import { type Collation, openCollation } from './collation.ts'
import { complianceProfileTable, consentTable, purposeTable, topicTable } from './consent-tables.ts'
import { accountTable, contactTable } from './contact-table.ts'
import { type CounterFigures, zeroCounters } from './counters.ts'
import { FaultScript } from './faults.ts'
import type { Identity } from './identity.ts'
import type { JournalEntry } from './journal.ts'
import { platformTables } from './platform-tables.ts'
import type { TableSchema } from './schema.ts'
import { Table, type TableSnapshot } from './table.ts'

/** An app registration as the token endpoint and the environment know it. */
export interface Registration {
  readonly appId: string
  readonly secret: string
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
  readonly registrations = new Map<string, Registration>()
  readonly faults = new FaultScript()
  organizationId = ''
  counters: CounterFigures = zeroCounters()
  journal: JournalEntry[] = []
  #version = 1_000_000

  constructor(settings: StateSettings, accentInsensitive: boolean) {
    this.settings = settings
    this.clock = new ServerClock(settings.now)
    this.collation = openCollation(accentInsensitive)
    const consent = [consentTable(), purposeTable(), topicTable(), complianceProfileTable()]
    for (const schema of [contactTable(), accountTable(), ...consent, ...platformTables()]) this.addTable(schema)
  }

  addTable(schema: TableSchema): void {
    this.tables.set(schema.logicalName, new Table(schema, this.collation))
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
    for (const table of this.tables.values()) if (table.schema.entitySetName === entitySetName) return table
    return undefined
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
