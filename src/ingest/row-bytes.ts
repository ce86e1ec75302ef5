/** Reduced states as bytes on their way from a lane's thread: handing over a buffer costs nothing, handing over texts does. */

import { type Entry, identityAt } from '../record/entry.ts'
import type { StateRow } from '../store/store.ts'
import { grown } from './grown.ts'
import type { StateBytes } from './state-reducer.ts'

/*
 * A row: the length of its state (four bytes, little-endian), what the entry has from its person to its content, and the
 * state in UTF-8.
 */
const IDENTITY = 4

/** Packs rows one after the other into a buffer that grows. */
export class RowPacker {
  #buffer: Buffer = Buffer.allocUnsafe(1024 * 1024)
  #length = 0

  /** The row of the record an entry is of, with its state. */
  add(entry: Entry, state: StateBytes): void {
    const [start, end] = entry.identity
    this.#need(IDENTITY + (end - start) + state.length)
    this.#buffer.writeUInt32LE(state.length, this.#length)
    this.#length += IDENTITY
    this.#copy(entry.bytes, start, end)
    this.#copy(state.bytes, 0, state.length)
  }

  /** The rows so far; the packer begins anew. The bytes have a buffer of their own, which may be transferred. */
  take(): Uint8Array<ArrayBuffer> {
    const packed = new Uint8Array(this.#length)
    packed.set(this.#buffer.subarray(0, this.#length))
    this.#length = 0
    return packed
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    bytes.copy(this.#buffer, this.#length, start, end)
    this.#length += end - start
  }

  #need(bytes: number): void {
    this.#buffer = grown(this.#buffer, this.#length, bytes)
  }
}

/** The rows in packed bytes. */
export function* unpackRows(packed: Uint8Array): Iterable<StateRow> {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
  for (let at = 0; at < bytes.length; ) {
    const { person, ouid, userId, end } = identityAt(bytes, at + IDENTITY)
    const next = end + bytes.readUInt32LE(at)
    yield { person, ouid, userId, state: bytes.toString('utf8', end, next) }
    at = next
  }
}
