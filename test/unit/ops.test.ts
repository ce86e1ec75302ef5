/** Alert rules and dashboard name metrics and labels that are there, and leave none out. */

import { execFile } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { METRIC_NAMES, METRICS, prometheusName } from '../../src/observe/metrics.ts'
import { ROOT, textOf } from '../support/documents.ts'
import { lookedAt } from '../support/promql.ts'

interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

const RULES = (parse(textOf('ops/prometheus/alerts.yml')) as { groups: { rules: AlertRule[] }[] }).groups.flatMap(
  ({ rules }) => rules,
)

interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

const DASHBOARD = JSON.parse(textOf('ops/grafana/dashboard.json')) as {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
}

const LABELS = new Map(METRIC_NAMES.map((name) => [prometheusName(name), ['command', ...METRICS[name].labels]]))

/** What of an expression nobody would ever answer. */
function unknownIn(expression: string): string[] {
  const { selectors, grouping } = lookedAt(expression)
  const all = selectors.flatMap(({ metric }) => LABELS.get(metric) ?? [])
  return [
    ...(selectors.length === 0 ? ['no metric at all'] : []),
    ...selectors.flatMap(({ metric, labels }) => {
      const known = LABELS.get(metric)
      return known === undefined
        ? [metric]
        : labels.filter((label) => !known.includes(label)).map((label) => `${metric}{${label}}`)
    }),
    ...grouping.filter((label) => !all.includes(label)),
  ]
}

const labelsOf = (text: string) => [...text.matchAll(/\$labels\.(\w+)|\{\{(\w+)\}\}/g)].map(([, a, b]) => a ?? b ?? '')

describe('the check itself', () => {
  it('finds metrics, matchers and groupings that are not there, and text that is no PromQL', () => {
    expect(unknownIn('sum by (target) (last_over_time(didomi_dataverse_quarantine{target="a"}[26h])) > 0')).toEqual([])
    expect(unknownIn('rate(didomi_dataverse_runs_total{a="b"}[5m])')).toEqual(['didomi_dataverse_runs_total'])
    expect(unknownIn('sum by (who) (didomi_dataverse_quarantine{state="x"})')).toEqual([
      'didomi_dataverse_quarantine{state}',
      'who',
    ])
    expect(unknownIn('time() > 3')).toEqual(['no metric at all'])
    expect(() => unknownIn('sum(didomi_dataverse_quarantine')).toThrow()
  })
})

describe('alert rules', () => {
  it.each(RULES.map((rule) => [rule.alert, rule] as const))('%s can fire, and leads to a manual', (_, rule) => {
    expect(unknownIn(rule.expr)).toEqual([])
    expect(['critical', 'warning', 'info']).toContain(rule.labels['severity'])
    const { grouping, selectors } = lookedAt(rule.expr)
    const left = grouping.length > 0 ? grouping : selectors.flatMap(({ metric }) => LABELS.get(metric) ?? [])
    for (const text of Object.values(rule.annotations))
      expect(labelsOf(text).filter((label) => !left.includes(label))).toEqual([])
    const [file = '', anchor = ''] = (rule.annotations['runbook'] ?? '').split('#')
    const headings = [...textOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} -]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    )
    expect(headings).toContain(anchor)
  })

  it('have names of their own', () => {
    expect(RULES.length).toBeGreaterThan(10)
    expect(new Set(RULES.map(({ alert }) => alert)).size).toBe(RULES.length)
  })
})

describe('the dashboard', () => {
  const shown = DASHBOARD.panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })))

  it.each(shown.map((target) => [`${target.title}: ${target.expr}`, target] as const))('%s', (_, target) => {
    expect(unknownIn(target.expr)).toEqual([])
    const { grouping } = lookedAt(target.expr)
    expect(labelsOf(target.legendFormat).filter((label) => !grouping.includes(label))).toEqual([])
    const variables = [...target.expr.matchAll(/\$(\w+)/g)].map(([, name]) => name)
    const known = DASHBOARD.templating.list.map(({ name }) => name)
    expect(variables.filter((name) => !known.includes(name ?? ''))).toEqual([])
  })

  it('its variables come of metrics that are there', () => {
    for (const { definition } of DASHBOARD.templating.list) {
      if (definition === undefined) continue
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? []
      expect(LABELS.get(metric)).toContain(label)
    }
  })

  it('shows every metric', () => {
    const metrics = new Set(shown.flatMap(({ expr }) => lookedAt(expr).selectors.map(({ metric }) => metric)))
    expect([...LABELS.keys()].filter((name) => !metrics.has(name))).toEqual([])
  })

  it('no panel lies over another, none is wider than the page', () => {
    const taken = new Map<string, number>()
    for (const { id, gridPos } of DASHBOARD.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.get(`${x}/${y}`)).toBeUndefined()
          taken.set(`${x}/${y}`, id)
        }
    }
    expect(new Set(DASHBOARD.panels.map(({ id }) => id)).size).toBe(DASHBOARD.panels.length)
  })
})

/** Prometheus' own tool, where this machine has it. */
const PROMTOOL = [process.env['PROMTOOL'] ?? '', '/usr/bin/promtool'].find((path) => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
})

describe.skipIf(PROMTOOL === undefined)('by Prometheus itself', () => {
  const promtool = (...args: string[]) =>
    promisify(execFile)(PROMTOOL ?? '', args, { cwd: join(ROOT, 'ops/prometheus') })

  it('every rule is one', async () => {
    expect((await promtool('check', 'rules', 'alerts.yml')).stdout).toContain(`${RULES.length} rules found`)
  })

  it('every rule fires where it should, and none on a good night', async () => {
    expect((await promtool('test', 'rules', 'alerts.test.yml')).stdout).toContain('SUCCESS')
    const tested = readFileSync(join(ROOT, 'ops/prometheus/alerts.test.yml'), 'utf8')
    expect(RULES.map(({ alert }) => alert).filter((alert) => !tested.includes(alert))).toEqual([])
  })
})
