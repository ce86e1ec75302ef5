/** What a state in the making holds for one name. */

import type { ChoiceText } from './choice.ts'
import type { Mark } from './state.ts'

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
export interface DraftValue {
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

/** A slot that nothing has been said to. */
export function newSlot(name: string): DraftSlot {
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

/** Forgets what a slot has gathered. */
export function clearSlot(slot: DraftSlot): void {
  clear(slot.said)
  clear(slot.events)
  slot.newest = undefined
  slot.other = undefined
}

function clear(marks: DraftMarks): void {
  marks.yes = undefined
  marks.no = undefined
  if (marks.sets.length > 0) marks.sets.length = 0
}

/** Keeps a mark of a choice where it is the greatest. */
export function keepGreatest(marks: DraftMarks, choice: boolean | ChoiceText, mark: DraftMark): void {
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
export function isNewer(stamp: DraftMark, json: string, than: DraftValue): boolean {
  return stamp.isAfter(than.stamp) || (!than.stamp.isAfter(stamp) && json > than.json)
}
