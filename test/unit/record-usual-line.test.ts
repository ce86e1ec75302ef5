/** §2: a line on which there is nothing to decide is an entry at once; every other is decided on, with the same outcome as parsed. */

import { describe, expect, it } from 'vitest'
import { parseInstant } from '../../src/consent/time.ts'
import { fastReader, plainReader, type ReadOutcome } from '../../src/record/line-reader.ts'
import { Names } from '../../src/record/names.ts'
import type { ReadingSettings } from '../../src/record/record.ts'
import { readRecord } from '../support/read-record.ts'

const SETTINGS: ReadingSettings = {
  normalise: 'none',
  regulations: ['gdpr'],
  clockSkew: 0,
  maxLineBytes: 8_388_608,
}
const AT = '2026-10-20T18:41:07.512Z'
const LATER = '2026-10-20T18:41:07.513Z'
const LATEST = parseInstant(LATER) ?? 0
const BEYOND = '2026-10-20T18:41:07.514Z'

/** `undefined` takes a member away. */
function lineOf(user: object, event: object): Buffer {
  const consents = { purposes: [{ id: 'p', enabled: true }] }
  const line = {
    user: { id: 'u', organization_user_id: 'o', version: 3, updated_at: AT, regulation: 'gdpr', consents, ...user },
    events: [{ id: 'e', created_at: AT, updated_at: AT, status: 'confirmed', regulation: 'gdpr', consents, ...event }],
  }
  return Buffer.from(`${JSON.stringify(line)}\n`)
}

/** What both readers make of it, and whether the fast one had it as an entry at once: in the memory of its module. */
function both(line: Buffer, settings = SETTINGS) {
  const names = new Names()
  const [fast, plain] = [fastReader(settings, names), plainReader(settings)].map((reader) =>
    reader.read(line, 0, line.length - 1, LATEST),
  )
  if (fast === undefined || plain === undefined) throw new Error('no outcome')
  const atOnce = fast.kind === 'compact' && fast.entry.start > 0
  return { atOnce, fast: comparable(fast, names), plain: comparable(plain, names) }
}

function comparable(outcome: ReadOutcome, names: Names): unknown {
  if (outcome.kind !== 'compact' && outcome.kind !== 'record') return outcome
  return { ignoredEvents: outcome.ignoredEvents, record: readRecord(outcome, names.texts) }
}

describe('a line on which there is nothing to decide', () => {
  it.each<[string, object, object]>([
    ['as lines nearly always are', {}, {}],
    ['no user id', { id: undefined }, {}],
    ['no version', { version: undefined }, {}],
    ['a version of fifteen digits', { version: 123_456_789_012_345 }, {}],
    ['no regulation, no status', { regulation: undefined }, { regulation: undefined, status: undefined }],
    ['an event without a second time', {}, { updated_at: undefined }],
    ['an event changed before it was made', {}, { created_at: LATER, updated_at: AT }],
    ['an event of a whole second', {}, { created_at: '2026-10-20T18:41:07Z' }],
    ['the latest believable time', { updated_at: LATER }, { updated_at: LATER }],
    ['an OUID with capitals, dots and spaces within', { organization_user_id: 'Ann M. <a@example.com>' }, {}],
    ['an OUID of 2,046 bytes', { organization_user_id: 'o'.repeat(2_046) }, {}],
    ['an event that states nothing', {}, { consents: undefined }],
  ])('§2 is an entry at once: %s', (_, user, event) => {
    const { atOnce, fast, plain } = both(lineOf(user, event))
    expect(fast).toEqual(plain)
    expect(atOnce).toBe(true)
  })
})

describe('a line on which there is something to decide', () => {
  it.each<[string, object, object]>([
    ['§2.2 another regulation', { regulation: 'ccpa' }, {}],
    ['§2.2 a regulation in capitals', { regulation: 'GDPR' }, {}],
    ['§2.2 a regulation that is null', { regulation: null }, {}],
    ['§2.3 no OUID', { organization_user_id: undefined }, {}],
    ['§2.3 an OUID that is null', { organization_user_id: null }, {}],
    ['§2.3 an OUID that is a number', { organization_user_id: 7 }, {}],
    ['§2.3 an empty OUID', { organization_user_id: '' }, {}],
    ['§2.3 a blank OUID', { organization_user_id: '  ' }, {}],
    ['§2.3 an OUID with a space before', { organization_user_id: ' o' }, {}],
    ['§2.3 an OUID with a space behind', { organization_user_id: 'o ' }, {}],
    ['§2.3 an OUID with an escape', { organization_user_id: 'o"o' }, {}],
    ['§2.3 an OUID with a NUL', { organization_user_id: 'o\0' }, {}],
    ['§2.3 an OUID beyond ASCII', { organization_user_id: 'ö' }, {}],
    ['§2.3 an OUID of 2,047 bytes', { organization_user_id: 'o'.repeat(2_047) }, {}],
    ['§2.3 a user id that is null', { id: null }, {}],
    ['§2.3 an empty user id', { id: '' }, {}],
    ['§2.3 a user id beyond ASCII', { id: 'é' }, {}],
    ['§2.4 no time', { updated_at: undefined }, {}],
    ['§2.4 no time at all', { updated_at: undefined }, { created_at: undefined }],
    ['§2.4 a time that is null', { updated_at: null }, {}],
    ['§2.4 a time with an offset', { updated_at: '2026-10-20T20:41:07.512+02:00' }, {}],
    ['§2.4 a whole second', { updated_at: '2026-10-20T18:41:07.000Z' }, {}],
    ['§2.4 a time in microseconds', { updated_at: '2026-10-20T18:41:07.512345Z' }, {}],
    ['§2.4 a time beyond the latest', { updated_at: BEYOND }, {}],
    ['§2.4 an event beyond the latest', {}, { updated_at: BEYOND }],
    ['§2.4 an event made beyond the latest', {}, { created_at: BEYOND }],
    ['§2.4 an event without a time', {}, { created_at: undefined }],
    ['§2.4 an event whose time is no time', {}, { created_at: 'yesterday' }],
    ['§2.4 an event whose second time is no time', {}, { updated_at: 'yesterday' }],
    ['§2.5 an event that is not confirmed', {}, { status: 'pending_approval' }],
    ['§2.5 an event whose status is null', {}, { status: null }],
    ['§2.5 an event under another regulation', {}, { regulation: 'ccpa' }],
    ['§2 a version below zero', { version: -1 }, {}],
    ['§2 a version that is no whole number', { version: 1.5 }, {}],
    ['§2 a version with an exponent', { version: 1e21 }, {}],
    ['§2 a version of sixteen digits', { version: 1_234_567_890_123_456 }, {}],
    ['§2 a version that is a text', { version: '3' }, {}],
  ])('is decided on: %s', (_, user, event) => {
    const { atOnce, fast, plain } = both(lineOf(user, event))
    expect(fast).toEqual(plain)
    expect(atOnce).toBe(false)
  })

  it.each<[string, Partial<ReadingSettings>, object, boolean]>([
    ['OUIDs are lowered and this one has a capital', { normalise: 'lowercase' }, { organization_user_id: 'oO' }, false],
    ['OUIDs are lowered and this one has none', { normalise: 'email' }, { organization_user_id: 'o@[z]' }, true],
    ['the GDPR does not count', { regulations: ['ccpa'] }, {}, false],
  ])('§2.3 goes by the settings: %s', (_, settings, user, expected) => {
    const { atOnce, fast, plain } = both(lineOf(user, {}), { ...SETTINGS, ...settings })
    expect(fast).toEqual(plain)
    expect(atOnce).toBe(expected)
  })
})
