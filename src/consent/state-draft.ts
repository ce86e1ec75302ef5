/** A state in the making: what `stateText` of all the records' joined states is, without a state for each of them. */

import { byCodeUnit, type ChoiceText } from './choice.ts'
import type { KeyText } from './key.ts'
import { type Mark, newestSets } from './state.ts'
import { TextBytes } from './text-bytes.ts'

/** A stamp or an event mark. */
export class DraftMark {
  /** `asOf` or `hi`. */
  readonly first: number
  /** `version` or `lo`. */
  readonly second: number
  /** The id of an event; `undefined` for a stamp. */
  readonly id: string | undefined
  /** Where it stands in the text being written: most marks are written many times, or never. */
  writtenIn = 0
  start = 0
  end = 0

  constructor(first: number, second: number, id?: string) {
    this.first = first
    this.second = second
    this.id = id
  }

  get mark(): Mark {
    return this.id === undefined ? [this.first, this.second] : [this.first, this.second, this.id]
  }

  /** In the order of `compareMarks`. */
  isAfter(other: DraftMark): boolean {
    if (this.first !== other.first) return this.first > other.first
    if (this.second !== other.second) return this.second > other.second
    return this.id !== undefined && other.id !== undefined && this.id > other.id
  }
}

/** One set that was stated, with the greatest mark that stated it. */
export interface DraftSet {
  readonly choice: ChoiceText
  mark: DraftMark
}

/** The greatest mark by choice: two places for the booleans, a short list for sets. */
interface DraftMarks {
  yes: DraftMark | undefined
  no: DraftMark | undefined
  readonly sets: DraftSet[]
}

/** A value of an attribute as canonical JSON, with the greatest stamp that gave it. */
interface DraftValue {
  readonly json: string
  readonly stamp: DraftMark
}

/** What one name – a key or an attribute – has gathered for the state at hand. */
export interface DraftSlot {
  readonly name: string
  /** The name as a JSON member, with its colon. */
  readonly member: Buffer
  readonly isSet: boolean
  /** Its place among all names, once they have been put in order. */
  rank: number
  /** The draft it was last used in. */
  draft: number
  readonly said: DraftMarks
  readonly events: DraftMarks
  /** Of an attribute: its two newest values. */
  newest: DraftValue | undefined
  other: DraftValue | undefined
}

const ATTRIBUTES = Buffer.from('{"attributes":{')
const EVENTS = Buffer.from('},"events":{')
const SAID = Buffer.from('},"said":{')
const END = Buffer.from('}}')
const REFUSED = Buffer.from('{"false":')
const AGREED = Buffer.from('{"true":')
const ALSO_AGREED = Buffer.from(',"true":')
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const COMMA = 0x2c
const COLON = 0x3a

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
  readonly #out = new TextBytes()
  #writing = 0

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
    const out = this.#out
    out.length = 0
    this.#writing += 1
    out.copy(ATTRIBUTES)
    let first = true
    for (const { member, newest, other } of this.#ordered(this.#attributes)) {
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
    const keys = this.#ordered(this.#keys)
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
    clear(slot.said)
    clear(slot.events)
    slot.newest = undefined
    slot.other = undefined
    used.push(slot)
  }
}

function newSlot(name: string): DraftSlot {
  const marks = (): DraftMarks => ({ yes: undefined, no: undefined, sets: [] })
  return {
    name,
    member: Buffer.from(`${JSON.stringify(name)}:`),
    isSet: name.startsWith('set/'),
    rank: 0,
    draft: 0,
    said: marks(),
    events: marks(),
    newest: undefined,
    other: undefined,
  }
}

function clear(marks: DraftMarks): void {
  marks.yes = undefined
  marks.no = undefined
  if (marks.sets.length > 0) marks.sets.length = 0
}

function keepGreatest(marks: DraftMarks, choice: boolean | ChoiceText, mark: DraftMark): void {
  if (choice === true) {
    if (marks.yes === undefined || mark.isAfter(marks.yes)) marks.yes = mark
  } else if (choice === false) {
    if (marks.no === undefined || mark.isAfter(marks.no)) marks.no = mark
  } else {
    const known = marks.sets.find((set) => set.choice === choice)
    if (known === undefined) marks.sets.push({ choice, mark })
    else if (mark.isAfter(known.mark)) known.mark = mark
  }
}

/** In the order of `compareMarks` on attribute marks, where the value decides last. */
function isNewer(stamp: DraftMark, json: string, than: DraftValue): boolean {
  return stamp.isAfter(than.stamp) || (!than.stamp.isAfter(stamp) && json > than.json)
}

/** What a state keeps of several sets, in order. */
function reachable(sets: readonly DraftSet[]): DraftSet[] {
  // Of two different sets each holds or lacks an id that the other does not.
  if (sets.length === 2) return inOrder(sets)
  const kept = newestSets(new Map(sets.map(({ choice, mark }) => [choice, mark.mark])))
  return inOrder(sets.filter(({ choice }) => kept.has(choice)))
}

const inOrder = (sets: readonly DraftSet[]): DraftSet[] => [...sets].sort((a, b) => byCodeUnit(a.choice, b.choice))
