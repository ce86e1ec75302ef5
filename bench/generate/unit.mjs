/** A worker that writes half of the parts of one day, streaming. */

import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { createGzip } from 'node:zlib'
import { Chance } from './chance.mjs'
import { lineOf, trapsOf } from './line.mjs'
import { DAYS, DRAW, daysOf } from './people.mjs'

export const PARTS = 6

/** Text is compressed once this many characters wait. */
const WAITING_CHARACTERS = 1024 * 1024

/**
 * @typedef {object} People
 * @property {number} seed
 * @property {number} devices
 * @property {boolean} unlike no two `consents` objects are equal
 */

/**
 * @typedef {object} DaysHalf
 * @property {string} folder of the day's users; exists
 * @property {number} day
 * @property {number} half 0 for the even parts, 1 for the odd ones
 */

/** @typedef {People & DaysHalf} Unit */

/** @typedef {{lines: number, bytes: number, gzipBytes: number}} Written */

/** One part: compressed as it grows, its uncompressed bytes counted. */
class Part {
  lines = 0
  bytes = 0
  #waiting = ''
  #gzip = createGzip({ level: 6 })
  #file
  #end

  /** @param {string} path */
  constructor(path) {
    this.#file = createWriteStream(path)
    this.#end = finished(this.#gzip.pipe(this.#file))
    // An error is told by close(), or here, where the process would not hear of it in time.
    this.#end.catch(() => {})
  }

  /** @param {string} line */
  add(line) {
    this.lines += 1
    this.#waiting += line
  }

  async drain(least = WAITING_CHARACTERS) {
    if (this.#waiting.length < least) return
    const bytes = Buffer.from(this.#waiting)
    this.#waiting = ''
    this.bytes += bytes.length
    if (this.#gzip.write(bytes)) return
    await Promise.race([new Promise((resolve) => this.#gzip.once('drain', resolve)), this.#end])
  }

  /** @returns {Promise<Written>} */
  async close() {
    await this.drain(1)
    this.#gzip.end()
    await this.#end
    return { lines: this.lines, bytes: this.bytes, gzipBytes: this.#file.bytesWritten }
  }
}

/**
 * Didomi users in an order of the day: the same people must not stand at the same place of each day's files, as they
 * would not in an export, where a reader of two days at once would find them close together.
 *
 * @param {number} devices
 * @param {number} day
 */
function* inOrderOfDay(devices, day) {
  let step = Math.floor(devices * (0.3819 + day * 0.0437)) | 1
  while (divisor(step, devices) !== 1) step += 2
  for (let at = 0, device = day % devices; at < devices; at += 1, device = (device + step) % devices) yield device
}

/** @param {number} a @param {number} b @returns {number} */
const divisor = (a, b) => (b === 0 ? a : divisor(b, a % b))

/** @param {Unit} unit @returns {Promise<Written>} */
async function write({ folder, day, half, ...people }) {
  const { seed, devices } = people
  const parts = new Map()
  for (let part = half; part < PARTS; part += 2) {
    parts.set(part, new Part(join(folder, `part-${String(part).padStart(5, '0')}.json.gz`)))
  }
  for (const device of inOrderOfDay(devices, day)) {
    const days = daysOf(seed, device)
    if ((days & (1 << day)) === 0) continue
    for (const [place, from] of deliveries(seed, device, day, days)) {
      const part = parts.get(place)
      if (part === undefined) continue
      part.add(lineOf(people, device, from, trapsOf(seed, device, from)))
      await part.drain()
    }
  }
  const written = await Promise.all([...parts.values()].map((part) => part.close()))
  return written.reduce((sum, one) => ({
    lines: sum.lines + one.lines,
    bytes: sum.bytes + one.bytes,
    gzipBytes: sum.gzipBytes + one.gzipBytes,
  }))
}

/**
 * The part that gets a Didomi user's line of the day, and the parts that get a duplicate: of this line, or of the one
 * before it, which is stale by now.
 *
 * @param {number} seed
 * @param {number} device
 * @param {number} day
 * @param {number} days on which it has lines, as bits
 * @returns {[part: number, day: number][]}
 */
function deliveries(seed, device, day, days) {
  const chance = new Chance(seed, DRAW.part, device * DAYS + day)
  const part = chance.below(PARTS)
  const other = () => (part + 1 + chance.below(PARTS - 1)) % PARTS
  const { twice, stale } = trapsOf(seed, device, day)
  const earlier = days & ((1 << day) - 1)
  return [
    [part, day],
    ...(twice ? [/** @type {[number, number]} */ ([other(), day])] : []),
    ...(stale && earlier !== 0 ? [/** @type {[number, number]} */ ([other(), 31 - Math.clz32(earlier)])] : []),
  ]
}

if (parentPort !== null) parentPort.postMessage(await write(workerData))
