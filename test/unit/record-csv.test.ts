/** §2.7: what a CSV row comes to. */

import { describe, expect, it } from 'vitest'

import { parseInstant } from '../../src/consent/time.ts'
import { type CsvMap, columnsOf, csvMapComplaints, csvRecord } from '../../src/record/csv.ts'
import type { ReadingSettings } from '../../src/record/record.ts'

const SETTINGS: ReadingSettings = { normalise: 'none', regulations: ['gdpr'], clockSkew: 0, maxLineBytes: 1_000 }
const LATEST = parseInstant('2026-10-21T00:00:00Z') ?? 0

const MAP: CsvMap = {
  organizationUserId: 'person',
  updatedAt: 'when',
  userId: 'device',
  choices: {
    'purpose/newsletter': { column: 'news', true: ['Yes', '1'], false: ['no', '0'] },
    'preference/surveys/feedback': { column: 'feedback', true: ['yes'], false: ['no'] },
    'channel/newsletter/sms': { column: 'sms', true: ['yes'], false: ['no'] },
    'set/newsletter/topics': { column: 'topics', false: ['none'] },
  },
}
const ROW = {
  person: ' jane.roe@example.com ',
  when: ' 2026-10-20T10:00:00Z ',
  device: 'device-1',
  news: ' YES ',
  feedback: 'no',
  sms: 'yes',
  topics: 'travel, sports,',
}

const read = (change: Record<string, string> = {}, map = MAP) => csvRecord({ ...ROW, ...change }, map, SETTINGS, LATEST)

const statementsOf = (change: Record<string, string>, map = MAP) => {
  const outcome = read(change, map)
  return outcome.kind === 'record' ? Object.fromEntries(outcome.record.statements) : outcome
}

describe('csvRecord', () => {
  it('§2.7 a row is a record without events, of version −1', () => {
    expect(read()).toEqual({
      kind: 'record',
      ignoredEvents: 0,
      record: {
        ouid: 'jane.roe@example.com',
        userId: 'device-1',
        version: -1,
        asOf: parseInstant('2026-10-20T10:00:00Z'),
        statements: [
          ['purpose/newsletter', true],
          ['preference/surveys/feedback', false],
          ['channel/newsletter/sms', true],
          ['set/newsletter/topics', ['sports', 'travel']],
        ],
        events: [],
        attributes: [['updated_at', '2026-10-20T10:00:00Z']],
      },
    })
  })

  it('§2.7 an empty or unknown spelling states nothing', () => {
    expect(statementsOf({ news: '', feedback: ' ', sms: 'maybe', topics: '' })).toEqual({})
  })

  it('a false spelling of a set is the empty set', () => {
    expect(statementsOf({ topics: 'NONE' })).toMatchObject({ 'set/newsletter/topics': [] })
  })

  it('§2.6 a set takes precedence over the v1 preference of the same name', () => {
    const choices = { ...MAP.choices, 'set/surveys/feedback': { column: 'topics' } }
    expect(statementsOf({}, { ...MAP, choices })).not.toHaveProperty('preference/surveys/feedback')
  })

  it('§2.3, §2.4 identifiers and times are checked as in a line', () => {
    expect(read({ person: ' ' })).toEqual({ kind: 'guest' })
    expect(read({ person: 'a\0' })).toEqual({ kind: 'reject', code: 'nul-byte' })
    expect(read({ when: '20/10/2026' })).toEqual({ kind: 'reject', code: 'no-readable-time' })
    expect(read({ when: '2026-10-21T00:00:01Z' })).toEqual({ kind: 'reject', code: 'time-in-the-future' })
  })

  it('a column that is not in the row is no property of objects either', () => {
    expect(read({}, { ...MAP, organizationUserId: 'constructor' })).toEqual({ kind: 'guest' })
  })
})

describe('the map', () => {
  it('names each column once', () => {
    const choices = { ...MAP.choices, 'purpose/other': { column: 'news', true: ['1'], false: ['0'] } }
    expect(columnsOf({ ...MAP, choices })).toEqual(['person', 'when', 'device', 'news', 'feedback', 'sms', 'topics'])
  })

  it('is accepted when every reference and spelling is clear', () => {
    expect(csvMapComplaints(MAP, 'csv')).toEqual([])
  })

  it.each([
    ['value/newsletter/topics/sports', { column: 'x', true: ['1'], false: ['0'] }],
    ['newsletter', { column: 'x', true: ['1'], false: ['0'] }],
    ['purpose/a%b', { column: 'x', true: ['1'], false: ['0'] }],
    ['purpose/p', { column: 'x', true: ['yes'], false: [' YES '] }],
    ['purpose/p', { column: 'x', true: ['yes'] }],
  ])('complains about %s %j', (reference, choice) => {
    expect(csvMapComplaints({ ...MAP, choices: { [reference]: choice } }, 'csv')).toMatchObject([
      { where: `csv.choices["${reference}"]` },
    ])
  })
})
