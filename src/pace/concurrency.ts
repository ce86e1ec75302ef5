/** How many requests at once are well: more while latencies stay, fewer once they grow, and neither for nothing. */

/** What was found out about it. */
export interface Concurrency {
  readonly allowed: number
  /** Set by a refusal for concurrency. */
  readonly ceiling: number
  readonly grownAtMs: number
  readonly answersSinceGrowth: number
  /** The last cut for slowness: what a cut must mend to have been right. */
  readonly cut: { readonly from: number; readonly slowdown: number; readonly vain: number } | undefined
  readonly hinted: boolean
}

export function beginConcurrency(start: number, most: number): Concurrency {
  return {
    allowed: Math.min(start, most),
    ceiling: most,
    grownAtMs: 0,
    answersSinceGrowth: 0,
    cut: undefined,
    hinted: false,
  }
}

/** The server's own advice (`x-ms-dop-hint`), taken once: afterwards we have measured. */
export function hinted(concurrency: Concurrency, hint: number | undefined): Concurrency {
  if (hint === undefined || concurrency.hinted) return concurrency
  return { ...concurrency, hinted: true, allowed: Math.min(concurrency.ceiling, Math.max(1, hint)) }
}

/** Slower than this times the fastest reading: requests are queueing somewhere. */
const SLOW = 1.3
const VERY_SLOW = 1.8
/** Only below this is it worth asking for more at once. */
const BRISK = 1.2
/** A cut that improves latencies by less than this was in vain. */
const MENDS = 0.92
/** After so many cuts in vain the server itself has become slower. */
const VAIN_CUTS = 2

/** What a reading of latencies means. */
export type Judgement =
  | { readonly kind: 'brisk' | 'steady'; readonly concurrency: Concurrency }
  /** Fewer at once from now on. */
  | { readonly kind: 'cut'; readonly concurrency: Concurrency }
  /** Cuts did not help: the server is slower than it was, whatever we do. */
  | { readonly kind: 'dearer'; readonly concurrency: Concurrency }

/** Judges a completed reading: `slowdown` is how many times the fastest one it was. */
export function judged(concurrency: Concurrency, slowdown: number, nowMs: number): Judgement {
  const { cut } = concurrency
  if (slowdown < BRISK) return { kind: 'brisk', concurrency: { ...concurrency, cut: undefined } }
  if (slowdown <= SLOW) return { kind: 'steady', concurrency }
  const vain = cut === undefined || slowdown < cut.slowdown * MENDS ? 0 : cut.vain + 1
  const changed = { ...concurrency, grownAtMs: nowMs, answersSinceGrowth: 0 }
  if (cut !== undefined && vain >= VAIN_CUTS) {
    return { kind: 'dearer', concurrency: { ...changed, allowed: cut.from, cut: undefined } }
  }
  const allowed = Math.max(1, concurrency.allowed * (slowdown > VERY_SLOW ? 0.6 : 0.85))
  return {
    kind: 'cut',
    concurrency: { ...changed, allowed, cut: { from: cut?.from ?? concurrency.allowed, slowdown, vain } },
  }
}

/** Growth per step: by half for a job that fits the window, by a quarter while limits are unknown. */
const BURST = 1.5
const SEARCH = 1.25
/** Steps of the search in one window. */
const STEPS_PER_WINDOW = 20

/** More at once, where the present number was used and did no harm; `burst` for a job that fits the window. */
export function grown(
  concurrency: Concurrency,
  { inFlight, burst, nowMs, windowMs }: { inFlight: number; burst: boolean; nowMs: number; windowMs: number },
): Concurrency {
  const { allowed, ceiling, cut, answersSinceGrowth, grownAtMs } = concurrency
  if (cut !== undefined || inFlight + 1 < Math.floor(allowed) || answersSinceGrowth < allowed) return concurrency
  if (!burst && nowMs - grownAtMs < windowMs / STEPS_PER_WINDOW) return concurrency
  const target = Math.max(allowed * (burst ? BURST : SEARCH), allowed + 1)
  return { ...concurrency, allowed: Math.min(target, ceiling), grownAtMs: nowMs, answersSinceGrowth: 0 }
}

/** The server said that so many at once are too many. */
export function tooMany(concurrency: Concurrency, atOnce: number): Concurrency {
  const ceiling = Math.max(1, Math.floor(0.9 * atOnce))
  return { ...concurrency, ceiling, allowed: Math.min(concurrency.allowed, ceiling) }
}
