/** Row writes that are kept together or not at all. */
import { ApiError } from './api-error.ts'
import { isoSeconds } from './clock.ts'
import type { JournalEntry } from './journal.ts'
import type { Value } from './schema.ts'
import type { DataverseState } from './state.ts'
import type { Row, Table } from './table.ts'

/** Who writes, and in which request. */
export interface Writer {
  readonly userId: string
  readonly requestId: string | null
  readonly tag: string | null
}

type Draft = Omit<JournalEntry, 'sequence'>

/** Collects writes; the caller ends it with `commit` or `rollback`, exactly once. */
export class Transaction {
  readonly state: DataverseState
  readonly writer: Writer
  readonly #undo: (() => void)[] = []
  readonly #drafts: Draft[] = []
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
    this.#undo.push(() => (previous === undefined ? table.remove(id) : table.put(id, previous)))
    const names = Object.keys(columns)
    const changed = names.filter((name) => (previous?.[name] ?? null) !== (row[name] ?? null))
    this.#drafts.push(this.#draft(table, id, previous === undefined ? 'create' : 'update', columns, changed))
  }

  remove(table: Table, id: string): void {
    const previous = table.get(id)
    if (previous === undefined) return
    const version = this.state.nextVersion()
    table.remove(id, version)
    this.#undo.push(() => {
      table.put(id, previous)
      table.forgetTombstone(version)
    })
    this.#drafts.push(this.#draft(table, id, 'delete', {}, []))
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
      journal.push({ sequence: journal.length + 1, ...draft })
    }
  }

  rollback(): void {
    for (const undo of this.#undo.reverse()) undo()
    this.state.counters.repeatedWrites += this.#met
  }

  #draft(
    table: Table,
    id: string,
    operation: Draft['operation'],
    columns: Readonly<Record<string, Value>>,
    changed: readonly string[],
  ): Draft {
    const { userId, requestId, tag } = this.writer
    const at = isoSeconds(this.state.clock.now())
    return {
      table: table.schema.logicalName,
      id,
      operation,
      columns: { ...columns },
      changed,
      requestId,
      userId,
      tag,
      at,
    }
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
