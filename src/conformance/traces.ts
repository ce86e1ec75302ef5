/** The rows that a run makes: their ids and texts, all of them ours and found again, and their removal. */
import { randomBytes } from 'node:crypto'
import type { Answer, Caller } from './caller.ts'
import type { ConformanceSchema } from './schema.ts'

/** Tables that cases create rows in; the text column by which rows without a chosen id are found. */
const SWEPT: readonly { readonly set: string; readonly id: string; readonly columns: readonly string[] }[] = [
  { set: 'contacts', id: 'contactid', columns: ['lastname'] },
  {
    set: 'msdynmkt_contactpointconsent4s',
    id: 'msdynmkt_contactpointconsent4id',
    columns: ['msdynmkt_contactpointvalue'],
  },
]

/** Ids by name that a case may ask for; those of rows that stand there come first. */
const ID_NAME = /^(?:id|ID)(\d+)$/
const KEY_NAME = /^key(\d+)$/

/** Remembers every row that a run may have made. Ids come from the run's own range, so that no other row is hit. */
export class Traces {
  readonly #run: string
  #case = 0
  #ids: string[] = []

  constructor(run = randomBytes(6).toString('hex')) {
    this.#run = run
  }

  /** The text that every row of the run begins with. */
  get prefix(): string {
    return `zzconf${this.#run}`
  }

  /** The names of a new case: `{p}`, `{run}`, and the ids and keys that it asks for or that its rows need. */
  forCase(asked: ReadonlySet<string>, rows: number): Map<string, string> {
    this.#case++
    const own = `${this.prefix}n${this.#case}`
    const names = new Map([
      ['run', this.prefix],
      ['p', own],
    ])
    const numbers = new Set(Array.from({ length: rows }, (_, index) => index + 1))
    for (const name of asked) {
      const number = (ID_NAME.exec(name) ?? KEY_NAME.exec(name))?.[1]
      if (number !== undefined) numbers.add(Number(number))
    }
    for (const number of numbers) {
      const id = this.#id(number)
      this.#ids.push(id)
      names.set(`id${number}`, id)
      names.set(`ID${number}`, id.toUpperCase())
      names.set(`key${number}`, `${own}k${number}`)
    }
    return names
  }

  #id(number: number): string {
    const tail = `${this.#case.toString(16).padStart(8, '0')}${number.toString(16).padStart(4, '0')}`
    return `${this.#run.slice(0, 8)}-${this.#run.slice(8)}-4000-8000-${tail}`
  }

  /** Notes ids that the service chose. */
  note(answer: Answer): void {
    const address = answer.headers.get('odata-entityid') ?? ''
    const chosen = /\/contacts\(([0-9a-f-]{36})\)$/i.exec(address)?.[1]
    if (chosen !== undefined && answer.status < 300) this.#ids.push(chosen.toLowerCase())
    const { Ids } = (answer.json ?? {}) as { Ids?: unknown }
    if (answer.status === 200 && Array.isArray(Ids)) this.#ids.push(...Ids.map(String))
  }

  /** Deletes the contacts noted since the last time. */
  async clear(caller: Caller): Promise<void> {
    const ids = new Set(this.#ids)
    this.#ids = []
    // A row that cannot be deleted now is found by the sweep.
    for (const id of ids) await caller.send({ method: 'DELETE', path: `contacts(${id})` }).catch(() => undefined)
  }

  /** Deletes every row of the run that is still there, and says how many are left. */
  async sweep(caller: Caller, schema: ConformanceSchema, consent: boolean): Promise<number> {
    let left = 0
    for (const { set, id, columns } of SWEPT) {
      if (set !== 'contacts' && !consent) continue
      const named = set === 'contacts' ? [...columns, schema.key].filter((name) => name !== '') : columns
      const filter = named.map((name) => `startswith(${name},'${this.prefix}')`).join(' or ')
      const query = { $select: id, $filter: filter }
      const found = rowsOf(await caller.send({ method: 'GET', path: set, query }))
      for (const row of found) await caller.send({ method: 'DELETE', path: `${set}(${String(row[id])})` })
      if (found.length > 0) left += rowsOf(await caller.send({ method: 'GET', path: set, query })).length
    }
    return left
  }
}

function rowsOf({ json }: Answer): Record<string, unknown>[] {
  const { value } = (json ?? {}) as { value?: unknown }
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : []
}
