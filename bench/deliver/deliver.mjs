/** The delivery benchmark: the engine on a virtual server and clock, then over HTTP. See README.md in the folder above. */

import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { further, grid, isSmall, quick } from './cells.mjs'
import { withExtra } from './extra.mjs'
import { measureAll } from './field.mjs'
import { verdicts } from './goals.mjs'
import { report } from './report.mjs'
import { capacity, measuredOverWire, wireCells } from './wire.mjs'

const USAGE = `npm run bench:deliver -- [options]

  --all           the large cells of the grid as well (fifty minutes on two cores)
  --quick         a subset of the virtual grid, one cell over HTTP
  --only TEXT     the cells whose name holds this
  --windows N     windows of each cell, to look around; steps keep theirs
  --seeds N       runs of each virtual cell but the large ones; of three (the default) the middle one is told
  --no-wire       the virtual part alone
  --wire          the part over HTTP alone
  --write         write the figures to bench/RESULTS.md
  --dist FOLDER   the built product (dist)
  --assert        exit with 1 where a goal is missed
  --json          print all measurements as JSON
`

/** Exit codes: 1 for missed goals with --assert, 2 for wrong usage, 130 when interrupted. */
const WRONG = 1
const USAGE_WRONG = 2
const INTERRUPTED = 130

const say = (/** @type {string} */ text) => process.stderr.write(`${text}\n`)

function optionsOf() {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      all: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      windows: { type: 'string', default: '0' },
      seeds: { type: 'string' },
      wire: { type: 'boolean' },
      write: { type: 'boolean', default: false },
      dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
      assert: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const windows = Number(values.windows)
  if (!Number.isInteger(windows) || windows < 0) throw new TypeError('--windows is a whole number above 0')
  const seeds = Number(values.seeds ?? (values.quick ? 1 : 3))
  if (!Number.isInteger(seeds) || seeds < 1) throw new TypeError('--seeds is a whole number above 0')
  if (
    values.write &&
    (values.quick || values.only !== '' || values.wire !== undefined || windows > 0 || values.seeds)
  ) {
    throw new TypeError('--write is for the whole benchmark, with or without --all')
  }
  return { ...values, windows, seeds, dist: resolve(values.dist) }
}

/** @param {ReturnType<typeof optionsOf>} options */
function cellsOf({ all, quick: isQuick, only, wire, windows }) {
  const every = [...grid(), ...further()]
  const virtual = wire === true ? [] : isQuick ? quick() : all || only !== '' ? every : every.filter(isSmall)
  const overWire = wire === false ? [] : isQuick ? wireCells().slice(2, 3) : wireCells()
  const chosen = (/** @type {{ name: string }} */ { name }) => name.includes(only)
  const shorter = (/** @type {any} */ cell) => (windows === 0 || cell.step !== undefined ? cell : { ...cell, windows })
  return { virtual: virtual.filter(chosen).map(shorter), overWire: overWire.filter(chosen).map(shorter) }
}

/** @param {ReturnType<typeof optionsOf>} options @param {AbortSignal} signal */
async function benchmark(options, signal) {
  const { virtual, overWire } = cellsOf(options)
  const { dist, seeds } = options
  const results = withExtra(await measureAll(virtual, { dist, seeds, say, signal }))
  const wire = []
  const capacityPerS = overWire.length === 0 ? 0 : await capacity(dist)
  for (const cell of overWire) {
    signal.throwIfAborted()
    const engine = await measuredOverWire(cell, { dist, capacityPerS })
    say(`over HTTP: ${cell.name}: ${engine.ratio.toFixed(3)}`)
    wire.push({ cell, engine })
  }
  const load =
    overWire.length === 0 ? '' : `, ${Math.round(capacityPerS)} rows/s between client and emulator without limits`
  return {
    command: `npm run bench:deliver -- --write${options.all ? ' --all' : ''}`,
    machine: `Node ${process.versions.node}, ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'})${load}`,
    results,
    wire,
    goals: verdicts(results, wire),
  }
}

async function main() {
  const options = optionsOf()
  if (options.help) return void process.stdout.write(USAGE)
  const interruption = new AbortController()
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(name, () => interruption.abort(new Error(`interrupted by ${name}`)))
  }
  try {
    const measured = await benchmark(options, interruption.signal)
    const text = report(measured)
    process.stdout.write(options.json ? `${JSON.stringify(measured)}\n` : text)
    if (options.write) await writeFile(new URL('../RESULTS.md', import.meta.url), text)
    if (options.assert && measured.goals.some(({ missed }) => missed.length > 0)) process.exitCode = WRONG
  } catch (error) {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error))
    process.exitCode = interruption.signal.aborted ? INTERRUPTED : WRONG
  }
}

await main().catch((error) => {
  say(`${error.message}\n\n${USAGE}`)
  process.exitCode = USAGE_WRONG
})
