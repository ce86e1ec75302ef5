/** Writes what a state in the making holds, as `stateText` would. */

import { byCodeUnit } from './choice.ts'
import type { DraftMark, DraftSet, DraftSlot, DraftValue } from './draft-slot.ts'
import { CLOSE_ARRAY, CLOSE_OBJECT, COLON, COMMA, OPEN_ARRAY, OPEN_OBJECT } from './json-byte.ts'
import { newestSets } from './state.ts'
import { TextBytes } from './text-bytes.ts'

const ATTRIBUTES = Buffer.from('{"attributes":{')
const EVENTS = Buffer.from('},"events":{')
const SAID = Buffer.from('},"said":{')
const END = Buffer.from('}}')
const REFUSED = Buffer.from('{"false":')
const AGREED = Buffer.from('{"true":')
const ALSO_AGREED = Buffer.from(',"true":')

/** Writes one text after the other into bytes of its own. */
export class DraftText {
  readonly #out = new TextBytes()
  #writing = 0

  /** The text of slots in order of their names; it holds until the next one is written. */
  write(attributes: readonly DraftSlot[], keys: readonly DraftSlot[]): TextBytes {
    const out = this.#out
    out.length = 0
    this.#writing += 1
    out.copy(ATTRIBUTES)
    let first = true
    for (const { member, newest, other } of attributes) {
      if (newest === undefined) continue
      if (!first) out.byte(COMMA)
      first = false
      out.copy(member)
      out.byte(OPEN_ARRAY)
      this.#value(newest)
      if (other !== undefined) {
        out.byte(COMMA)
        this.#value(other)
      }
      out.byte(CLOSE_ARRAY)
    }
    out.copy(EVENTS)
    this.#marks(keys, 'events')
    out.copy(SAID)
    this.#marks(keys, 'said')
    out.copy(END)
    return out
  }

  /** `[asOf, version, value]`, the value as a text. */
  #value({ json, stamp }: DraftValue): void {
    this.#openMark(stamp)
    this.#out.byte(COMMA)
    this.#out.quoted(json)
    this.#out.byte(CLOSE_ARRAY)
  }

  #marks(slots: readonly DraftSlot[], which: 'said' | 'events'): void {
    const out = this.#out
    let first = true
    for (const slot of slots) {
      const { yes, no, sets } = slot[which]
      if (yes === undefined && no === undefined && sets.length === 0) continue
      if (!first) out.byte(COMMA)
      first = false
      out.copy(slot.member)
      if (slot.isSet) {
        this.#sets(sets)
        continue
      }
      if (no !== undefined) {
        out.copy(REFUSED)
        this.#mark(no)
      }
      if (yes !== undefined) {
        out.copy(no === undefined ? AGREED : ALSO_AGREED)
        this.#mark(yes)
      }
      out.byte(CLOSE_OBJECT)
    }
  }

  #sets(sets: readonly DraftSet[]): void {
    const out = this.#out
    const kept = sets.length > 1 ? reachable(sets) : sets
    let before = OPEN_OBJECT
    for (const { choice, mark } of kept) {
      out.byte(before)
      before = COMMA
      out.quoted(choice)
      out.byte(COLON)
      this.#mark(mark)
    }
    out.byte(CLOSE_OBJECT)
  }

  #mark(mark: DraftMark): void {
    this.#openMark(mark)
    this.#out.byte(CLOSE_ARRAY)
  }

  /** The mark but for its closing bracket. */
  #openMark(mark: DraftMark): void {
    const out = this.#out
    if (mark.writtenIn === this.#writing) {
      out.again(mark.start, mark.end)
      return
    }
    mark.writtenIn = this.#writing
    mark.start = out.length
    out.byte(OPEN_ARRAY)
    out.number(mark.first)
    out.byte(COMMA)
    out.number(mark.second)
    if (mark.id !== undefined) {
      out.byte(COMMA)
      out.quoted(mark.id)
    }
    mark.end = out.length
  }
}

/** What a state keeps of several sets, in order. */
function reachable(sets: readonly DraftSet[]): DraftSet[] {
  // Of two different sets each holds or lacks an id that the other does not.
  if (sets.length === 2) return inOrder(sets)
  const kept = newestSets(new Map(sets.map(({ choice, mark }) => [choice, mark.mark])))
  return inOrder(sets.filter(({ choice }) => kept.has(choice)))
}

const inOrder = (sets: readonly DraftSet[]): DraftSet[] => [...sets].sort((a, b) => byCodeUnit(a.choice, b.choice))
