/** Instants: read from RFC 3339, kept to the microsecond, written again. */

import { describe, expect, it } from 'vitest'

import {
  DAY,
  formatInstant,
  fromMilliseconds,
  HOUR,
  hull,
  MILLISECOND,
  parseDay,
  parseFormattedInstant,
  parseInstant,
  SECOND,
  SINCE_EVER,
} from '../../src/consent/time.ts'

const NOON = Date.UTC(2026, 9, 20, 12, 30, 15) * 1_000

describe('parseInstant', () => {
  it.each([
    ['2026-10-20T12:30:15Z', NOON],
    ['2026-10-20t12:30:15z', NOON],
    ['2026-10-20T14:30:15+02:00', NOON],
    ['2026-10-20T07:00:15-05:30', NOON],
    ['2026-10-20T12:30:15-00:00', NOON],
    ['2026-10-20T12:30:15.5Z', NOON + 500_000],
    ['2026-10-20T12:30:15.000001Z', NOON + 1],
    ['2026-10-20T12:30:15.1234569+00:00', NOON + 123_456],
    ['2026-10-20T12:30:15+00:59', NOON - 59 * 60 * SECOND],
    ['2026-10-21T11:30:15+23:00', NOON],
    ['1970-01-01T00:00:00Z', 0],
    ['1969-12-31T23:59:59Z', -SECOND],
    ['2026-12-31T23:59:60Z', Date.UTC(2027, 0, 1) * 1_000],
    ['2024-02-29T23:59:59Z', Date.UTC(2024, 1, 29, 23, 59, 59) * 1_000],
    ['1684-08-01T00:00:00Z', Date.UTC(1684, 7, 1) * 1_000],
    ['2255-06-01T00:00:00Z', Date.UTC(2255, 5, 1) * 1_000],
  ])('§2.4 %s is an instant', (text, instant) => {
    expect(parseInstant(text)).toBe(instant)
  })

  it.each([
    '',
    '2026-10-20',
    '2026-10-20T12:30:15',
    '2026-10-20 12:30:15Z',
    '2026-10-20T12:30Z',
    '2026-10-20T12:30:15.Z',
    '2026-10-20T12:30:15+0200',
    '2026-10-20T12:30:15+2:00',
    ' 2026-10-20T12:30:15Z',
    '2026-10-20T12:30:15Z ',
    '2026-1-20T12:30:15Z',
    '26-10-20T12:30:15Z',
    '2026-02-29T12:30:15Z',
    '2026-13-01T12:30:15Z',
    '2026-00-01T12:30:15Z',
    '2026-10-00T12:30:15Z',
    '2026-04-31T12:30:15Z',
    '2026-10-20T24:00:00Z',
    '2026-10-20T12:60:00Z',
    '2026-10-20T12:30:61Z',
    '2026-10-20T12:30:15+24:00',
    '2026-10-20T12:30:15-00:60',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    'x2026-10-20T12:30:15Z',
    1_760_963_415,
    null,
    undefined,
    new Date(0),
    ['2026-10-20T12:30:15Z'],
  ])('§2.4 %o is unreadable', (value: unknown) => {
    expect(parseInstant(value)).toBeUndefined()
  })
})

describe('parseDay', () => {
  it('§1 a partition is of one day', () => {
    expect(parseDay('2026-10-20')).toBe(Date.UTC(2026, 9, 20) * 1_000)
    expect(parseDay('1970-01-02')).toBe(DAY)
  })

  it.each(['2026-02-30', '2026-10-20T', 'x2026-10-20', '2026-10-20x', '20261020', '2026-13-01', '2026-00-10', ''])(
    '§1 %j is no day',
    (text) => {
      expect(parseDay(text)).toBeUndefined()
    },
  )
})

describe('formatInstant', () => {
  it.each([
    [NOON, '2026-10-20T12:30:15Z'],
    [NOON + 500_000, '2026-10-20T12:30:15.500Z'],
    [NOON + 1, '2026-10-20T12:30:15.000001Z'],
    [NOON + 1_000, '2026-10-20T12:30:15.001Z'],
    [NOON + 123_456, '2026-10-20T12:30:15.123456Z'],
    [-1, '1969-12-31T23:59:59.999999Z'],
    [SINCE_EVER, '-'],
  ])('§6.5 %d is written %s and read again', (instant, text) => {
    expect(formatInstant(instant)).toBe(text)
    expect(parseFormattedInstant(text)).toBe(instant)
  })

  it('§6.5 any other text is no instant', () => {
    expect(parseFormattedInstant('--')).toBeUndefined()
    expect(parseFormattedInstant('')).toBeUndefined()
  })
})

describe('units', () => {
  it('§3 instants count microseconds', () => {
    expect([MILLISECOND, SECOND, HOUR, DAY]).toEqual([1_000, 1_000_000, 3_600_000_000, 86_400_000_000])
    expect(fromMilliseconds(1.9)).toBe(1_000)
    expect(fromMilliseconds(NOON / 1_000)).toBe(NOON)
  })

  it('§6.4 the hull covers both spans', () => {
    expect(hull({ lo: 1, hi: 3 }, { lo: 2, hi: 5 })).toEqual({ lo: 1, hi: 5 })
    expect(hull({ lo: 4, hi: 9 }, { lo: SINCE_EVER, hi: 5 })).toEqual({ lo: SINCE_EVER, hi: 9 })
  })
})
