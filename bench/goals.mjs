/** What must hold, as ratios of measurements that were taken side by side. */

/**
 * @typedef {object} Measurement
 * @property {number} size
 * @property {number} round
 * @property {string} candidate
 * @property {number} lines
 * @property {number} wallS
 * @property {number} cpuS
 * @property {number | undefined} peakMiB
 */

/**
 * @typedef {object} Verdict
 * @property {string} goal
 * @property {'at least' | 'at most'} bound
 * @property {number} limit
 * @property {number | undefined} median undefined where it was not measured
 * @property {number | undefined} min
 * @property {number | undefined} max
 * @property {'pass' | 'fail' | 'not measured'} verdict by the median over the rounds; of an amount of memory by the greatest
 */

const MEMORY_MIB = 512

/**
 * Every goal with its verdict. Goals that compare candidates hold at every size where both were measured; goals of
 * growth compare the largest size with the smallest, in the same round.
 *
 * @param {readonly Measurement[]} measurements
 * @param {readonly number[]} sizes ascending
 * @returns {Verdict[]}
 */
export function verdicts(measurements, sizes) {
  const smallest = sizes.at(0) ?? 1
  const largest = sizes.at(-1) ?? 1
  const of = (/** @type {string} */ candidate, /** @type {number} */ size) =>
    measurements.filter((one) => one.candidate === candidate && one.size === size)
  const speed = (/** @type {string} */ a, /** @type {string} */ b, /** @type {number} */ size) =>
    paired(of(a, size), of(b, size), (one, other) => other.wallS / one.wallS)
  const growth = (/** @type {string} */ candidate, /** @type {(one: Measurement) => number} */ value) =>
    smallest === largest
      ? []
      : paired(of(candidate, largest), of(candidate, smallest), (one, other) => value(one) / value(other))
  const sizesUp = `${largest}x ÷ ${smallest}x`

  return [
    ...sizes.map((size) => atLeast(`speed of ours ÷ gunzip, ${size}x`, 0.3, speed('ours', 'gunzip', size))),
    atLeast(`speed of ours ÷ naive, ${smallest}x`, 3.5, speed('ours', 'naive', smallest)),
    atLeast(`speed of ours-store ÷ naive, ${smallest}x`, 1.5, speed('ours-store', 'naive', smallest)),
    ...sizes.map((size) =>
      atMost(
        `processor time of ours ÷ gunzip, ${size}x`,
        6,
        paired(of('ours', size), of('gunzip', size), (one, other) => one.cpuS / other.cpuS),
      ),
    ),
    ...['ours', 'ours-store'].flatMap((name) => [
      atMost(
        `time per line of ${name}, ${sizesUp}`,
        1.2,
        growth(name, (one) => one.wallS / one.lines),
      ),
      atMost(
        `memory of ${name}, ${sizesUp}`,
        2,
        growth(name, (one) => one.peakMiB ?? Number.NaN),
      ),
      atMost(
        `memory of ${name} in MiB, ${largest}x`,
        MEMORY_MIB,
        of(name, largest).flatMap(({ peakMiB }) => peakMiB ?? []),
        'max',
      ),
    ]),
  ]
}

/**
 * One ratio per round: noise that lasts longer than a round cancels out.
 *
 * @param {readonly Measurement[]} ones
 * @param {readonly Measurement[]} others
 * @param {(one: Measurement, other: Measurement) => number} ratio
 */
export function paired(ones, others, ratio) {
  return ones.flatMap((one) => {
    const other = others.find(({ round }) => round === one.round)
    return other === undefined ? [] : [ratio(one, other)]
  })
}

/** Median, least and greatest; undefined of nothing. @param {readonly number[]} values */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median =
    sorted.length % 2 === 1 ? sorted[middle] : mean(sorted[middle - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN)
  return sorted.length === 0
    ? { median: undefined, min: undefined, max: undefined }
    : { median, min: sorted[0], max: sorted[sorted.length - 1] }
}

const mean = (/** @type {number} */ a, /** @type {number} */ b) => (a + b) / 2

/** @param {string} goal @param {number} limit @param {readonly number[]} values @returns {Verdict} */
function atLeast(goal, limit, values) {
  const { median, min, max } = spread(values)
  return { goal, bound: 'at least', limit, median, min, max, verdict: verdictOf(median, (value) => value >= limit) }
}

/**
 * @param {string} goal
 * @param {number} limit
 * @param {readonly number[]} values
 * @param {'median' | 'max'} judged
 * @returns {Verdict}
 */
function atMost(goal, limit, values, judged = 'median') {
  const all = spread(values)
  return { goal, bound: 'at most', limit, ...all, verdict: verdictOf(all[judged], (value) => value <= limit) }
}

/** @param {number | undefined} value @param {(value: number) => boolean} holds */
function verdictOf(value, holds) {
  if (value === undefined || Number.isNaN(value)) return 'not measured'
  return holds(value) ? 'pass' : 'fail'
}
