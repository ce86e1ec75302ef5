/** Who is measured, and how each is started. */

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url))

/**
 * @typedef {object} Candidate
 * @property {string} name
 * @property {boolean} everySize false: at the smallest size only, for it would take long or run out of memory
 * @property {boolean} statesEqual its states must be equal to those of the others that say so
 * @property {boolean} optional may fail without ending the benchmark
 * @property {readonly string[]} command takes FOLDER WORK, and where its states must be equal also --digest
 */

/** @param {string} name @param {Partial<Candidate>} [more] @returns {Candidate} */
const node = (name, more = {}) => ({
  name,
  everySize: false,
  statesEqual: false,
  optional: false,
  command: [process.execPath, '--import', new URL('peak.mjs', import.meta.url).href, here(`candidates/${name}.mjs`)],
  ...more,
})

/** @type {readonly Candidate[]} */
const CANDIDATES = [
  node('zcat-wc', { optional: true, command: ['bash', here('candidates/zcat-wc.sh')] }),
  node('gunzip', { everySize: true }),
  node('naive', { statesEqual: true }),
  node('duckdb', { optional: true }),
  node('ours', { everySize: true, statesEqual: true }),
  node('ours-store', { everySize: true, statesEqual: true }),
]

/** The candidates that can run here, and why the others cannot. */
export function candidates() {
  if (!existsSync(here('../dist/src/ingest/ingest.js'))) throw new Error('nothing is built: run npm run build first')
  const skipped = isInstalled('@duckdb/node-api')
    ? []
    : [{ name: 'duckdb', why: 'not installed; npm ci --prefix bench installs it for the benchmark alone' }]
  return { candidates: CANDIDATES.filter(({ name }) => !skipped.some((one) => one.name === name)), skipped }
}

/** @param {string} name */
function isInstalled(name) {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}
