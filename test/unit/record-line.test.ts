/** §2: what a line comes to. Every test starts from a perfect line and breaks one thing. */

import { describe, expect, it } from 'vitest'

import { DAY, HOUR, parseInstant } from '../../src/consent/time.ts'
import { parseLine } from '../../src/record/line.ts'
import type { LineOutcome, ReadingSettings, UserRecord } from '../../src/record/record.ts'

const SETTINGS: ReadingSettings = { normalise: 'none', regulations: ['gdpr'], clockSkew: DAY, maxLineBytes: 8_388_608 }

function at(text: string): number {
  const instant = parseInstant(text)
  if (instant === undefined) throw new Error(`no instant: ${text}`)
  return instant
}
const LATEST = at('2026-10-22T00:00:00Z')

/** The consents of the perfect line. */
const consents = () => ({
  channels: [{ id: 'email', enabled: true }],
  purposes: [
    {
      id: 'newsletter',
      enabled: true,
      enabled_li: null,
      values: { topics: { value: 'travel-b2, sports-a1,,sports-a1' }, rhythm: { value: null } },
    },
    { id: 'partner_offers', enabled: false, enabled_li: true },
    {
      id: 'surveys',
      enabled: null,
      preferences: [{ id: 'feedback', enabled: true, channels: [{ id: 'sms', enabled: false }] }],
      channels: [{ id: 'sms', enabled: false }],
    },
  ],
})

const event = (change: object = {}) => ({
  id: 'event-1',
  created_at: '2026-10-20T18:41:07.000Z',
  updated_at: '2026-10-20T18:41:09Z',
  status: 'confirmed',
  regulation: 'gdpr',
  consents: { purposes: [{ id: 'newsletter', enabled: true }] },
  ...change,
})

const user = (change: object = {}) => ({
  id: 'device-1',
  organization_user_id: 'jane.roe@example.com',
  version: 7,
  updated_at: '2026-10-20T18:41:07.512Z',
  metadata: { crm_id: 'C-1', tags: ['a', 1, { b: null }], nothing: null },
  country: 'FR',
  consents: consents(),
  ...change,
})

const parse = (value: unknown, settings: Partial<ReadingSettings> = {}): LineOutcome =>
  parseLine(typeof value === 'string' ? value : JSON.stringify(value), { ...SETTINGS, ...settings }, LATEST)

const parseUser = (change: object, events: unknown = [event()], settings: Partial<ReadingSettings> = {}) =>
  parse({ user: user(change), events }, settings)

function recordOf(outcome: LineOutcome): UserRecord {
  if (outcome.kind !== 'record') throw new Error(`no record but ${JSON.stringify(outcome)}`)
  return outcome.record
}

const statementsOf = (purposes: unknown, channels: unknown = []) =>
  recordOf(parseUser({ consents: { purposes, channels } })).statements

describe('the perfect line', () => {
  it('§2 becomes a record with everything it states', () => {
    expect(parse({ user: user(), events: [event()], proofs: {} })).toEqual({
      kind: 'record',
      ignoredEvents: 0,
      record: {
        ouid: 'jane.roe@example.com',
        userId: 'device-1',
        version: 7,
        asOf: at('2026-10-20T18:41:07.512Z'),
        statements: [
          ['purpose/newsletter', true],
          ['set/newsletter/topics', ['sports-a1', 'travel-b2']],
          ['set/newsletter/rhythm', []],
          ['purpose/partner_offers', false],
          ['purpose-li/partner_offers', true],
          ['preference/surveys/feedback', true],
          ['channel/surveys/sms', false],
          ['channel/email', true],
        ],
        events: [
          {
            statements: [['purpose/newsletter', true]],
            id: 'event-1',
            lo: at('2026-10-20T18:41:07Z'),
            hi: at('2026-10-20T18:41:09Z'),
          },
        ],
        attributes: [
          ['country', 'FR'],
          ['metadata/crm_id', 'C-1'],
          ['metadata/tags', ['a', 1, { b: null }]],
          ['updated_at', '2026-10-20T18:41:07.512Z'],
        ],
      },
    })
  })

  it('§2.1 duplicate JSON keys: the last one counts', () => {
    const line = '{"user":{"organization_user_id":"a","organization_user_id":"b","updated_at":"2026-10-20T00:00:00Z"}}'
    expect(recordOf(parse(line)).ouid).toBe('b')
  })

  it('§3 a missing user id is empty, a missing or odd version is −1', () => {
    const record = recordOf(parseUser({ id: undefined, version: undefined }))
    expect([record.userId, record.version]).toEqual(['', -1])
    const odd = recordOf(parseUser({ id: 7, version: '7' }))
    expect([odd.userId, odd.version]).toEqual(['', -1])
  })
})

describe('order of checks', () => {
  it.each([
    ['JSON', '{"user":', { kind: 'reject', code: 'not-json' }],
    ['an object', '[]', { kind: 'reject', code: 'not-an-object' }],
    ['an object', 'null', { kind: 'reject', code: 'not-an-object' }],
    ['no NUL byte', '{"user":"\0"}', { kind: 'reject', code: 'nul-byte' }],
  ])('§2.1 a line must be %s: %j', (_, line, expected) => {
    expect(parse(line)).toEqual(expected)
  })

  it('§2 regulation comes before OUID, OUID before time', () => {
    expect(parseUser({ regulation: 'cpra', organization_user_id: 7, updated_at: '9999-01-01T00:00:00Z' })).toEqual({
      kind: 'skipped',
    })
    expect(parseUser({ organization_user_id: 7, updated_at: '9999-01-01T00:00:00Z' })).toEqual({
      kind: 'reject',
      code: 'ouid-not-a-string',
    })
    expect(parseUser({ organization_user_id: ' ', updated_at: 'never' }, [])).toEqual({ kind: 'guest' })
  })

  it.each([undefined, null, 'gdpr', 'GDPR'])('§2.2 regulation %j is allowed', (regulation) => {
    expect(parseUser({ regulation }).kind).toBe('record')
  })

  it.each(['cpra', '', 1, {}, true])('§2.2 regulation %j is skipped', (regulation) => {
    expect(parseUser({ regulation })).toEqual({ kind: 'skipped' })
  })

  it('§2.2 the allow-list decides, also against gdpr', () => {
    expect(parseUser({ regulation: 'CPRA' }, [], { regulations: ['cpra'] }).kind).toBe('record')
    expect(parseUser({}, [], { regulations: ['cpra'] })).toEqual({ kind: 'skipped' })
  })
})

describe('identifiers', () => {
  it.each([undefined, null, '', ' \t\u00a0'])('§2.3 OUID %j is a guest', (ouid) => {
    expect(parseUser({ organization_user_id: ouid })).toEqual({ kind: 'guest' })
  })

  it.each([{}, { user: null }, { user: 'jane' }, { user: [] }])('§2.3 %j has no user object: a guest', (line) => {
    expect(parse(line)).toEqual({ kind: 'guest' })
  })

  it.each([1, true, {}, ['a']])('§2.1 OUID %j is a reject', (ouid) => {
    expect(parseUser({ organization_user_id: ouid })).toEqual({ kind: 'reject', code: 'ouid-not-a-string' })
  })

  it('§2.3 normalises as the settings say', () => {
    const ouid = ' E\u0301va@Example.COM\n'
    const as = (normalise: ReadingSettings['normalise']) =>
      recordOf(parseUser({ organization_user_id: ouid }, [], { normalise })).ouid
    expect(as('none')).toBe('E\u0301va@Example.COM')
    expect(as('lowercase')).toBe('e\u0301va@example.com')
    expect(as('email')).toBe('\u00e9va@example.com')
  })

  it('U+0000 in OUID or user id is a reject', () => {
    expect(parseUser({ organization_user_id: 'a\0b' })).toEqual({ kind: 'reject', code: 'nul-byte' })
    expect(parseUser({ id: '\0' })).toEqual({ kind: 'reject', code: 'nul-byte' })
  })

  it('half characters become U+FFFD, whole ones stay', () => {
    const record = recordOf(parseUser({ organization_user_id: 'a\ud800\u{1f600}', id: '\udc00' }))
    expect([record.ouid, record.userId]).toEqual(['a\ufffd\u{1f600}', '\ufffd'])
  })
})

describe('times', () => {
  it('§2.4 the latest counted event stands in for an unreadable or missing updated_at', () => {
    const events = [event({ updated_at: '2026-10-20T20:00:00Z' }), event({ created_at: '2026-10-20T19:00:00Z' })]
    for (const updated_at of [undefined, null, '2026-10-20', '2026-10-20T18:41:07', 1_760_000_000]) {
      const record = recordOf(parseUser({ updated_at }, events))
      expect(record.asOf).toBe(at('2026-10-20T20:00:00Z'))
      expect(record.attributes.map(([name]) => name)).not.toContain('updated_at')
    }
  })

  it('§2.4 no readable time at all is a reject', () => {
    const pending = event({ status: 'pending_approval' })
    expect(parseUser({ updated_at: 'never' }, [pending])).toEqual({ kind: 'reject', code: 'no-readable-time' })
  })

  it('§2.4 a user later than believable is a reject, one at the last instant is not', () => {
    expect(parseUser({ updated_at: '2026-10-22T00:00:00.000001Z' })).toEqual({
      kind: 'reject',
      code: 'time-in-the-future',
    })
    expect(recordOf(parseUser({ updated_at: '2026-10-22T01:00:00+01:00' })).asOf).toBe(LATEST)
  })

  it('§2.4 an event later than believable is ignored and counted', () => {
    for (const change of [{ created_at: '2026-10-23T00:00:00Z' }, { updated_at: '2026-10-23T00:00:00Z' }]) {
      const outcome = parseUser({}, [event(change)])
      expect(outcome).toMatchObject({ kind: 'record', ignoredEvents: 1, record: { events: [] } })
    }
  })
})

describe('events', () => {
  it.each([undefined, null, 'confirmed'])('§2.5 status %j counts', (status) => {
    expect(parseUser({}, [event({ status })])).toMatchObject({ ignoredEvents: 0, record: { events: [{}] } })
  })

  it.each([
    event({ status: 'pending_approval' }),
    event({ status: 1 }),
    event({ regulation: 'cpra' }),
    event({ regulation: 1 }),
    event({ created_at: null }),
    'event',
    null,
  ])('§2.5 does not count, and is counted as ignored: %j', (ignored) => {
    expect(parseUser({}, [ignored])).toMatchObject({ ignoredEvents: 1, record: { events: [] } })
  })

  it('§2.5 the span is [created_at, max(created_at, updated_at)]', () => {
    const span = (change: object) => {
      const [statement] = recordOf(parseUser({}, [event(change)])).events
      return statement === undefined ? undefined : statement.hi - statement.lo
    }
    expect(span({ updated_at: '2026-10-20T19:41:07Z' })).toBe(HOUR)
    expect(span({ updated_at: '2026-10-20T17:41:07Z' })).toBe(0)
    expect(span({ updated_at: 'never' })).toBe(0)
    expect(span({ updated_at: undefined })).toBe(0)
  })

  it('an event without usable id has the empty one', () => {
    for (const id of [undefined, 7, 'a\0']) expect(recordOf(parseUser({}, [event({ id })])).events[0]?.id).toBe('')
  })

  it('events that are no array are none', () => {
    expect(parseUser({}, { 0: event() })).toMatchObject({ ignoredEvents: 0, record: { events: [] } })
  })
})

describe('statements', () => {
  it.each([null, undefined, 'true', 1, {}])('§2.6 enabled %j is no statement', (enabled) => {
    expect(
      statementsOf(
        [{ id: 'p', enabled, enabled_li: enabled, channels: [{ id: 'c', enabled }] }],
        [{ id: 'c', enabled }],
      ),
    ).toEqual([])
  })

  it.each([{}, { value: 1 }, { value: ['a'] }, null, 'a'])('§2.6 values entry %j is no statement', (entry) => {
    expect(statementsOf([{ id: 'p', values: { f: entry } }])).toEqual([])
  })

  it('§2.6 null and the empty text are the empty set', () => {
    expect(statementsOf([{ id: 'p', values: { f: { value: null }, g: { value: '' }, h: { value: ' ,' } } }])).toEqual([
      ['set/p/f', []],
      ['set/p/g', []],
      ['set/p/h', []],
    ])
  })

  it('§2.6 values take precedence over the v1 preference, also across entries of one purpose', () => {
    const v1 = {
      id: 'p',
      preferences: [
        { id: 'f', enabled: false },
        { id: 'g', enabled: true },
      ],
    }
    const v2 = { id: 'p', values: { f: { value: 'a' } } }
    const expected = [
      ['preference/p/g', true],
      ['set/p/f', ['a']],
    ]
    expect([...statementsOf([v1, v2])].sort()).toEqual(expected)
    expect([...statementsOf([v2, v1])].sort()).toEqual(expected)
  })

  it('§2.6 precedence holds within an event too, but not between line and event', () => {
    const both = { id: 'p', preferences: [{ id: 'f', enabled: true }], values: { f: { value: 'a' } } }
    const record = recordOf(
      parseUser({ consents: { purposes: [both] } }, [
        event({ consents: { purposes: [{ id: 'p', preferences: [{ id: 'f', enabled: true }] }] } }),
        event({ consents: { purposes: [both] } }),
      ]),
    )
    expect(record.statements).toEqual([['set/p/f', ['a']]])
    expect(record.events.map(({ statements: [stated] }) => stated?.[0])).toEqual(['preference/p/f', 'set/p/f'])
  })

  it('§2.6 the same id twice: refusal wins, sets intersect, whatever the order', () => {
    const yes = { id: 'p', enabled: true, values: { f: { value: 'a,b' } } }
    const no = { id: 'p', enabled: false, values: { f: { value: 'b,c' } } }
    for (const purposes of [
      [yes, no],
      [no, yes],
      [yes, no, yes],
    ]) {
      expect(statementsOf(purposes)).toEqual([
        ['purpose/p', false],
        ['set/p/f', ['b']],
      ])
    }
  })

  it('ids that are empty, no text or hold U+0000 are ignored', () => {
    const purposes = [undefined, null, '', 7, 'a\0'].map((id) => ({
      id,
      enabled: false,
      values: { f: { value: 'a' } },
    }))
    expect(statementsOf([...purposes, { id: 'p', values: { '': { value: 'a' } } }, 'p', null])).toEqual([])
  })

  it('ids with a slash or a percent sign forge no key', () => {
    expect(statementsOf([{ id: 'a/b%2F', enabled: true }])).toEqual([['purpose/a%2Fb%252F', true]])
  })

  it('names such as __proto__ are data', () => {
    const line =
      '{"__proto__":{"regulation":"cpra"},"user":{"organization_user_id":"__proto__","__proto__":{"regulation":"cpra"},' +
      '"updated_at":"2026-10-20T00:00:00Z","metadata":{"__proto__":{"x":1},"constructor":"c"},' +
      '"consents":{"purposes":[{"id":"__proto__","enabled":true,"values":{"__proto__":{"value":"toString,constructor"}}}]}}}'
    const record = recordOf(parse(line))
    expect(record.ouid).toBe('__proto__')
    expect(record.statements).toEqual([
      ['purpose/__proto__', true],
      ['set/__proto__/__proto__', ['constructor', 'toString']],
    ])
    expect(record.attributes.map(([name]) => name)).toEqual([
      'metadata/__proto__',
      'metadata/constructor',
      'updated_at',
    ])
    expect('x' in {}).toBe(false)
  })
})

describe('attributes', () => {
  it('null, a country that is no text, endless numbers and abysses are none', () => {
    const abyss = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const line = `{"user":{"organization_user_id":"a","updated_at":"2026-10-20T00:00:00Z","country":7,"metadata":{"a":null,"b":1e999,"c":${abyss},"d":[[1]]}}}`
    expect(recordOf(parse(line)).attributes).toEqual([
      ['metadata/d', [[1]]],
      ['updated_at', '2026-10-20T00:00:00Z'],
    ])
  })
})
