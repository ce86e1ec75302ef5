/** One figure of several runs that differ by their seed alone: the middle one. What is counted is counted in all of them. */

/** Rows that met another fate than their own. @param {any} engine */
export function astray({ fates, outcomes }) {
  const { good, bad, applied } = fates
  return (
    Math.abs(good - applied) +
    (fates.lost ?? 0) +
    Math.abs(good - outcomes.done) +
    Math.abs(bad - outcomes.rejected) +
    outcomes.other
  )
}

/** @template T @param {readonly T[]} values @param {(value: T) => number} by @returns {T} */
function middle(values, by) {
  const sorted = [...values].sort((one, other) => by(one) - by(other))
  return sorted[Math.floor((sorted.length - 1) / 2)]
}

const sum = (/** @type {readonly any[]} */ values, /** @type {(value: any) => number} */ of) =>
  values.reduce((total, value) => total + of(value), 0)

/** JSON has no infinity: a run that never came back has none. */
export const backS = (/** @type {any} */ { recovery }) => recovery?.tookS ?? Number.POSITIVE_INFINITY

/**
 * The runs of one cell as one result: its engine is that of the run with the middle ratio, of a step that which was back in the
 * middle time; requests, refusals and rows astray are those of all runs.
 *
 * @param {readonly any[]} runs in the order of their seeds
 */
export function ofAll(runs) {
  const [first] = runs
  const engines = runs.map(({ engine }) => engine)
  const engine = middle(engines, first.cell.step === undefined ? ({ ratio }) => ratio : backS)
  return {
    ...first,
    engine: {
      ...engine,
      secondsPerRow: middle(engines, ({ secondsPerRow }) => secondsPerRow).secondsPerRow,
      requests: sum(engines, ({ server }) => server.requests),
      throttles: sum(engines, ({ server }) => server.refused),
      astray: sum(engines, astray),
    },
    ratios: engines.map(({ ratio }) => ratio),
    ...(first.cell.step === undefined ? {} : { back: engines.map(backS) }),
  }
}
