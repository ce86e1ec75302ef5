/** From what was heard to events (semantics §11.2 to §11.4): columns and rows, persons, keys, what was told before, ids. */

import { describe, expect, it } from 'vitest'
import type { Key } from '../../src/consent/key.ts'
import { SECOND, SINCE_EVER } from '../../src/consent/time.ts'
import type { ContactColumn } from '../../src/projection/contact-column.ts'
import type { Person } from '../../src/projection/person.ts'
import type { UserRecord } from '../../src/record/record.ts'
import { type Draft, intoEvents, keptSpan, ruleOn, type Saying } from '../../src/reverse/decide.ts'
import { eventOf } from '../../src/reverse/event.ts'
import { type Heard, hearColumn, hearSlot } from '../../src/reverse/heard.ts'
import type { LedgerEntry } from '../../src/store/store.ts'
import type { ToldStatement } from '../../src/store/told.ts'
import { DELTA, line, person, SOMEBODY, stateFrom, WE } from '../support/consent-samples.ts'

const s = (seconds: number) => seconds * SECOND
const P: Key = { kind: 'purpose', purpose: 'p' }
const POLICIES = { events: 'complete', conflict: 'newest', sharedAddress: 'opt-out-wins', organization: 'org' } as const
const column = (encoding: ContactColumn['encoding'], type: ContactColumn['metadata']['type']): ContactColumn => ({
  name: 'new_news',
  metadata: { logicalName: 'new_news', type, validForCreate: true, validForUpdate: true, secured: false },
  keys: [P],
  encoding,
})
const NEWS = column({ form: 'choice', yes: false, no: true }, 'boolean')
const confirmed = (value: LedgerEntry['foreign'] & object, at: number): LedgerEntry => ({
  place: 'x',
  confirmed: { ...value, at: s(at) },
})
const reading = (stored: unknown, more: object = {}) => ({
  stored: stored as boolean,
  createdOn: s(50),
  modifiedOn: s(200),
  byUs: false,
  ...more,
})
const hearing = { clockTolerance: DELTA, undated: 'refusals' } as const

describe('§11.2 a contact column', () => {
  it('in the ledger is ours, whoever saved the contact; something else is somebody else’s since the ledger time', () => {
    const entry = confirmed({ value: false, lo: s(1), hi: s(2) }, 100)
    expect(hearColumn(NEWS, reading(false), entry, hearing).kind).toBe('ours')
    const intended: LedgerEntry = { ...entry, intended: { value: true, lo: s(3), hi: s(4) } }
    expect(hearColumn(NEWS, reading(true), intended, hearing).kind).toBe('ours')
    expect(hearColumn(NEWS, reading(true), entry, hearing)).toMatchObject({
      kind: 'foreign',
      statement: { value: false, lo: s(100), hi: s(200) },
    })
  })

  it('without a ledger entry: a yes may be a default and is never told, a no counts, whoever saved it', () => {
    expect(hearColumn(NEWS, reading(false), undefined, hearing).kind).toBe('undated')
    const no = hearColumn(NEWS, reading(true), undefined, hearing)
    expect(no).toMatchObject({ statement: { value: false, lo: s(50), hi: s(200) } })
    expect(hearColumn(NEWS, reading(true), undefined, { ...hearing, undated: 'nothing' }).kind).toBe('undated')
  })

  it('empty says nothing; an option without an id, or a spelling that means nothing, is unmapped', () => {
    const entry = confirmed({ value: 'x', lo: s(1), hi: s(2) }, 100)
    expect(hearColumn(NEWS, reading(null), entry, hearing).kind).toBe('empty')
    const codes = column({ form: 'set', codes: new Map([['sports', 1]]) }, 'choices')
    expect(hearColumn(codes, reading('1,2'), entry, hearing).kind).toBe('not-mapped')
    expect(hearColumn(codes, reading('1'), entry, hearing)).toMatchObject({ statement: { value: ['sports'] } })
    const text = column({ form: 'choice', yes: 'Yes', no: 'No' }, 'text')
    expect(hearColumn(text, reading('perhaps'), entry, hearing).kind).toBe('not-mapped')
  })

  it('that was told is heard again while it stands, to be compared with what Didomi says since', () => {
    const said = { value: true, lo: s(95), hi: s(205) }
    const entry: LedgerEntry = { ...confirmed(said, 250), foreign: said }
    expect(hearColumn(NEWS, reading(true), entry, hearing)).toMatchObject({
      kind: 'foreign',
      statement: { value: false, lo: s(95), hi: s(205), loTolerance: 0, hiTolerance: 0 },
    })
  })
})

describe('§7 our own value that was brought back', () => {
  const said = { value: false, lo: s(110), hi: s(150) }
  const entry: LedgerEntry = { ...confirmed({ value: true, lo: s(1), hi: s(2) }, 100), foreign: said }

  it('after something else had been seen there is somebody else’s, and nobody knows since when', () => {
    expect(hearColumn(NEWS, reading(true), entry, hearing)).toMatchObject({
      kind: 'foreign',
      agreed: false,
      statement: { value: false, lo: SINCE_EVER, hi: s(200) },
    })
  })

  it('is somebody else’s also where that was saved within the second of our own', () => {
    const within = { ...entry, foreign: { ...said, hi: s(100) + DELTA } }
    expect(hearColumn(NEWS, reading(true), within, hearing)).toMatchObject({ kind: 'foreign', agreed: false })
  })

  it.each([
    ['nothing else was seen since', { foreign: undefined }],
    ['we have written over it since', { confirmed: { value: true, lo: s(1), hi: s(2), at: s(160) } }],
    ['we are writing over it', { intended: { value: true, lo: s(3), hi: s(4) } }],
  ])('is ours where %s', (_, more) => {
    const { foreign, ...rest } = { ...entry, ...more }
    expect(hearColumn(NEWS, reading(true), { ...rest, ...(foreign && { foreign }) }, hearing).kind).toBe('ours')
  })
})

describe('§11.2 a slot', () => {
  const policies = { conflict: 'newest', clockTolerance: DELTA, businessUnit: 'any', us: new Set([WE]) } as const
  const row = (optedIn: boolean | undefined, more: object = {}) => ({
    id: 'r',
    etag: '',
    optedIn,
    reason: 'form',
    createdOn: s(10),
    modifiedOn: s(200),
    modifiedBy: SOMEBODY,
    businessUnitId: undefined,
    ...more,
  })

  it('unknown to the ledger: of us by our reason, else somebody else’s since it was made', () => {
    const reason = 'didomi-dataverse lo=1970-01-01T00:00:01Z hi=1970-01-01T00:00:02Z event=- run=r'
    expect(hearSlot([row(false, { modifiedBy: WE, reason })], undefined, policies, s(300)).kind).toBe('ours')
    expect(hearSlot([row(true)], undefined, policies, s(300))).toMatchObject({
      statement: { value: true, lo: s(10), hi: s(200) },
    })
  })

  it('of several rows those that refuse speak, from the first to the last of them', () => {
    const rows = [row(true), row(false, { createdOn: s(20), modifiedOn: s(90) }), row(false, { modifiedOn: s(150) })]
    expect(hearSlot(rows, undefined, policies, s(300))).toMatchObject({
      statement: { value: false, lo: s(10), hi: s(150) },
    })
  })

  it('whose row is gone refuses, until the first run that missed it; one that never had a row says nothing', () => {
    const entry = confirmed({ value: 534120001, lo: s(1), hi: s(2) }, 100)
    expect(hearSlot([], entry, policies, s(300))).toMatchObject({
      missing: true,
      statement: { value: false, lo: s(100), hi: s(300) },
    })
    expect(hearSlot([], undefined, policies, s(300)).kind).toBe('empty')
    expect(hearSlot([row(undefined)], entry, policies, s(300)).kind).toBe('empty')
  })
})

const heard = (value: boolean | readonly string[], lo = 100, hi = 200): Heard & { kind: 'foreign' } => ({
  kind: 'foreign',
  statement: { value, lo: s(lo), hi: s(hi), loTolerance: DELTA, hiTolerance: DELTA },
  value: true,
  missing: false,
  agreed: false,
})
const named = (id: string, ...lines: readonly UserRecord[]): Person => ({ ...person(stateFrom(...lines)), id })
const ADA = named('ada', line(s(10), true))
const BOB = named('bob', line(s(10), true))
const saying = (more: Partial<Saying>): Saying => ({
  place: 'x',
  keys: [P],
  heard: heard(false),
  persons: [ADA],
  ...more,
})

describe('§11.3 a place', () => {
  it('a no goes to everybody of the address, a yes that several share waits, and so does what concerns nobody', () => {
    const both = ruleOn(saying({ persons: [ADA, BOB] }), [], POLICIES)
    expect(both).toMatchObject({ kind: 'told', settled: true, statements: [{ person: 'ada' }, { person: 'bob' }] })
    const refusing = [named('ada', line(s(10), false)), BOB]
    const yes = ruleOn(saying({ heard: heard(true), persons: refusing }), [], POLICIES)
    expect(yes).toEqual({ kind: 'parked', reason: 'shared-opt-in' })
    expect(ruleOn(saying({ persons: [] }), [], POLICIES)).toEqual({ kind: 'parked', reason: 'unknown-person' })
  })

  it('what was told before counts as Didomi’s; what Didomi refused does not', () => {
    const told: ToldStatement = {
      person: 'ada',
      key: 'purpose/p',
      value: false,
      instant: s(150),
      event: 'e',
      state: 'told',
    }
    expect(ruleOn(saying({}), [told], POLICIES).kind).toBe('known')
    expect(ruleOn(saying({}), [{ ...told, state: 'intended' }], POLICIES).kind).toBe('known')
    expect(ruleOn(saying({}), [{ ...told, state: 'refused' }], POLICIES).kind).toBe('told')
    // A later yes at Didomi is the person's last word, whatever was told.
    const later = named('ada', line(s(10), false), line(s(400), true))
    expect(ruleOn(saying({ persons: [later] }), [{ ...told, instant: s(5) }], POLICIES).kind).toBe('told')
  })

  it('of several keys those that the person states; if none, a no means all and a yes none', () => {
    const keys: Key[] = [P, { kind: 'purpose', purpose: 'q' }]
    expect(ruleOn(saying({ keys }), [], POLICIES)).toMatchObject({ statements: [{ key: 'purpose/p' }] })
    const silent = named('eve', line(s(10), true, 'purpose/other'))
    expect(ruleOn(saying({ keys, persons: [silent] }), [], POLICIES)).toMatchObject({
      statements: [{ key: 'purpose/p' }, { key: 'purpose/q' }],
    })
    expect(ruleOn(saying({ keys, persons: [silent], heard: heard(true) }), [], POLICIES).kind).toBe('unmapped')
  })

  it('a set keeps the ids that the column has no option for', () => {
    const set: Key = { kind: 'set', purpose: 'p', preference: 'f' }
    const owner = named('ada', line(s(10), ['a', 'z'], 'set/p/f'))
    const beyond = (id: string) => id === 'z'
    const ruling = ruleOn(saying({ keys: [set], persons: [owner], heard: heard(['b']), beyond }), [], POLICIES)
    expect(ruling).toMatchObject({ statements: [{ value: ['b', 'z'] }] })
  })

  it('goes into the ledger with δ on both ends', () => {
    expect(keptSpan(heard(false))).toEqual({ value: true, lo: s(95), hi: s(205) })
  })
})

describe('§11.4 events', () => {
  const draft = (more: Partial<Draft>): Draft => ({
    place: 'x',
    person: 'ada',
    key: 'purpose/p',
    value: false,
    instant: s(200),
    ...more,
  })

  it('one for a person and instant, the same id each time, another for another', () => {
    const drafts = [
      draft({}),
      draft({ key: 'purpose/q' }),
      draft({ person: 'bob' }),
      draft({ key: 'purpose/r', instant: s(1) }),
    ]
    const events = intoEvents(drafts, 'org')
    expect(new Set(events.map(({ event }) => event)).size).toBe(3)
    expect(
      intoEvents([...drafts].reverse(), 'org')
        .map(({ event }) => event)
        .sort(),
    ).toEqual(events.map(({ event }) => event).sort())
    expect(intoEvents(drafts, 'other').some(({ event }) => events.some((one) => one.event === event))).toBe(false)
  })

  it('of two places about one key a no outlasts a yes, and the later one of two', () => {
    const [no, ...none] = intoEvents([draft({ value: true, instant: s(900) }), draft({ place: 'y' })], 'org')
    expect([no?.value, none]).toEqual([false, []])
    expect(intoEvents([draft({}), draft({ instant: s(201) })], 'org')[0]?.instant).toBe(s(201))
  })

  it('say every kind of key as Didomi writes it; a value with the others of its set', () => {
    const told = (key: string, value: ToldStatement['value']): ToldStatement => ({
      person: 'ada',
      key,
      value,
      instant: s(1),
      event: 'e',
      state: 'intended',
    })
    const { id, body } = eventOf(
      [
        told('purpose/p', false),
        told('purpose-li/p', true),
        told('preference/p/v1', true),
        told('channel/p/sms', false),
        told('channel/email', true),
        told('value/p/f/b', false),
        told('value/p/f/c', true),
        told('set/q/g', ['x', 'y']),
      ],
      { organization_user_id: 'ada@example.com' },
      new Map([['set/p/f', ['a', 'b']]]),
    )
    expect([id, body]).toEqual([
      'e',
      {
        created_at: '1970-01-01T00:00:01Z',
        status: 'confirmed',
        user: { organization_user_id: 'ada@example.com' },
        delegate: { id: 'didomi-dataverse' },
        metadata: { source: 'didomi-dataverse' },
        consents: {
          channels: [{ id: 'email', enabled: true }],
          purposes: [
            {
              id: 'p',
              enabled: false,
              enabled_li: true,
              preferences: [{ id: 'v1', enabled: true }],
              channels: [{ id: 'sms', enabled: false }],
              values: { f: { value: 'a,c' } },
            },
            { id: 'q', values: { g: { value: 'x,y' } } },
          ],
        },
      },
    ])
  })
})
