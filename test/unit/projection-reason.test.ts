/** The text on a consent row, written and read again (semantics §6.5, §7). */

import { describe, expect, it } from 'vitest'

import { SECOND, SINCE_EVER } from '../../src/consent/time.ts'
import { MARKER, parseReason, reasonText } from '../../src/projection/reason.ts'

const LO = Date.UTC(2026, 9, 20, 12, 30, 15) * 1_000 + 123_456
const SPAN = { lo: LO, hi: LO + SECOND }

describe('§6.5 reason', () => {
  it('names marker, lo, hi, event and run', () => {
    expect(reasonText(SPAN, 'e-1', 'r1')).toBe(
      'didomi-dataverse lo=2026-10-20T12:30:15.123456Z hi=2026-10-20T12:30:16.123456Z event=e-1 run=r1',
    )
    expect(reasonText({ lo: SINCE_EVER, hi: LO }, undefined, 'r1')).toBe(
      'didomi-dataverse lo=- hi=2026-10-20T12:30:15.123456Z event=- run=r1',
    )
    expect(MARKER).toBe('didomi-dataverse')
  })

  it('has at most 500 characters', () => {
    expect(reasonText(SPAN, 'e', 'r'.repeat(900))).toHaveLength(500)
    expect(parseReason(reasonText(SPAN, 'e', 'r'.repeat(900)))).toEqual(SPAN)
  })

  it.each(['a b', '', 'é', 'a\nb', 'x'.repeat(201), ' a', 'a '])('leaves the event id %j out', (id) => {
    expect(reasonText(SPAN, id, 'r')).toContain(' event=- run=r')
  })

  it('keeps an event id of up to 200 visible ASCII characters', () => {
    expect(reasonText(SPAN, 'x'.repeat(200), 'r')).toContain(` event=${'x'.repeat(200)} run=r`)
    expect(reasonText(SPAN, '!~=', 'r')).toContain(' event=!~= run=r')
  })
})

describe('§7 a readable reason', () => {
  it('gives back its span', () => {
    expect(parseReason(reasonText(SPAN, 'e', 'r'))).toEqual(SPAN)
    expect(parseReason(reasonText({ lo: SINCE_EVER, hi: LO }, undefined, 'r'))).toEqual({ lo: SINCE_EVER, hi: LO })
    expect(parseReason(reasonText({ lo: LO, hi: LO }, undefined, 'r'))).toEqual({ lo: LO, hi: LO })
    expect(parseReason(`${MARKER} lo=- hi=2026-10-20T12:30:15Z`)?.lo).toBe(SINCE_EVER)
  })

  it.each([
    '',
    MARKER,
    `${MARKER} lo=-`,
    `${MARKER} hi=2026-10-20T12:30:15Z lo=-`,
    `${MARKER} lo=soon hi=2026-10-20T12:30:15Z`,
    `${MARKER} lo=- hi=late`,
    `${MARKER} xx=- hi=2026-10-20T12:30:15Z`,
    `${MARKER} lo=- xx=2026-10-20T12:30:15Z`,
    `${MARKER} lo=2026-10-20T12:30:16Z hi=2026-10-20T12:30:15Z`,
    `x${MARKER} lo=- hi=2026-10-20T12:30:15Z`,
    `${MARKER}  lo=- hi=2026-10-20T12:30:15Z`,
    'Changed by hand',
  ])('%j is none', (text) => {
    expect(parseReason(text)).toBeUndefined()
  })
})
