/** Reduces one bucket: the entries of each Didomi user become one state (semantics §3). */

import { byCodeUnit, choiceText, parseSet } from '../consent/choice.ts'
import { type KeyText, keyText, parseKey } from '../consent/key.ts'
import { canonicalJson } from '../consent/state.ts'
import { type DraftMark, type DraftSlot, draftMark, StateDraft } from '../consent/state-draft.ts'
import type { UserRecord } from '../record/record.ts'
import type { StateRow } from '../store/store.ts'
import { EntryReader, type EntryTaker } from './spill-bytes.ts'

/** The entries of one bucket in one spill, and the names its numbers stand for. */
export interface BucketSource {
  readonly bytes: Buffer
  readonly names: readonly string[]
}

export interface ReducedBucket {
  /** One for each Didomi user, in order of person and `user.id`. */
  readonly rows: readonly StateRow[]
  /** Keys that the states make known (semantics §4) and that this reducer has not told before. */
  readonly keys: readonly KeyText[]
}

/** Choices of sets that are remembered as already looked into; beyond it they are looked into again. */
const MOST_SETS = 100_000

/** Where the entries of one record lie. */
interface Places {
  readonly person: string
  readonly ouid: string
  readonly userId: string
  readonly at: { readonly source: number; readonly place: number }[]
}

/** Reduces bucket after bucket; what it learns of names it keeps. */
export class BucketReducer {
  readonly #draft = new StateDraft()
  readonly #taker = new DraftTaker(this.#draft)
  readonly #told = new Set<KeyText>()
  readonly #setsSeen = new Set<string>()

  /** @param damaged numbers of parts that do not count */
  reduce(sources: readonly BucketSource[], damaged: ReadonlySet<number>): ReducedBucket {
    const readers = sources.map(({ bytes }) => new EntryReader(bytes))
    const keys: KeyText[] = []
    const rows = gather(readers, damaged).map(({ person, ouid, userId, at }): StateRow => {
      if (this.#draft.begin()) this.#taker.forget()
      for (const { source, place } of at) {
        this.#taker.names = sources[source]?.names ?? []
        readers[source]?.take(place, this.#taker)
      }
      for (const { key, sets } of this.#draft.stated()) this.#tell(key, sets, keys)
      return { person, ouid, userId, state: this.#draft.text() }
    })
    return { rows, keys }
  }

  #tell(key: KeyText, sets: Iterable<string>, keys: KeyText[]): void {
    if (!this.#told.has(key)) {
      const parsed = parseKey(key)
      this.#add(key, keys)
      if (parsed !== undefined && 'purpose' in parsed) {
        this.#add(keyText({ kind: 'purpose', purpose: parsed.purpose }), keys)
      }
    }
    for (const choice of sets) {
      const seen = `${key} ${choice}`
      if (this.#setsSeen.has(seen)) continue
      if (this.#setsSeen.size > MOST_SETS) this.#setsSeen.clear()
      this.#setsSeen.add(seen)
      const parsed = parseKey(key)
      if (parsed?.kind !== 'set') continue
      for (const value of parseSet(choice)) this.#add(keyText({ ...parsed, kind: 'value', value }), keys)
    }
  }

  #add(key: KeyText, keys: KeyText[]): void {
    if (this.#told.has(key)) return
    this.#told.add(key)
    keys.push(key)
  }
}

function gather(readers: readonly EntryReader[], damaged: ReadonlySet<number>): Places[] {
  const byRecord = new Map<string, Places>()
  for (const [source, reader] of readers.entries()) {
    for (const place of reader.places()) {
      const { part, person, ouid, userId } = reader.head(place)
      if (damaged.has(part)) continue
      const record = person + userId
      const known = byRecord.get(record)
      if (known === undefined) byRecord.set(record, { person, ouid, userId, at: [{ source, place }] })
      else known.at.push({ source, place })
    }
  }
  return [...byRecord].sort(([a], [b]) => byCodeUnit(a, b)).map(([, places]) => places)
}

/** Puts what entries hold into the draft. */
class DraftTaker implements EntryTaker {
  readonly #draft: StateDraft
  /** Slots by number, for the names they were found for. */
  readonly #slots = new Map<readonly string[], (DraftSlot | undefined)[]>()
  #names: readonly string[] = []
  #own: (DraftSlot | undefined)[] = []
  #asOf = 0
  #version = 0
  #stamp: DraftMark = draftMark()
  #mark: DraftMark = draftMark()

  constructor(draft: StateDraft) {
    this.#draft = draft
  }

  set names(names: readonly string[]) {
    if (names === this.#names) return
    this.#names = names
    this.#own = this.#slots.get(names) ?? []
    this.#slots.set(names, this.#own)
  }

  /** Slots found so far are void. */
  forget(): void {
    this.#slots.clear()
    this.#names = []
    this.#own = []
  }

  line(asOf: number, version: number): void {
    this.#asOf = asOf
    this.#version = version
    this.#stamp = draftMark(asOf, version)
  }

  said(name: number, choice: string): void {
    this.#draft.said(this.#slot(name), choice, this.#stamp)
  }

  attribute(name: number, json: string): void {
    this.#draft.attribute(this.#slot(name), draftMark(this.#asOf, this.#version, json))
  }

  event(hi: number, lo: number, id: string): void {
    this.#mark = draftMark(hi, lo, id)
  }

  happened(name: number, choice: string): void {
    this.#draft.happened(this.#slot(name), choice, this.#mark)
  }

  plain({ asOf, version, statements, events, attributes }: UserRecord): void {
    const draft = this.#draft
    const stamp = draftMark(asOf, version)
    for (const [key, choice] of statements) draft.said(draft.slot(key), choiceText(choice), stamp)
    for (const { hi, lo, id, statements: stated } of events) {
      const mark = draftMark(hi, lo, id)
      for (const [key, choice] of stated) draft.happened(draft.slot(key), choiceText(choice), mark)
    }
    for (const [name, value] of attributes) {
      draft.attribute(draft.slot(name), draftMark(asOf, version, canonicalJson(value)))
    }
  }

  #slot(name: number): DraftSlot {
    const known = this.#own[name]
    if (known !== undefined) return known
    const found = this.#draft.slot(this.#names[name] ?? '')
    this.#own[name] = found
    return found
  }
}
