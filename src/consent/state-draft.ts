/** A state in the making: what `stateText` of all the records' joined states is, without a state for each of them. */

import { byCodeUnit, type ChoiceText } from './choice.ts'
import { clearSlot, type DraftMark, type DraftSlot, isNewer, keepGreatest, newSlot } from './draft-slot.ts'
import { DraftText } from './draft-text.ts'
import type { KeyText } from './key.ts'
import type { TextBytes } from './text-bytes.ts'

/** Names come from outside: beyond so many slots they are made anew. */
const MOST_SLOTS = 100_000
/** Putting so many names in order again for each new one is still quick. */
const MOST_RANKED = 1_000

/**
 * Gathers records of one Didomi user after the other. Begin with `begin`, then say everything in any order and as often
 * as you like (newest first is quickest), then `text`. Slots are kept from state to state, so that a common name costs
 * nothing to find again.
 */
export class StateDraft {
  readonly #slots = new Map<string, DraftSlot>()
  #ranked = false
  #draft = 0
  readonly #keys: DraftSlot[] = []
  readonly #attributes: DraftSlot[] = []
  readonly #out = new DraftText()

  /** Begins the next state; true where all slots found so far are void. */
  begin(): boolean {
    this.#draft += 1
    this.#keys.length = 0
    this.#attributes.length = 0
    if (this.#slots.size <= MOST_SLOTS) return false
    this.#slots.clear()
    return true
  }

  /** The slot of a name. It holds until `begin` says otherwise. */
  slot(name: KeyText): DraftSlot {
    const known = this.#slots.get(name)
    if (known !== undefined) return known
    const made = newSlot(name)
    this.#slots.set(name, made)
    this.#ranked = false
    return made
  }

  /** A line stated a choice of this key, as `choiceText` or, for one that is no set, as a boolean. */
  said(slot: DraftSlot, choice: boolean | ChoiceText, stamp: DraftMark): void {
    if (slot.draft !== this.#draft) this.#use(slot, this.#keys)
    keepGreatest(slot.said, choice, stamp)
  }

  /** An event stated a choice of this key. */
  happened(slot: DraftSlot, choice: boolean | ChoiceText, mark: DraftMark): void {
    if (slot.draft !== this.#draft) this.#use(slot, this.#keys)
    keepGreatest(slot.events, choice, mark)
  }

  /** A line gave this attribute a value, as canonical JSON. */
  attribute(slot: DraftSlot, json: string, stamp: DraftMark): void {
    if (slot.draft !== this.#draft) this.#use(slot, this.#attributes)
    const { newest, other } = slot
    if (newest === undefined || newest.json === json) {
      if (newest === undefined || stamp.isAfter(newest.stamp)) slot.newest = { json, stamp }
    } else if (isNewer(stamp, json, newest)) {
      slot.newest = { json, stamp }
      slot.other = newest
    } else if (other === undefined || isNewer(stamp, json, other)) {
      slot.other = { json, stamp }
    }
  }

  /** The state's text: the same as `stateText` of the joined states. */
  text(): string {
    const { bytes, length } = this.write()
    return bytes.toString('utf8', 0, length)
  }

  /** The state's text as bytes, the first `length` of them; they hold until the next text is written. */
  write(): TextBytes {
    return this.#out.write(this.#ordered(this.#attributes), this.#ordered(this.#keys))
  }

  /** By name; by rank where names are few, since comparing numbers costs less. */
  #ordered(slots: DraftSlot[]): DraftSlot[] {
    if (this.#slots.size > MOST_RANKED) return slots.sort((a, b) => byCodeUnit(a.name, b.name))
    if (!this.#ranked) {
      const all = [...this.#slots.values()].sort((a, b) => byCodeUnit(a.name, b.name))
      for (const [rank, slot] of all.entries()) slot.rank = rank
      this.#ranked = true
    }
    return slots.sort((a, b) => a.rank - b.rank)
  }

  #use(slot: DraftSlot, used: DraftSlot[]): void {
    slot.draft = this.#draft
    clearSlot(slot)
    used.push(slot)
  }
}
