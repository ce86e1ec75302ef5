/** The perfect values that the store contract starts from. */

import type { PersonId, Settlement, StateRow, Store, TargetScope } from '../../src/store/store.ts'

export const HOSTILE = [
  `Robert'); DROP TABLE state;--`,
  'quote " backslash \\ percent %2F slash / ? ?1 :a @b $c',
  'line\r\nbreak\ttab\u0000nul\u0007bell\u2028separator',
  'emoji 👩‍👩‍👧‍👦 é e\u0301 ﷽ 𠜎 \u202eright to left',
  'x'.repeat(500),
  '',
  ' leading and trailing ',
]

export const SCOPE: TargetScope = { organization: '8a6c0000-0000-4000-8000-000000000001', target: 'crm' }

/** Person number n, in key order of n. */
export const person = (n: number): PersonId => n.toString(16).padStart(8, '0').padEnd(32, '0')
export const stateRow = (n: number, state = 'a', userId = 'device'): StateRow => ({
  person: person(n),
  ouid: `ouid-${n}`,
  userId,
  state,
})
/** The join of these tests: the letters of both, each once, in order. */
export const union = (old: string, added: string): string => [...new Set([...old, ...added])].sort().join('')

export async function settlePersons(store: Store, now: number, ...settlements: Settlement[]): Promise<void> {
  await store.settle(SCOPE, { now, settlements, ledger: [], evidence: [], quarantine: [] })
}
