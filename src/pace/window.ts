/**
 * What was asked of a server during the last minutes: requests, and seconds it worked for us. Dataverse counts both over a
 * sliding window (Dataverse: service protection limits, 300 s), so we keep the same books.
 */

/** A slice of the window; all of it is counted until its last moment has left the window. */
interface Slice {
  readonly number: number
  readonly requests: number
  readonly seconds: number
}

/** The books of one window. `slices` are in order of time, empty ones left out. */
export interface Window {
  readonly slices: readonly Slice[]
  readonly requests: number
  /** Seconds of execution. */
  readonly seconds: number
}

export const EMPTY_WINDOW: Window = { slices: [], requests: 0, seconds: 0 }

/** Slices of one window: one second each at Dataverse's 300. */
const SLICES = 300

/** How long a window is, and how much longer we count than the server: its clock and ours see an arrival apart. */
export interface WindowLength {
  readonly windowMs: number
  readonly slackMs: number
}

const sliceMs = ({ windowMs }: WindowLength): number => windowMs / SLICES

/** When a slice has left the window entirely. */
function leavesAtMs(slice: Slice, length: WindowLength): number {
  return (slice.number + 1) * sliceMs(length) + length.windowMs + length.slackMs
}

/** The books at `nowMs`: what has left the window is forgotten. */
export function windowAt(window: Window, length: WindowLength, nowMs: number): Window {
  const [first] = window.slices
  if (first === undefined || leavesAtMs(first, length) > nowMs) return window
  const slices = window.slices.filter((slice) => leavesAtMs(slice, length) > nowMs)
  if (slices.length === 0) return EMPTY_WINDOW
  return { slices, requests: sum(slices, 'requests'), seconds: sum(slices, 'seconds') }
}

/** Enters requests and seconds of execution at `nowMs`. */
export function entered(
  window: Window,
  length: WindowLength,
  nowMs: number,
  { requests = 0, seconds = 0 }: { readonly requests?: number; readonly seconds?: number },
): Window {
  const number = Math.floor(nowMs / sliceMs(length))
  const last = window.slices.at(-1)
  const slices =
    last !== undefined && last.number >= number
      ? [
          ...window.slices.slice(0, -1),
          { number: last.number, requests: last.requests + requests, seconds: last.seconds + seconds },
        ]
      : [...window.slices, { number, requests, seconds }]
  return { slices, requests: window.requests + requests, seconds: window.seconds + seconds }
}

/** Milliseconds from `nowMs` until so much has left the window; `Infinity` where there is not so much in it. */
export function untilGoneMs(
  window: Window,
  length: WindowLength,
  nowMs: number,
  what: 'requests' | 'seconds',
  amount: number,
): number {
  if (amount <= 0) return 0
  let gone = 0
  for (const slice of window.slices) {
    gone += slice[what]
    if (gone >= amount) return Math.max(0, leavesAtMs(slice, length) - nowMs)
  }
  return Number.POSITIVE_INFINITY
}

/** Milliseconds from `nowMs` until nothing is left in the window. */
export function untilEmptyMs(window: Window, length: WindowLength, nowMs: number): number {
  const last = window.slices.at(-1)
  return last === undefined ? 0 : Math.max(0, leavesAtMs(last, length) - nowMs)
}

function sum(slices: readonly Slice[], what: 'requests' | 'seconds'): number {
  return slices.reduce((total, slice) => total + slice[what], 0)
}
