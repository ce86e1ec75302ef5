/** From lines to outcomes: how many came so far, and what became of the others. */

import type { BootstrapReport } from '../bootstrap-report.ts'
import type { DeliverReport } from '../deliver-report.ts'
import type { IngestCounts, IngestReport } from '../ingest-report.ts'
import type { RunReport } from '../run-report.ts'
import { type Chart, names, TEXT } from './chart.ts'
import { counted } from './table.ts'

/** One step; `left` are those that go no further, by why. */
interface Step {
  readonly name: string
  readonly count: number
  readonly left: Readonly<Record<string, number>>
}

/** Absent where nothing was read and nobody taken up. */
export function funnelOf({ ingest, bootstrap, deliver }: RunReport): Chart | undefined {
  const several = deliver.length > 1
  const steps = [...ingestSteps(ingest, bootstrap), ...deliver.flatMap((one) => deliverSteps(one, several))]
  if (steps.every(({ count }) => count === 0)) return undefined
  return {
    id: 'funnel',
    title: 'From lines to outcomes',
    description: steps.map(({ name, count }) => `${name}: ${counted(count)}`).join('; '),
    draw: (width) => ({ height: steps.length * 40 + 34, option: optionOf(steps, width === 'wide' ? 178 : 104) }),
    table: {
      caption: 'Each step, and what became of those that went no further',
      heads: ['Step', 'Count', 'Went no further'],
      rows: steps.map(({ name, count, left }) => [name, count, leftText(left)]),
    },
  }
}

function ingestSteps(ingest: IngestReport | undefined, bootstrap: BootstrapReport | undefined): Step[] {
  const counts = ingest?.partitions.map((partition) => partition.counts) ?? []
  const api = bootstrap?.from === 'api' ? bootstrap : undefined
  if (api !== undefined) counts.push(api.counts)
  if (counts.length === 0) return []
  const sum = (of: (one: IngestCounts) => number) => counts.reduce((total, one) => total + of(one), 0)
  const records = sum((one) => one.records)
  const changed = (ingest?.changedRecords ?? 0) + (api?.changedRecords ?? 0)
  const [rejects, guests, skipped] = [sum((one) => one.rejects), sum((one) => one.guests), sum((one) => one.skipped)]
  return [
    {
      name: api === undefined ? 'Lines read' : 'Users read',
      count: sum((one) => one.lines),
      left: { rejects, guests, skipped },
    },
    { name: 'Records', count: records, left: { 'said nothing new': Math.max(0, records - changed) } },
    { name: 'Records changed', count: changed, left: {} },
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
    { name: `${of}${several ? 'p' : 'P'}ersons due`, count: persons, left: { ...left, deferred } },
    { name: `${of}${several ? 'f' : 'F'}ound`, count: found, left: { unchanged, superseded, rejected } },
    { name: `${of}${several ? 'w' : 'W'}ritten`, count: outcomes.written, left: {} },
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
    legend: {
      data: ['went on', 'went no further'],
      ...{ top: 0, left: 0, itemWidth: 12, itemHeight: 12, itemGap: 14, selectedMode: false as const },
      ...{ textStyle: { ...TEXT }, itemStyle: { borderWidth: 0 } },
    },
    grid: { left: labels, right: 62, top: 30, bottom: 4 },
    xAxis: { type: 'value' as const, show: false },
    yAxis: names(
      steps.map(({ name }) => name),
      {
        inverse: true,
        axisLine: { show: false },
        axisLabel: { ...TEXT, color: 'var(--ink)', width: labels - 10, overflow: 'break', lineHeight: 14 },
      },
    ),
    series: [
      {
        ...bar,
        name: 'went on',
        itemStyle: { color: 'var(--blue)', borderRadius: 2 },
        data: steps.map(({ count, left }) => count - sumOf(left)),
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
