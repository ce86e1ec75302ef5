/** Reduces one bucket: the entries of each Didomi user become one state (semantics §3). */

import type { KeyText } from '../consent/key.ts'
import { KeysTold } from './keys-told.ts'
import { RowPacker } from './row-bytes.ts'
import { Entry, entryPlaces } from './spill-bytes.ts'
import { StateReducer, type UserLine } from './state-reducer.ts'

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
type RecordEntries = UserLine[]

/** Reduces bucket after bucket; what it learns of names it keeps. */
export class BucketReducer {
  readonly #keys = new KeysTold()
  readonly #states = StateReducer.ofThread()
  readonly #packer = new RowPacker()

  /** Lets go of the tables of names met so far: those of another group are others, though they say the same. */
  forget(): void {
    this.#states.forget()
  }

  /** @param damaged numbers of parts that do not count */
  reduce(sources: readonly BucketSource[], damaged: ReadonlySet<number>): ReducedBucket {
    for (const entries of recordsOf(sources, damaged)) {
      const [first] = entries
      if (first !== undefined) this.#packer.add(first.entry, this.#states.reduce(entries, this.#keys))
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
