/** The rows of one table in memory, with indexes made when first needed and the traces of deleted rows. */
import type { Collation } from './collation.ts'
import type { TableSchema, Value } from './schema.ts'

/** A row is never changed, only replaced; so a snapshot is a copy of the map. Absent columns are null. */
export type Row = Readonly<Record<string, Value>>

/** A deleted row, as change tracking reports it. */
export interface Tombstone {
  readonly id: string
  readonly version: number
}

interface Index {
  readonly columns: readonly string[]
  /** One id, or several where rows share a value: most values belong to one row, and a million sets are dear. */
  readonly ids: Map<string, string | Set<string>>
}

/** What `restore` takes back. */
export interface TableSnapshot {
  readonly rows: ReadonlyMap<string, Row>
  readonly tombstones: readonly Tombstone[]
}

/** Rows by lower-case id, in the order they came. */
export class Table {
  readonly schema: TableSchema
  readonly #collation: Collation
  #rows = new Map<string, Row>()
  #tombstones: Tombstone[] = []
  readonly #indexes = new Map<string, Index>()
  /** Ids in their order, made when a query first pages by them; absent since a row came or went. */
  #order: readonly string[] | undefined

  constructor(schema: TableSchema, collation: Collation) {
    this.schema = schema
    this.#collation = collation
  }

  /** Whether keys in URLs compare exactly. */
  get exactKeys(): boolean {
    return this.#collation.exactKeys
  }

  get size(): number {
    return this.#rows.size
  }

  get(id: string): Row | undefined {
    return this.#rows.get(id)
  }

  all(): IterableIterator<Row> {
    return this.#rows.values()
  }

  /** Rows in the order of their ids, from the first after `id`; one without asks for all. A page costs what it holds. */
  *after(id: string | undefined): Generator<Row> {
    this.#order ??= [...this.#rows.keys()].sort()
    const order = this.#order
    for (let at = id === undefined ? 0 : firstAfter(order, id); at < order.length; at++) {
      const row = this.#rows.get(order[at] ?? '')
      if (row !== undefined) yield row
    }
  }

  tombstones(): readonly Tombstone[] {
    return this.#tombstones
  }

  put(id: string, row: Row): void {
    const previous = this.#rows.get(id)
    for (const index of this.#indexes.values()) {
      if (previous !== undefined) {
        if (index.columns.every((name) => previous[name] === row[name])) continue
        this.#unlist(index, id, previous)
      }
      this.#list(index, id, row)
    }
    if (previous === undefined) this.#order = undefined
    this.#rows.set(id, row)
  }

  /** Removes a row; with a version, change tracking will tell of it. */
  remove(id: string, version?: number): void {
    const previous = this.#rows.get(id)
    if (previous === undefined) return
    for (const index of this.#indexes.values()) this.#unlist(index, id, previous)
    this.#rows.delete(id)
    this.#order = undefined
    if (version !== undefined) this.#tombstones.push({ id, version })
  }

  /** Takes back the trace of a deletion that was rolled back. */
  forgetTombstone(version: number): void {
    this.#tombstones = this.#tombstones.filter((tombstone) => tombstone.version !== version)
  }

  /** Ids of the rows whose columns hold these values as the database compares them; all null never matches. */
  find(columns: readonly string[], values: readonly Value[]): readonly string[] {
    const [first] = values
    if (columns.length === 1 && columns[0] === this.schema.primaryId) {
      const id = String(first).toLowerCase()
      return this.#rows.has(id) ? [id] : []
    }
    const key = this.#key(values)
    if (key === undefined) return []
    const ids = this.#index(columns).ids.get(key)
    return typeof ids === 'string' ? [ids] : [...(ids ?? [])]
  }

  snapshot(): TableSnapshot {
    return { rows: new Map(this.#rows), tombstones: [...this.#tombstones] }
  }

  restore({ rows, tombstones }: TableSnapshot): void {
    this.#indexes.clear()
    this.#order = undefined
    this.#rows = new Map(rows)
    this.#tombstones = [...tombstones]
  }

  #index(columns: readonly string[]): Index {
    const name = columns.join(',')
    const known = this.#indexes.get(name)
    if (known !== undefined) return known
    const index: Index = { columns, ids: new Map() }
    for (const [id, row] of this.#rows) this.#list(index, id, row)
    this.#indexes.set(name, index)
    return index
  }

  #list(index: Index, id: string, row: Row): void {
    const key = this.#rowKey(index, row)
    if (key === undefined) return
    const ids = index.ids.get(key)
    if (ids === undefined) index.ids.set(key, id)
    else if (typeof ids !== 'string') ids.add(id)
    else if (ids !== id) index.ids.set(key, new Set([ids, id]))
  }

  #unlist(index: Index, id: string, row: Row): void {
    const key = this.#rowKey(index, row)
    const ids = key === undefined ? undefined : index.ids.get(key)
    if (key === undefined || ids === undefined) return
    if (typeof ids !== 'string') ids.delete(id)
    if (ids === id || (typeof ids !== 'string' && ids.size === 0)) index.ids.delete(key)
  }

  #rowKey(index: Index, row: Row): string | undefined {
    return this.#key(index.columns.map((name) => row[name] ?? null))
  }

  #key(values: readonly Value[]): string | undefined {
    const [only] = values
    if (values.length === 1 && typeof only === 'string') return this.#collation.fold(only)
    if (values.every((value) => value === null)) return undefined
    return values
      .map((value) => (typeof value === 'string' ? this.#collation.fold(value) : `\u0001${String(value)}`))
      .join('\u0000')
  }
}

/** Where the texts that are greater than this one begin. */
function firstAfter(sorted: readonly string[], text: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? '') > text) high = middle
    else low = middle + 1
  }
  return low
}
