/** Reduces the lines of each Didomi user to the text of one state (semantics §3). */

import { join, stateOf, stateText } from '../consent/state.ts'
import { attributeJsonAt, setTextAt } from '../record/byte-value.ts'
import { Entry } from '../record/entry.ts'
import { SOURCE } from '../record/entry-layout.ts'
import { aligned, WORD_BYTES, type WordMemory, wordMemory } from '../record/word-memory.ts'
import { DraftNames } from './draft-names.ts'
import { KeysTold } from './keys-told.ts'
import { openReduceModule, type ReduceModule } from './reduce-module.ts'
import { packRow } from './row-bytes.ts'
import type { BucketSource } from './spill.ts'

/** What a bucket came to. */
export interface Reduced {
  /** One row for each Didomi user, in order of person and `user.id`, packed (`unpackRows`). */
  readonly rows: Uint8Array<ArrayBuffer>
  /** How many of them were joined state by state. */
  readonly plainly: number
}

const NOTHING = -1
const NO_ROOM = -2

/**
 * The usual lines are reduced in WebAssembly; what it leaves – a line that was parsed, a text that finds no room – is
 * joined state by state. Both ways come to the same text.
 */
export class StateReducer {
  static #ofThread: StateReducer | undefined

  readonly #module: ReduceModule
  readonly #names: DraftNames
  #keys = new KeysTold()
  #memory: WordMemory
  readonly #bucketAt: number
  readonly #tablesAt: number
  readonly #rowsAt: number
  #damaged: ReadonlySet<number> = new Set()

  private constructor() {
    this.#module = openReduceModule({
      askSlot: (table, number) => this.#slot(table, number),
      tellValue: (slot, start, end) => this.#keys.tellSet(this.#names.nameOf(slot), this.#text(start, end)),
      askSet: (start, end, to, room) => this.#put(setTextAt(this.#memory.bytes, start, end), to, room),
      askAttribute: (start, end, to, room) => {
        const json = attributeJsonAt(this.#memory.bytes, start, end)
        return json === undefined ? NOTHING : this.#put(json, to, room)
      },
      askNumber: (value, to) => this.#memory.bytes.write(JSON.stringify(value), to, 'latin1'),
      askRanks: () => (this.#names.rank() ? 1 : 0),
      askDamaged: (part) => (this.#damaged.has(part) ? 1 : 0),
    })
    this.#memory = wordMemory(this.#module.memory.buffer)
    const { BUCKET, TABLES, ROWS } = this.#module
    this.#bucketAt = BUCKET.value
    this.#tablesAt = TABLES.value
    this.#rowsAt = ROWS.value
    this.#names = new DraftNames(this.#module, this.#memory)
  }

  /** The one of this thread: a memory is dear to make. */
  static ofThread(): StateReducer {
    StateReducer.#ofThread ??= new StateReducer()
    return StateReducer.#ofThread
  }

  /** Lets go of the tables of names met so far. */
  forget(): void {
    this.#names.forget()
  }

  /**
   * Reduces the entries of one bucket.
   *
   * @param damaged numbers of parts that do not count
   * @param keys is told which keys the states make known
   */
  reduce(sources: readonly BucketSource[], damaged: ReadonlySet<number>, keys: KeysTold): Reduced {
    if (keys !== this.#keys) {
      // What was told to others is not told to them.
      this.#keys = keys
      this.forget()
    }
    const count = this.#load(sources, damaged)
    const rows: Uint8Array<ArrayBuffer>[] = []
    let plainly = 0
    for (let index = 0; index < count; ) {
      this.#layTables(sources)
      index = this.#module.reduceRecords(index, count)
      rows.push(this.#takeRows())
      if (this.#module.stuck() === 0) continue
      const entries = this.#entriesOf(this.#module.recordAt(index), sources)
      const [newest] = entries
      if (newest !== undefined) rows.push(packRow(newest, this.#joined(entries)))
      plainly += 1
      index += 1
    }
    return { rows: joinBytes(rows), plainly }
  }

  /** Puts the entries into the module's memory, sorted by record; answers how many records there are. */
  #load(sources: readonly BucketSource[], damaged: ReadonlySet<number>): number {
    const { makeRoom, beginRecords, addRecords, sortRecords, memory } = this.#module
    const length = sources.reduce((sum, { bucket }) => sum + aligned(bucket.length), 0)
    if (makeRoom(length) === 0) throw new RangeError('a bucket of the spill that finds no room in memory')
    if (memory.buffer !== this.#memory.bytes.buffer) {
      this.#memory = wordMemory(memory.buffer)
      this.#names.moveTo(this.#memory)
    }
    const { bytes } = this.#memory
    const places: number[] = []
    let end = this.#bucketAt
    for (const { bucket } of sources) {
      bucket.copyTo(bytes, end)
      places.push(end)
      end += aligned(bucket.length)
    }
    beginRecords(length)
    this.#damaged = damaged
    for (const [source, place] of places.entries()) addRecords(place, places[source + 1] ?? end, source, damaged.size)
    return sortRecords()
  }

  /** Says where the slots of each source's names stand. */
  #layTables(sources: readonly BucketSource[]): void {
    this.#names.begin()
    for (const [source, { names }] of sources.entries())
      this.#memory.words[this.#tablesAt / WORD_BYTES + source] = this.#names.table(names)
  }

  #takeRows(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.bytes.buffer.slice(this.#rowsAt, this.#module.endOfRows()))
  }

  /** The entries of a record, newest first. */
  #entriesOf(newest: number, sources: readonly BucketSource[]): Entry[] {
    const { bytes } = this.#memory
    const entries: Entry[] = []
    for (let at = newest; at !== 0; at = this.#module.olderThan(at))
      entries.push(new Entry(bytes, at, sources[bytes.readUInt16LE(at + SOURCE)]?.names ?? []))
    return entries
  }

  #joined(entries: readonly Entry[]): string {
    const records = entries.map(({ record }) => record)
    for (const { statements, events } of records) {
      for (const [key, choice] of [...statements, ...events.flatMap((event) => event.statements)]) {
        this.#keys.tell(key)
        if (typeof choice !== 'boolean') this.#keys.tellSet(key, choice.join(','))
      }
    }
    return stateText(records.map(stateOf).reduce(join))
  }

  #slot(table: number, number: number): number {
    const { slot, name } = this.#names.slot(table, number)
    if (slot !== 0) this.#keys.tell(name)
    return slot
  }

  #text(start: number, end: number): string {
    return this.#memory.bytes.toString('utf8', start, end)
  }

  #put(text: string, to: number, room: number): number {
    return text.length * 3 > room ? NO_ROOM : this.#memory.bytes.write(text, to, 'utf8')
  }
}

function joinBytes(pieces: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const [only] = pieces
  if (only !== undefined && pieces.length === 1) return only
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let end = 0
  for (const piece of pieces) {
    whole.set(piece, end)
    end += piece.length
  }
  return whole
}
