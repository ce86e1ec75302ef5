/** What a check of the doctor comes to, and what a check is. */

import { CodedError, type Next } from '../lib/errors.ts'

export type Finding =
  | { readonly status: 'ok'; readonly found: string }
  | { readonly status: 'warning'; readonly found: string; readonly remedy: string }
  /** `next` decides the exit code (semantics §9). */
  | { readonly status: 'failed'; readonly found: string; readonly remedy: string; readonly next: Next }
  | { readonly status: 'skipped'; readonly why: string }

export type Findings = Finding | readonly Finding[]

/** One thing to look at. Reads only; every outcome is a finding, and what it throws is one too. */
export interface Check<World> {
  /** Unique in its group. */
  readonly id: string
  readonly title: string
  /** Checks that must have come well: ids of the group, or `group/id`. A warning is well enough. */
  readonly needs?: readonly string[]
  run(world: World, signal: AbortSignal): Findings | Promise<Findings>
}

export const ok = (found: string): Finding => ({ status: 'ok', found })
export const warning = (found: string, remedy: string): Finding => ({ status: 'warning', found, remedy })
export const failed = (next: Next, found: string, remedy: string): Finding => ({
  status: 'failed',
  next,
  found,
  remedy,
})
export const skipped = (why: string): Finding => ({ status: 'skipped', why })

/** Every complaint of an error as a finding; of an error without a code only its kind is told, since it may quote data. */
export function failures(error: unknown): readonly Finding[] {
  if (error instanceof CodedError) {
    const { next, code } = error
    return error.complaints.map(({ where, found, expected, remedy }) =>
      failed(next, `${code}: ${where}: ${found}; expected ${expected}`, remedy),
    )
  }
  const kind = error instanceof Error ? error.name : typeof error
  return [failed('defect', `an unexpected ${kind}`, 'Please report it.')]
}

/** The findings, or that all is well where there are none. */
export const orOk = (findings: readonly Finding[], found: string): Findings =>
  findings.length > 0 ? findings : ok(found)

/** What a privilege that no delivery needs would have told is left out, not held against the operator. */
export async function unlessForbidden(what: string, work: () => Promise<Findings>): Promise<Findings> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CodedError && error.code === 'forbidden') return skipped(`${what} may not be read by us`)
    throw error
  }
}

/** `1 row`, `2 rows`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
