/** Reads a table over the wire and keeps what was seen of it: versions, etags, and the journal's own account. */
import type { Emulator } from '../../src/emulator/emulator.ts'
import { fold, type Model } from './emulator-model.ts'
import type { FoundRow, Seen } from './emulator-permitted.ts'

/** What the wire and the journal tell of contacts. Every check throws with what disagrees. */
export class EmulatorWitness {
  readonly #emulator: Emulator
  #rows: ReadonlyMap<string, FoundRow> = new Map()
  #versions = new Map<string, { readonly stamp: number; readonly version: number }>()
  readonly #etags = new Map<number, string>()
  #highest = 0
  #replayed = new Map<string, Record<string, unknown>>()
  #sequence = 0
  #stamp = 0

  constructor(emulator: Emulator) {
    this.#emulator = emulator
  }

  /** The rows as they were read last. */
  get rows(): ReadonlyMap<string, FoundRow> {
    return this.#rows
  }

  get seen(): Seen {
    return { versions: this.#versions, highest: this.#highest }
  }

  /** The stamp that the table has come to if the journal is right. */
  get writtenStamp(): number {
    return this.#stamp + this.#emulator.world.journal(this.#sequence).length
  }

  /** The etag of the row that was written at this stamp; of none, one that no row has. */
  etagAt(stamp: number): string {
    return this.#etags.get(stamp) ?? 'W/"1"'
  }

  async read(token: string): Promise<ReadonlyMap<string, FoundRow>> {
    const { value } = await this.#get('contacts?$select=new_ouid,jobtitle,new_mute', token)
    return new Map(value.map((row) => [String(row['contactid']), foundRow(row)]))
  }

  async #get(path: string, token: string): Promise<{ readonly value: readonly Record<string, unknown>[] }> {
    const headers = { Authorization: `Bearer ${token}` }
    const response = await fetch(`${this.#emulator.url}/api/data/v9.2/${path}`, { headers })
    if (response.status !== 200) throw new Error(`a read was answered ${response.status}`)
    return (await response.json()) as { value: Record<string, unknown>[] }
  }

  /** Takes over what was found, after holding the journal against it: one entry for each row write, and no other. */
  found(rows: ReadonlyMap<string, FoundRow>, now: Model): void {
    const entries = this.#emulator.world.journal(this.#sequence)
    for (const { table, id, operation, columns, sequence } of entries) {
      if (sequence !== ++this.#sequence) throw new Error(`the journal jumps to ${sequence}`)
      if (table !== 'contact') throw new Error(`the journal tells of ${table}`)
      if ((operation === 'create') === this.#replayed.has(id))
        throw new Error(`the journal tells of a wrong ${operation}`)
      if (operation === 'delete') this.#replayed.delete(id)
      else this.#replayed.set(id, { ...this.#replayed.get(id), ...columns })
    }
    const writes = now.stamp - this.#stamp
    if (entries.length !== writes) throw new Error(`the journal has ${entries.length} entries of ${writes} row writes`)
    this.#compareReplay(rows)
    this.#adopt(rows, now)
  }

  #compareReplay(rows: ReadonlyMap<string, FoundRow>): void {
    if (this.#replayed.size !== rows.size) throw new Error('the journal tells of other rows than the table')
    for (const [id, { ouid, title, mute }] of rows) {
      const told = this.#replayed.get(id) ?? {}
      const same =
        (told['new_ouid'] ?? null) === ouid &&
        (told['jobtitle'] ?? null) === title &&
        (told['new_mute'] ?? false) === mute
      if (!same) throw new Error(`the journal tells otherwise of row #${id.slice(-1)}`)
    }
  }

  /** After a restore the journal begins anew from what is there. */
  restored(rows: ReadonlyMap<string, FoundRow>, model: Model): void {
    this.#highest = 0
    this.#replayed = new Map(
      [...rows].map(([id, { ouid, title, mute }]) => [id, { new_ouid: ouid, jobtitle: title, new_mute: mute }]),
    )
    this.#adopt(rows, model)
  }

  #adopt(rows: ReadonlyMap<string, FoundRow>, model: Model): void {
    this.#stamp = model.stamp
    this.#rows = rows
    this.#versions = new Map()
    for (const [id, { version }] of rows) {
      const stamp = model.rows.get(id)?.stamp ?? -1
      this.#versions.set(id, { stamp, version })
      this.#etags.set(stamp, `W/"${version}"`)
      this.#highest = Math.max(this.#highest, version)
    }
  }

  /** A key finds the one row that has it, by the index of the key and by a filter alike. */
  async checkKey(key: string, { rows }: Model, token: string): Promise<void> {
    const ids = [...rows.values()].filter(({ ouid }) => ouid !== null && fold(ouid) === fold(key)).map(({ id }) => id)
    if (ids.length > 1) throw new Error(`'${key}' has ${ids.length} rows`)
    const filter = encodeURIComponent(`new_ouid eq '${key}'`)
    const { value } = await this.#get(`contacts?$select=contactid&$filter=${filter}`, token)
    const found = value.map((row) => String(row['contactid']))
    if (String(found) !== String(ids)) throw new Error(`'${key}' is found by a filter in ${found.length} rows`)
    const headers = { Authorization: `Bearer ${token}` }
    const path = `contacts(new_ouid='${key.replaceAll(' ', '%20')}')?$select=contactid`
    const response = await fetch(`${this.#emulator.url}/api/data/v9.2/${path}`, { headers })
    const { contactid } = (await response.json()) as { contactid?: string }
    if (contactid !== ids[0]) throw new Error(`'${key}' finds another row than the one that has it`)
  }
}

function foundRow(row: Record<string, unknown>): FoundRow {
  const version = Number(/^W\/"(\d+)"$/.exec(String(row['@odata.etag']))?.[1])
  const { new_ouid: ouid, jobtitle: title, new_mute: mute } = row as Record<string, never>
  return { ouid: ouid ?? null, title: title ?? null, mute: mute ?? null, version }
}
