/** docs/observability.md shows every metric, span, attribute and placeholder as the registries have them. */

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { PLACEHOLDERS } from '../../src/notify/template.ts'
import { METRIC_NAMES, METRICS, prometheusName } from '../../src/observe/metrics.ts'
import { ATTRIBUTES, SPANS } from '../../src/observe/spans.ts'

const FILE = fileURLToPath(new URL('../../docs/observability.md', import.meta.url))

function between(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->\n`, `<!-- ${name}:end -->`]
  expect(text).toContain(begin)
  return `${text.slice(0, text.indexOf(begin) + begin.length)}${content}\n${text.slice(text.indexOf(end))}`
}

function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const code = (text: string) => `\`${text}\``

it('shows every registry whole (vitest -u writes it anew)', async () => {
  const metrics = METRIC_NAMES.map((name) => {
    const { labels, help } = METRICS[name]
    return [code(prometheusName(name)), labels.map(code).join(', ') || '–', help]
  })
  const named = (registry: Readonly<Record<string, string>>, shown: (name: string) => string) =>
    Object.entries(registry).map(([name, means]) => [code(shown(name)), means])
  let text = await readFile(FILE, 'utf8')
  text = between(text, 'metrics', table(['Metric', 'Labels', 'Means'], metrics))
  text = between(
    text,
    'spans',
    table(
      ['Span', 'Is'],
      named(SPANS, (name) => name),
    ),
  )
  text = between(
    text,
    'attributes',
    table(
      ['Attribute', 'Is'],
      named(ATTRIBUTES, (name) => name),
    ),
  )
  text = between(
    text,
    'placeholders',
    table(
      ['Placeholder', 'Is'],
      named(PLACEHOLDERS, (name) => `{{${name}}}`),
    ),
  )
  await expect(text).toMatchFileSnapshot(FILE)
})
