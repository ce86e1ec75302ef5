/** Opt-ins and opt-outs, by purpose and by day. */

import type { DeliverReport } from '../deliver-report.ts'
import type { Choices, Day } from '../trend.ts'
import { amounts, type Chart, names, TEXT } from './chart.ts'
import { type Content, html } from './html.ts'
import { counted, firstRows, type Table } from './table.ts'

/** What a column, or `purpose:<id> channel`, is about: what the mapping says. */
export type NamePlace = (target: string, place: string) => string | undefined

/** A place as tables tell it: its name, if it has one, before what it is in the report. */
export function namedPlace(nameOf: NamePlace, target: string, place: string): Content {
  const name = nameOf(target, place)
  return name === undefined ? place : html`${name} <small class="id">${place}</small>`
}

type Written = DeliverReport['written']

/** By how much was written, most first. */
function sorted(written: Written): ReadonlyArray<readonly [string, Written[string]]> {
  const size = ({ optedIn, optedOut, other }: Written[string]) => optedIn + optedOut + other
  return Object.entries(written).sort(([a, one], [b, other]) => size(other) - size(one) || (a < b ? -1 : 1))
}

const KEYS = {
  optedIn: { name: 'opted in', colour: 'var(--teal)' },
  optedOut: { name: 'opted out', colour: 'var(--amber)' },
} as const

/** Bars of a chart, at most. */
const MOST_BARS = 24

/** Opt-outs to the left, opt-ins to the right. */
export function choicesChart(
  { target, written }: Pick<DeliverReport, 'target' | 'written'>,
  id: string,
  nameOf: NamePlace,
  title = `Choices written, ${target}`,
): Chart | undefined {
  const shown = sorted(written).slice(0, MOST_BARS)
  if (shown.length === 0) return undefined
  const labels = shown.map(([place]) => nameOf(target, place) ?? place)
  return {
    id: `choices-${id}`,
    title,
    captioned: false,
    legend: [KEYS.optedOut, KEYS.optedIn],
    description: shown
      .slice(0, 6)
      .map(
        ([, { optedIn, optedOut }], at) =>
          `${labels[at]}: ${counted(optedIn)} opted in, ${counted(optedOut)} opted out`,
      )
      .join('; '),
    draw: (width) => {
      const room = width === 'wide' ? 230 : 100
      return {
        height: shown.length * 32 + 4,
        option: divergingOption(labels, shown, room, width === 'wide' ? 1.3 : 1.9),
      }
    },
    table: {
      caption: title,
      heads: ['What', 'Opted in', 'Opted out'],
      rows: shown.map(([, { optedIn, optedOut }], at) => [labels[at] ?? '', optedIn, optedOut]),
    },
  }
}

function divergingOption(labels: readonly string[], shown: ReturnType<typeof sorted>, room: number, wider: number) {
  const bar = (name: string, colour: string, position: 'left' | 'right', data: number[]) => ({
    ...{ type: 'bar' as const, stack: 'choices', name, silent: true, barWidth: 16, data },
    itemStyle: { color: colour, borderRadius: 2 },
    label: {
      ...{ ...TEXT, show: true, position, color: 'var(--ink)', textBorderWidth: 0 },
      formatter: ({ value }: { value: unknown }) => (Number(value) === 0 ? '' : counted(Math.abs(Number(value)))),
    },
  })
  const most = Math.max(1, ...shown.flatMap(([, { optedIn, optedOut }]) => [optedIn, optedOut]))
  return {
    grid: { left: room, right: 4, top: 2, bottom: 2 },
    // The same room to both sides, and some for the numbers.
    xAxis: amounts({
      min: -most * wider,
      max: most * wider,
      axisLabel: { show: false },
      splitLine: { show: false },
    }),
    yAxis: names(labels, {
      inverse: true,
      axisLine: { show: false },
      axisLabel: { ...TEXT, color: 'var(--ink)', width: room - 30, overflow: 'truncate' },
    }),
    series: [
      bar(
        'opted out',
        KEYS.optedOut.colour,
        'left',
        shown.map(([, { optedOut }]) => -optedOut),
      ),
      bar(
        'opted in',
        KEYS.optedIn.colour,
        'right',
        shown.map(([, { optedIn }]) => optedIn),
      ),
    ],
  }
}

/** A day of several runs is one day; compared is the one before it on which anything is known of the target. */
export function choicesTable({ target, written }: DeliverReport, days: readonly Day[], nameOf: NamePlace): Table {
  const today = days.at(-1)
  const before = days.at(-2)
  const places = sorted(written)
  const missing = [...(before?.byPlace.keys() ?? [])].filter((place) => written[place] === undefined)
  const rows = [...places.map(([place]) => place), ...missing]
  return {
    caption:
      before === undefined
        ? `${target}: choices written this day; no earlier day is known`
        : `${target}: choices written on ${today?.date}, and against ${before.date}`,
    heads: ['What', 'Opted in', 'Opted out', 'Set'],
    ...firstRows(rows, (place) => {
      const now = today?.byPlace.get(place) ?? { optedIn: 0, optedOut: 0 }
      const then = before && (before.byPlace.get(place) ?? { optedIn: 0, optedOut: 0 })
      return [
        namedPlace(nameOf, target, place),
        against(now.optedIn, then?.optedIn),
        against(now.optedOut, then?.optedOut),
        written[place]?.other ?? 0,
      ]
    }),
  }
}

function against(now: number, then: number | undefined): Content {
  if (then === undefined) return counted(now)
  const change = now - then
  const sign = change > 0 ? '+' : change < 0 ? '−' : '±'
  return html`<span class="pair">${counted(now)} <small>${sign}${counted(Math.abs(change))}</small></span>`
}

/** Opt-ins up, opt-outs down, one column a day; absent until there are two. */
export function daysChart(target: string, days: readonly Day[], id: string): Chart | undefined {
  if (days.length < 2) return undefined
  const title = `Day by day, ${target}`
  const of = (pick: (total: Choices) => number) => days.map(({ total }) => pick(total))
  const column = (name: string, colour: string, data: number[]) => ({
    ...{ type: 'bar' as const, stack: 'day', name, silent: true, barMaxWidth: 26, data },
    itemStyle: { color: colour, borderRadius: 2 },
  })
  return {
    id: `days-${id}`,
    title,
    captioned: true,
    legend: [KEYS.optedIn, KEYS.optedOut],
    description: `Choices written on each of the last ${days.length} days with a run, from ${days[0]?.date} to ${days.at(-1)?.date}.`,
    draw: (width) => ({
      height: 200,
      option: {
        grid: { left: 44, right: 12, top: 10, bottom: 26 },
        xAxis: names(
          days.map(({ date }) => date.slice(5)),
          {
            axisLabel: {
              ...{ ...TEXT, hideOverlap: true },
              interval: Math.max(0, Math.ceil(days.length / (width === 'wide' ? 12 : 5)) - 1),
            },
          },
        ),
        yAxis: amounts(),
        series: [
          column(
            'opted in',
            KEYS.optedIn.colour,
            of(({ optedIn }) => optedIn),
          ),
          column(
            'opted out',
            KEYS.optedOut.colour,
            of(({ optedOut }) => -optedOut),
          ),
        ],
      },
    }),
    table: {
      caption: title,
      heads: ['Day (UTC)', 'Opted in', 'Opted out'],
      rows: days.map(({ date, total }) => [date, total.optedIn, total.optedOut]),
    },
  }
}
