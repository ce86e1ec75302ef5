/** Reduced states as bytes on their way from a lane's thread: handing over a buffer costs nothing, handing over texts does. */

import { type Entry, identityAt, ouidAt } from '../record/entry.ts'
import { ALIGNMENT } from '../record/entry-layout.ts'
import { aligned } from '../record/word-memory.ts'
import type { StateRow } from '../store/store.ts'

/*
 * A row: the length of its state (four bytes, little-endian), what the entry has from its person to its content, and the
 * state in UTF-8. Each of the three is aligned.
 */
const IDENTITY = ALIGNMENT

/** The row of the record an entry is of, with its state, as `assembly/reduce.ts` packs others. */
export function packRow(entry: Entry, state: string): Uint8Array<ArrayBuffer> {
  const { start, end } = entry.identity
  const stateAt = IDENTITY + aligned(end - start)
  const length = Buffer.byteLength(state)
  const row = Buffer.from(new ArrayBuffer(aligned(stateAt + length)))
  row.writeUInt32LE(length)
  entry.bytes.copy(row, IDENTITY, start, end)
  row.write(state, stateAt, 'utf8')
  return row
}

/** The rows in packed bytes. */
export function* unpackRows(packed: Uint8Array): Iterable<StateRow> {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
  for (let at = 0; at < bytes.length; ) {
    const row = new PackedRow(bytes, at)
    yield row
    at = aligned(row.end)
  }
}

/** One row; a text that nobody asks for is never made, since texts cost more than carrying their bytes. */
class PackedRow implements StateRow {
  readonly person: string
  readonly userId: string
  readonly #bytes: Buffer
  readonly #at: number
  readonly #stateAt: number
  #state: string | undefined

  constructor(bytes: Buffer, at: number) {
    const { person, userId, end } = identityAt(bytes, at + IDENTITY)
    this.person = person
    this.userId = userId
    this.#bytes = bytes
    this.#at = at
    this.#stateAt = aligned(end)
  }

  get ouid(): string {
    return ouidAt(this.#bytes, this.#at + IDENTITY)
  }

  get state(): string {
    this.#state ??= this.#bytes.toString('utf8', this.#stateAt, this.end)
    return this.#state
  }

  /** Where the row ends. */
  get end(): number {
    return this.#stateAt + this.#bytes.readUInt32LE(this.#at)
  }
}
