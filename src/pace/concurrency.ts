/**
 * How many requests at once are well, for all application users of an environment together: where requests queue silently,
 * they queue for its servers. More or fewer are tried for a while, and kept where that brought more rows.
 */

import type { Load } from './cost.ts'
import { EMPTY_READING, type Reading, readOn, slowdown } from './reading.ts'

/** What was found out about it. */
export interface Concurrency {
  readonly allowed: number
  readonly most: number
  readonly hinted: boolean
  /** Execution so far, and how much of it is surely allowed. */
  readonly spentMs: number
  readonly thriftyMs: number
  /** Since when so many are allowed, how many answers are not yet counted, and what rows took since then. */
  readonly sinceMs: number
  readonly uncounted: number
  readonly reading: Reading
  /** What the present number is compared with, while it is tried. */
  readonly trial: { readonly from: number; readonly reading: Reading } | undefined
  /** Whether every trial so far went well: then larger steps are taken. */
  readonly searching: boolean
  readonly tryMoreAtMs: number
  readonly tryFewerAtMs: number
  /** Windows waited after a trial in vain. */
  readonly patience: number
}

/** An answer of a server at work. */
export interface Answer {
  readonly load: Load
  readonly sentAtMs: number
  /** Whether as many as are allowed were at work: only then does it tell of that number. */
  readonly full: boolean
  /** `x-ms-dop-hint`, where it came. */
  readonly hint?: number
}

const FIRST_PATIENCE = 1 / 20
/** Windows until fewer are tried, where more have just been found to be well. */
const FIRST_FEWER = 1 / 5
const MOST_PATIENCE = 2

export function beginConcurrency(start: number, most: number, thriftyMs: number): Concurrency {
  return {
    allowed: Math.max(1, Math.min(start, most)),
    most,
    hinted: false,
    spentMs: 0,
    thriftyMs,
    sinceMs: 0,
    uncounted: 0,
    reading: EMPTY_READING,
    trial: undefined,
    searching: true,
    tryMoreAtMs: 0,
    tryFewerAtMs: Number.POSITIVE_INFINITY,
    patience: FIRST_PATIENCE,
  }
}

/** How numbers are compared. */
interface Measure {
  /** Factor between them, so large that jitter does not hide what it brings. */
  readonly step: number
  /** Answers that it takes, at least. */
  readonly answers: number
  /** The part of the factor by which the greater number must do more. */
  readonly worth: number
}

/**
 * While a trial begins its requests meet few others and are quicker than they will be: where more at once brings nothing, a
 * third more seems to come of twice as many. Chance adds to that, so more is asked for.
 */
const SEARCH: Measure = { step: 2, answers: 8, worth: 5 / 8 }
/** While seconds of execution may be what is short, more at once must bring nearly what the factor promises. */
const THRIFTY: Measure = { step: 1.5, answers: 16, worth: 4 / 5 }
/** Where there are more than a window is documented to hold, rows are what counts: a fortieth is seen in so many answers. */
const GREEDY: Measure = { step: 1.5, answers: 192, worth: 1 / 16 }

function measureOf({ searching, spentMs, thriftyMs }: Concurrency): Measure {
  if (searching) return SEARCH
  return spentMs < thriftyMs ? THRIFTY : GREEDY
}

/** Answers that show that a trial is in vain, where it is much. */
const EARLY = 8
/** A reading is begun anew after so many times the least of it: a trial compares with what was lately. */
const OLD = 4

interface Moment {
  readonly nowMs: number
  readonly windowMs: number
}

/** Takes an answer into account. */
export function answeredAtOnce(before: Concurrency, answer: Answer, moment: Moment): Concurrency {
  const { load, sentAtMs, full, hint } = answer
  if (hint !== undefined && !before.hinted) return hinted(before, hint, moment)
  const latencyMs = moment.nowMs - sentAtMs
  const spent = { ...before, spentMs: before.spentMs + latencyMs }
  if (!full || sentAtMs < before.sinceMs) return spent
  if (before.uncounted > 0) return { ...spent, uncounted: before.uncounted - 1 }
  const reading = readOn(before.reading, load, latencyMs)
  const concurrency = { ...spent, reading }
  const { allowed, trial } = concurrency
  const enough = Math.max(measureOf(concurrency).answers, allowed)
  const complete = reading.answers >= enough
  if (trial !== undefined) {
    return complete || isVain(concurrency, trial) ? ended(concurrency, trial, moment) : concurrency
  }
  if (!complete) return concurrency
  const to = next(concurrency, moment)
  if (to !== undefined) return trying(concurrency, to, moment)
  return reading.answers < OLD * enough ? concurrency : { ...concurrency, reading: EMPTY_READING }
}

/** The server's own advice, taken once: afterwards we have measured. */
function hinted(concurrency: Concurrency, hint: number, { nowMs }: Moment): Concurrency {
  return {
    ...changed(concurrency, Math.max(1, Math.min(concurrency.most, hint)), nowMs),
    hinted: true,
    trial: undefined,
  }
}

/** Another number from now on. The quickest answers come first and are not all, so those of a round are not counted. */
function changed(concurrency: Concurrency, allowed: number, nowMs: number): Concurrency {
  const uncounted = measureOf(concurrency) === GREEDY ? allowed : 0
  return { ...concurrency, allowed, sinceMs: nowMs, uncounted, reading: EMPTY_READING }
}

/** The number to try now, if it is time for another. */
function next(concurrency: Concurrency, { nowMs }: Moment): number | undefined {
  const { allowed, most, tryMoreAtMs, tryFewerAtMs } = concurrency
  const { step } = measureOf(concurrency)
  const more = allowed < most ? tryMoreAtMs : Number.POSITIVE_INFINITY
  const fewer = allowed > 1 ? tryFewerAtMs : Number.POSITIVE_INFINITY
  if (nowMs < Math.min(more, fewer)) return undefined
  // Both may be due: whichever has waited longer.
  return more <= fewer ? Math.min(most, Math.ceil(allowed * step)) : Math.max(1, Math.floor(allowed / step))
}

/** Begins a trial, compared with the reading that has just been completed. */
function trying(concurrency: Concurrency, to: number, { nowMs }: Moment): Concurrency {
  const { allowed, reading } = concurrency
  return { ...changed(concurrency, to, nowMs), trial: { from: allowed, reading } }
}

type Trial = NonNullable<Concurrency['trial']>

/** How many times the rows of before the number does that is tried; `undefined` where nothing can be compared. */
function brought({ allowed, reading }: Concurrency, { from, reading: before }: Trial): number | undefined {
  const times = slowdown(before, reading)
  return times === undefined ? undefined : allowed / from / times
}

/** Whether a trial is given up early, because it does much worse than it might. */
function isVain(concurrency: Concurrency, trial: Trial): boolean {
  const step = concurrency.allowed / trial.from
  const rows = brought(concurrency, trial)
  const telling = step < 1 || measureOf(concurrency) !== GREEDY
  return telling && concurrency.reading.answers >= EARLY && rows !== undefined && rows < Math.sqrt(step)
}

/**
 * Ends a trial: more must bring rows, and fewer must cost none – or as few as more would not have been kept for, where rows
 * are what counts: otherwise chance alone would lead to more and more, whose messages are smaller and dearer by the row.
 */
function ended(concurrency: Concurrency, trial: Trial, moment: Moment): Concurrency {
  const { allowed } = concurrency
  const after = { ...concurrency, trial: undefined }
  const rows = brought(concurrency, trial)
  if (rows === undefined) return changed(after, trial.from, moment.nowMs)
  const step = allowed / trial.from
  const measure = measureOf(concurrency)
  const kept = rows > (step > 1 || measure === GREEDY ? step ** measure.worth : 1)
  const timed = { ...after, ...(step > 1 ? afterMore(after, kept, moment) : afterFewer(after, kept, moment)) }
  if (!kept) return changed(timed, trial.from, moment.nowMs)
  const to = next(timed, moment)
  return to === undefined ? timed : trying(timed, to, moment)
}

type Plan = Partial<Concurrency>

/** More in vain costs seconds of execution at most: where these are not short, it is soon tried again. */
function afterMore(concurrency: Concurrency, kept: boolean, { nowMs, windowMs }: Moment): Plan {
  const { searching, patience, tryFewerAtMs } = concurrency
  const fewerSoonMs = nowMs + FIRST_FEWER * windowMs
  if (kept && searching) return {}
  // What seemed to bring rows by chance is soon found out.
  if (kept) return { tryMoreAtMs: nowMs + FIRST_PATIENCE * windowMs, tryFewerAtMs: Math.min(tryFewerAtMs, fewerSoonMs) }
  const greedy = measureOf(concurrency) === GREEDY
  return {
    searching: false,
    tryMoreAtMs: nowMs + (greedy ? FIRST_PATIENCE : patience) * windowMs,
    tryFewerAtMs: searching ? fewerSoonMs : tryFewerAtMs,
    patience: greedy ? patience : later(patience),
  }
}

/** Fewer in vain cost rows: each time it takes longer until they are tried again. */
function afterFewer({ patience }: Concurrency, kept: boolean, { nowMs, windowMs }: Moment): Plan {
  const changed = kept ? Math.max(FIRST_PATIENCE, patience / 2) : later(patience)
  return { tryFewerAtMs: nowMs + changed * windowMs, patience: changed }
}

const later = (patience: number): number => Math.min(MOST_PATIENCE, patience * 2)
