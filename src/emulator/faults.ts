/** Scripted trouble: which request it strikes, and what happens to it. */

import type { Value } from './schema.ts'
import type { Row } from './table.ts'

/** All given parts must hold. Texts are matched as substrings, raw and percent-decoded. */
export interface FaultMatch {
  readonly method?: string
  /** Substring of path and query. */
  readonly path?: string
  /** `Create`, `Update`, `Upsert`, `Delete`, `Retrieve`, `RetrieveMultiple`, `CreateMultiple`, …, `Batch`, `Token`, `Metadata`. */
  readonly message?: string
  /** Substring of the body. */
  readonly body?: string
}

/** What happens to a request that is struck; `ms` in milliseconds, `retryAfter` in seconds. */
export type FaultAction =
  | { readonly kind: 'reset-before-commit' }
  | { readonly kind: 'reset-after-commit' }
  | { readonly kind: 'hold-after-commit' }
  | {
      readonly kind: 'status'
      readonly status: number
      readonly code?: string
      readonly message?: string
      readonly retryAfter?: number
      readonly html?: boolean
    }
  /** A gateway answers in the service's place after the request was done; `status` is 502, 503 or 504 in reality. */
  | {
      readonly kind: 'status-after-commit'
      readonly status: number
      readonly message?: string
      readonly html?: boolean
    }
  /** The gateway refuses bodies of more bytes. */
  | { readonly kind: 'too-large-above'; readonly bytes: number }
  /** A request to the control endpoints, `path` and query below their prefix, is done before the struck request. */
  | { readonly kind: 'control-before'; readonly method: string; readonly path: string; readonly body?: unknown }
  | { readonly kind: 'truncate-body' }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'token-reject' }
  | { readonly kind: 'poison-row'; readonly table?: string; readonly column: string; readonly value: Value }
  | { readonly kind: 'sql-timeout-above'; readonly rows: number }
  | { readonly kind: 'deadlock' }
  | { readonly kind: 'bulk-unavailable' }
  | {
      readonly kind: 'edit-before'
      readonly set: string
      readonly id: string
      readonly changes: Readonly<Record<string, Value>>
    }

/** One scripted fault. */
export interface Fault {
  readonly match?: FaultMatch
  /** Strikes from the nth matching request on (default 1). */
  readonly nth?: number
  /** How many times; 0 is for ever. Default 1, but 0 for the actions that describe rows or sizes. */
  readonly count?: number
  readonly action: FaultAction
}

/** What a fault is matched against. */
export interface FaultSubject {
  readonly method: string
  readonly target: string
  readonly message: string
  readonly body: string
  /** Whether the request itself changes rows. */
  readonly isWrite: boolean
  /** How many rows a bulk request names; 0 for any other. */
  readonly targets: () => number
}

/** What a fault is called. */
export type Kind = FaultAction['kind']

/** Faults that happen to the connection, so only to a whole HTTP request. */
export const TRANSPORT_FAULTS: ReadonlySet<Kind> = new Set<Kind>([
  'reset-before-commit',
  'reset-after-commit',
  'hold-after-commit',
  'status-after-commit',
  'too-large-above',
  'control-before',
  'truncate-body',
  'slow',
])

const LASTING: ReadonlySet<Kind> = new Set<Kind>([
  'poison-row',
  'sql-timeout-above',
  'too-large-above',
  'bulk-unavailable',
])

/** Faults that stand in the place of the answer: one of them strikes a request, the next waits for the next request. */
const REPLACING: ReadonlySet<Kind> = new Set<Kind>([
  'reset-before-commit',
  'reset-after-commit',
  'hold-after-commit',
  'status-after-commit',
  'too-large-above',
  'status',
  'token-reject',
  'deadlock',
  'sql-timeout-above',
  'bulk-unavailable',
])

interface Armed {
  readonly fault: Fault
  seen: number
  struck: number
}

/** A fault as somebody looking at the script sees it. */
export interface ArmedFault {
  readonly fault: Fault
  readonly struck: number
  /** Whether it will not strike again. */
  readonly spent: boolean
}

function isSpent({ count, action }: Fault, struck: number): boolean {
  const times = count ?? (LASTING.has(action.kind) ? 0 : 1)
  return times !== 0 && struck >= times
}

/** The armed faults, in the order they were added. */
export class FaultScript {
  #armed: Armed[] = []
  #struck = 0

  /** How many times any fault struck. */
  get struck(): number {
    return this.#struck
  }

  add(faults: readonly Fault[]): void {
    this.#armed.push(...faults.map((fault) => ({ fault, seen: 0, struck: 0 })))
  }

  /** What is armed and how often it struck, in the order it was added. */
  armed(): readonly ArmedFault[] {
    return this.#armed.map(({ fault, struck }) => ({ fault, struck, spent: isSpent(fault, struck) }))
  }

  clear(): void {
    this.#armed = []
    this.#struck = 0
  }

  /** The actions that strike this request now; each use is counted. */
  take(subject: FaultSubject, wanted: (kind: Kind) => boolean): FaultAction[] {
    const actions: FaultAction[] = []
    let replaced = false
    for (const armed of this.#armed) {
      const { match, nth = 1, action } = armed.fault
      if (
        action.kind === 'poison-row' ||
        !wanted(action.kind) ||
        !concerns(action, subject) ||
        !matches(match, subject)
      )
        continue
      armed.seen++
      if (armed.seen < nth || isSpent(armed.fault, armed.struck)) continue
      if (replaced && REPLACING.has(action.kind)) continue
      replaced ||= REPLACING.has(action.kind)
      armed.struck++
      this.#struck++
      actions.push(action)
    }
    return actions
  }

  /** Whether a customer's plug-in refuses this row as it would stand after the write. */
  poisons(table: string, row: Row): boolean {
    for (const armed of this.#armed) {
      const { action } = armed.fault
      if (action.kind !== 'poison-row') continue
      if (action.table !== undefined && action.table !== table) continue
      if ((row[action.column] ?? null) !== action.value) continue
      if (isSpent(armed.fault, armed.struck)) continue
      armed.struck++
      this.#struck++
      return true
    }
    return false
  }
}

/** Some faults happen to certain requests only, whatever the match says. */
function concerns(action: FaultAction, subject: FaultSubject): boolean {
  if (action.kind === 'deadlock') return subject.isWrite
  if (action.kind === 'too-large-above') return Buffer.byteLength(subject.body) > action.bytes
  if (action.kind === 'bulk-unavailable') return subject.targets() > 0
  return action.kind !== 'sql-timeout-above' || subject.targets() > action.rows
}

function matches(match: FaultMatch | undefined, subject: FaultSubject): boolean {
  if (match === undefined) return true
  if (match.method !== undefined && match.method !== subject.method) return false
  if (match.message !== undefined && match.message !== subject.message) return false
  if (match.body !== undefined && !subject.body.includes(match.body)) return false
  return match.path === undefined || subject.target.includes(match.path) || decoded(subject.target).includes(match.path)
}

function decoded(target: string): string {
  try {
    return decodeURIComponent(target)
  } catch {
    return target
  }
}
