/** §2: beyond the bounds of the compact form the fast reader leaves the line to the plain one, and nothing is lost. */

import { describe, expect, it } from 'vitest'
import { stateOf, stateText } from '../../src/consent/state.ts'
import { fastReader, plainReader } from '../../src/record/line-reader.ts'
import { Names, NO_NUMBER } from '../../src/record/names.ts'
import type { ReadingSettings } from '../../src/record/record.ts'
import { readRecord } from '../support/read-record.ts'

const SETTINGS: ReadingSettings = {
  normalise: 'none',
  regulations: ['gdpr'],
  clockSkew: 0,
  maxLineBytes: 8_388_608,
}
const LATEST = Number.MAX_SAFE_INTEGER
const AT = '2026-10-20T18:41:07.512Z'
const LONG = 'x'.repeat(70_000)

type Parts = { readonly user?: object; readonly event?: object; readonly events?: number }

function lineOf({ user = {}, event = {}, events = 1 }: Parts): Buffer {
  const consents = { purposes: [{ id: 'p', enabled: true }] }
  const line = {
    user: { id: 'u', organization_user_id: 'o', updated_at: AT, consents, ...user },
    events: Array.from({ length: events }, () => ({ id: 'e', created_at: AT, consents, ...event })),
  }
  return Buffer.from(`${JSON.stringify(line)}\n`)
}

/** What both readers make of a line: the form the fast one gave, and the states. */
function both(line: Buffer, names = new Names()) {
  const fast = fastReader(SETTINGS, names).read(line, 0, line.length - 1, LATEST)
  const plain = plainReader(SETTINGS).read(line, 0, line.length - 1, LATEST)
  if (plain.kind !== 'record' || (fast.kind !== 'record' && fast.kind !== 'compact')) throw new Error('no record')
  const record = readRecord(fast, names.texts)
  return {
    form: fast.kind,
    fast: [record.ouid, record.userId, stateText(stateOf(record))],
    plain: [plain.record.ouid, plain.record.userId, stateText(stateOf(plain.record))],
  }
}

const manyPurposes = (count: number) => ({
  purposes: Array.from({ length: count }, (_, index) => ({ id: `p${index}`, enabled: index % 2 === 0 })),
})

describe('the fast reader', () => {
  it.each<[string, Parts, string]>([
    ['a usual line', {}, 'compact'],
    ['an OUID and a user id of 70,000 bytes', { user: { id: LONG, organization_user_id: LONG } }, 'compact'],
    ['a metadata value of 65,533 bytes', { user: { metadata: { a: 'x'.repeat(65_533) } } }, 'compact'],
    ['a metadata value of 70,000 bytes', { user: { metadata: { a: LONG } } }, 'record'],
    ['a country of 70,000 bytes', { user: { country: LONG } }, 'record'],
    [
      'a set of 70,000 bytes',
      { user: { consents: { purposes: [{ id: 'p', values: { f: { value: LONG } } }] } } },
      'record',
    ],
    ['an event id of 70,000 bytes', { event: { id: LONG } }, 'record'],
    ['20,000 purposes', { user: { consents: manyPurposes(20_000) } }, 'compact'],
    ['20,000 purposes in an event', { event: { consents: manyPurposes(20_000) } }, 'compact'],
    ['22,000 purposes in an event', { event: { consents: manyPurposes(22_000) } }, 'record'],
    [
      'metadata nested 40 levels',
      { user: { metadata: { a: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) } } },
      'compact',
    ],
    [
      'metadata nested 90 levels',
      { user: { metadata: { a: JSON.parse(`${'['.repeat(90)}${']'.repeat(90)}`) } } },
      'record',
    ],
    ['a line of three mebibytes', { user: { last_seen: 'x'.repeat(3 * 1024 * 1024) } }, 'record'],
    ['5,000 events', { events: 5_000 }, 'record'],
    ['an event that counts and states nothing', { event: { consents: {} } }, 'compact'],
  ])('agrees with the plain one on %s', (_, parts, form) => {
    const outcome = both(lineOf(parts))
    expect(outcome.fast).toEqual(outcome.plain)
    expect(outcome.form).toBe(form)
  })

  it('a table of names that is full from the beginning changes nothing but the form', () => {
    const names = new Names()
    for (let name = 0; names.numberOf(`filler/${name}`) !== NO_NUMBER; name += 1);
    const outcome = both(lineOf({ user: { country: 'FR' } }), names)
    expect(outcome.fast).toEqual(outcome.plain)
    expect(outcome.form).toBe('record')
  })

  it('a table of names that is full changes nothing but the form', () => {
    const names = new Names()
    fastReader(SETTINGS, names)
    const known = both(lineOf({ user: { metadata: { known: 1 } } }), names)
    for (let name = 0; names.numberOf(`filler/${name}`) !== NO_NUMBER; name += 1);
    expect(known.form).toBe('compact')
    expect(both(lineOf({ user: { metadata: { known: 2 } } }), names).form).toBe('compact')
    for (const user of [{ metadata: { fresh: 1 } }, { consents: { purposes: [{ id: 'fresh', enabled: false }] } }]) {
      const outcome = both(lineOf({ user }), names)
      expect(outcome.fast).toEqual(outcome.plain)
      expect(outcome.form).toBe('record')
    }
  })
})
