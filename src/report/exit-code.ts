/** What a run came to, as an exit code (semantics §9). */

import type { Next } from '../lib/errors.ts'

/** Something that decides the exit code. */
export type Finding = Next | 'rejects-or-quarantine' | 'retention'

const CODES: Record<Finding, number> = {
  interrupted: 130,
  terminated: 143,
  defect: 1,
  configuration: 2,
  authorisation: 3,
  source: 4,
  'rejects-or-quarantine': 5,
  retention: 5,
  deferred: 6,
  lease: 7,
  brake: 9,
}

/** Exit codes of a run that did what it should and leaves nothing to do. */
export const DONE: ReadonlySet<number> = new Set([0, 5])

/** Several apply: the first of these wins. An interruption outranks all: nothing else was looked at to its end. */
const ORDER = [130, 143, 1, 3, 2, 7, 9, 6, 4, 5]

/** 0 where nothing was found. */
export function exitCode(findings: readonly Finding[]): number {
  const codes = findings.map((finding) => CODES[finding])
  return ORDER.find((code) => codes.includes(code)) ?? 0
}
