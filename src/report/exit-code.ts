/** What a run came to, as an exit code (semantics §9). */

import type { Next } from '../lib/errors.ts'

/** Something that decides the exit code. */
export type Finding = Next | 'rejects-or-quarantine' | 'retention'

const CODES: Record<Exclude<Finding, 'interrupted'>, number> = {
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

/** Several apply: the first of these wins. */
const ORDER = [1, 3, 2, 7, 9, 6, 4, 5]

/** 0 where nothing was found. An interruption outranks all: 130 for SIGINT, 143 for SIGTERM. */
export function exitCode(findings: readonly Finding[], signal?: 'SIGINT' | 'SIGTERM'): number {
  if (findings.includes('interrupted')) return signal === 'SIGINT' ? 130 : 143
  const codes = findings.flatMap((finding) => (finding === 'interrupted' ? [] : [CODES[finding]]))
  return ORDER.find((code) => codes.includes(code)) ?? 0
}
