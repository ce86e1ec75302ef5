/** Reading never throws, never depends on order, and keeps identifiers byte-exact. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { DAY, parseInstant } from '../../src/consent/time.ts'
import { csvRecord } from '../../src/record/csv.ts'
import { parseLine } from '../../src/record/line.ts'
import { normaliseOuid } from '../../src/record/normalise.ts'
import type { ReadingSettings } from '../../src/record/record.ts'

const SETTINGS: ReadingSettings = { normalise: 'none', regulations: ['gdpr'], clockSkew: DAY, maxLineBytes: 8_388_608 }
const LATEST = parseInstant('2026-10-22T00:00:00Z') ?? 0
const KINDS = ['record', 'reject', 'guest', 'skipped']

const anyText = fc.string({ unit: 'binary' })
const fragment = fc.oneof(fc.jsonValue(), fc.constantFrom('2026-10-20T00:00:00Z', 'p', '__proto__', true, false, null))
/** Lines that look right from afar: the known names, any values. */
const nearly = fc.record(
  {
    user: fc.record(
      {
        id: fragment,
        organization_user_id: fc.oneof(anyText, fragment),
        updated_at: fragment,
        version: fragment,
        regulation: fragment,
        metadata: fragment,
        consents: fc.record({
          purposes: fc.array(
            fc.record({
              id: fragment,
              enabled: fragment,
              values: fc.dictionary(anyText, fc.record({ value: fragment })),
              preferences: fc.array(fc.record({ id: fragment, enabled: fragment })),
              channels: fragment,
            }),
          ),
          channels: fc.array(fragment),
        }),
      },
      { requiredKeys: [] },
    ),
    events: fc.oneof(
      fragment,
      fc.array(fc.record({ id: fragment, created_at: fragment, status: fragment, consents: fragment })),
    ),
  },
  { requiredKeys: [] },
)

describe('parseLine', () => {
  it('§2 comes to exactly one of four outcomes on any text and any JSON', () => {
    const line = fc.oneof(
      anyText,
      fc.json(),
      nearly.map((value) => JSON.stringify(value)),
    )
    fc.assert(
      fc.property(line, (text) => {
        const outcome = parseLine(text, SETTINGS, LATEST)
        expect(KINDS).toContain(outcome.kind)
        if (outcome.kind === 'record') {
          expect(outcome.record.ouid.trim()).not.toBe('')
          const keys = outcome.record.statements.map(([key]) => key)
          expect(new Set(keys).size).toBe(keys.length)
          expect(outcome.record.events.every(({ lo, hi }) => lo <= hi && hi <= LATEST)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('§2.3 hostile identifiers survive byte-exact', () => {
    const ouid = anyText.filter((text) => text.trim() !== '' && !text.includes('\0')).map((text) => text.trim())
    fc.assert(
      fc.property(ouid, (text) => {
        const user = { organization_user_id: ` ${text}\t`, id: text, updated_at: '2026-10-20T00:00:00Z' }
        expect(parseLine(JSON.stringify({ user }), SETTINGS, LATEST)).toMatchObject({
          kind: 'record',
          record: { ouid: text, userId: text },
        })
      }),
    )
  })

  it('§2.6 the order of purposes in a line makes no difference', () => {
    const id = fc.constantFrom('p', 'q')
    const purpose = fc.record({
      id,
      enabled: fc.constantFrom(true, false, null),
      values: fc.dictionary(
        fc.constantFrom('f', 'g'),
        fc.record({ value: fc.constantFrom('a', 'a,b', 'b', '', null) }),
      ),
      preferences: fc.array(fc.record({ id: fc.constantFrom('f', 'g'), enabled: fc.boolean() })),
    })
    const read = (purposes: unknown) => {
      const user = { organization_user_id: 'a', updated_at: '2026-10-20T00:00:00Z', consents: { purposes } }
      const outcome = parseLine(JSON.stringify({ user }), SETTINGS, LATEST)
      return outcome.kind === 'record' ? Object.fromEntries(outcome.record.statements) : undefined
    }
    const shuffled = fc
      .array(purpose)
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })))
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        expect(read(other)).toEqual(read(one))
      }),
    )
  })
})

describe('csvRecord', () => {
  it('§2.7 comes to an outcome on any cells', () => {
    const map = {
      organizationUserId: 'a',
      updatedAt: 'b',
      choices: { 'purpose/p': { column: 'c', true: ['1'], false: ['0'] }, 'set/p/f': { column: 'c' } },
    }
    const cell = fc.oneof(anyText, fc.constantFrom('2026-10-20T00:00:00Z', '1', '0'))
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), cell), (row) => {
        expect(KINDS).toContain(csvRecord(row, map, SETTINGS, LATEST).kind)
      }),
    )
  })
})

describe('normaliseOuid', () => {
  it.each(['none', 'lowercase'] as const)('§2.3 %s is settled after once', (normalise) => {
    fc.assert(
      fc.property(anyText, (text) => {
        const once = normaliseOuid(text, normalise)
        expect(normaliseOuid(once, normalise)).toBe(once)
      }),
    )
  })
})
