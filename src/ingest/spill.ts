/** Hash buckets on disk: large ingests are reduced bucket by bucket, so memory does not grow and joins come in key order. */

import { closeSync, ftruncateSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { CodedError } from '../lib/errors.ts'
import type { NameTable } from '../record/entry.ts'
import type { EntryBytes } from '../record/entry-writer.ts'
import { copyWords, WORD_BYTES, wordsOf } from '../record/word-memory.ts'

/** Ten bits of the person id: buckets in order are persons in order, and each is small. */
export const BUCKETS = 1_024

/** The bucket of the person whose 16 bytes begin at this place. */
export function bucketAt(bytes: Uint8Array, person: number): number {
  return ((bytes[person] as number) << 2) | ((bytes[person + 1] as number) >> 6)
}

/** A bucket's entries wait until they are so many bytes. A small ingest never fills one and never touches the disk. */
const BLOCK_BYTES = 8 * 1024
/** Full blocks are written so many at once: a call for each would cost more than copying it. */
const BLOCKS_AT_ONCE = 64

/** The blocks of one bucket, offset and length of each in turn: bare numbers, since a large spill has very many. */
type Blocks = number[]

/** What another lane needs to read a spill: its file, the blocks of each bucket, and the names by number. */
export interface SpillIndex {
  readonly path: string
  readonly blocks: ReadonlyArray<readonly number[]>
  readonly names: readonly string[]
}

/** All entries of one bucket in one spill. */
export interface BucketBytes {
  readonly length: number
  /** Puts them one behind the other from this place on, a multiple of eight. */
  copyTo(target: Buffer, at: number): void
}

/** A bucket of one spill, and what the numbers in it stand for. */
export interface BucketSource {
  readonly bucket: BucketBytes
  readonly names: NameTable
}

/**
 * The spill of one lane: one file, to which blocks of one bucket each are appended. Holds personal data while it exists;
 * readable by its owner alone.
 */
export class Spill {
  readonly path: string
  readonly #blockWords: number
  /** The block being filled of each bucket, one behind the other, and how many words of it are. */
  readonly #filling: Int32Array<ArrayBuffer>
  readonly #filled = new Int32Array(BUCKETS)
  #blocks = emptyBuckets()
  /** Full blocks on their way to the file, which ends here before them. */
  readonly #full: Int32Array<ArrayBuffer>
  #fullWords = 0
  #fileEnd = 0
  #file: number | undefined

  /** The file is made when first needed; what a killed run left there is overwritten. */
  constructor(path: string, blockBytes = BLOCK_BYTES) {
    this.path = path
    this.#blockWords = wordsOf(blockBytes)
    this.#filling = new Int32Array(BUCKETS * this.#blockWords)
    this.#full = new Int32Array(BLOCKS_AT_ONCE * this.#blockWords)
  }

  /** Takes the entry in this range; the bytes may be used again afterwards. */
  add(bucket: number, { words, start, end }: EntryBytes): void {
    const count = wordsOf(end - start)
    if (count > this.#blockWords) {
      this.#append(bucket, words, start / WORD_BYTES, count)
      return
    }
    let filled = this.#filled[bucket] as number
    if (filled + count > this.#blockWords) {
      this.#flush(bucket)
      filled = 0
    }
    copyWords(words, start / WORD_BYTES, this.#filling, bucket * this.#blockWords + filled, count)
    this.#filled[bucket] = filled + count
  }

  /** Writes out what is still in memory, so that others can read it. */
  seal(names: readonly string[]): SpillIndex {
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) this.#flush(bucket)
    this.#write()
    return { path: this.path, blocks: this.#blocks, names }
  }

  /** All entries of a bucket of this spill, those in memory too. */
  bucket(bucket: number): BucketBytes {
    this.#write()
    const blocks = this.#blocks[bucket] ?? []
    const written = lengthOf(blocks)
    const at = bucket * this.#blockWords * WORD_BYTES
    const waiting = Buffer.from(this.#filling.buffer, at, (this.#filled[bucket] as number) * WORD_BYTES)
    return {
      length: written + waiting.length,
      copyTo: (target, to) => {
        if (this.#file !== undefined) readBlocks(this.#file, blocks, target, to)
        waiting.copy(target, to + written)
      },
    }
  }

  /** Forgets everything, for the next group of partitions. */
  clear(): void {
    this.#blocks = emptyBuckets()
    this.#filled.fill(0)
    this.#fullWords = 0
    this.#fileEnd = 0
    if (this.#file !== undefined) ftruncateSync(this.#file, 0)
  }

  close(): void {
    if (this.#file === undefined) return
    closeSync(this.#file)
    this.#file = undefined
    rmSync(this.path, { force: true })
  }

  #flush(bucket: number): void {
    const filled = this.#filled[bucket] as number
    if (filled === 0) return
    this.#append(bucket, this.#filling, bucket * this.#blockWords, filled)
    this.#filled[bucket] = 0
  }

  /** Appends a block of the bucket, of any length. */
  #append(bucket: number, words: Int32Array<ArrayBuffer>, at: number, count: number): void {
    if (this.#fullWords + count > this.#full.length) this.#write()
    this.#blocks[bucket]?.push(this.#fileEnd + this.#fullWords * WORD_BYTES, count * WORD_BYTES)
    if (count > this.#full.length) {
      this.#writeOut(words, at, count)
      return
    }
    copyWords(words, at, this.#full, this.#fullWords, count)
    this.#fullWords += count
  }

  /** Writes the full blocks. */
  #write(): void {
    if (this.#fullWords > 0) this.#writeOut(this.#full, 0, this.#fullWords)
    this.#fullWords = 0
  }

  /** Writes at the end of the file. */
  #writeOut(words: Int32Array<ArrayBuffer>, at: number, count: number): void {
    const bytes = Buffer.from(words.buffer, words.byteOffset + at * WORD_BYTES, count * WORD_BYTES)
    try {
      if (this.#file === undefined) {
        mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 })
        this.#file = openSync(this.path, 'w+', 0o600)
      }
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(this.#file, bytes, written, bytes.length - written, this.#fileEnd + written)
      }
    } catch (error) {
      throw unwritable(this.path, error)
    }
    this.#fileEnd += bytes.length
  }
}

/** All entries of a bucket in a sealed spill, which another lane may have written. */
export function sealedBucket({ path, blocks }: SpillIndex, bucket: number): BucketBytes {
  const own = blocks[bucket] ?? []
  return {
    length: lengthOf(own),
    copyTo: (target, at) => {
      if (own.length === 0) return
      const file = openSync(path, 'r')
      try {
        readBlocks(file, own, target, at)
      } finally {
        closeSync(file)
      }
    },
  }
}

function readBlocks(file: number, blocks: readonly number[], target: Buffer, at: number): void {
  let next = at
  for (let block = 0; block < blocks.length; block += 2) {
    const offset = blocks[block] ?? 0
    const length = blocks[block + 1] ?? 0
    for (let read = 0; read < length; ) {
      const got = readSync(file, target, next + read, length - read, offset + read)
      if (got === 0) throw new RangeError('a spill that ends before its blocks')
      read += got
    }
    next += length
  }
}

function lengthOf(blocks: readonly number[]): number {
  let sum = 0
  for (let block = 1; block < blocks.length; block += 2) sum += blocks[block] ?? 0
  return sum
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
