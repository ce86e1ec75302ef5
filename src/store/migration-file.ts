/** The port to a migration's own file: what was spoken by address, what is applied, and what rows were before. */

import type { Channel } from '../projection/contact-point.ts'
import type { JsonValue } from '../record/record.ts'
import type { LedgerEntry, Place } from './store.ts'

/** An address, in the order in which addresses are worked on. */
export interface AddressKey {
  readonly channel: Channel
  readonly address: string
}

/** What one contact or CSV row says at one of its addresses; `said` is text of the caller's own making. */
export interface Spoken extends AddressKey {
  readonly speaker: string
  readonly said: string
}

/** An address whose slots are all settled: `digest` names what was settled, so that other statements are done anew. */
export interface AppliedAddress extends AddressKey {
  readonly digest: string
  readonly slots: number
}

/** The columns of a consent row that we write, as text, number or null. */
export type BusinessColumns = Readonly<Record<string, JsonValue>>

/** What a row was before we wrote it, and what we wrote. */
export interface BeforeImage {
  readonly rowId: string
  readonly place: Place
  readonly kind: 'created' | 'updated'
  /** Of an updated row, with its `createdon` and `modifiedon`; null for a created one. */
  readonly before: BusinessColumns | null
  readonly wrote: BusinessColumns
  /** The ledger's entry of the place before; null where there was none. */
  readonly ledger: LedgerEntry | null
}

/** Every method is one transaction. Holds personal data: readable by its owner alone. */
export interface MigrationFile {
  /** Forgets what was spoken: it is read anew by each run. */
  beginReading(): Promise<void>
  /** Adds or replaces what speakers say, in any order. */
  addSpoken(spoken: readonly Spoken[]): Promise<void>
  /** Whole addresses after this one, in order, until there are `limit` speakers or more; none at the end. */
  spokenAfter(after: AddressKey | undefined, limit: number): Promise<Spoken[]>
  applied(addresses: readonly AddressKey[]): Promise<AppliedAddress[]>
  noteApplied(addresses: readonly AppliedAddress[]): Promise<void>
  forgetApplied(): Promise<void>
  images(rowIds: readonly string[]): Promise<Map<string, BeforeImage>>
  /** Durable once it answers. */
  putImages(images: readonly BeforeImage[]): Promise<void>
  /** In order of row id. */
  imagesAfter(rowId: string | undefined, limit: number): Promise<BeforeImage[]>
  dropImages(rowIds: readonly string[]): Promise<void>
  countImages(): Promise<number>
  /**
   * Removes everything that tells of these addresses, to the last byte; answers how many images that were. Their rows
   * have no way back any more.
   */
  erase(addresses: readonly AddressKey[]): Promise<number>
  close(): Promise<void>
  /** Closes and deletes it. */
  remove(): Promise<void>
}
