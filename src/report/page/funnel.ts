/** From lines to outcomes: how many came so far, and what became of the others. */

import type { BootstrapReport } from '../bootstrap-report.ts'
import type { DeliverReport } from '../deliver-report.ts'
import type { IngestCounts, IngestReport } from '../ingest-report.ts'
import type { RunReport } from '../run-report.ts'
import { type Chart, names, TEXT } from './chart.ts'
import { counted } from './table.ts'

const COLOURS = { source: 'var(--blue)', target: 'var(--teal)' } as const

/** One step; `left` are those that go no further, by why. */
export interface Step {
  readonly side: keyof typeof COLOURS
  readonly name: string
  readonly count: number
  readonly left: Readonly<Record<string, number>>
}

/** Absent where nothing was read and nobody taken up. */
export function funnelOf({ ingest, bootstrap, deliver }: RunReport): Chart | undefined {
  const several = deliver.length > 1
  const steps = [...ingestSteps(ingest, bootstrap), ...deliver.flatMap((one) => deliverSteps(one, several))]
  return steps.every(({ count }) => count === 0) ? undefined : stepsChart('From lines to outcomes', steps)
}

/** Steps from above to below, as long as what came so far. */
export function stepsChart(title: string, steps: readonly Step[]): Chart {
  return {
    id: 'funnel',
    title,
    captioned: false,
    legend: [
      ...(steps.some(({ side }) => side === 'source') ? [{ name: 'source', colour: COLOURS.source }] : []),
      ...(steps.some(({ side }) => side === 'target') ? [{ name: 'target', colour: COLOURS.target }] : []),
      { name: 'went no further', colour: 'var(--rest)' },
    ],
    description: steps.map(({ name, count }) => `${name}: ${counted(count)}`).join('; '),
    draw: (width) => ({ height: steps.length * 36 + 4, option: optionOf(steps, width === 'wide' ? 178 : 104) }),
    table: {
      caption: 'Each step, and what became of those that went no further',
      heads: ['Step', 'Count', 'Went no further'],
      rows: steps.map(({ name, count, left }) => [name, count, leftText(left)]),
    },
  }
}

function total(counts: readonly IngestCounts[], of: (one: IngestCounts) => number): number {
  return counts.reduce((sum, one) => sum + of(one), 0)
}

function ingestSteps(ingest: IngestReport | undefined, bootstrap: BootstrapReport | undefined): Step[] {
  const counts = ingest?.partitions.map((partition) => partition.counts) ?? []
  const api = bootstrap?.from === 'api' ? bootstrap : undefined
  if (api !== undefined) counts.push(api.counts)
  if (counts.length === 0) return []
  const records = total(counts, (one) => one.records)
  const changed = [ingest, api].reduce((sum, one) => sum + (one?.changedRecords ?? 0), 0)
  const [rejects, guests, skipped] = [
    total(counts, (one) => one.rejects),
    total(counts, (one) => one.guests),
    total(counts, (one) => one.skipped),
  ]
  return [
    {
      side: 'source',
      name: api === undefined ? 'Lines read' : 'Users read',
      count: total(counts, (one) => one.lines),
      left: { rejects, guests, skipped },
    },
    { side: 'source', name: 'Records', count: records, left: { 'said nothing new': Math.max(0, records - changed) } },
    { side: 'source', name: 'Records changed', count: changed, left: {} },
  ]
}

/** Outcomes of persons that nothing is known of where they would be written. */
const NOWHERE = ['unmatched', 'ambiguous-contact', 'expired', 'no-contact-point'] as const

function deliverSteps({ target, persons, outcomes, deferred }: DeliverReport, several: boolean): Step[] {
  const left = Object.fromEntries(NOWHERE.map((outcome) => [outcome, outcomes[outcome]]))
  const found = persons - deferred - NOWHERE.reduce((sum, outcome) => sum + outcomes[outcome], 0)
  const { superseded, unchanged, 'rejected-by-dataverse': rejected } = outcomes
  const of = several ? `${target}: ` : ''
  return [
    { side: 'target', name: `${of}${several ? 'p' : 'P'}ersons due`, count: persons, left: { ...left, deferred } },
    {
      side: 'target',
      name: `${of}${several ? 'f' : 'F'}ound`,
      count: found,
      left: { unchanged, superseded, rejected },
    },
    { side: 'target', name: `${of}${several ? 'w' : 'W'}ritten`, count: outcomes.written, left: {} },
  ]
}

function leftText(left: Step['left']): string {
  const some = Object.entries(left).filter(([, count]) => count > 0)
  return some.map(([why, count]) => `${counted(count)} ${why}`).join(', ') || '–'
}

const sumOf = (left: Step['left']): number => Object.values(left).reduce((total, count) => total + count, 0)

function optionOf(steps: readonly Step[], labels: number) {
  const bar = { type: 'bar' as const, stack: 'all', barWidth: 18, silent: true }
  return {
    // Letters are wider here than the drawing takes them for.
    grid: {
      left: labels,
      right: 16 + 8 * Math.max(...steps.map(({ count }) => counted(count).length)),
      top: 2,
      bottom: 2,
    },
    xAxis: { type: 'value' as const, show: false, max: Math.max(1, ...steps.map(({ count }) => count)) },
    yAxis: names(
      steps.map(({ name }) => name),
      {
        inverse: true,
        axisLine: { show: false },
        axisLabel: { ...TEXT, color: 'var(--ink)', width: (labels - 10) * 0.78, overflow: 'break', lineHeight: 14 },
      },
    ),
    series: [
      {
        ...bar,
        name: 'went on',
        data: steps.map(({ side, count, left }) => {
          return { value: count - sumOf(left), itemStyle: { color: COLOURS[side], borderRadius: 2 } }
        }),
      },
      {
        ...bar,
        name: 'went no further',
        itemStyle: { color: 'var(--rest)', borderRadius: 2 },
        data: steps.map(({ left }) => sumOf(left)),
      },
      // Of no length: it carries the numbers, where the bars end.
      {
        ...bar,
        itemStyle: { color: 'transparent' },
        data: steps.map(() => 0),
        label: {
          ...TEXT,
          show: true,
          position: 'right' as const,
          fontWeight: 600 as const,
          color: 'var(--ink)',
          textBorderWidth: 0,
          formatter: ({ dataIndex }: { dataIndex: number }) => counted(steps[dataIndex]?.count ?? 0),
        },
      },
    ],
  }
}
