/** Reduces the lines of one Didomi user to the text of one state (semantics §3). */

import { join, newestSets, stateOf, stateText } from '../consent/state.ts'
import { attributeJsonAt, setTextAt } from '../record/byte-value.ts'
import type { Entry } from '../record/entry.ts'
import { DraftNames } from './draft-names.ts'
import { KeysTold } from './keys-told.ts'
import { openReduceModule, type ReduceModule } from './reduce-module.ts'

/** A state's text: the first `length` bytes. */
export interface StateBytes {
  readonly bytes: Buffer
  readonly length: number
}

const NOTHING = -1
const NO_ROOM = -2
/** Sets of one key that are asked after at once. */
const MOST_SETS = 31

/**
 * The usual lines are reduced in WebAssembly; what it leaves – a line that was parsed, a text that finds no room – is
 * joined state by state. Both ways come to the same text.
 */
export class StateReducer {
  static #ofThread: StateReducer | undefined

  readonly #module: ReduceModule
  readonly #names: DraftNames
  #keys = new KeysTold()
  /** All of the module's memory, and from its state on. */
  readonly #bytes: Buffer
  readonly #state: Buffer
  readonly #view: DataView

  private constructor() {
    this.#module = openReduceModule({
      askSlot: (table, number) => this.#slot(table, number),
      tellValue: (slot, start, end) => this.#keys.tellSet(this.#names.nameOf(slot), this.#text(start, end)),
      askSet: (start, end, to, room) => this.#put(setTextAt(this.#bytes, start, end), to, room),
      askAttribute: (start, end, to, room) => {
        const json = attributeJsonAt(this.#bytes, start, end)
        return json === undefined ? NOTHING : this.#put(json, to, room)
      },
      askNumber: (value, to) => this.#bytes.write(JSON.stringify(value), to, 'latin1'),
      askReachable: (list) => this.#reachable(list),
    })
    const { memory, STATE } = this.#module
    this.#bytes = Buffer.from(memory.buffer)
    this.#state = Buffer.from(memory.buffer, STATE.value)
    this.#view = new DataView(memory.buffer)
    this.#names = new DraftNames(this.#module)
  }

  /** The one of this thread: a memory is dear to make. */
  static ofThread(): StateReducer {
    StateReducer.#ofThread ??= new StateReducer()
    return StateReducer.#ofThread
  }

  /** Where states are made, but for those that are joined. */
  get memory(): ArrayBuffer {
    return this.#module.memory.buffer
  }

  /** Lets go of the tables of names met so far. */
  forget(): void {
    this.#names.forget()
  }

  /**
   * The state's bytes hold until the next one is made.
   *
   * @param lines of one Didomi user, newest first: what an older line says again is then passed over at a glance
   * @param keys is told which keys the state makes known
   */
  reduce(lines: readonly Entry[], keys: KeysTold): StateBytes {
    if (keys !== this.#keys) {
      // What was told to others is not told to them.
      this.#keys = keys
      this.forget()
    }
    this.#names.begin()
    this.#module.begin()
    for (const line of lines) if (!this.#take(line)) return this.#joined(lines)
    const length = this.#module.write(this.#names.rank() ? 1 : 0)
    return length < 0 ? this.#joined(lines) : { bytes: this.#state, length }
  }

  #take(entry: Entry): boolean {
    const { compact, names } = entry
    const table = this.#names.table(names)
    if (compact === undefined || table === 0) return false
    const { start, end } = compact
    const place = this.#module.roomFor(end - start)
    if (place === 0) return false
    entry.bytes.copy(this.#bytes, place, start, end)
    return this.#module.take(table, end - start, entry.asOf, entry.version) !== 0
  }

  #joined(lines: readonly Entry[]): StateBytes {
    const records = lines.map(({ record }) => record)
    for (const { statements, events } of records) {
      for (const [key, choice] of [...statements, ...events.flatMap((event) => event.statements)]) {
        this.#keys.tell(key)
        if (typeof choice !== 'boolean') this.#keys.tellSet(key, choice.join(','))
      }
    }
    const bytes = Buffer.from(stateText(records.map(stateOf).reduce(join)))
    return { bytes, length: bytes.length }
  }

  #slot(table: number, number: number): number {
    const { slot, name } = this.#names.slot(table, number)
    if (slot !== 0) this.#keys.tell(name)
    return slot
  }

  /** The sets of one key that a state keeps, as bits. A set is its range, its mark and the next, a mark its two numbers and its id. */
  #reachable(list: number): number {
    const word = (at: number) => this.#view.getInt32(at, true)
    const marks = new Map<string, readonly (number | string)[]>()
    for (let set = list; set !== 0; set = word(set + 12)) {
      const mark = word(set + 8)
      const numbers = [this.#view.getFloat64(mark, true), this.#view.getFloat64(mark + 8, true)]
      const idStart = word(mark + 16)
      const id = idStart === 0 ? [] : [this.#text(idStart, word(mark + 20))]
      marks.set(this.#text(word(set), word(set + 4)), [...numbers, ...id])
    }
    if (marks.size > MOST_SETS) return NOTHING
    const kept = newestSets(marks)
    return [...marks.keys()].reduce((bits, set, index) => (kept.has(set) ? bits | (1 << index) : bits), 0)
  }

  #text(start: number, end: number): string {
    return this.#bytes.toString('utf8', start, end)
  }

  #put(text: string, to: number, room: number): number {
    return text.length * 3 > room ? NO_ROOM : this.#bytes.write(text, to, 'utf8')
  }
}
