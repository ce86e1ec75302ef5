/** Partitions in any order, delivered after each or all at once, end equal (semantics §7, "tests must show"). */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { join, type State, stateOf } from '../../src/consent/state.ts'
import { SECOND, type Span } from '../../src/consent/time.ts'
import { CONSENT_VALUES, wantedSlot } from '../../src/projection/slot.ts'
import { type ConsentRow, judgeSlot } from '../../src/projection/slot-rows.ts'
import type { UserRecord } from '../../src/record/record.ts'
import type { LedgerEntry } from '../../src/store/store.ts'
import { shuffled } from '../support/consent-arbitraries.ts'
import { POLICIES, PURPOSE, person, record, row, SLOT, WE } from '../support/consent-samples.ts'

/** Runs begin long after everything that was said. */
const FIRST_RUN = 1_000 * SECOND

interface Dataverse {
  row: ConsentRow | undefined
  entry: LedgerEntry | undefined
}

/** One delivery of what is known so far. */
function deliver(states: readonly State[], dataverse: Dataverse, at: number): void {
  const wanted = wantedSlot(SLOT, [person(...states)], { events: 'complete', sharedAddress: 'opt-out-wins' })
  if (wanted === undefined) return
  const rows = dataverse.row === undefined ? [] : [dataverse.row]
  const { verdict } = judgeSlot(wanted, rows, dataverse.entry, POLICIES, at)
  if (verdict === 'superseded') return
  const { value, lo, hi } = wanted.statement
  const code = value ? CONSENT_VALUES.optedIn : CONSENT_VALUES.optedOut
  const equalSpan = verdict === 'equal' ? statedByRow(dataverse, code) : undefined
  dataverse.entry = {
    place: 'slot',
    confirmed: { value: code, lo: Math.min(lo, equalSpan?.lo ?? lo), hi: Math.max(hi, equalSpan?.hi ?? hi), at },
  }
  if (verdict === 'write') dataverse.row = row({ optedIn: value, createdOn: at, modifiedOn: at, modifiedBy: WE })
}

/** A value found equal was stated by both sides: the ledger must not forget what the row itself stood for. */
function statedByRow({ row: stored, entry }: Dataverse, code: number): Span | undefined {
  if (entry?.confirmed?.value === code) return entry.confirmed
  return stored && { lo: entry?.confirmed?.at ?? stored.createdOn, hi: stored.modifiedOn }
}

/** Delivers after each of these records, in their order; the value that Dataverse ends with. */
function ending(
  records: readonly UserRecord[],
  later?: (dataverse: Dataverse, step: number) => void,
): boolean | undefined {
  const devices = new Map<string, State>()
  const dataverse: Dataverse = { row: undefined, entry: undefined }
  for (const [step, one] of records.entries()) {
    const known = devices.get(one.userId)
    devices.set(one.userId, known === undefined ? stateOf(one) : join(known, stateOf(one)))
    deliver([...devices.values()], dataverse, FIRST_RUN + step * SECOND)
    later?.(dataverse, step)
  }
  return dataverse.row?.optedIn
}

/** Lines of distinct seconds, each with the event that made the choice, or none of them with an event. */
function told(devices: readonly string[], withEvents: fc.Arbitrary<boolean>): fc.Arbitrary<UserRecord[]> {
  const line = fc.record({
    at: fc.integer({ min: 1, max: 500 }),
    choice: fc.boolean(),
    userId: fc.constantFrom(...devices),
  })
  const lines = fc.uniqueArray(line, { minLength: 1, maxLength: 6, selector: ({ at }) => at })
  return fc.tuple(lines, withEvents).map(([all, dated]) =>
    all.map(({ at, choice, userId }) => {
      const instant = at * SECOND
      const event = { lo: instant, hi: instant, id: String(at), statements: [[PURPOSE, choice]] as const }
      return record({ userId, asOf: instant, statements: [[PURPOSE, choice]], events: dated ? [event] : [] })
    }),
  )
}

const newestChoice = (records: readonly UserRecord[]) =>
  records.reduce((a, b) => (b.asOf > a.asOf ? b : a)).statements.some(([, choice]) => choice === true)

const anyOrder = (records: fc.Arbitrary<UserRecord[]>) => records.chain((all) => shuffled(all))

describe('§7 partitions in any order end equal', () => {
  it('one device, with or without events: with its newest choice', () => {
    fc.assert(
      fc.property(anyOrder(told(['phone'], fc.boolean())), (records) => {
        expect(ending(records)).toBe(newestChoice(records))
      }),
    )
  })

  it('several devices with events: with the newest choice of all', () => {
    fc.assert(
      fc.property(anyOrder(told(['phone', 'laptop'], fc.constant(true))), (records) => {
        expect(ending(records)).toBe(newestChoice(records))
      }),
    )
  })

  it('several devices without events: as if everything had come at once', () => {
    fc.assert(
      fc.property(anyOrder(told(['phone', 'laptop'], fc.constant(false))), (records) => {
        const states = ['phone', 'laptop'].flatMap((userId) => {
          const [first, ...others] = records.filter((one) => one.userId === userId).map(stateOf)
          return first === undefined ? [] : [others.reduce(join, first)]
        })
        const atOnce: Dataverse = { row: undefined, entry: undefined }
        deliver(states, atOnce, FIRST_RUN)
        expect(ending(records)).toBe(atOnce.row?.optedIn)
      }),
    )
  })
})

describe('§7 an unsubscribe made in Dynamics', () => {
  it('is never undone by what was said before it, in whatever order that arrives', () => {
    const records = anyOrder(told(['phone', 'laptop'], fc.boolean()))
    fc.assert(
      fc.property(records, fc.nat(5), (all, at) => {
        const step = Math.min(at, all.length - 1)
        let unsubscribed = false
        const optedIn = ending(all, (dataverse, now) => {
          if (now !== step || dataverse.row?.optedIn !== true) return
          unsubscribed = true
          const modifiedOn = FIRST_RUN + step * SECOND + SECOND / 2
          dataverse.row = row({ optedIn: false, createdOn: FIRST_RUN, modifiedOn })
        })
        if (unsubscribed) expect(optedIn).toBe(false)
      }),
    )
  })
})
