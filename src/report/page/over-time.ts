/** How fast it went, and when and why it waited. */

import type { TimelineFigures } from '../../lib/timeline.ts'
import type { DeliverReport } from '../deliver-report.ts'
import { amounts, type Chart, type Key, names, TEXT, type Width } from './chart.ts'
import { counted, lasting } from './table.ts'

interface Series extends Key {
  /** One for each interval. */
  readonly amounts: readonly number[]
}

/** Lines a second. */
export function readingOverTime({ overTime }: { readonly overTime?: TimelineFigures }): Chart | undefined {
  if (overTime === undefined) return undefined
  const series = [rateOf(overTime, 'lines', 'lines', 'var(--blue)')]
  return areaChart('reading', 'Lines read a second', overTime, series)
}

/** Rows a second, and requests a second: so different in size that each has its own drawing. */
export function deliveryOverTime({ target, requests: { overTime } }: DeliverReport, id: string): readonly Chart[] {
  if (overTime === undefined) return []
  const rows = rateOf(overTime, 'rows', 'rows', 'var(--teal)')
  const requests = rateOf(overTime, 'requests', 'requests', 'var(--blue)')
  return [
    ...(sumOf(rows.amounts) === 0
      ? []
      : [areaChart(`rows-${id}`, `Rows written a second, ${target}`, overTime, [rows])]),
    areaChart(`requests-${id}`, `Requests answered a second, ${target}`, overTime, [requests]),
  ]
}

/** Low: what is to be seen is when, more than how much. */
const HEIGHT = 150

/** Colours of causes, in the order in which they come up. */
const CAUSES = ['var(--amber)', 'var(--violet)', 'var(--blue)', 'var(--teal)', 'var(--rest)']

/** Waits by cause; throttles are told in the table. Absent where nobody waited. */
export function waitsOverTime({ target, requests: { overTime } }: DeliverReport, id: string): Chart | undefined {
  if (overTime === undefined) return undefined
  const of = (beginning: string) => Object.keys(overTime.series).filter((name) => name.startsWith(beginning))
  const waits = of('waited: ').map((name, at): Series => {
    const seconds = seriesOf(overTime, name).map((ms) => ms / 1_000)
    return { name: `${name.slice(8)}, s`, colour: CAUSES[at % CAUSES.length] ?? '', amounts: seconds }
  })
  const throttles = of('throttled: ').map((name, at): Series => {
    const colour = at === 0 ? 'var(--red)' : 'var(--ink)'
    return { name: `throttled: ${name.slice(11)}`, colour, amounts: seriesOf(overTime, name) }
  })
  if (waits.length + throttles.length === 0) return undefined
  const all = [...waits, ...throttles]
  const times = timesOf(overTime)
  const title = `Waits and throttles, ${target}`
  return {
    id: `waits-${id}`,
    title,
    captioned: true,
    legend: all,
    description: `${all.map(({ name, amounts: each }) => `${name}: ${counted(sumOf(each))}`).join('; ')}, in intervals of ${lasting(overTime.intervalMs)}.`,
    draw: (width) => ({
      height: HEIGHT,
      option: {
        grid: { left: 40, right: 12, top: 10, bottom: 26 },
        xAxis: timeAxis(times, width),
        yAxis: amounts(),
        series: [
          ...waits.map(({ name, colour, amounts: data }) => ({
            ...{ type: 'bar' as const, stack: 'waits', name, silent: true, barCategoryGap: '15%' },
            ...{ itemStyle: { color: colour }, data: [...data] },
          })),
          ...throttles.map(({ name, colour, amounts: data }) => ({
            ...{
              type: 'line' as const,
              name,
              silent: true,
              symbol: 'diamond',
              symbolSize: 12,
              showAllSymbol: true,
              z: 5,
            },
            ...{ lineStyle: { width: 0 }, itemStyle: { color: colour, borderColor: 'var(--card)', borderWidth: 2 } },
            data: data.map((count) => (count === 0 ? null : count)),
          })),
        ],
      },
    }),
    table: tableFor(title, all, overTime),
  }
}

const seriesOf = ({ series, intervalMs: _ }: TimelineFigures, name: string): readonly number[] => series[name] ?? []

/** Amounts of an interval, a second; all series are as long as the longest. */
function rateOf(overTime: TimelineFigures, name: string, told: string, colour: string): Series {
  const amounts = seriesOf(overTime, name)
  const perSecond = (_: unknown, at: number) => ((amounts[at] ?? 0) * 1_000) / overTime.intervalMs
  return { name: told, colour, amounts: Array.from({ length: lengthOf(overTime) }, perSecond) }
}

const lengthOf = ({ series }: TimelineFigures): number =>
  Math.max(0, ...Object.values(series).map(({ length }) => length))

const sumOf = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0)

/** When each interval begins, UTC; seconds only where intervals are shorter than a minute. */
function timesOf(overTime: TimelineFigures): string[] {
  const begunMs = Date.parse(overTime.startedAt)
  const end = overTime.intervalMs < 60_000 ? 19 : 16
  return Array.from({ length: lengthOf(overTime) }, (_, at) => {
    return new Date(begunMs + at * overTime.intervalMs).toISOString().slice(11, end)
  })
}

const timeAxis = (times: readonly string[], width: Width) =>
  names(times, {
    boundaryGap: true,
    axisLabel: {
      ...TEXT,
      hideOverlap: true,
      interval: Math.max(0, Math.ceil(times.length / (width === 'wide' ? 9 : 4)) - 1),
    },
  })

function areaChart(id: string, title: string, overTime: TimelineFigures, series: readonly Series[]): Chart {
  const times = timesOf(overTime)
  const peak = series.map(({ name, amounts: each }) => `${name}: up to ${counted(Math.max(0, ...each))} a second`)
  return {
    id,
    title,
    captioned: id !== 'reading',
    legend: series.length > 1 ? series : [],
    description: `${peak.join('; ')}, over ${lasting(times.length * overTime.intervalMs)}.`,
    draw: (width) => ({
      height: HEIGHT,
      option: {
        grid: { left: 44, right: 12, top: 10, bottom: 26 },
        xAxis: timeAxis(times, width),
        yAxis: amounts(),
        series: series.map(({ name, colour, amounts: data }) => ({
          ...{ type: 'line' as const, name, silent: true, step: 'middle' as const, data: [...data] },
          ...{ symbol: data.length === 1 ? 'circle' : 'none', symbolSize: 8 },
          lineStyle: { width: 1.5, color: colour },
          itemStyle: { color: colour },
          areaStyle: { color: colour, opacity: 0.16 },
        })),
      },
    }),
    table: tableFor(`${title}, in intervals of ${lasting(overTime.intervalMs)}`, series, overTime),
  }
}

function tableFor(caption: string, series: readonly Series[], overTime: TimelineFigures): Chart['table'] {
  return {
    caption,
    heads: ['From (UTC)', ...series.map(({ name }) => name)],
    rows: timesOf(overTime).map((time, at) => [time, ...series.map(({ amounts: each }) => each[at] ?? 0)]),
  }
}
