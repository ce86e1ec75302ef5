/** Row writes that are kept together or not at all. */
import { ApiError } from './api-error.ts'
import { isoSeconds } from './clock.ts'
import type { JournalHead, JournalWrite } from './journal.ts'
import type { Value } from './schema.ts'
import type { DataverseState } from './state.ts'
import type { Row, Table } from './table.ts'
import type { Bypass, EventMessage, RowWrite } from './webhook-event.ts'

/** Who writes, and in which request. */
export interface Writer {
  readonly userId: string
  readonly requestId: string | null
  readonly tag: string | null
  readonly bypass?: Bypass | undefined
}

/** How a row stood before it was written; `version` only where it was deleted. */
interface Before {
  readonly table: Table
  readonly id: string
  readonly previous: Row | undefined
  readonly version?: number
}

/** Collects writes; the caller ends it with `commit` or `rollback`, exactly once. */
export class Transaction {
  readonly state: DataverseState
  writer: Writer
  readonly #before: Before[] = []
  readonly #drafts: JournalWrite[] = []
  #head: { readonly writer: Writer; readonly shared: JournalHead } | undefined
  /** False for writes of which the event pipeline does not hear. */
  raisesEvents = true
  readonly #watched = new Map<Table, boolean>()
  readonly #events: RowWrite[] = []
  /** Creates that met an existing id: counted even though, or because, they were refused. */
  #met = 0

  constructor(state: DataverseState, writer: Writer) {
    this.state = state
    this.writer = writer
  }

  /** Puts a row in place; `columns` are those the caller sent. Throws `0x80040265` where a plug-in refuses the row. */
  put(table: Table, id: string, row: Row, columns: Readonly<Record<string, Value>>): void {
    if (this.writer.requestId !== null && this.state.faults.poisons(table.schema.logicalName, row)) {
      throw new ApiError(400, '0x80040265', 'The row was refused by a registered plug-in.')
    }
    const previous = table.get(id)
    table.put(id, row)
    this.#before.push({ table, id, previous })
    const changed = Object.keys(columns).filter((name) => (previous?.[name] ?? null) !== (row[name] ?? null))
    const operation = previous === undefined ? 'create' : 'update'
    this.#drafts.push({ head: this.#headFor(table), id, operation, columns, changed })
    if (this.#isWatched(table)) {
      this.#raise(previous === undefined ? 'Create' : 'Update', table, id, { before: previous, after: row, columns })
    }
  }

  remove(table: Table, id: string): void {
    const previous = table.get(id)
    if (previous === undefined) return
    const version = this.state.nextVersion()
    table.remove(id, version)
    this.#before.push({ table, id, previous, version })
    this.#drafts.push({ head: this.#headFor(table), id, operation: 'delete', columns: {}, changed: [] })
    if (this.#isWatched(table)) this.#raise('Delete', table, id, { before: previous, after: undefined, columns: {} })
  }

  /** Notes a create of a row that was already there. */
  metExisting(): void {
    this.#met++
  }

  /** Writes counters and journal; nothing may be undone afterwards. */
  commit(): void {
    const { counters, journal } = this.state
    for (const draft of this.#drafts) {
      counters.billableRows++
      if (draft.operation === 'create') counters.rowsCreated++
      if (draft.operation === 'delete') counters.rowsDeleted++
      if (draft.operation === 'update') {
        counters.rowsUpdated++
        if (draft.changed.length === 0) counters.repeatedWrites++
      }
      journal.push(draft)
    }
    if (this.#events.length > 0) this.state.commitListener?.committed(this.#events)
  }

  rollback(): void {
    for (const { table, id, previous, version } of this.#before.reverse()) {
      if (previous === undefined) table.remove(id)
      else table.put(id, previous)
      if (version !== undefined) table.forgetTombstone(version)
    }
    this.state.counters.repeatedWrites += this.#met
  }

  #isWatched(table: Table): boolean {
    const known = this.#watched.get(table)
    if (known !== undefined) return known
    const watched = this.raisesEvents && (this.state.commitListener?.watches(table.schema) ?? false)
    this.#watched.set(table, watched)
    return watched
  }

  #raise(message: EventMessage, table: Table, id: string, rows: Pick<RowWrite, 'before' | 'after' | 'columns'>): void {
    const { userId, requestId, tag, bypass } = this.writer
    this.#events.push({ message, schema: table.schema, id, userId, requestId, tag, bypass, ...rows })
  }

  /** The rows of a request share one head, however many they are. */
  #headFor({ schema }: Table): JournalHead {
    const at = isoSeconds(this.state.clock.now())
    const { writer } = this
    const known = this.#head
    if (known?.writer === writer && known.shared.table === schema.logicalName && known.shared.at === at) {
      return known.shared
    }
    const { userId, requestId, tag } = writer
    const shared = { table: schema.logicalName, requestId, userId, tag, at }
    this.#head = { writer, shared }
    return shared
  }
}

/** Runs `work` in a transaction: what it did is kept if it returns, and taken back if it throws. */
export function transact<T>(state: DataverseState, writer: Writer, work: (transaction: Transaction) => T): T {
  const transaction = new Transaction(state, writer)
  let result: T
  try {
    result = work(transaction)
  } catch (error) {
    transaction.rollback()
    throw error
  }
  transaction.commit()
  return result
}
