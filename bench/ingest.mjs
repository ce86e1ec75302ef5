/** The ingest benchmark: every candidate as a fresh process, in turn, round after round. See README.md beside it. */

import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { candidates } from './candidates.mjs'
import { generate } from './generate.mjs'
import { verdicts } from './goals.mjs'
import { measure } from './measure.mjs'
import { partsOf } from './reading.mjs'
import { tables } from './table.mjs'

const USAGE = `npm run bench:ingest -- [options]

  --sizes 1,4        sizes to measure; 1 is about 300,000 lines (try 16, and 0.02 to look around)
  --rounds 5         rounds at the smallest size
  --large-rounds 3   rounds at the other sizes
  --data FOLDER      where generated exports are kept and stores are made (below the system's temporary folder)
  --unlike           exports in which no two consents objects are equal
  --seed 1           of the generated exports
  --check            first compare the states of naive, ours (fast, plain, 1 and 3 workers) and ours-store
  --assert           exit with 1 where a goal is missed
  --json             print all measurements as JSON
`

/** Exit codes: 1 for wrong results (or missed goals with --assert), 2 for wrong usage, 130 when interrupted. */
const WRONG = 1
const USAGE_WRONG = 2
const INTERRUPTED = 130

const say = (/** @type {string} */ text) => process.stderr.write(`${text}\n`)

function optionsOf() {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: '1,4' },
      rounds: { type: 'string', default: '5' },
      'large-rounds': { type: 'string', default: '3' },
      data: { type: 'string', default: join(tmpdir(), 'didomi-dataverse-bench') },
      seed: { type: 'string', default: '1' },
      unlike: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      assert: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const rounds = Number(values.rounds)
  const sizes = [...new Set(values.sizes.split(',').map(Number))].sort((a, b) => a - b)
  const seed = Number(values.seed)
  const largeRounds = Math.min(rounds, Number(values['large-rounds']))
  if (![rounds, largeRounds, seed].every((one) => Number.isInteger(one) && one > 0)) {
    throw new TypeError('--rounds, --large-rounds and --seed are whole numbers above 0')
  }
  if (!sizes.every((size) => size > 0 && size <= 64)) throw new TypeError('--sizes are numbers above 0, up to 64')
  return { ...values, rounds, largeRounds, sizes, seed, data: resolve(values.data) }
}

/** @param {ReturnType<typeof optionsOf>} options @param {AbortSignal} signal */
async function benchmark(options, signal) {
  const field = candidates()
  const loadBefore = load()
  await mkdir(options.data, { recursive: true, mode: 0o700 })
  const exports = []
  for (const size of options.sizes) exports.push(await exportOf(size, options, signal))

  const [smallest] = exports
  const check =
    options.check && smallest !== undefined
      ? await checkStates(field.candidates, smallest, options.data, signal)
      : undefined
  const { measurements, failed } = await rounds(field.candidates, exports, options, signal)
  return {
    machine: {
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      cores: availableParallelism(),
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      loadBefore,
      loadAfter: load(),
    },
    candidates: field.candidates.map(({ name }) => name),
    sizes: exports.map(({ folder, ...manifest }) => manifest),
    measurements,
    goals: verdicts(measurements, options.sizes),
    skipped: [...field.skipped, ...failed],
    ...(check === undefined ? {} : { check }),
  }
}

const load = () =>
  loadavg()
    .map((one) => one.toFixed(2))
    .join(' ')

/** @param {number} size @param {ReturnType<typeof optionsOf>} options @param {AbortSignal} signal */
async function exportOf(size, { data, seed, unlike }, signal) {
  const folder = join(data, `${size}x-seed-${seed}${unlike ? '-unlike' : ''}`)
  say(`export of ${size}x in ${folder}`)
  const manifest = await generate(folder, { size, seed, unlike, signal })
  // Read once: otherwise the first candidate would wait for the disk, and the others would not.
  for (const { path } of await partsOf(folder)) for await (const _ of createReadStream(path)) signal.throwIfAborted()
  return { folder, ...manifest }
}

/**
 * In each round every candidate has its turn, at every size; which one begins moves on from round to round, so that
 * nobody always follows the same neighbour.
 *
 * @param {readonly import('./candidates.mjs').Candidate[]} field
 * @param {readonly Awaited<ReturnType<typeof exportOf>>[]} exports
 * @param {ReturnType<typeof optionsOf>} options
 * @param {AbortSignal} signal
 */
async function rounds(field, exports, options, signal) {
  /** @type {import('./goals.mjs').Measurement[]} */
  const measurements = []
  /** @type {Map<string, string>} */
  const failed = new Map()
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const [place, made] of exports.entries()) {
      if (place > 0 && round > options.largeRounds) continue
      const here = field.filter(({ everySize }) => place === 0 || everySize)
      for (const candidate of [...here.slice(round % here.length), ...here.slice(0, round % here.length)]) {
        if (failed.has(candidate.name)) continue
        const measured = await turn(candidate, made, options.data, signal).catch((error) => {
          if (!candidate.optional || signal.aborted) throw error
          failed.set(candidate.name, error.message)
        })
        if (measured === undefined) continue
        const { answer, ...numbers } = measured
        measurements.push({ size: made.size, round, candidate: candidate.name, lines: made.lines, ...numbers })
        say(`round ${round} of ${options.rounds}, ${made.size}x, ${candidate.name}: ${numbers.wallS.toFixed(2)} s`)
      }
    }
  }
  return { measurements, failed: [...failed].map(([name, why]) => ({ name, why })) }
}

/**
 * One measurement, in a work folder of its own, which is gone afterwards. Who did not read everything was not measured.
 *
 * @param {import('./candidates.mjs').Candidate} candidate
 * @param {Awaited<ReturnType<typeof exportOf>>} made
 * @param {string} data
 * @param {AbortSignal} signal
 * @param {readonly string[]} [flags]
 */
async function turn({ name, command }, { folder, lines, bytes }, data, signal, flags = []) {
  const work = await mkdtemp(join(data, 'work-'))
  try {
    const measured = await measure([...command, folder, work, ...flags], signal)
    const { answer } = measured
    if ((answer.lines ?? lines) !== lines || (answer.bytes ?? bytes) !== bytes) {
      throw new Error(`read ${JSON.stringify(answer)} where there are ${lines} lines and ${bytes} bytes`)
    }
    return measured
  } catch (error) {
    if (signal.aborted) throw error
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Neither the reader nor the number of workers may make a difference. */
const WAYS_OF_OURS = [[], ['--plain'], ['--workers', '1'], ['--workers', '3']]

/**
 * The states of all who must agree, compared by their digests. Not measured: making digests takes long.
 *
 * @param {readonly import('./candidates.mjs').Candidate[]} field
 * @param {Awaited<ReturnType<typeof exportOf>>} made
 * @param {string} data
 * @param {AbortSignal} signal
 */
async function checkStates(field, made, data, signal) {
  /** @type {Record<string, {states: number | undefined, digest: string | undefined}>} */
  const digests = {}
  for (const candidate of field.filter(({ statesEqual }) => statesEqual)) {
    for (const flags of candidate.name === 'ours' ? WAYS_OF_OURS : [[]]) {
      const { answer } = await turn(candidate, made, data, signal, ['--digest', ...flags])
      const name = [candidate.name, ...flags].join(' ')
      digests[name] = { states: answer.states, digest: answer.digest }
      say(`states of ${name}: ${answer.digest}`)
    }
  }
  const texts = new Set(Object.values(digests).map((one) => JSON.stringify(one)))
  return { equal: texts.size === 1, digests }
}

async function main() {
  const options = optionsOf()
  if (options.help) return void process.stdout.write(USAGE)
  const interruption = new AbortController()
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(name, () => interruption.abort(new Error(`interrupted by ${name}`)))
  }
  try {
    const results = await benchmark(options, interruption.signal)
    process.stdout.write(options.json ? `${JSON.stringify(results, null, 2)}\n` : `${tables(results)}\n`)
    const missed = options.assert && results.goals.some(({ verdict }) => verdict === 'fail')
    if (results.check?.equal === false || missed) process.exitCode = WRONG
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    process.exitCode = interruption.signal.aborted ? INTERRUPTED : WRONG
  }
}

await main().catch((error) => {
  say(`${error.message}\n\n${USAGE}`)
  process.exitCode = USAGE_WRONG
})
