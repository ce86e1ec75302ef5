import { describe, expect, it } from 'vitest'
import type { Line, World } from './oracle/history.ts'
import { parseInstant } from './oracle/instant.ts'
import { readLine } from './oracle/reading.ts'
import { consentWorld, event, history, line, picks, says, us } from './oracle/sample.ts'
import { expectedStatements, linesOf, overlay, recordStatements, type Statement } from './oracle/statements.ts'

const NEVER = Number.NEGATIVE_INFINITY
const world = consentWorld()

/** The statement of Ann, as [value, lo, hi]; µs. */
function of(lines: Line[], key = 'purpose/P', inWorld: World = world, who = 'ann@example.com'): unknown {
  const said = expectedStatements(history(lines, []), inWorld).get(who)?.get(key)
  return said && [said.value, said.lo, said.hi]
}

function one(value: Statement['value'], lo: number, hi: number): Statement {
  return { value, lo: us(lo), hi: us(hi) }
}

describe('reading a line (§2)', () => {
  const read = (record: unknown, policies = {}) =>
    readLine({ record, date: '2026-03-01' }, consentWorld(policies).policies)

  it('§2.1 what is no object is a reject', () => expect(read([1])).toBe('reject'))
  it('§2.1 an OUID that is no string is a reject', () =>
    expect(readLine(line(1, {}, { who: 7 }), world.policies)).toBe('reject'))
  it('§2.3 no user object is a guest', () => expect(read({ events: [] })).toBe('guest'))
  it('§2.3 a blank OUID is a guest', () => expect(readLine(line(1, {}, { who: ' ' }), world.policies)).toBe('guest'))
  it('§2.3 a null OUID is a guest', () => expect(readLine(line(1, {}, { who: null }), world.policies)).toBe('guest'))
  it('§2.2 another regulation skips the line, in any case of letters', () => {
    expect(readLine(line(1, {}, { user: { regulation: 'CPRA' } }), world.policies)).toBe('skipped')
    expect(readLine(line(1, {}, { user: { regulation: 'GDPR' } }), world.policies)).toMatchObject({ version: 1 })
  })
  it('§2 the regulation is looked at before the OUID', () =>
    expect(readLine(line(1, {}, { who: 7, user: { regulation: 'cpra' } }), world.policies)).toBe('skipped'))
  it('§2 the OUID is looked at before the time', () =>
    expect(readLine(line(1, {}, { who: '', user: { updated_at: 'x' } }), world.policies)).toBe('guest'))
  it('§2.2 an event of another regulation does not count', () => {
    const other = event('e', 10, 10, says(false), { regulation: 'cpra' })
    expect(of([line(20, {}, { events: [other] })])).toBeUndefined()
  })
  it('§2.3 OUIDs are trimmed, and kept apart by case with `none`', () => {
    expect(of([line(20, says(true), { who: ' ann@example.com ' })])).toEqual([true, NEVER, us(20)])
    expect(of([line(20, says(true), { who: 'Ann@example.com' })])).toBeUndefined()
  })
  it('§2.3 `lowercase` and `email` make one person of two spellings', () => {
    const composed = line(20, says(true), { who: 'ANN\u0301@example.com' })
    expect(
      of([composed], 'purpose/P', consentWorld({ normalise: 'email' }), 'ann\u0301@example.com'.normalize()),
    ).toEqual([true, NEVER, us(20)])
    expect(
      of([line(20, says(true), { who: 'ANN@example.com' })], 'purpose/P', consentWorld({ normalise: 'lowercase' })),
    ).toEqual([true, NEVER, us(20)])
  })
  it('§2.4 a time without offset, and a day that is none, are unreadable', () => {
    expect(parseInstant('2026-03-01T00:00:00')).toBeUndefined()
    expect(parseInstant('2026-02-30T00:00:00Z')).toBeUndefined()
    expect(parseInstant('2026-03-01T01:00:00.000001+01:00')).toBe(us(0) + 1)
  })
  it('§2.4 without `updated_at` the latest counted event is the time', () => {
    const events = [event('a', 5, 9, {}), event('b', 1, 40, {}, { status: 'pending_approval' })]
    expect(readLine(line(0, {}, { user: { updated_at: null }, events }), world.policies)).toMatchObject({ asOf: us(9) })
  })
  it('§2.4 no time at all is a reject', () =>
    expect(readLine(line(0, {}, { user: { updated_at: null } }), world.policies)).toBe('reject'))
  it('§2.4 a user later than the end of the date and the skew is a reject, one just in time is not', () => {
    expect(readLine(line(2 * 86_400 + 1, {}), world.policies)).toBe('reject')
    expect(readLine(line(2 * 86_400, {}), world.policies)).toMatchObject({ person: 'ann@example.com' })
  })
  it('§2.4 an event later than that is ignored, its line is not', () => {
    const late = event('e', 1, 2 * 86_400 + 1, says(false))
    expect(of([line(20, says(true), { events: [late] })])).toEqual([true, NEVER, us(20)])
  })
  it('§2.5 only confirmed events count; absent and null status are confirmed', () => {
    const with_ = (status: unknown) => of([line(20, {}, { events: [event('e', 1, 2, says(false), { status })] })])
    expect(with_('pending_approval')).toBeUndefined()
    expect(with_(null)).toEqual([false, us(1), us(2)])
    expect(with_(undefined)).toEqual([false, us(1), us(2)])
  })
  it('§2.5 an event updated before it was created ends where it began', () =>
    expect(of([line(20, {}, { events: [event('e', 9, 4, says(false))] })])).toEqual([false, us(9), us(9)]))
  it('§2.6 null, text and numbers are no statement', () => {
    for (const value of [null, 'true', 1, undefined]) expect(of([line(20, says(value))])).toBeUndefined()
  })
  it('§2.6 legitimate interest, channels and purpose channels have keys of their own', () => {
    const consents = {
      channels: [{ id: 'sms', enabled: false }],
      purposes: [{ id: 'P', enabled_li: true, channels: [{ id: 'sms', enabled: true }] }],
    }
    expect(of([line(20, consents)], 'purpose-li/P')).toEqual([true, NEVER, us(20)])
    expect(of([line(20, consents)], 'channel/sms')).toEqual([false, NEVER, us(20)])
    expect(of([line(20, consents)], 'channel/P/sms')).toEqual([true, NEVER, us(20)])
  })
  it('§2.6 a set is its trimmed items; empty, null and missing', () => {
    expect(of([line(20, picks(' b ,, a,b'))], 'set/P/F')).toEqual([['a', 'b'], NEVER, us(20)])
    expect(of([line(20, picks(null))], 'set/P/F')).toEqual([[], NEVER, us(20)])
    expect(of([line(20, picks(''))], 'set/P/F')).toEqual([[], NEVER, us(20)])
    expect(of([line(20, picks(undefined))], 'set/P/F')).toBeUndefined()
  })
  it('§2.6 `values` takes precedence over the v1 preference of the same line', () => {
    const preferences = [{ id: 'F', enabled: true }]
    const both = { purposes: [{ id: 'P', preferences, values: { F: { value: 'a' } } }] }
    expect(of([line(20, both)], 'preference/P/F')).toBeUndefined()
    expect(of([line(20, { purposes: [{ id: 'P', preferences }] })], 'preference/P/F')).toEqual([true, NEVER, us(20)])
  })
  it('§2.6 the same id twice: refusal wins, sets meet', () => {
    const twice = {
      purposes: [
        { id: 'P', enabled: false },
        { id: 'P', enabled: true },
      ],
    }
    expect(of([line(20, twice)])).toEqual([false, NEVER, us(20)])
    const sets = ['a,b', 'b,c'].map((value) => ({ id: 'P', values: { F: { value } } }))
    expect(of([line(20, { purposes: sets })], 'set/P/F')).toEqual([['b'], NEVER, us(20)])
  })
})

describe('a record’s statement (§3)', () => {
  it('§3 one line without event: from never to its time', () =>
    expect(of([line(20, says(true))])).toEqual([true, NEVER, us(20)]))
  it('§3 the greatest stamp is the value, the other value its prior', () =>
    expect(of([line(20, says(true)), line(10, says(false))])).toEqual([true, us(10) + 1, us(20)]))
  it('§3 order and repetition never matter', () => {
    const lines = [line(20, says(true)), line(10, says(false)), line(20, says(true)), line(15, says(false))]
    expect(of([...lines].reverse())).toEqual(of(lines))
  })
  it('§3 the version breaks a tie of times', () => {
    const late = line(20, says(true), { user: { version: 3 } })
    expect(of([line(20, says(false)), late])).toEqual([true, us(20) + 1, us(20) + 1])
  })
  it('§3 a tie of time and version is a refusal', () =>
    expect(of([line(20, says(true)), line(20, says(false))])).toEqual([false, us(20) + 1, us(20) + 1]))
  it('§3 a missing version is −1', () => {
    const bare = line(20, says(true), { user: { version: undefined } })
    expect(of([bare, line(20, says(false), { user: { version: 0 } })])).toEqual([false, us(20) + 1, us(20) + 1])
  })
  it('§3 never said by a line: a refusing event counts, an opt-in event does not', () => {
    expect(of([line(20, {}, { events: [event('e', 5, 6, says(false))] })])).toEqual([false, us(5), us(6)])
    expect(of([line(20, {}, { events: [event('e', 5, 6, says(true))] })])).toBeUndefined()
  })
  it('§3 an event of the value gives its span', () =>
    expect(of([line(20, says(true), { events: [event('e', 5, 6, says(true))] })])).toEqual([true, us(5), us(6)]))
  it('§3 the event of the greatest hi, then lo, counts', () => {
    const events = [event('a', 5, 9, says(true)), event('b', 7, 8, says(true)), event('c', 6, 9, says(true))]
    expect(of([line(20, says(true), { events })])).toEqual([true, us(6), us(9)])
  })
  it('§3 an event that began before the prior counts from the prior', () => {
    const lines = [line(10, says(false)), line(20, says(true), { events: [event('e', 5, 15, says(true))] })]
    expect(of(lines)).toEqual([true, us(10) + 1, us(15)])
  })
  it('§3 an event that ended before the prior does not count', () => {
    const lines = [line(10, says(false)), line(20, says(true), { events: [event('e', 5, 9, says(true))] })]
    expect(of(lines)).toEqual([true, us(10) + 1, us(20)])
  })
  it('§3 the prior takes the lo of an event of another value, never its hi', () => {
    const events = [event('e', 8, 15, says(false))]
    expect(of([line(20, says(true), { events })])).toEqual([true, us(8) + 1, us(20)])
  })
  it('§3 `events: sparse` lets a refusal reach to the line’s time, an opt-in not', () => {
    const sparse = consentWorld({ events: 'sparse' })
    const by = (value: boolean) =>
      of([line(20, says(value), { events: [event('e', 5, 6, says(value))] })], 'purpose/P', sparse)
    expect(by(false)).toEqual([false, us(5), us(20)])
    expect(by(true)).toEqual([true, us(5), us(6)])
  })
  it('§3 a refusing event newer than the opt-in line wins', () =>
    expect(of([line(20, says(true), { events: [event('e', 25, 30, says(false))] })])).toEqual([false, NEVER, us(30)]))
  it('§3 an opt-in event newer than the refusing line stretches the refusal', () =>
    expect(of([line(20, says(false), { events: [event('e', 25, 30, says(true))] })])).toEqual([false, NEVER, us(30)]))
  it('§3 a newer event found by an older line is forgotten once a later line speaks', () => {
    const lines = [line(20, says(true), { events: [event('e', 25, 30, says(false))] }), line(40, says(true))]
    expect(of(lines)).toEqual([true, us(25) + 1, us(40)])
  })
  it('§3 a value id is yes where the set has it, else a refusal', () => {
    const lines = [line(10, picks('a')), line(20, picks('a,b')), line(30, picks('b'))]
    expect(of(lines, 'value/P/F/a')).toEqual([false, us(20) + 1, us(30)])
    expect(of(lines, 'value/P/F/b')).toEqual([true, us(10) + 1, us(30)])
  })
  it('§3 a mapped value id that was never picked is refused by every set', () => {
    const mapped = consentWorld({}, { mapping: [{ key: 'value/P/F/z', kind: 'topic', guid: 't1' }] })
    expect(of([line(20, picks('a'))], 'value/P/F/z', mapped)).toEqual([false, NEVER, us(20)])
  })
  it('§3 a value id that an older event alone picked needs a line', () => {
    const only = line(20, {}, { events: [event('e', 5, 6, picks('a'))] })
    expect(of([only], 'value/P/F/a')).toBeUndefined()
    expect(of([only], 'set/P/F')).toBeUndefined()
  })
  it('§3 a whole set has the least lo and greatest hi of its ids', () => {
    const lines = [line(10, picks('a')), line(20, picks('a,b'), { events: [event('e', 18, 19, picks('b,a'))] })]
    expect(of(lines, 'set/P/F')).toEqual([['a', 'b'], us(18), us(19)])
    expect(of([line(10, picks('a')), line(20, picks('a,b'))], 'set/P/F')).toEqual([['a', 'b'], NEVER, us(20)])
  })
})

describe('the overlay (§3)', () => {
  it('§3 a certainly newer opt-in beats a refusal', () =>
    expect(overlay([one(false, 1, 5), one(true, 6, 9)])).toEqual(one(true, 6, 9)))
  it('§3 overlapping spans: refusal wins, with the span of the refusals', () =>
    expect(overlay([one(false, 1, 6), one(true, 6, 9)])).toEqual(one(false, 1, 6)))
  it('§3 agreeing candidates: greatest lo and greatest hi', () =>
    expect(overlay([one(true, 1, 12), one(true, 6, 9)])).toEqual(one(true, 6, 12)))
  it('§3 a certainly older statement lends nothing', () =>
    expect(overlay([one(true, 1, 2), one(true, 6, 9)])).toEqual(one(true, 6, 9)))
  it('§3 sets meet', () => expect(overlay([one(['a', 'b'], 1, 9), one(['b'], 2, 8)])).toEqual(one(['b'], 2, 8)))
  it('§3 two devices of one person are overlaid, not reduced', () => {
    const phone = line(30, says(true), { user: { id: 'u2' } })
    expect(of([line(20, says(false)), phone])).toEqual([false, NEVER, us(20)])
    const told = line(30, says(true), { user: { id: 'u2' }, events: [event('e', 25, 26, says(true))] })
    expect(of([line(20, says(false)), told])).toEqual([true, us(25), us(26)])
  })
  it('§3 a device that picked another value refuses this one', () => {
    const lines = [line(20, picks('a')), line(20, picks('b'), { user: { id: 'u2' } })]
    expect(of(lines, 'value/P/F/a')).toEqual([false, NEVER, us(20)])
    expect(
      recordStatements(linesOf(history(lines, []), world).get('ann@example.com') ?? [], 'value/P/F/a', false),
    ).toHaveLength(2)
  })
  it('§8.1 lines of later runs are not known before them', () => {
    const told = history([line(10, says(false)), line(20, says(true), { run: 1 })], [])
    expect(expectedStatements(told, world, 0).get('ann@example.com')?.get('purpose/P')?.value).toBe(false)
  })
})
