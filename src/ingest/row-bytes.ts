/** Reduced states as bytes on their way from a lane's thread: handing over a buffer costs nothing, handing over texts does. */

import type { Entry } from '../record/entry.ts'
import type { StateRow } from '../store/store.ts'
import { grown } from './grown.ts'
import type { StateBytes } from './state-reducer.ts'

/*
 * A row: the lengths of its three texts (four bytes each, little-endian), the person (16 bytes), then OUID, user id and
 * state in UTF-8.
 */
const PERSON = 12
const TEXTS = PERSON + 16

/** Packs rows one after the other into a buffer that grows. */
export class RowPacker {
  #buffer: Buffer = Buffer.allocUnsafe(1024 * 1024)
  #length = 0

  /** The row of the record an entry is of, with its state. */
  add(entry: Entry, state: StateBytes): void {
    const [ouidStart, ouidEnd] = entry.ouid
    const [userIdStart, userIdEnd] = entry.userId
    const start = this.#length
    this.#need(TEXTS + (ouidEnd - ouidStart) + (userIdEnd - userIdStart) + state.length)
    this.#buffer.writeUInt32LE(ouidEnd - ouidStart, start)
    this.#buffer.writeUInt32LE(userIdEnd - userIdStart, start + 4)
    this.#buffer.writeUInt32LE(state.length, start + 8)
    this.#length += PERSON
    this.#copy(entry.bytes, entry.personAt, entry.personAt + 16)
    this.#copy(entry.bytes, ouidStart, ouidEnd)
    this.#copy(entry.bytes, userIdStart, userIdEnd)
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
    const ouidAt = at + TEXTS
    const userIdAt = ouidAt + bytes.readUInt32LE(at)
    const stateAt = userIdAt + bytes.readUInt32LE(at + 4)
    const end = stateAt + bytes.readUInt32LE(at + 8)
    yield {
      person: bytes.toString('hex', at + PERSON, ouidAt),
      ouid: bytes.toString('utf8', ouidAt, userIdAt),
      userId: bytes.toString('utf8', userIdAt, stateAt),
      state: bytes.toString('utf8', stateAt, end),
    }
    at = end
  }
}
