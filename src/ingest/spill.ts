/** Hash buckets on disk: large ingests are reduced bucket by bucket, so memory does not grow and joins come in key order. */

import { closeSync, ftruncateSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { CodedError } from '../lib/errors.ts'
import type { EntryBytes } from '../record/entry-writer.ts'

/** Ten bits of the person id: buckets in order are persons in order, and each is small. */
export const BUCKETS = 1_024

/** The bucket of the person whose 16 bytes begin at this place. */
export function bucketAt(bytes: Uint8Array, person: number): number {
  return ((bytes[person] as number) << 2) | ((bytes[person + 1] as number) >> 6)
}

/** Written out at once. A small ingest never fills one and never touches the disk. */
const BLOCK_BYTES = 8 * 1024

/** The blocks of one bucket, offset and length of each in turn: bare numbers, since a large spill has very many. */
type Blocks = number[]

/** What another lane needs to read a spill: its file, the blocks of each bucket, and the names by number. */
export interface SpillIndex {
  readonly path: string
  readonly blocks: ReadonlyArray<readonly number[]>
  readonly names: readonly string[]
}

/**
 * The spill of one lane: one file, to which blocks of one bucket each are appended. Holds personal data while it exists;
 * readable by its owner alone.
 */
export class Spill {
  readonly path: string
  readonly #blockBytes: number
  #blocks = emptyBuckets()
  /** The block being filled, by bucket. */
  readonly #filling: (Buffer | undefined)[] = []
  readonly #filled: number[] = new Array(BUCKETS).fill(0)
  #file: number | undefined
  #end = 0

  /** The file is made when first needed; what a killed run left there is overwritten. */
  constructor(path: string, blockBytes = BLOCK_BYTES) {
    this.path = path
    this.#blockBytes = blockBytes
  }

  /** Takes the entry in this range; the bytes may be used again afterwards. */
  add(bucket: number, { bytes, start, end }: EntryBytes): void {
    const length = end - start
    if (length > this.#blockBytes) {
      this.#append(bucket, bytes.subarray(start, end))
      return
    }
    let at = this.#filled[bucket] ?? 0
    if (at + length > this.#blockBytes) {
      this.#flush(bucket)
      at = 0
    }
    const block = this.#filling[bucket] ?? Buffer.allocUnsafe(this.#blockBytes)
    this.#filling[bucket] = block
    bytes.copy(block, at, start, end)
    this.#filled[bucket] = at + length
  }

  /** Writes out what is still in memory, so that others can read it. */
  seal(names: readonly string[]): SpillIndex {
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) this.#flush(bucket)
    return { path: this.path, blocks: this.#blocks, names }
  }

  /** All entries of a bucket of this spill, those in memory too. */
  read(bucket: number): Buffer {
    const written = this.#file === undefined ? [] : readBlocks(this.#file, this.#blocks[bucket] ?? [])
    const waiting = this.#filling[bucket]?.subarray(0, this.#filled[bucket])
    return Buffer.concat(waiting === undefined ? written : [...written, waiting])
  }

  /** Forgets everything, for the next group of partitions. */
  clear(): void {
    this.#blocks = emptyBuckets()
    this.#filled.fill(0)
    this.#end = 0
    if (this.#file !== undefined) ftruncateSync(this.#file, 0)
  }

  close(): void {
    if (this.#file === undefined) return
    closeSync(this.#file)
    this.#file = undefined
    rmSync(this.path, { force: true })
  }

  #flush(bucket: number): void {
    const filled = this.#filled[bucket] ?? 0
    const block = this.#filling[bucket]
    if (filled === 0 || block === undefined) return
    this.#append(bucket, block.subarray(0, filled))
    this.#filled[bucket] = 0
  }

  #append(bucket: number, bytes: Buffer): void {
    try {
      if (this.#file === undefined) {
        mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 })
        this.#file = openSync(this.path, 'w+', 0o600)
      }
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(this.#file, bytes, written, bytes.length - written, this.#end + written)
      }
    } catch (error) {
      throw unwritable(this.path, error)
    }
    this.#blocks[bucket]?.push(this.#end, bytes.length)
    this.#end += bytes.length
  }
}

/** All entries of a bucket in a sealed spill, which another lane may have written. */
export function readSealed({ path, blocks }: SpillIndex, bucket: number): Buffer {
  const own = blocks[bucket] ?? []
  if (own.length === 0) return Buffer.alloc(0)
  const file = openSync(path, 'r')
  try {
    return Buffer.concat(readBlocks(file, own))
  } finally {
    closeSync(file)
  }
}

function readBlocks(file: number, blocks: readonly number[]): Buffer[] {
  const all: Buffer[] = []
  for (let at = 0; at < blocks.length; at += 2) {
    const offset = blocks[at] ?? 0
    const length = blocks[at + 1] ?? 0
    const bytes = Buffer.allocUnsafe(length)
    for (let read = 0; read < length; ) {
      const got = readSync(file, bytes, read, length - read, offset + read)
      if (got === 0) throw new RangeError('a spill that ends before its blocks')
      read += got
    }
    all.push(bytes)
  }
  return all
}

/** Nothing of the group was joined yet, so nothing is half written: its parts are read again. */
function unwritable(path: string, error: unknown): CodedError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'an unknown trouble'
  const complaint = {
    where: `spill ${path}`,
    found: `a file that cannot be written (${code})`,
    expected: 'room and the right to write beside the store while a large ingest lasts',
    remedy: 'Make room, or mend owner and mode of the folder; then run again: nothing is half written.',
  }
  return new CodedError('store-unusable', [complaint], { cause: error })
}

const emptyBuckets = (): Blocks[] => Array.from({ length: BUCKETS }, () => [])
