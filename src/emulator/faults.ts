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

type Kind = FaultAction['kind']

/** Faults that happen to the connection, so only to a whole HTTP request. */
export const TRANSPORT_FAULTS: ReadonlySet<Kind> = new Set<Kind>([
  'reset-before-commit',
  'reset-after-commit',
  'hold-after-commit',
  'truncate-body',
  'slow',
])

const LASTING: ReadonlySet<Kind> = new Set<Kind>(['poison-row', 'sql-timeout-above', 'bulk-unavailable'])

/** Faults that stand in the place of the answer: one of them strikes a request, the next waits for the next request. */
const REPLACING: ReadonlySet<Kind> = new Set<Kind>([
  'reset-before-commit',
  'reset-after-commit',
  'hold-after-commit',
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
      const count = armed.fault.count ?? (LASTING.has(action.kind) ? 0 : 1)
      if (armed.seen < nth || (count !== 0 && armed.struck >= count)) continue
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
      const count = armed.fault.count ?? 0
      if (count !== 0 && armed.struck >= count) continue
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
