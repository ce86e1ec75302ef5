/** What the engine shall reach, judged by the worst cell of each kind. */

import { astray, backS } from './seeds.mjs'

/** Of the ceiling is told in cells; these are the rest. */
export const BOUNDS = Object.freeze({ throttled: 0.005, recoveryS: 60, extra: 0.15, cpuMs: 50, ofPossible: 0.9 })

/**
 * @typedef {object} Verdict
 * @property {string} goal
 * @property {string} bound
 * @property {string} worst
 * @property {string} where the worst cell
 * @property {number} held cells in which it holds
 * @property {number} cells
 * @property {{ name: string, text: string }[]} missed
 */

const percent = (/** @type {number} */ share, digits = 1) => `${(100 * share).toFixed(digits)} %`

/** @param {{ clean: number, least: number, named: number }} seconds */
const bestOf = ({ clean, least, named }) =>
  `, ${percent(clean / least)} is possible, were the row named ${percent(clean / named)}`

/** @param {readonly number[]} ratios */
const range = (ratios) =>
  ratios.length === 1 ? '' : ` (${percent(Math.min(...ratios))} to ${percent(Math.max(...ratios))})`

/**
 * @param {string} goal @param {string} bound
 * @param {readonly { name: string, value: number, note?: string }[]} values worse is greater
 * @param {{ holds: (value: number) => boolean, text: (value: number) => string }} how
 * @returns {Verdict}
 */
function judged(goal, bound, values, { holds, text }) {
  const sorted = [...values].sort((one, other) => other.value - one.value)
  const missed = sorted.filter(({ value }) => !holds(value))
  return {
    goal,
    bound,
    worst: sorted[0] === undefined ? 'not measured' : text(sorted[0].value),
    where: sorted[0]?.name ?? '',
    held: values.length - missed.length,
    cells: values.length,
    missed: missed.map(({ name, value, note = '' }) => ({ name, text: `${text(value)}${note}` })),
  }
}

/** @param {readonly any[]} results @param {readonly any[]} wire @returns {Verdict[]} */
export function verdicts(results, wire) {
  const sustained = results.filter(({ cell }) => cell.part !== 'step')
  const ofCeiling = (
    /** @type {string} */ goal,
    /** @type {number} */ least,
    /** @type {(cell: any) => boolean} */ which,
  ) =>
    judged(
      goal,
      `at least ${percent(least, 0)}`,
      sustained
        .filter(({ cell }) => cell.goal === least && which(cell))
        .map(({ cell, engine, least: possible, ratios }) => ({
          name: cell.name,
          value: -engine.ratio,
          note: `${range(ratios)}${cell.bad === 0 ? '' : bestOf(possible)}`,
        })),
      { holds: (value) => -value >= least, text: (value) => percent(-value) },
    )
  const clean = (/** @type {any} */ cell) => cell.bad === 0
  const someBad = results.filter(({ cell }) => cell.bad === 0.001)
  return [
    ofCeiling('rows ÷ ceiling, no bad rows', 0.95, clean),
    ofCeiling('rows ÷ ceiling, servers 4, halved limits, or another client', 0.93, clean),
    ofCeiling('rows ÷ ceiling, 0.1 % bad rows', 0.9, ({ bad }) => bad > 0),
    judged(
      'rows ÷ what is possible, 0.1 % bad rows',
      `at least ${percent(BOUNDS.ofPossible, 0)}`,
      someBad.map(({ cell, engine, least }) => ({
        name: cell.name,
        value: (-engine.ratio * least.least) / least.clean,
      })),
      { holds: (value) => -value >= BOUNDS.ofPossible, text: (value) => percent(-value) },
    ),
    judged(
      'requests throttled',
      `at most ${percent(BOUNDS.throttled)}`,
      results.map(({ cell, engine }) => ({ name: cell.name, value: engine.throttles / engine.requests })),
      { holds: (value) => value <= BOUNDS.throttled, text: (value) => percent(value, 2) },
    ),
    judged(
      'back within a tenth of the ceiling after a step',
      `at most ${BOUNDS.recoveryS} s`,
      results.flatMap(({ cell, engine }) =>
        engine.recovery === undefined ? [] : [{ name: cell.name, value: backS(engine) }],
      ),
      {
        holds: (value) => value <= BOUNDS.recoveryS,
        text: (value) => (Number.isFinite(value) ? `${value.toFixed(0)} s` : 'never'),
      },
    ),
    judged(
      'extra server time for 0.1 % bad rows',
      `at most ${percent(BOUNDS.extra, 0)}`,
      someBad
        .filter(({ extra }) => extra !== undefined)
        .map(({ cell, extra, least }) => ({
          name: cell.name,
          value: extra,
          note: `, the least possible is ${percent(least.least / least.clean - 1)}, were the row named ${percent(least.named / least.clean - 1)}`,
        })),
      { holds: (value) => value <= BOUNDS.extra, text: percent },
    ),
    judged(
      'rows that had another fate than their own',
      'none',
      [
        ...results.map(({ cell, engine }) => ({ name: cell.name, value: engine.astray })),
        ...wire.map(({ cell, engine }) => ({ name: cell.name, value: astray(engine) })),
      ],
      { holds: (value) => value === 0, text: String },
    ),
    judged(
      'client CPU for 1,000 rows, over HTTP',
      `at most ${BOUNDS.cpuMs} ms`,
      wire.map(({ cell, engine }) => ({ name: cell.name, value: engine.cpuMsPer1000 })),
      { holds: (value) => value <= BOUNDS.cpuMs, text: (value) => `${value.toFixed(0)} ms` },
    ),
    judged(
      'rows ÷ ceiling, over HTTP',
      'as above',
      wire.map(({ cell, engine }) => ({ name: cell.name, value: cell.goal - engine.ratio })),
      { holds: (value) => value <= 0, text: (value) => `${percent(Math.abs(value))} ${value > 0 ? 'below' : 'above'}` },
    ),
  ]
}
