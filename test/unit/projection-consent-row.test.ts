/** The columns of a consent row (semantics §6.5). */

import { describe, expect, it } from 'vitest'

import type { TableMetadata } from '../../src/dataverse/dataverse.ts'
import {
  type ConsentBindings,
  consentBindings,
  consentTypeOf,
  createdColumns,
  updatedColumns,
} from '../../src/projection/consent-row.ts'
import { ENTRY, GUID, no, OWNER, SLOT, SOMEBODY, TOPIC_GUID, wantedAt, yes } from '../support/consent-samples.ts'

function table(
  logicalName: string,
  entitySetName: string,
  lookups: TableMetadata['lookups'] = new Map(),
): TableMetadata {
  return {
    logicalName,
    entitySetName,
    primaryId: `${logicalName}id`,
    changeTracking: false,
    elastic: false,
    columns: new Map(),
    lookups,
    bulk: { createMultiple: true, updateMultiple: true },
  }
}

const PURPOSES = table('msdynmkt_purpose', 'msdynmkt_purposes')
const TOPICS = table('msdynmkt_topic', 'msdynmkt_topics')
type Lookup = readonly [string, ReadonlyArray<{ readonly navigation: string; readonly table: string }>]

const PURPOSE_LOOKUP: Lookup = ['msdynmkt_purposeid', [{ navigation: 'msdynmkt_PurposeId', table: 'msdynmkt_purpose' }]]
const TOPIC_LOOKUP: Lookup = [
  'msdynmkt_topicid',
  [
    { navigation: 'msdynmkt_topicid_other', table: 'other' },
    { navigation: 'msdynmkt_TopicId', table: 'msdynmkt_topic' },
  ],
]
const ELSEWHERE: Lookup = ['msdynmkt_topicid', [{ navigation: 'x', table: 'other' }]]
const CONSENTS = table(
  'msdynmkt_contactpointconsent4',
  'msdynmkt_contactpointconsent4s',
  new Map([PURPOSE_LOOKUP, TOPIC_LOOKUP]),
)
const BINDINGS: ConsentBindings = {
  purpose: 'msdynmkt_PurposeId',
  purposeSet: 'msdynmkt_purposes',
  topic: 'msdynmkt_TopicId',
  topicSet: 'msdynmkt_topics',
}
const WANTED = wantedAt({ ...yes(1_000_000, 2_000_000), event: 'e1' })
const UPDATED = {
  msdynmkt_value: 534120001,
  msdynmkt_reason: 'didomi-dataverse lo=1970-01-01T00:00:01Z hi=1970-01-01T00:00:02Z event=e1 run=run-1',
  msdynmkt_logicalreason: 534119999,
  msdynmkt_source: 534120000,
}
const CREATED = {
  ...UPDATED,
  msdynmkt_contactpointvalue: 'ada@example.com',
  msdynmkt_contactpointtype: 534120000,
  msdynmkt_contactpointconsenttype: 534120000,
  'msdynmkt_PurposeId@odata.bind': `/msdynmkt_purposes(${GUID})`,
}

describe('consentBindings', () => {
  it('§6.5 are read from metadata: their case matters', () => {
    expect(consentBindings(CONSENTS, PURPOSES, TOPICS)).toEqual(BINDINGS)
  })

  it.each<[string, readonly Lookup[]]>([
    ['msdynmkt_purposeid', [TOPIC_LOOKUP]],
    ['msdynmkt_topicid', [PURPOSE_LOOKUP]],
    ['msdynmkt_purposeid', []],
    ['msdynmkt_topicid', [PURPOSE_LOOKUP, ELSEWHERE]],
  ])('§6.5 a missing lookup %s is named', (column, lookups) => {
    const complaint = consentBindings(table(CONSENTS.logicalName, 'x', new Map(lookups)), PURPOSES, TOPICS)
    expect(complaint).toEqual({
      where: 'table msdynmkt_contactpointconsent4',
      found: `no lookup ${column} to the expected table`,
      expected: expect.stringContaining('msdynmkt_contactpointconsent4'),
      remedy: expect.stringContaining('`tables`'),
    })
  })
})

describe('§6.5 an updated row', () => {
  it('gets value, reason, logical reason and source', () => {
    expect(updatedColumns(WANTED, 'run-1')).toEqual(UPDATED)
    expect(updatedColumns(wantedAt(no(1, 2)), 'r')).toMatchObject({ msdynmkt_value: 534120002 })
  })
})

describe('§6.5 a created row', () => {
  it('gets address, channel, consent type and purpose too; no topic', () => {
    expect(createdColumns(WANTED, 'run-1', BINDINGS, 'default')).toEqual(CREATED)
  })

  it('of a topic gets the topic and its parent', () => {
    const slot = { ...SLOT, channel: 'voice', entry: { ...ENTRY, kind: 'topic', id: TOPIC_GUID } } as const
    expect(createdColumns({ ...WANTED, slot }, 'run-1', BINDINGS, 'default')).toEqual({
      ...CREATED,
      msdynmkt_contactpointtype: 534120003,
      msdynmkt_contactpointconsenttype: 534120001,
      'msdynmkt_TopicId@odata.bind': `/msdynmkt_topics(${TOPIC_GUID})`,
    })
    expect([consentTypeOf('purpose'), consentTypeOf('topic')]).toEqual([534120000, 534120001])
  })

  it('is owned as configured', () => {
    const owned = (owner: Parameters<typeof createdColumns>[3], kind: 'team' | 'user' = 'team') => {
      const entry = { ...ENTRY, purpose: { ...ENTRY.purpose, owner: { kind, id: OWNER } } }
      return createdColumns({ ...WANTED, slot: { ...SLOT, entry } }, 'r', BINDINGS, owner)['ownerid@odata.bind']
    }
    expect(owned('purpose-owner')).toBe(`/teams(${OWNER})`)
    expect(owned('purpose-owner', 'user')).toBe(`/systemusers(${OWNER})`)
    expect(owned({ team: SOMEBODY })).toBe(`/teams(${SOMEBODY})`)
    expect(owned({ user: SOMEBODY })).toBe(`/systemusers(${SOMEBODY})`)
    expect(owned('default')).toBeUndefined()
  })
})
