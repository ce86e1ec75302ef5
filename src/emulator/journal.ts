/** Every row write that was committed, in order: the emulator's proof of what reached the table. */
import type { Value } from './schema.ts'

/** One committed write of one row. */
export interface JournalEntry {
  /** Counts up from 1 without gaps, over all tables. */
  readonly sequence: number
  /** Logical name. */
  readonly table: string
  readonly id: string
  readonly operation: 'create' | 'update' | 'delete'
  /** The columns present in the write, with the values they were given. */
  readonly columns: Readonly<Record<string, Value>>
  /** Of those, the ones whose value really changed. */
  readonly changed: readonly string[]
  /** The caller's request id; null for edits made through the control endpoints. */
  readonly requestId: string | null
  /** systemuserid of the writer. */
  readonly userId: string
  /** The `tag` query option of the request, where one was sent. */
  readonly tag: string | null
  /** ISO 8601, by the emulator's clock. */
  readonly at: string
}

/** Who wrote, where and when: what the writes of one request have in common. */
export interface JournalHead extends Pick<JournalEntry, 'table' | 'requestId' | 'userId' | 'tag' | 'at'> {}

/** What a write does not share with its neighbours. */
export interface JournalWrite extends Pick<JournalEntry, 'id' | 'operation' | 'columns' | 'changed'> {
  readonly head: JournalHead
}

/**
 * Grows by millions of entries and is read seldom, so it keeps values without their names and makes entries only when it
 * is asked.
 */
export class Journal {
  readonly #heads: JournalHead[] = []
  readonly #ids: string[] = []
  readonly #operations: JournalEntry['operation'][] = []
  readonly #names: (readonly string[])[] = []
  readonly #values: (readonly Value[])[] = []
  readonly #changed: (readonly string[])[] = []
  /** Lists of names that were met, by their names: there are few, however many rows they were written to. */
  readonly #lists = new Map<string, readonly string[]>()

  get length(): number {
    return this.#ids.length
  }

  push({ head, id, operation, columns, changed }: JournalWrite): void {
    this.#heads.push(head)
    this.#ids.push(id)
    this.#operations.push(operation)
    this.#names.push(this.#list(Object.keys(columns), this.#names.at(-1)))
    this.#values.push(Object.values(columns))
    this.#changed.push(this.#list(changed, this.#changed.at(-1)))
  }

  /** The entries after a sequence number, oldest first. */
  entries(after = 0): JournalEntry[] {
    return this.#ids.slice(after).map((id, position) => this.#entry(after + position, id))
  }

  #entry(at: number, id: string): JournalEntry {
    const values = this.#values[at] ?? []
    const { table, requestId, userId, tag, at: instant } = this.#heads[at] as JournalHead
    const columns = Object.fromEntries((this.#names[at] ?? []).map((name, place) => [name, values[place] ?? null]))
    const [operation = 'update', changed = []] = [this.#operations[at], this.#changed[at]]
    return { sequence: at + 1, table, id, operation, columns, changed, requestId, userId, tag, at: instant }
  }

  #list(names: readonly string[], last: readonly string[] | undefined): readonly string[] {
    if (last?.length === names.length && names.every((name, place) => name === last[place])) return last
    const key = JSON.stringify(names)
    const known = this.#lists.get(key)
    if (known === undefined) this.#lists.set(key, names)
    return known ?? names
  }
}
