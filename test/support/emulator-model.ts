/**
 * What a table of contacts must hold after writes, told from the documentation alone: a map of rows. It knows nothing of
 * the emulator, so that the two cannot share a mistake.
 */

/** A row; `stamp` counts the row writes up to the one that made it what it is. */
export interface ModelRow {
  readonly id: string
  readonly ouid: string | null
  readonly title: string | null
  readonly mute: boolean | null
  readonly stamp: number
}

/** A table, and how many row writes it took to get there. */
export interface Model {
  readonly rows: ReadonlyMap<string, ModelRow>
  readonly stamp: number
}

/** Columns as a request sends them; what is absent is not written. */
export interface SentColumns {
  readonly ouid?: string | null
  readonly title?: string | null
  readonly mute?: boolean
}

/** A row by its id or by its alternate key. */
export interface Address {
  readonly id?: string
  readonly key?: string
}

/** `If-Match: *`, `If-None-Match: *`, or `If-Match` with the version that a row had at this stamp. */
export type Condition = 'none' | 'exists' | 'absent' | { readonly stamp: number }

/** One operation: what it does, it does wholly or not at all. */
export type Write =
  | { readonly kind: 'create'; readonly id: string; readonly columns: SentColumns }
  | { readonly kind: 'patch'; readonly address: Address; readonly columns: SentColumns; readonly condition: Condition }
  | { readonly kind: 'delete'; readonly address: Address; readonly condition: Condition }
  | {
      readonly kind: 'bulk'
      readonly message: 'CreateMultiple' | 'UpdateMultiple' | 'UpsertMultiple'
      readonly targets: readonly { readonly address: Address; readonly columns: SentColumns }[]
    }

/** Several operations that are kept together: a change set, or one alone. */
export type Unit = readonly Write[]

/** What the customer's own logic refuses: every row that would have this title. */
export interface Rules {
  readonly poison: string | undefined
}

/** Longest title. */
const MAX_TITLE = 100
/** Ids of rows that the server named and nobody has seen yet start with this. */
export const UNSEEN = 'unseen '

class Refused extends Error {}

/** Texts of keys are equal without regard to case and trailing blanks. */
export function fold(text: string): string {
  return text.toLowerCase().replace(/ +$/, '')
}

/** The table after the unit; `undefined` where it must be refused, and then nothing of it is done. */
export function applyUnit(model: Model, unit: Unit, rules: Rules): Model | undefined {
  const work = new Work(model, rules)
  try {
    for (const write of unit) work.do(write)
  } catch (error) {
    if (error instanceof Refused) return undefined
    throw error
  }
  return work.done()
}

class Work {
  readonly #rows: Map<string, ModelRow>
  readonly #rules: Rules
  #stamp: number

  constructor({ rows, stamp }: Model, rules: Rules) {
    this.#rows = new Map(rows)
    this.#stamp = stamp
    this.#rules = rules
  }

  done(): Model {
    return { rows: this.#rows, stamp: this.#stamp }
  }

  do(write: Write): void {
    if (write.kind === 'create') this.#create(write.id, write.columns)
    else if (write.kind === 'patch') this.#patch(write)
    else if (write.kind === 'delete') this.#delete(write.address, write.condition)
    else if (write.message === 'CreateMultiple') {
      for (const { address, columns } of write.targets) this.#create(address.id ?? '', columns)
    } else if (write.message === 'UpdateMultiple') this.#updateMany(write.targets)
    else this.#upsertMany(write.targets)
  }

  #find({ id, key }: Address): ModelRow | undefined {
    if (id !== undefined) return this.#rows.get(id)
    return [...this.#rows.values()].find(({ ouid }) => ouid !== null && fold(ouid) === fold(key ?? ''))
  }

  #create(id: string, columns: SentColumns): void {
    refuseIf(this.#rows.has(id))
    this.#put({ ouid: null, title: null, mute: false, ...columns, id, stamp: 0 })
  }

  #put(row: ModelRow): void {
    const { id, ouid, title } = row
    refuseIf((title ?? '').length > MAX_TITLE || (title !== null && title === this.#rules.poison))
    const holder = ouid === null ? undefined : this.#find({ key: ouid })
    refuseIf(holder !== undefined && holder.id !== id)
    this.#rows.set(id, { ...row, stamp: ++this.#stamp })
  }

  #update(row: ModelRow, address: Address, { ouid, ...columns }: SentColumns): void {
    // A key cannot change the columns that it is made of.
    const renamed = address.key === undefined && ouid !== undefined ? { ouid } : {}
    this.#put({ ...row, ...columns, ...renamed })
  }

  #patch({ address, columns, condition }: Extract<Write, { kind: 'patch' }>): void {
    refuseIf((columns.title ?? '').length > MAX_TITLE)
    const row = this.#find(address)
    if (row !== undefined) {
      refuseIf(condition === 'absent' || isOtherVersion(row, condition))
      this.#update(row, address, columns)
      return
    }
    // Seen on live tables: create-only by alternate key creates nothing.
    refuseIf(condition === 'exists' || typeof condition === 'object')
    refuseIf(condition === 'absent' && address.key !== undefined)
    if (address.id !== undefined) this.#create(address.id, columns)
    // Of two key values the body's wins.
    else this.#create(`${UNSEEN}${this.#stamp}`, { ouid: address.key ?? null, ...columns })
  }

  #delete(address: Address, condition: Condition): void {
    const row = this.#find(address)
    if (row === undefined) throw new Refused()
    refuseIf(isOtherVersion(row, condition))
    this.#rows.delete(row.id)
    this.#stamp++
  }

  /** Of several rows with one key the first counts, the others are ignored; a missing row fails all. */
  #updateMany(targets: Extract<Write, { kind: 'bulk' }>['targets']): void {
    const seen = new Set<string>()
    for (const { address, columns } of targets) {
      const row = this.#find(address)
      if (row === undefined) throw new Refused()
      refuseIf((columns.title ?? '').length > MAX_TITLE)
      if (seen.has(row.id)) continue
      seen.add(row.id)
      this.#update(row, address, columns)
    }
  }

  /** Two rows with one key fail; so does a key in address and body, but only where the row must be created. */
  #upsertMany(targets: Extract<Write, { kind: 'bulk' }>['targets']): void {
    const named = targets.map(({ address: { id, key } }) => id ?? fold(key ?? ''))
    refuseIf(new Set(named).size < named.length)
    for (const { address, columns } of targets) {
      const row = this.#find(address)
      if (row !== undefined) this.#update(row, address, columns)
      else if (address.id !== undefined) this.#create(address.id, columns)
      else {
        refuseIf(columns.ouid !== undefined)
        this.#create(`${UNSEEN}${this.#stamp}`, { ...columns, ouid: address.key ?? null })
      }
    }
  }
}

function refuseIf(wrong: boolean): void {
  if (wrong) throw new Refused()
}

function isOtherVersion(row: ModelRow, condition: Condition): boolean {
  return typeof condition === 'object' && condition.stamp !== row.stamp
}
