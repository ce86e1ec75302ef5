/** Slots: which a person touches, what is wanted there, and what they are called (semantics §1, §6.4, §6.5, §6.7). */

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'

import { SINCE_EVER } from '../../src/consent/time.ts'
import {
  anybodyRefusesParent,
  CONSENT_VALUES,
  type ConsentEntry,
  contactRowId,
  NAMESPACE,
  slotPlace,
  slotRowId,
  slotsOf,
  wantedSlot,
} from '../../src/projection/slot.ts'
import {
  ENTRY,
  GUID,
  line,
  no,
  PREFERENCE,
  person,
  SLOT,
  stateFrom,
  TOPIC_GUID,
  yes,
} from '../support/consent-samples.ts'

/** RFC 9562: SHA-1 over namespace and name, version and variant set. */
function uuidV5(name: string): string {
  const namespace = Buffer.from(NAMESPACE.replaceAll('-', ''), 'hex')
  const hash = createHash('sha1').update(namespace).update(name, 'utf8').digest().subarray(0, 16)
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const TOPIC: ConsentEntry = {
  ...ENTRY,
  kind: 'topic',
  id: TOPIC_GUID,
  keys: [{ kind: 'preference', purpose: 'p', preference: 'f' }],
}
const EMAIL = { channel: 'email', address: 'ada@example.com' } as const
const TEXT = { channel: 'text', address: '+4930901820' } as const

describe('§6.5 primary keys', () => {
  it('are UUIDv5 of channel code, address, kind and id', () => {
    expect(NAMESPACE).toBe('6b1f3d0e-52c7-5b0a-9d3e-0a8f4c2e7d11')
    expect(slotRowId(SLOT)).toBe(uuidV5(`534120000|ada@example.com|purpose|${GUID}`))
    expect(slotRowId({ ...TEXT, entry: TOPIC })).toBe(uuidV5(`534120001|+4930901820|topic|${TOPIC_GUID}`))
  })

  it('have |2, |3 … appended where rows of other slots hold the earlier ones', () => {
    expect(slotRowId(SLOT, 1)).toBe(slotRowId(SLOT))
    expect(slotRowId(SLOT, 2)).toBe(uuidV5(`534120000|ada@example.com|purpose|${GUID}|2`))
    expect(slotRowId(SLOT, 3)).toBe(uuidV5(`534120000|ada@example.com|purpose|${GUID}|3`))
  })

  it('§5.2 of contacts are UUIDv5 of the OUID', () => {
    expect(contactRowId('ada@example.com')).toBe(uuidV5('contact|ada@example.com'))
  })
})

describe('§1 a slot’s place', () => {
  it('is channel, address, kind and id, escaped', () => {
    expect(slotPlace(SLOT)).toBe(`slot/email/ada@example.com/purpose/${GUID}`)
    expect(slotPlace({ channel: 'custom', address: 'a/%2F%/', entry: TOPIC })).toBe(
      `slot/custom/a%2F%252F%25%2F/topic/${TOPIC_GUID}`,
    )
  })
})

describe('§6.4 which slots a person touches', () => {
  const stating = () => person(stateFrom(line(10, true), line(10, false, PREFERENCE)))

  it('those of its addresses for which it states the choice itself', () => {
    const slots = slotsOf(stating(), [EMAIL, TEXT], [ENTRY, TOPIC], 'complete')
    expect(slots.map(slotPlace)).toEqual([
      `slot/email/ada@example.com/purpose/${GUID}`,
      `slot/text/+4930901820/purpose/${GUID}`,
      `slot/email/ada@example.com/topic/${TOPIC_GUID}`,
      `slot/text/+4930901820/topic/${TOPIC_GUID}`,
    ])
    expect(slots[0]).toEqual({ ...EMAIL, entry: ENTRY })
  })

  it('no statement → no row, ever', () => {
    expect(slotsOf(person(stateFrom(line(10, true))), [EMAIL], [TOPIC], 'complete')).toEqual([])
    expect(slotsOf(stating(), [], [ENTRY], 'complete')).toEqual([])
  })

  it('§6.2 an entry goes to all channels unless it names one', () => {
    const named: ConsentEntry = { ...ENTRY, channel: 'text' }
    expect(slotsOf(stating(), [EMAIL, TEXT], [named], 'complete').map(({ channel }) => channel)).toEqual(['text'])
  })
})

describe('§6.4 slot value', () => {
  const says = (...lines: Parameters<typeof line>[]) => person(stateFrom(...lines.map((args) => line(...args))))
  const optIn = () => says([5, false], [10, true])
  const laterOptIn = () => says([15, false], [20, true])
  const refusal = () => says([1, true], [12, false])
  const silent = () => says([10, true, PREFERENCE])
  const wins = { events: 'complete', sharedAddress: 'opt-out-wins' } as const
  const newest = { events: 'complete', sharedAddress: 'newest' } as const
  const value = (persons: Parameters<typeof wantedSlot>[1], policies: Parameters<typeof wantedSlot>[2]) =>
    wantedSlot(SLOT, persons, policies)?.statement

  it('opt-out-wins: Opted In only if every person stating the choice says yes, with the least lo', () => {
    expect(value([optIn(), laterOptIn(), silent()], wins)).toEqual(yes(6, 20))
    expect(value([optIn(), laterOptIn(), refusal()], wins)).toEqual(no(2, 12))
  })

  it('newest: overlay', () => {
    expect(value([optIn(), laterOptIn()], newest)).toEqual(yes(16, 20))
    expect(value([laterOptIn(), refusal()], newest)).toEqual(yes(16, 20))
    expect(value([optIn(), refusal()], newest)).toEqual(no(2, 12))
  })

  it('of nobody stating it is nothing', () => {
    expect(wantedSlot(SLOT, [silent()], wins)).toBeUndefined()
    expect(wantedSlot(SLOT, [], newest)).toBeUndefined()
    expect(wantedSlot(SLOT, [silent()], wins, { value: CONSENT_VALUES.optedOut, lo: 1, hi: 2 })).toBeUndefined()
  })

  it('is of this slot', () => {
    expect(wantedSlot(SLOT, [optIn()], wins)?.slot).toBe(SLOT)
  })

  it('§7 a foreign statement joins the overlay after a restore', () => {
    const joined = (statement: { value: number; lo: number; hi: number }) =>
      wantedSlot(SLOT, [laterOptIn()], wins, statement)?.statement
    expect(joined({ value: CONSENT_VALUES.optedOut, lo: 17, hi: 18 })).toEqual(no(17, 18))
    expect(joined({ value: CONSENT_VALUES.optedOut, lo: 14, hi: 15 })).toEqual(yes(16, 20))
    expect(joined({ value: CONSENT_VALUES.optedIn, lo: 17, hi: 30 })).toEqual(yes(17, 30))
  })
})

describe('§6.7 does anybody refuse the parent purpose', () => {
  const refusing = () => person(stateFrom(line(10, false)))
  const accepting = () => person(stateFrom(line(10, true)))

  it('any person of the address, mapped or not', () => {
    expect(anybodyRefusesParent(TOPIC, [accepting(), refusing()], 'complete')).toBe(true)
    expect(anybodyRefusesParent(TOPIC, [accepting()], 'complete')).toBe(false)
    expect(anybodyRefusesParent(TOPIC, [person(stateFrom())], 'complete')).toBe(false)
    expect(anybodyRefusesParent(TOPIC, [], 'complete')).toBe(false)
  })

  it('every purpose among the places of the choice counts, channels of no purpose do not', () => {
    const elsewhere: ConsentEntry = {
      ...TOPIC,
      keys: [
        { kind: 'channel', channel: 'c' },
        { kind: 'preference', purpose: 'q', preference: 'f' },
        { kind: 'preference', purpose: 'p', preference: 'f' },
      ],
    }
    expect(anybodyRefusesParent(elsewhere, [refusing()], 'complete')).toBe(true)
    expect(
      anybodyRefusesParent({ ...TOPIC, keys: [{ kind: 'channel', channel: 'p' }] }, [refusing()], 'complete'),
    ).toBe(false)
  })

  it('codes are those of Dataverse', () => {
    expect(CONSENT_VALUES).toEqual({ notSet: 534120000, optedIn: 534120001, optedOut: 534120002 })
    expect(wantedSlot(SLOT, [accepting()], { events: 'complete', sharedAddress: 'newest' })?.statement.lo).toBe(
      SINCE_EVER,
    )
  })
})
