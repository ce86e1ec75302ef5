/** What every store's evidence log must do: sealed, chained, complete, and shorter only from its old end. */

import { expect, it } from 'vitest'
import { SINCE_EVER } from '../../src/consent/time.ts'
import type { Evidence } from '../../src/store/evidence.ts'
import { checkEvidence } from '../../src/store/evidence-check.ts'
import type { Store } from '../../src/store/store.ts'
import { HOSTILE, person, SCOPE } from './store-samples.ts'

const NOW = 1_793_500_000_123_456
const NEVER = new AbortController().signal

export const evidenceFor = (n: number, change: Partial<Evidence> = {}): Evidence => ({
  run: 'run-1',
  person: person(n),
  placeHash: `hash-${n}`,
  place: `slot/email/${n}@example.com/purpose/p`,
  rowId: undefined,
  what: 'purpose',
  from: null,
  to: true,
  lo: SINCE_EVER,
  hi: NOW,
  event: undefined,
  decision: 'written',
  ...change,
})

export const addEvidence = (store: Store, now: number, evidence: readonly Evidence[], scope = SCOPE): Promise<void> =>
  store.settle(scope, { now, settlements: [], ledger: [], evidence, quarantine: [] })

export const checked = (store: Store) => checkEvidence(store, NEVER)

export function evidenceRules(store: () => Store): void {
  it('evidence of a person comes back whole, oldest first, and of nobody else', async () => {
    const hostile = HOSTILE.map((text) => evidenceFor(1, { rowId: text, event: text, to: [text], placeHash: text }))
    await addEvidence(store(), NOW, [...hostile, evidenceFor(2)])
    await addEvidence(store(), NOW + 1, [evidenceFor(1, { decision: 'superseded' })], { ...SCOPE, target: 'other' })
    const told = await store().evidenceOf(person(1))
    expect(told).toEqual([
      ...hostile.map((entry, index) => ({ ...entry, ...SCOPE, at: NOW, sequence: index + 1 })),
      { ...evidenceFor(1, { decision: 'superseded' }), ...SCOPE, target: 'other', at: NOW + 1, sequence: 9 },
    ])
    expect(await store().evidenceOf(person(9))).toEqual([])
  })

  it('the chain holds over transactions, and entries are sealed', async () => {
    expect(await checked(store())).toMatchObject({
      entries: 0,
      breaks: [],
      head: { sequence: 0, hash: '0'.repeat(64) },
    })
    for (const n of [1, 2, 3]) await addEvidence(store(), NOW + n, [evidenceFor(n), evidenceFor(1)])
    const { entries, erased, breaks, head } = await checked(store())
    expect({ entries, erased, breaks, head: head.sequence }).toEqual({ entries: 6, erased: 0, breaks: [], head: 6 })
    const kept = await store().evidenceAfter(0, 10)
    expect(kept.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6])
    expect((await store().evidenceAfter(2, 2)).map(({ sequence }) => sequence)).toEqual([3, 4])
    for (const { sealed } of kept) expect(Buffer.from(sealed).toString('latin1')).not.toContain('example.com')
    // One name for one person, and not the same bytes for the same content.
    expect(new Set(kept.map(({ subject }) => Buffer.from(subject).toString('hex'))).size).toBe(3)
    expect(new Set(kept.map(({ sealed }) => Buffer.from(sealed).toString('hex'))).size).toBe(6)
  })

  it('evidence goes from the old end alone, and the rest still checks', async () => {
    for (const n of [1, 2, 3, 4]) await addEvidence(store(), NOW + n, [evidenceFor(n)])
    expect(await store().expireEvidence(NOW)).toBe(0)
    expect(await store().expireEvidence(NOW + 3)).toBe(2)
    expect(await checked(store())).toMatchObject({ entries: 2, expired: 2, breaks: [], head: { sequence: 4 } })
    expect(await store().evidenceOf(person(1))).toEqual([])
    expect(await store().expireEvidence(NOW + 3)).toBe(0)
    await addEvidence(store(), NOW + 5, [evidenceFor(1), evidenceFor(5)])
    expect(await checked(store())).toMatchObject({ entries: 4, expired: 2, breaks: [], head: { sequence: 6 } })
    expect(await store().expireEvidence(NOW + 9)).toBe(4)
    expect(await checked(store())).toMatchObject({ entries: 0, expired: 6, breaks: [], head: { sequence: 6 } })
    await addEvidence(store(), NOW + 9, [evidenceFor(5)])
    expect(await checked(store())).toMatchObject({ entries: 1, expired: 6, breaks: [], head: { sequence: 7 } })
  })

  it('an entry that is newer in place but older in time keeps what comes after it', async () => {
    for (const at of [3, 1, 5]) await addEvidence(store(), NOW + at, [evidenceFor(at)])
    expect(await store().expireEvidence(NOW + 2)).toBe(0)
    expect(await store().expireEvidence(NOW + 4)).toBe(2)
  })
}
