/** The gate that a refusal closes for every request of one application user, and that a single request opens again. */

/** Why requests wait, as people are told. */
export type GateCause = 'request limit' | 'execution time limit' | 'concurrency limit' | 'throttled' | 'unavailable'

/** Open, or closed until a moment; after it one request – the probe – shows whether it may be opened. */
export type Gate =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'closed'
      readonly cause: GateCause
      readonly sinceMs: number
      /** No request leaves before this. */
      readonly untilMs: number
      /** How often it was closed again by its own probe, or by one failure after the other. */
      readonly times: number
      readonly probing: boolean
    }

export const OPEN: Gate = { kind: 'open' }

/** How gates wait. */
export interface GateSettings {
  readonly windowMs: number
  /** Waited beyond what the server asks for: the probe must not come a moment too early. */
  readonly slackMs: number
}

/** The least wait where the server names none (a 503, a broken connection), doubled each time. */
const FIRST_WAIT_MS = 1_000

/** A gate never stays closed for longer than this part of a window beyond the server's own wish. */
const LONGEST_EXTRA = 1 / 5

/** A wish beyond this is not believed at once: the probe asks again. */
const LONGEST_WISH = 2

/**
 * Closes the gate for a request that was sent at `sentAtMs`. Requests sent before it closed only lengthen the wait; a
 * refused probe doubles what is waited beyond the server's wish, or two clients on one user could lengthen each other's
 * lock-out for ever.
 */
export function closed(
  gate: Gate,
  { windowMs, slackMs }: GateSettings,
  nowMs: number,
  refusal: { readonly cause: GateCause; readonly sentAtMs: number; readonly wishMs: number | undefined },
): Gate {
  const { cause, sentAtMs, wishMs } = refusal
  const late = gate.kind === 'closed' && sentAtMs < gate.untilMs
  const times = gate.kind === 'open' ? 0 : late ? gate.times : gate.times + 1
  const longest = windowMs * LONGEST_EXTRA
  const extra =
    wishMs === undefined
      ? Math.min(longest, FIRST_WAIT_MS * 2 ** times)
      : Math.min(longest, slackMs * 2 ** times) + Math.min(wishMs, windowMs * LONGEST_WISH)
  const untilMs = Math.max(nowMs + extra, gate.kind === 'closed' ? gate.untilMs : 0)
  return {
    kind: 'closed',
    cause,
    sinceMs: gate.kind === 'closed' ? gate.sinceMs : nowMs,
    untilMs,
    times,
    probing: false,
  }
}

/** The gate once a request has been sent: after a wait it is the probe. */
export function sentThrough(gate: Gate): Gate {
  return gate.kind === 'open' ? gate : { ...gate, probing: true }
}

/** The gate once a request that was sent at `sentAtMs` has been answered: the probe opens it. */
export function answeredThrough(gate: Gate, sentAtMs: number): Gate {
  return gate.kind === 'closed' && sentAtMs >= gate.untilMs ? OPEN : gate
}

/** The gate once a request that was to be sent at `sentAtMs` turned out not to have left: if it was the probe, another may be. */
export function withdrawnFrom(gate: Gate, sentAtMs: number): Gate {
  return gate.kind === 'closed' && sentAtMs >= gate.untilMs ? { ...gate, probing: false } : gate
}
