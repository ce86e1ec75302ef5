/** A state in the making: what `stateText` of all the records' joined states is, without a state for each of them. */

import { byCodeUnit, type ChoiceText } from './choice.ts'
import type { KeyText } from './key.ts'
import { compareMarks, type Mark, newestSets } from './state.ts'

/** What one name – a key or an attribute – has gathered for the state at hand. */
export interface DraftSlot {
  readonly name: string
  /** The name as a JSON member, with its colon. */
  readonly member: string
  readonly isSet: boolean
  /** The draft it was last used in. */
  draft: number
  readonly said: DraftMarks
  readonly events: DraftMarks
  /** Marks of an attribute: the greatest of its two newest values. */
  newest: DraftMark | undefined
  other: DraftMark | undefined
}

/** The greatest mark by choice: two places for the booleans, a map for sets. */
interface DraftMarks {
  yes: DraftMark | undefined
  no: DraftMark | undefined
  readonly sets: Map<ChoiceText, DraftMark>
}

/** A stamp or an event mark, with its JSON; an attribute's mark has the value's canonical JSON as its last part. */
export interface DraftMark {
  readonly mark: Mark
  readonly json: string
}

/** A mark, written once however many choices it dates. */
export function draftMark(...mark: Mark): DraftMark {
  return { mark, json: `[${mark.map((part) => JSON.stringify(part)).join(',')}]` }
}

/** Names come from outside: beyond so many slots they are made anew. */
const MOST_SLOTS = 100_000

/**
 * Gathers records of one Didomi user after the other. Begin with `begin`, then say everything in any order and as often
 * as you like, then `text`. Slots are kept from state to state, so that a common name costs nothing to find again.
 */
export class StateDraft {
  readonly #slots = new Map<string, DraftSlot>()
  #draft = 0
  #keys: DraftSlot[] = []
  #attributes: DraftSlot[] = []

  /** Begins the next state; true where all slots found so far are void. */
  begin(): boolean {
    this.#draft += 1
    this.#keys = []
    this.#attributes = []
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
    return made
  }

  /** A line stated a choice of this key. */
  said(slot: DraftSlot, choice: ChoiceText, stamp: DraftMark): void {
    this.#use(slot, this.#keys)
    keepGreatest(slot, slot.said, choice, stamp)
  }

  /** An event stated a choice of this key. */
  happened(slot: DraftSlot, choice: ChoiceText, mark: DraftMark): void {
    this.#use(slot, this.#keys)
    keepGreatest(slot, slot.events, choice, mark)
  }

  /** A line gave this attribute a value; the mark ends in its canonical JSON. */
  attribute(slot: DraftSlot, mark: DraftMark): void {
    this.#use(slot, this.#attributes)
    const { newest, other } = slot
    const value = mark.mark[2]
    if (newest === undefined || newest.mark[2] === value) {
      if (newest === undefined || compareMarks(newest.mark, mark.mark) < 0) slot.newest = mark
    } else if (compareMarks(newest.mark, mark.mark) < 0) {
      slot.newest = mark
      slot.other = newest
    } else if (other === undefined || compareMarks(other.mark, mark.mark) < 0) {
      slot.other = mark
    }
  }

  /** The keys stated so far; `sets` are the choices of a set key that were stated. */
  *stated(): Iterable<{ readonly key: KeyText; readonly sets: Iterable<ChoiceText> }> {
    for (const { name, isSet, said, events } of this.#keys) {
      yield { key: name, sets: isSet ? [...said.sets.keys(), ...events.sets.keys()] : [] }
    }
  }

  /** The state's text: the same as `stateText` of the joined states. */
  text(): string {
    const attributes = ordered(this.#attributes).map(({ member, newest, other }) =>
      other === undefined ? `${member}[${newest?.json}]` : `${member}[${newest?.json},${other.json}]`,
    )
    const keys = ordered(this.#keys)
    return `{"attributes":{${attributes.join(',')}},"events":${marksText(keys, 'events')},"said":${marksText(keys, 'said')}}`
  }

  #use(slot: DraftSlot, used: DraftSlot[]): void {
    if (slot.draft === this.#draft) return
    slot.draft = this.#draft
    clear(slot.said)
    clear(slot.events)
    slot.newest = undefined
    slot.other = undefined
    used.push(slot)
  }
}

function newSlot(name: string): DraftSlot {
  const marks = (): DraftMarks => ({ yes: undefined, no: undefined, sets: new Map() })
  return {
    name,
    member: `${JSON.stringify(name)}:`,
    isSet: name.startsWith('set/'),
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
  if (marks.sets.size > 0) marks.sets.clear()
}

function keepGreatest({ isSet }: DraftSlot, marks: DraftMarks, choice: ChoiceText, mark: DraftMark): void {
  const known = isSet ? marks.sets.get(choice) : choice === 'true' ? marks.yes : marks.no
  if (known !== undefined && compareMarks(known.mark, mark.mark) >= 0) return
  if (isSet) marks.sets.set(choice, mark)
  else if (choice === 'true') marks.yes = mark
  else marks.no = mark
}

/** By name: lines usually come in one order, so that this is mostly a look. */
function ordered(slots: DraftSlot[]): DraftSlot[] {
  return slots.sort((a, b) => byCodeUnit(a.name, b.name))
}

function marksText(slots: readonly DraftSlot[], which: 'said' | 'events'): string {
  const members: string[] = []
  for (const slot of slots) {
    const { yes, no, sets } = slot[which]
    if (slot.isSet) {
      if (sets.size > 0) members.push(`${slot.member}${setsText(sets)}`)
    } else if (yes !== undefined && no !== undefined) {
      members.push(`${slot.member}{"false":${no.json},"true":${yes.json}}`)
    } else if (yes !== undefined) {
      members.push(`${slot.member}{"true":${yes.json}}`)
    } else if (no !== undefined) {
      members.push(`${slot.member}{"false":${no.json}}`)
    }
  }
  return `{${members.join(',')}}`
}

function setsText(sets: ReadonlyMap<ChoiceText, DraftMark>): string {
  const kept = sets.size === 1 ? sets : reachable(sets)
  const texts = [...kept]
    .sort(([a], [b]) => byCodeUnit(a, b))
    .map(([choice, { json }]) => `${JSON.stringify(choice)}:${json}`)
  return `{${texts.join(',')}}`
}

function reachable(sets: ReadonlyMap<ChoiceText, DraftMark>): ReadonlyMap<ChoiceText, DraftMark> {
  const kept = newestSets(new Map([...sets].map(([choice, { mark }]) => [choice, mark])))
  return new Map([...sets].filter(([choice]) => kept.has(choice)))
}
