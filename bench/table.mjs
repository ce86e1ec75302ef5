/** The results as text. */

import { paired, spread } from './goals.mjs'

const MIB = 1024 * 1024

/**
 * @param {{machine: any, candidates: readonly string[], sizes: readonly any[], measurements: readonly any[], goals: readonly any[],
 *   skipped: readonly {name: string, why: string}[], check?: any}} results
 */
export function tables({ machine, candidates, sizes, measurements, goals, skipped, check }) {
  return [
    machineLine(machine),
    ...sizes.map((size) => sizeTable(size, candidates, measurements)),
    goalTable(goals),
    ...skipped.map(({ name, why }) => `${name} was skipped: ${why}`),
    ...(check === undefined ? [] : [`states ${check.equal ? 'are equal' : 'DIFFER'}: ${checkLine(check.digests)}`]),
  ].join('\n\n')
}

/** @param {any} machine */
function machineLine({ node, platform, cores, cpu, memoryGiB, loadBefore, loadAfter }) {
  return (
    `Node ${node}, ${platform}, ${cores} cores (${cpu}), ${memoryGiB} GiB; ` +
    `load average ${loadBefore} before, ${loadAfter} after`
  )
}

/** @param {any} size @param {readonly string[]} candidates @param {readonly any[]} measurements */
function sizeTable({ size, lines, bytes, gzipBytes }, candidates, measurements) {
  const here = measurements.filter((one) => one.size === size)
  const gunzip = here.filter(({ candidate }) => candidate === 'gunzip')
  const names = candidates.filter((name) => here.some(({ candidate }) => candidate === name))
  const rows = names.map((name) => {
    const own = here.filter(({ candidate }) => candidate === name)
    const wall = spread(own.map(({ wallS }) => wallS))
    const peaks = own.flatMap(({ peakMiB }) => peakMiB ?? [])
    return [
      name,
      `${own.length}`,
      fixed(wall.median, 2),
      range(wall.min, wall.max),
      fixed(spread(own.map(({ cpuS }) => cpuS)).median, 2),
      fixed(lines / 1000 / (wall.median ?? Number.NaN), 1),
      fixed(bytes / MIB / (wall.median ?? Number.NaN), 0),
      peaks.length === 0 ? '–' : fixed(Math.max(...peaks), 0),
      fixed(spread(paired(own, gunzip, (one, other) => other.wallS / one.wallS)).median, 2),
    ]
  })
  const heads = ['candidate', 'rounds', 'wall s', 'min–max', 'CPU s', 'k lines/s', 'MiB/s', 'peak MiB', '× gunzip']
  const about = `${size}x: ${lines} lines, ${fixed(bytes / MIB, 0)} MiB, ${fixed(gzipBytes / MIB, 0)} MiB compressed`
  return `${about}\n${aligned([heads, ...rows])}`
}

/** @param {readonly any[]} goals */
function goalTable(goals) {
  const rows = goals.map(({ goal, bound, limit, median, min, max, verdict }) => [
    goal,
    `${bound} ${limit}`,
    fixed(median, 2),
    range(min, max),
    verdict,
  ])
  return aligned([['goal', 'bound', 'median', 'min–max', ''], ...rows])
}

/** @param {Record<string, {states: number, digest: string}>} digests */
const checkLine = (digests) =>
  Object.entries(digests)
    .map(([name, { states, digest }]) => `${name} ${states} ${digest}`)
    .join(', ')

/** @param {number | undefined} value @param {number} digits */
const fixed = (value, digits) => (value === undefined || Number.isNaN(value) ? '–' : value.toFixed(digits))

/** @param {number | undefined} min @param {number | undefined} max */
const range = (min, max) => (min === undefined ? '–' : `${fixed(min, 2)}–${fixed(max, 2)}`)

/** The first column to the left, the others to the right. @param {readonly (readonly string[])[]} rows */
function aligned(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
