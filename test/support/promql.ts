/** What a PromQL expression looks at, by the grammar that Prometheus' own web interface uses. */

import { parser } from '@prometheus-io/lezer-promql'

export interface Looked {
  /** Metrics by name, each with the labels of its matchers. */
  readonly selectors: ReadonlyArray<{ readonly metric: string; readonly labels: readonly string[] }>
  /** Labels that it groups and matches by. */
  readonly grouping: readonly string[]
}

/** Parses it whole. @throws Error where it is no PromQL */
export function lookedAt(expression: string): Looked {
  const tree = parser.configure({ strict: true }).parse(expression)
  const selectors: { metric: string; labels: string[] }[] = []
  const grouping: string[] = []
  tree.iterate({
    enter: ({ name, from, to, node }) => {
      const text = expression.slice(from, to)
      if (name === 'VectorSelector') {
        const metric = node.getChild('Identifier')
        selectors.push({ metric: metric === null ? '' : expression.slice(metric.from, metric.to), labels: [] })
      }
      if (name !== 'LabelName') return
      if (node.parent?.name === 'GroupingLabels') grouping.push(text)
      else selectors.at(-1)?.labels.push(text)
    },
  })
  return { selectors, grouping }
}
