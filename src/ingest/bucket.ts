/** Reduces one bucket: the entries of each Didomi user become one state (semantics §3). */

import { type Choice, choiceText } from '../consent/choice.ts'
import { DraftMark, type DraftSlot } from '../consent/draft-slot.ts'
import type { KeyText } from '../consent/key.ts'
import { canonicalJson } from '../consent/state.ts'
import { StateDraft } from '../consent/state-draft.ts'
import { keysOf, valueKeysOf } from '../mapping/known-ids.ts'
import { attributeJsonAt } from '../record/byte-attributes.ts'
import { setTextAt } from '../record/byte-set.ts'
import { type CompactTaker, readCompact } from '../record/compact-bytes.ts'
import type { UserRecord } from '../record/record.ts'
import { RowPacker } from './row-bytes.ts'
import { Entry, entryPlaces } from './spill-bytes.ts'

/** The entries of one bucket in one spill, and the names its numbers stand for. */
export interface BucketSource {
  readonly bytes: Buffer
  readonly names: readonly string[]
}

export interface ReducedBucket {
  /** One for each Didomi user, in order of person and `user.id`; packed (`unpackRows`). */
  readonly rows: Uint8Array<ArrayBuffer>
  /** Keys that the states make known (semantics §4) and that this reducer has not told before. */
  readonly keys: readonly KeyText[]
}

/** The entries of one record, with the names of each. */
type RecordEntries = { readonly entry: Entry; readonly names: readonly string[] }[]

/** Reduces bucket after bucket; what it learns of names it keeps. */
export class BucketReducer {
  readonly #draft = new StateDraft()
  readonly #keys = new KeysTold()
  readonly #taker = new DraftTaker(this.#draft, this.#keys)
  readonly #packer = new RowPacker()

  /** Lets go of the tables of names met so far: those of another group are others, though they say the same. */
  forget(): void {
    this.#taker.forget()
  }

  /** @param damaged numbers of parts that do not count */
  reduce(sources: readonly BucketSource[], damaged: ReadonlySet<number>): ReducedBucket {
    for (const entries of recordsOf(sources, damaged)) {
      if (this.#draft.begin()) this.#taker.forget()
      for (const { entry, names } of entries) this.#taker.take(entry, names)
      const [first] = entries
      if (first !== undefined) this.#packer.add(first.entry, this.#draft.write())
    }
    return { rows: this.#packer.take(), keys: this.#keys.take() }
  }
}

/** The entries by record, in order of person and `user.id`; those of a record newest first. */
function recordsOf(sources: readonly BucketSource[], damaged: ReadonlySet<number>): RecordEntries[] {
  const byPerson = new Map<number, RecordEntries[]>()
  const all: RecordEntries[] = []
  for (const { bytes, names } of sources) {
    for (const place of entryPlaces(bytes)) {
      const entry = new Entry(bytes, place)
      if (damaged.size > 0 && damaged.has(entry.part)) continue
      const ofPerson = byPerson.get(entry.personBits)
      const known = ofPerson?.find(([first]) => first?.entry.isOfRecord(entry))
      if (known !== undefined) {
        insert(known, { entry, names })
        continue
      }
      const begun: RecordEntries = [{ entry, names }]
      all.push(begun)
      if (ofPerson === undefined) byPerson.set(entry.personBits, [begun])
      else ofPerson.push(begun)
    }
  }
  return all.sort(([a], [b]) => (a === undefined || b === undefined ? 0 : a.entry.compare(b.entry)))
}

/** Newest first: what an older line says again is then passed over at a glance. */
function insert(entries: RecordEntries, one: RecordEntries[number]): void {
  const after = entries.findIndex(({ entry }) => entry.asOf < one.entry.asOf)
  entries.splice(after < 0 ? entries.length : after, 0, one)
}

/** Which keys have been told to the caller: each once, with the purpose above it and the values of its sets. */
class KeysTold {
  readonly #told = new Set<KeyText>()
  /** Keys to be told with the bucket at hand. */
  #fresh: KeyText[] = []

  tell(name: KeyText): void {
    if (this.#told.has(name)) return
    for (const key of keysOf(name)) this.#add(key)
  }

  tellSet(name: KeyText, choice: string): void {
    for (const key of valueKeysOf(name, choice)) this.#add(key)
  }

  take(): KeyText[] {
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }

  #add(key: KeyText): void {
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.#fresh.push(key)
  }
}

/** A slot with the JSON last met for it, and the text that stands for it: lines of one user repeat each other. */
interface Met {
  readonly slot: DraftSlot
  bytes: Buffer | undefined
  start: number
  end: number
  text: string | undefined
  /** Sets whose values have been told. */
  readonly told: Set<string>
}

/** Sets of one key that are remembered as told; beyond it they are looked into again. */
const MOST_SETS = 10_000

/** Puts what entries hold into the draft. */
class DraftTaker implements CompactTaker {
  readonly #draft: StateDraft
  readonly #keys: KeysTold
  /** By the table of names: what was met, by number. */
  readonly #met = new Map<readonly string[], (Met | undefined)[]>()
  #names: readonly string[] = []
  #own: (Met | undefined)[] = []
  #bytes: Buffer = Buffer.alloc(0)
  #mark = new DraftMark(0, 0)
  #stamp = this.#mark

  constructor(draft: StateDraft, keys: KeysTold) {
    this.#draft = draft
    this.#keys = keys
  }

  /** Slots found so far are void. */
  forget(): void {
    this.#met.clear()
    this.#names = []
    this.#own = []
  }

  take(entry: Entry, names: readonly string[]): void {
    this.#stamp = new DraftMark(entry.asOf, entry.version)
    const { compact } = entry
    if (compact === undefined) {
      this.#takePlain(entry.plain)
      return
    }
    if (names !== this.#names) {
      this.#names = names
      this.#own = this.#met.get(names) ?? []
      this.#met.set(names, this.#own)
    }
    this.#bytes = entry.bytes
    readCompact(entry.bytes, compact.start, compact.end, this)
  }

  said(name: number, yes: boolean): void {
    this.#draft.said(this.#at(name).slot, yes, this.#stamp)
  }

  saidSet(name: number, start: number, end: number): void {
    const met = this.#at(name)
    this.#draft.said(met.slot, this.#set(met, start, end), this.#stamp)
  }

  attribute(name: number, start: number, end: number): void {
    const met = this.#at(name)
    if (!this.#isLast(met, start, end)) met.text = attributeJsonAt(this.#bytes, start, end)
    if (met.text !== undefined) this.#draft.attribute(met.slot, met.text, this.#stamp)
  }

  event(hi: number, lo: number, idStart: number, idEnd: number): void {
    this.#mark = new DraftMark(hi, lo, this.#bytes.toString('utf8', idStart, idEnd))
  }

  happened(name: number, yes: boolean): void {
    this.#draft.happened(this.#at(name).slot, yes, this.#mark)
  }

  happenedSet(name: number, start: number, end: number): void {
    const met = this.#at(name)
    this.#draft.happened(met.slot, this.#set(met, start, end), this.#mark)
  }

  #takePlain({ statements, events, attributes }: UserRecord): void {
    const draft = this.#draft
    for (const [key, choice] of statements) draft.said(this.#told(key, choice), given(choice), this.#stamp)
    for (const { hi, lo, id, statements: stated } of events) {
      const mark = new DraftMark(hi, lo, id)
      for (const [key, choice] of stated) draft.happened(this.#told(key, choice), given(choice), mark)
    }
    for (const [name, value] of attributes) draft.attribute(draft.slot(name), canonicalJson(value), this.#stamp)
  }

  /** The slot of a key of a plain record, the key made known. */
  #told(key: KeyText, choice: Choice): DraftSlot {
    this.#keys.tell(key)
    if (typeof choice !== 'boolean') this.#keys.tellSet(key, choiceText(choice))
    return this.#draft.slot(key)
  }

  #at(name: number): Met {
    const known = this.#own[name]
    if (known !== undefined) return known
    const slot = this.#draft.slot(this.#names[name] ?? '')
    const met = { slot, bytes: undefined, start: 0, end: 0, text: undefined, told: new Set<string>() }
    this.#keys.tell(slot.name)
    this.#own[name] = met
    return met
  }

  #set(met: Met, start: number, end: number): string {
    if (start === end) return ''
    if (this.#isLast(met, start, end)) return met.text ?? ''
    const text = setTextAt(this.#bytes, start, end)
    met.text = text
    if (!met.told.has(text)) {
      if (met.told.size >= MOST_SETS) met.told.clear()
      met.told.add(text)
      this.#keys.tellSet(met.slot.name, text)
    }
    return text
  }

  /** Is this what was last met for the slot? If not, it is now. */
  #isLast(met: Met, start: number, end: number): boolean {
    if (met.bytes !== undefined && isSame(met.bytes, met.start, met.end, this.#bytes, start, end)) return true
    met.bytes = this.#bytes
    met.start = start
    met.end = end
    return false
  }
}

const given = (choice: Choice): boolean | string => (typeof choice === 'boolean' ? choice : choiceText(choice))

function isSame(a: Buffer, aStart: number, aEnd: number, b: Buffer, bStart: number, bEnd: number): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false
  for (let at = aStart, other = bStart; at < aEnd; at += 1, other += 1) if (a[at] !== b[other]) return false
  return true
}
