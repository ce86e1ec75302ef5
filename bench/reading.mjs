/** How every candidate reads: the parts of a generated export, and the settings that shape its records. */

import { readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

/** The part of a key before `export-id=`. */
export const PREFIX = 'data/'

/** Semantics §2, with the defaults of the configuration; `clockSkew` in microseconds. */
export const READING = {
  normalise: /** @type {const} */ ('none'),
  regulations: ['gdpr'],
  clockSkew: 24 * 3_600_000_000,
  maxLineBytes: 8 * 1024 * 1024,
}

/** As the configuration has it where nobody says otherwise: the cores, four at most. */
export const DEFAULT_WORKERS = Math.min(availableParallelism(), 4)

/** How many times its stored size a part may have: the default, too. */
export const MAX_EXPANSION = 1_000

/** @typedef {{key: string, path: string, date: string}} Part */

/** The parts in order of their keys. @param {string} folder @returns {Promise<Part[]>} */
export async function partsOf(folder) {
  const keys = (await readdir(join(folder, PREFIX), { recursive: true })).filter((key) => key.endsWith('.json.gz'))
  return keys.sort().map((key) => ({
    key: `${PREFIX}${key}`,
    path: join(folder, PREFIX, key),
    date: /date=([^/]*)/.exec(key)?.[1] ?? '',
  }))
}

/**
 * @typedef {object} Task
 * @property {string} folder the generated export
 * @property {string} work an empty folder of the candidate's own
 * @property {boolean} digest whether a digest of all states is wanted
 * @property {number} workers threads of ours
 * @property {boolean} plain whether ours parses every line, as its fast reader is not trusted to
 */

/** What a candidate is started with: `FOLDER WORK [--digest] [--workers N] [--plain]`. @returns {Task} */
export function taskOf() {
  const { values, positionals } = parseArgs({
    options: { digest: { type: 'boolean' }, workers: { type: 'string' }, plain: { type: 'boolean' } },
    allowPositionals: true,
  })
  const [folder, work] = positionals
  if (folder === undefined || work === undefined) throw new Error('started with FOLDER WORK [flags]')
  const { digest = false, plain = false, workers } = values
  return { folder, work, digest, plain, workers: workers === undefined ? DEFAULT_WORKERS : Number(workers) }
}

/** A candidate's answer: one line. @param {object} answer */
export function tell(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
