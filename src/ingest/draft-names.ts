/** The names that states are made of, in the reducer's memory: slot by slot, each found by its number in a table of names. */

import { byCodeUnit } from '../consent/choice.ts'
import type { KeyText } from '../consent/key.ts'
import type { NameTable } from '../record/entry.ts'
import type { WordMemory } from '../record/word-memory.ts'
import type { ReduceModule } from './reduce-module.ts'

/** Putting so many names in order again for each new one is still quick. */
const MOST_RANKED = 1_000
const NONE = 0

/** Slots are kept from state to state, so that a common name costs nothing to find again. */
export class DraftNames {
  readonly #module: ReduceModule
  #memory: WordMemory
  readonly #slots = new Map<KeyText, number>()
  readonly #names: KeyText[] = []
  readonly #tables = new Map<NameTable, { readonly at: number; readonly length: number }>()
  readonly #tableAt = new Map<number, NameTable>()
  #namesEnd: number
  #tablesEnd: number
  #ranked = false
  #full = false

  constructor(module: ReduceModule, memory: WordMemory) {
    this.#module = module
    this.#memory = memory
    this.#namesEnd = module.SLOT_NAMES.value
    this.#tablesEnd = module.SLOTS_OF.value
  }

  /** The module's memory has grown. */
  moveTo(memory: WordMemory): void {
    this.#memory = memory
  }

  /** Before each state: where there was no room for a name, all of them are met anew. */
  begin(): void {
    if (this.#full) this.forget()
  }

  /** Lets go of all tables and names. */
  forget(): void {
    const { SLOTS_OF, SLOT_NAMES } = this.#module
    this.#memory.bytes.fill(0, SLOTS_OF.value, this.#tablesEnd)
    this.#slots.clear()
    this.#names.length = 0
    this.#tables.clear()
    this.#tableAt.clear()
    this.#namesEnd = SLOT_NAMES.value
    this.#tablesEnd = SLOTS_OF.value
    this.#ranked = false
    this.#full = false
    // Values were told by slot.
    this.#module.forgetTable()
    this.#module.forgetRanks()
  }

  /** Where the slots of a table's numbers stand; 0 where there is no room for them. */
  table(names: NameTable): number {
    const known = this.#tables.get(names)
    // One that grew since has numbers for which there is no room.
    if (known?.length === names.length) return known.at
    const { SLOTS_OF, SLOTS_OF_BYTES } = this.#module
    const at = this.#tablesEnd
    if (at + names.length * 4 > SLOTS_OF.value + SLOTS_OF_BYTES.value) {
      this.#full = true
      return NONE
    }
    this.#tablesEnd += names.length * 4
    this.#tables.set(names, { at, length: names.length })
    this.#tableAt.set(at, names)
    return at
  }

  /** The slot of a name of a table, which is met there for the first time; 0 where there is no room for it. */
  slot(table: number, number: number): { readonly slot: number; readonly name: KeyText } {
    const name = this.#tableAt.get(table)?.[number] ?? ''
    const slot = this.#slots.get(name) ?? this.#newSlot(name)
    if (slot !== NONE) this.#memory.words[table / 4 + number] = slot
    return { slot, name }
  }

  nameOf(slot: number): KeyText {
    return this.#names[(slot - this.#module.DRAFT_SLOTS.value) / this.#module.DRAFT_SLOT_BYTES.value] ?? ''
  }

  /** Sees to it that slots are in rank; false where there are too many for it. */
  rank(): boolean {
    if (this.#slots.size > MOST_RANKED) return false
    if (!this.#ranked) {
      const rank = this.#module.RANK.value / 4
      const inOrder = [...this.#slots].sort(([a], [b]) => byCodeUnit(a, b))
      for (const [index, [, slot]] of inOrder.entries()) this.#memory.words[slot / 4 + rank] = index
      this.#ranked = true
    }
    return true
  }

  #newSlot(name: KeyText): number {
    const { DRAFT_SLOTS, DRAFT_SLOT_BYTES, MOST_DRAFT_SLOTS, SLOT_NAMES, SLOT_NAMES_BYTES, ...at } = this.#module
    const member = `${JSON.stringify(name)}:`
    const length = Buffer.byteLength(name) + Buffer.byteLength(member)
    const noRoom = this.#namesEnd + length > SLOT_NAMES.value + SLOT_NAMES_BYTES.value
    if (noRoom || this.#names.length >= MOST_DRAFT_SLOTS.value) {
      this.#full = true
      return NONE
    }
    const slot = DRAFT_SLOTS.value + this.#names.length * DRAFT_SLOT_BYTES.value
    this.#put(slot + at.NAME.value, name)
    this.#put(slot + at.MEMBER.value, member)
    this.#memory.words[(slot + at.IS_SET.value) / 4] = name.startsWith('set/') ? 1 : 0
    this.#slots.set(name, slot)
    this.#names.push(name)
    this.#ranked = false
    return slot
  }

  /** Writes a text, and its range at this place. */
  #put(place: number, text: string): void {
    const length = this.#memory.bytes.write(text, this.#namesEnd, 'utf8')
    this.#memory.words.set([this.#namesEnd, length], place / 4)
    this.#namesEnd += length
  }
}
