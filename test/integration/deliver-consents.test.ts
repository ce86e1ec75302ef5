import { afterEach, describe, expect, it } from 'vitest'
import {
  APPLICATION_USER_ID,
  COMMERCIAL_PURPOSE_ID,
  DEFAULT_TEAM_ID,
  HUMAN_USER_ID,
  INACTIVE_PURPOSE_ID,
  NEWSLETTER_TOPIC_ID,
  SECOND_BUSINESS_UNIT_ID,
  SECOND_PURPOSE_ID,
  SECOND_TOPIC_ID,
  SECOND_USER_ID,
  TRACKING_PURPOSE_ID,
} from '../../src/emulator/seed-ids.ts'
import { ADA, ada, byHand, draft, NEWS, OFFERS } from '../support/deliver-consent-world.ts'
import { CONSENTS, DAYS, id, NOT_SET, newsEvent, OPTED_IN, OPTED_OUT, since } from '../support/deliver-samples.ts'
import { closeWorlds, openWorld } from '../support/deliver-world.ts'

afterEach(closeWorlds)

describe('purposes and topics (semantics §6.1)', () => {
  it('§6.1 unknown ids and Tracking purposes are errors, all at once, before the first write', async () => {
    const mappings = [
      NEWS,
      { id: `purpose:${id(404)}`, value: 'consents_purposes_news_enabled' },
      { id: `topic:${id(405)}`, value: 'consents_purposes_news_enabled' },
      { id: `purpose:${TRACKING_PURPOSE_ID}`, value: 'consents_purposes_news_enabled' },
      { id: `purpose:${SECOND_PURPOSE_ID}`, value: 'consents_purposes_news_values_topics_value' },
    ]
    const world = await openWorld(draft({ mappings }))
    await world.say({ ...ada, yes: ['news'], sets: { news: { topics: 'a' } } })
    const report = await world.run()
    expect(report.exitCode).toBe(2)
    for (const { id: entry } of mappings.slice(1)) expect(report.failures[0]?.message).toContain(entry)
    expect(report.failures[0]?.message).not.toContain(NEWS.id)
    expect(world.emulator.world.counters().writeRequests).toBe(0)
  })

  it('§6.1 a Tracking purpose is written where allowTracking says so; an inactive purpose warns', async () => {
    const mappings = [
      { id: `purpose:${TRACKING_PURPOSE_ID}`, value: 'consents_purposes_news_enabled', allowTracking: true },
      { id: `purpose:${INACTIVE_PURPOSE_ID}`, value: 'consents_purposes_offers_enabled' },
    ]
    const world = await openWorld(draft({ mappings }))
    await world.say({ ...ada, yes: ['news'], no: ['offers'] })
    const report = await world.deliver()
    expect(report.places.written).toBe(2)
    expect(report.warnings.filter((warning) => warning.includes(INACTIVE_PURPOSE_ID))).toHaveLength(1)
  })
})

describe('rows (semantics §6.5)', () => {
  it('§6.5 every column of a created purpose row', async () => {
    const world = await openWorld(draft())
    const events = [
      { id: 'event-1', created_at: since(-2 * DAYS), consents: { purposes: [{ id: 'news', enabled: true }] } },
    ]
    await world.say({ ...ada, ouid: 'ADA@example.com', yes: ['news'], events })
    await world.deliver()
    expect(world.consents()).toEqual([
      expect.objectContaining({
        // UUIDv5 of `534120000|ada@example.com|purpose|10000000-0000-0000-0000-000000000003`, by Python's uuid.
        [`${CONSENTS}id`]: '3b23c904-0ff3-520a-886a-356bbf17a025',
        msdynmkt_contactpointvalue: ADA,
        msdynmkt_contactpointtype: 534120000,
        msdynmkt_contactpointconsenttype: 534120000,
        msdynmkt_value: OPTED_IN,
        msdynmkt_purposeid: COMMERCIAL_PURPOSE_ID,
        msdynmkt_topicid: null,
        msdynmkt_source: 534120000,
        msdynmkt_logicalreason: 534119999,
        msdynmkt_reason: 'didomi-dataverse lo=2026-02-27T12:00:00Z hi=2026-02-27T12:00:00Z event=event-1 run=run-1',
        ownerid: HUMAN_USER_ID,
        createdby: APPLICATION_USER_ID,
      }),
    ])
  })

  it('§6.5 a topic row names its topic and its parent purpose, which is read from Dataverse', async () => {
    const mappings = [{ id: `topic:${SECOND_TOPIC_ID}`, value: 'consents_purposes_news_enabled' }]
    const world = await openWorld(draft({ mappings }))
    await world.say({ ...ada, no: ['news'] })
    await world.deliver()
    expect(world.consents()).toEqual([
      expect.objectContaining({
        msdynmkt_contactpointconsenttype: 534120001,
        msdynmkt_value: OPTED_OUT,
        msdynmkt_topicid: SECOND_TOPIC_ID,
        msdynmkt_purposeid: SECOND_PURPOSE_ID,
        ownerid: SECOND_USER_ID,
        owningbusinessunit: SECOND_BUSINESS_UNIT_ID,
        msdynmkt_reason: `didomi-dataverse lo=- hi=2026-02-28T12:00:00Z event=- run=run-1`,
      }),
    ])
  })

  it.each([
    ['default', APPLICATION_USER_ID],
    [{ team: DEFAULT_TEAM_ID }, DEFAULT_TEAM_ID],
    [{ user: SECOND_USER_ID }, SECOND_USER_ID],
  ])('§6.5 owner %j', async (owner, ownerid) => {
    const world = await openWorld(draft({ options: { owner } }))
    await world.say({ ...ada, no: ['news'] })
    await world.deliver()
    // In whatever business unit the owner is: the row that we made is the one that we go on with.
    await world.say({ ...ada, at: since(0), yes: ['news'], events: [newsEvent(since(0), true)] })
    await world.deliver()
    expect(world.consents()).toEqual([expect.objectContaining({ ownerid, msdynmkt_value: OPTED_IN })])
  })

  it('§6.5 an id that a row of another slot has taken: `|2`, and so on', async () => {
    const taken = { [`${CONSENTS}id`]: '3b23c904-0ff3-520a-886a-356bbf17a025' }
    const world = await openWorld(
      draft({}, { [CONSENTS]: [{ ...byHand(1, { address: 'moved@example.com' }), ...taken }] }),
    )
    await world.say({ ...ada, yes: ['news'] })
    expect((await world.deliver()).outcomes).toMatchObject({ written: 1 })
    expect(world.consents(ADA).map((row) => row[`${CONSENTS}id`])).toEqual(['6a2380d6-26ff-5163-a6ad-9f4910f2d9f2'])
    expect(world.values('moved@example.com')).toEqual([OPTED_OUT])
  })

  it('§6.5 an updated row gets value, reason, logical reason and source, and nothing else', async () => {
    const row = byHand(1, { msdynmkt_logicalreason: 534120006, msdynmkt_source: 534120004 })
    const world = await openWorld(draft({}, { [CONSENTS]: [row] }))
    await world.say({ ...ada, at: since(0), yes: ['news'], events: [newsEvent(since(-DAYS), true)] })
    await world.deliver()
    expect(world.journal().map(({ operation, columns }) => [operation, columns])).toEqual([
      [
        'update',
        {
          msdynmkt_value: OPTED_IN,
          msdynmkt_reason: expect.stringMatching(/^didomi-dataverse lo=/),
          msdynmkt_logicalreason: 534119999,
          msdynmkt_source: 534120000,
        },
      ],
    ])
  })

  it('§6.5 no statement: no row, ever', async () => {
    const world = await openWorld(draft({ mappings: [NEWS, OFFERS] }))
    await world.say({ ...ada, sets: { news: { topics: 'a' } } })
    expect(await world.deliver()).toMatchObject({ outcomes: { unchanged: 1 } })
    expect(world.consents()).toEqual([])
  })
})

describe('the rows of a slot (semantics §6.6)', () => {
  it('§6.6 duplicates and inactive rows are updated, rows that state nothing too, equal ones are not', async () => {
    const rows = [
      byHand(1, { value: OPTED_IN }),
      byHand(2, { value: OPTED_IN, statecode: 1, address: 'ADA@Example.com' }),
      byHand(3, { value: NOT_SET }),
      byHand(4, { value: null }),
      byHand(5, { value: OPTED_OUT }),
      byHand(6, { value: OPTED_IN, address: 'àda@example.com' }),
      byHand(7, { value: OPTED_IN, msdynmkt_contactpointtype: 534120001 }),
      byHand(8, { value: OPTED_IN, topic: NEWSLETTER_TOPIC_ID }),
    ]
    const world = await openWorld(draft({}, { [CONSENTS]: rows }))
    await world.say({ ...ada, no: ['news'] })
    await world.deliver()
    expect(
      world
        .journal()
        .map(({ id: row }) => row)
        .sort(),
    ).toEqual([1, 2, 3, 4].map(id))
    expect(world.consents()).toHaveLength(8)
  })

  it('§6.6 an opt-in touches only rows of the purpose owner’s business unit; a refusal all', async () => {
    const elsewhere = byHand(1, { ownerid: SECOND_USER_ID })
    const world = await openWorld(draft({}, { [CONSENTS]: [elsewhere, byHand(2)] }))
    await world.say({ ...ada, yes: ['news'], events: [newsEvent(since(-DAYS), true)] })
    await world.deliver()
    expect(world.values(ADA)).toEqual([OPTED_OUT, OPTED_IN])
    world.clock.advance(DAYS)
    world.emulator.world.edit(CONSENTS, id(1), { msdynmkt_value: OPTED_IN })
    await world.say({ ...ada, at: since(2 * DAYS), no: ['news'], events: [newsEvent(since(2 * DAYS), false)] })
    await world.deliver()
    expect(world.values(ADA)).toEqual([OPTED_OUT, OPTED_OUT])
  })

  it('§6.6 rows only elsewhere: an opt-in makes its own row, `businessUnit: any` updates theirs', async () => {
    const rows = { [CONSENTS]: [byHand(1, { ownerid: SECOND_USER_ID })] }
    const saying = { ...ada, yes: ['news'], events: [newsEvent(since(-DAYS), true)] }
    const own = await openWorld(draft({}, rows))
    await own.say(saying)
    await own.deliver()
    expect(own.values(ADA)).toEqual([OPTED_OUT, OPTED_IN])
    const any = await openWorld(draft({ options: { businessUnit: 'any' } }, rows))
    await any.say(saying)
    await any.deliver()
    expect(any.values(ADA)).toEqual([OPTED_IN])
  })

  it('§6.6 all rows equal: unchanged, and nothing is sent', async () => {
    const world = await openWorld(draft({}, { [CONSENTS]: [byHand(1), byHand(2)] }))
    await world.say({ ...ada, no: ['news'] })
    expect(await world.deliver()).toMatchObject({ outcomes: { unchanged: 1 } })
    expect(world.journal()).toEqual([])
  })
})
