/**
 * Writes an invented export in the layout that Didomi documents: `node bench/generate.mjs FOLDER [--size 1] [--seed 1] [--unlike]`.
 *
 * What is drawn, and why:
 *
 * - Size 1 is about 300,000 lines of 1.6 KB on average, on 5 days of 6 parts. A Didomi user has lines on 1 to 5 of the
 *   days (30, 27, 23, 13 and 7 %), 2.4 on average: who changes a choice is often seen again soon, most are not. A day's
 *   parts hold its lines in an order of their own.
 * - 80 % of the people have one Didomi user, 13 % two, 7 % four (browsers, phones). One in a hundred is a guest.
 * - 40 % accept everything and 22 % refuse everything, with an exception in 4 % of their answers; 38 % choose purpose by
 *   purpose, each purpose with its own popularity. So people say the same things in the same words, as they do in life,
 *   but no two lines are equal: ids, times to the millisecond, addresses and metadata all differ. A reader that remembers
 *   whole lines, users, events or metadata gains nothing; one that remembers `consents` by its text gains as it would in
 *   life: at size 1, 47 % of those objects of users and 15 % of those of events (forms of two purposes) are distinct. With
 *   --unlike every such object is distinct (its first purpose carries metadata of its own), which shows what that is worth.
 * - Values of a preference are drawn with weights 1, 1/2, 1/3, …, one to eight of them, in the order drawn: a few sets
 *   are frequent, most are rare (24 brands alone give more sets than there are lines).
 * - A line has 1 to 3 events (80, 15, 5 %), each a form filled in; forms ask for different purposes. On a form seen
 *   before, 85 % of the answers stay. One person in five came through a banner and carries vendor lists and a TCF string.
 * - Each trap stands in 1 % of the lines, apart from the others: `events` before `user`; members in another order; times
 *   without milliseconds; times with +00:00; members named id, updated_at, version and consents inside the metadata, with
 *   values that would win; escaped quotes and text that looks like the end of the user; text that is not ASCII, half of
 *   it escaped; lines ended by CRLF; events that await approval; the same line again in another part; the user's line
 *   of an earlier day again. Lines that are no JSON are none of it: every candidate reads every line.
 *
 * The bytes depend on seed and size alone, not on the machine or the number of workers (gzip's own may change with zlib).
 */

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { DAY_MS, FIRST_DATE_MS } from './generate/line.mjs'
import { DAYS, personsOf, wholeBlocks } from './generate/people.mjs'

const LINES = 300_000
/** Lines of a Didomi user, duplicates counted. */
const LINES_PER_DEVICE = 2.44
const WORKERS = 2
const EXPORT_ID = 'be9c4000-1a2b-4c3d-8e4f-5a6b7c8d9e0f'

/**
 * @typedef {object} Manifest
 * @property {string} version of the generator: a hash of its source
 * @property {number} seed
 * @property {number} size
 * @property {boolean} unlike no two `consents` objects are equal
 * @property {number} lines
 * @property {number} bytes uncompressed
 * @property {number} gzipBytes
 * @property {number} devices Didomi users, guests counted
 * @property {number} persons
 */

/**
 * Makes the export in `folder`, or leaves it as it is where its manifest says that it would come out the same. Another
 * export is written anew; a folder with anything else in it is refused.
 *
 * @param {string} folder
 * @param {{size: number, seed?: number, unlike?: boolean, signal?: AbortSignal}} options
 * @returns {Promise<Manifest>}
 */
export async function generate(folder, { size, seed = 1, unlike = false, signal }) {
  const version = await sourceVersion()
  const known = await readManifest(folder)
  if (known?.version === version && known.seed === seed && known.size === size && known.unlike === unlike) return known
  if (known === undefined && existsSync(folder) && (await readdir(folder)).length > 0) {
    throw new Error(`${folder} holds something else than a generated export`)
  }

  const devices = wholeBlocks((LINES * size) / LINES_PER_DEVICE)
  const unfinished = `${folder}.unfinished-${process.pid}`
  try {
    const written = await writeUnits(unfinished, { seed, devices, unlike }, signal)
    const manifest = { version, seed, size, unlike, ...written, devices, persons: personsOf(devices) }
    await writeFile(join(unfinished, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    await rm(folder, { recursive: true, force: true })
    await rename(unfinished, folder)
    return manifest
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}

/** @param {string} folder @returns {Promise<Manifest | undefined>} */
async function readManifest(folder) {
  const path = join(folder, 'manifest.json')
  return existsSync(path) ? JSON.parse(await readFile(path, 'utf8')) : undefined
}

/** A hash of everything that decides what is written. */
async function sourceVersion() {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const names = (await readdir(join(here, 'generate'))).sort().map((name) => join('generate', name))
  const hash = createHash('sha256')
  for (const name of ['generate.mjs', ...names]) hash.update(await readFile(join(here, name)))
  return hash.digest('hex').slice(0, 16)
}

/**
 * @param {string} folder
 * @param {import('./generate/unit.mjs').People} people
 * @param {AbortSignal} [signal]
 */
async function writeUnits(folder, people, signal) {
  /** @type {import('./generate/unit.mjs').Unit[]} */
  const units = []
  for (let day = 0; day < DAYS; day += 1) {
    const date = new Date(FIRST_DATE_MS + day * DAY_MS).toISOString().slice(0, 10)
    const users = join(folder, 'data', `export-id=${EXPORT_ID}`, `date=${date}`, 'users')
    await mkdir(users, { recursive: true })
    for (const half of [0, 1]) units.push({ folder: users, ...people, day, half })
  }
  const folders = new Set(units.map((unit) => unit.folder))
  const sum = { lines: 0, bytes: 0, gzipBytes: 0 }
  const work = async () => {
    for (let unit = units.shift(); unit !== undefined; unit = units.shift()) {
      const written = await runUnit(unit, signal)
      sum.lines += written.lines
      sum.bytes += written.bytes
      sum.gzipBytes += written.gzipBytes
    }
  }
  // All of them end before the folder may go.
  const ends = await Promise.allSettled(Array.from({ length: Math.min(WORKERS, availableParallelism()) }, work))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  for (const users of folders) await writeFile(join(users, '_SUCCESS'), '')
  return sum
}

/**
 * @param {import('./generate/unit.mjs').Unit} unit
 * @param {AbortSignal} [signal]
 * @returns {Promise<import('./generate/unit.mjs').Written>}
 */
async function runUnit(unit, signal) {
  signal?.throwIfAborted()
  const worker = new Worker(new URL('./generate/unit.mjs', import.meta.url), { workerData: unit })
  const stop = () => void worker.terminate()
  signal?.addEventListener('abort', stop)
  try {
    return await new Promise((resolve, reject) => {
      /** @type {import('./generate/unit.mjs').Written | undefined} */
      let written
      worker.on('message', (message) => {
        written = message
      })
      worker.on('error', reject)
      worker.on('exit', () => (written === undefined ? reject(stopReason(signal)) : resolve(written)))
    })
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** @param {AbortSignal} [signal] */
const stopReason = (signal) => signal?.reason ?? new Error('a worker ended before its work')

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    options: {
      size: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      unlike: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  })
  const [folder] = positionals
  if (folder === undefined) throw new Error('name the folder to write')
  const manifest = await generate(resolve(folder), {
    size: Number(values.size),
    seed: Number(values.seed),
    unlike: values.unlike,
  })
  process.stdout.write(`${JSON.stringify(manifest, null, 2)}\n`)
}
