/** The figures as Markdown. Nothing in it says when: the same command writes the same tables, but for the machine's own time. */

import { further, grid } from './cells.mjs'
import { STRATEGIES } from './naive.mjs'
import { backS } from './seeds.mjs'

const percent = (/** @type {number} */ share, digits = 1) => (100 * share).toFixed(digits)

/** @param {readonly (readonly string[])[]} rows the first one is the head */
function table([head = [], ...rows]) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

/** @param {any} results */
export function report({ command, machine, results, wire, goals }) {
  const sections = [
    '# Delivery: what was measured',
    `Made by \`${command}\`, explained in [README.md](README.md#the-delivery-benchmark). The virtual figures do not depend on the machine; CPU and everything over HTTP does: ${machine}.`,
    '## Goals',
    goalTable(goals),
    ...notReached(goals),
    ...gridSection(results),
    ...furtherSection(results.filter(({ cell }) => cell.part === 'further')),
    ...stepSection(results.filter(({ cell }) => cell.part === 'step')),
    ...leftOut(results),
    ...wireSection(wire),
  ]
  return `${sections.join('\n\n')}\n`
}

/** @param {readonly import('./goals.mjs').Verdict[]} goals */
function goalTable(goals) {
  const verdict = ({ held, cells }) => (cells === 0 ? 'not measured' : held === cells ? 'reached' : '**NOT reached**')
  return table([
    ['Goal', 'Bound', 'Worst', 'in', 'Cells', ''],
    ...goals.map((goal) => [
      goal.goal,
      goal.bound,
      goal.worst,
      goal.where,
      `${goal.held} of ${goal.cells}`,
      verdict(goal),
    ]),
  ])
}

/** @param {readonly import('./goals.mjs').Verdict[]} goals */
function notReached(goals) {
  const missed = goals.filter((goal) => goal.missed.length > 0)
  if (missed.length === 0) return []
  const lists = missed.map(({ goal, missed: cells }) =>
    [`**${goal}**`, '', ...cells.map(({ name, text }) => `- ${name}: ${text}`)].join('\n'),
  )
  return ['## What was not reached', ...lists]
}

/** @param {readonly any[]} results */
function gridSection(results) {
  const cells = results.filter(({ cell }) => cell.part === 'grid')
  if (cells.length === 0) return []
  const groups = grouped(cells)
  const of = (/** @type {any[]} */ group, /** @type {number} */ bad) => group.find(({ cell }) => cell.bad === bad)
  const rows = [...groups].map(([key, group]) => {
    const plain = of(group, 0)
    const some = of(group, 0.001)
    const many = of(group, 0.01)
    return [
      key,
      ratio(plain),
      ratio(some),
      possible(some),
      extra(some),
      leastExtra(some),
      ratio(many),
      possible(many),
      throttled(group),
      ...Object.keys(STRATEGIES).map((name) => naive(plain, name)),
    ]
  })
  const heads = ['no bad', '0.1 % bad', 'possible', 'extra time', 'least', '1 % bad', 'possible', 'throttled']
  const about =
    'Per cent of the analytic ceiling without bad rows, as the server counted. *possible*: the same for the cheapest splitting of messages that hold bad rows; *extra time*: what the server worked longer than on the same rows without bad ones, and the *least* by the same splitting. *throttled*: the greatest share of requests. The last three columns are the naive strategies, without bad rows.'
  return [
    '## The grid',
    about,
    table([['Cost of a row, users, servers', ...heads, ...Object.keys(STRATEGIES)], ...rows]),
  ]
}

const keyOf = (/** @type {any} */ { cell }) =>
  `${cell.costMs} ms, ${cell.users} × ${cell.servers}${cell.silent ? ', queueing' : ''}`

/** @param {readonly any[]} cells */
function grouped(cells) {
  const groups = new Map()
  for (const one of cells) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one])
  return groups
}

const ratio = (/** @type {any} */ one) => {
  if (one === undefined) return '–'
  const text = percent(one.engine.ratio)
  return one.cell.goal !== undefined && one.engine.ratio < one.cell.goal ? `**${text}**` : text
}
const possible = (/** @type {any} */ one) => (one === undefined ? '–' : percent(one.least.clean / one.least.least))
const extra = (/** @type {any} */ one) => (one?.extra === undefined ? '–' : percent(one.extra))
const leastExtra = (/** @type {any} */ one) =>
  one === undefined || one.cell.silent ? '–' : percent(one.least.least / one.least.clean - 1)
const naive = (/** @type {any} */ one, /** @type {string} */ name) =>
  one?.naive[name] === undefined ? '–' : percent(one.naive[name].ratio, 0)
const throttled = (/** @type {readonly any[]} */ group) =>
  percent(Math.max(...group.map(({ engine }) => engine.throttles / engine.requests)), 2)

/** @param {readonly any[]} results */
function furtherSection(results) {
  if (results.length === 0) return []
  const rows = results.map((one) => [
    one.cell.name,
    ratio(one),
    throttled([one]),
    ...Object.keys(STRATEGIES).map((name) => naive(one, name)),
  ])
  return ['## Beyond the grid', table([['Cell', 'of the ceiling', 'throttled', ...Object.keys(STRATEGIES)], ...rows])]
}

/** @param {readonly any[]} results */
function stepSection(results) {
  if (results.length === 0) return []
  const seconds = (/** @type {number} */ s) => (Number.isFinite(s) ? s.toFixed(0) : 'never')
  const rows = results.map(({ cell, engine, back }) => {
    const { closedForS, rest } = engine.recovery
    return [
      cell.name,
      closedForS.toFixed(0),
      seconds(backS(engine)),
      back.map(seconds).join(', '),
      percent(rest),
      throttled([{ engine }]),
    ]
  })
  const about =
    'After 15 minutes the server changes. *closed*: seconds in which its window was overfull, so that nobody could have been let in; *back*: seconds from then on to the end of the first half minute within a tenth of the new ceiling, in the middle run and in each; *then*: the rate to the end, in per cent of that ceiling.'
  return ['## Steps', about, table([['Cell', 'closed, s', 'back, s', 'each', 'then', 'throttled'], ...rows])]
}

/** Cells of the whole benchmark that have no figure here. @param {readonly any[]} results */
function leftOut(results) {
  const measured = new Set(results.map(({ cell }) => cell.name))
  const missing = [...grid(), ...further()].filter(({ name }) => !measured.has(name))
  if (missing.length === 0) return []
  const places = new Map()
  for (const cell of missing) {
    const place = cell.part === 'grid' ? keyOf({ cell }) : cell.name
    places.set(place, [...(places.get(place) ?? []), ...(cell.part === 'grid' ? [`${percent(cell.bad)} %`] : [])])
  }
  const lines = [...places].map(([place, bad]) => `- ${place}${bad.length === 0 ? '' : `: ${bad.join(', ')} bad rows`}`)
  return ['## What was not measured', `${missing.length} cells of the virtual part:`, lines.join('\n')]
}

/** @param {readonly any[]} wire */
function wireSection(wire) {
  if (wire.length === 0) return []
  const rows = wire.map((one) => [
    one.cell.name,
    ratio(one),
    throttled([one]),
    one.engine.cpuMsPer1000.toFixed(0),
    one.engine.bareCpuMsPer1000.toFixed(0),
    String(one.engine.message.rows),
    one.engine.scale.toFixed(1),
    String(one.engine.rows),
  ])
  const heads = [
    'Cell',
    'of the ceiling',
    'throttled',
    'client CPU, ms per 1,000 rows',
    'undici alone',
    'best rows per message',
    'time scale',
    'rows',
  ]
  return ['## Over HTTP', table([heads, ...rows])]
}
