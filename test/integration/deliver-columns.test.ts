import { afterEach, describe, expect, it } from 'vitest'
import type { EmulatorSeed } from '../../src/emulator/seed.ts'
import { DAYS, HOURS, id, newsEvent, since } from '../support/deliver-samples.ts'
import type { TargetDraft, WorldDraft } from '../support/deliver-settings.ts'
import { closeWorlds, openWorld } from '../support/deliver-world.ts'

afterEach(closeWorlds)

const COLUMNS: NonNullable<EmulatorSeed['columns']> = {
  contacts: [
    { type: 'boolean', name: 'new_news' },
    { type: 'boolean', name: 'new_offers' },
    {
      type: 'choice',
      name: 'new_choice',
      options: [
        { value: 7, label: 'Granted' },
        { value: 8, label: 'Withheld' },
      ],
    },
    {
      type: 'choices',
      name: 'new_topics',
      options: [
        { value: 10, label: 'Sports' },
        { value: 9, label: 'Travel' },
        { value: 100, label: 'Food' },
      ],
    },
    { type: 'text', name: 'new_text', maxLength: 12 },
    { type: 'text', name: 'new_list', maxLength: 12 },
    { type: 'datetime', name: 'new_when' },
    { type: 'dateonly', name: 'new_day' },
    { type: 'integer', name: 'new_visits' },
    { type: 'decimal', name: 'new_score' },
    { type: 'text', name: 'new_country', maxLength: 2 },
  ],
}

function draft(target: Partial<TargetDraft>, rows?: readonly Record<string, unknown>[]): WorldDraft {
  const mappings = [{ id: 'new_news', value: 'consents_purposes_news_enabled' }]
  const contacts = rows ?? [{ contactid: id(1), emailaddress1: 'ada@example.com' }]
  return {
    targets: [{ type: 'microsoft-dynamics', mappings, ...target }],
    emulator: { seed: { columns: COLUMNS, rows: { contacts } } },
  }
}

const ada = { ouid: 'ada@example.com', at: since(-DAYS) }
const NEWS = 'consents_purposes_news_enabled'

describe('the value of a column (semantics §5.5)', () => {
  it('§5.5 a yes/no column holds the choice, a standard donot… column its opposite, `invert` either', async () => {
    const mappings = [
      { id: 'new_news', value: NEWS },
      { id: 'donotemail', value: NEWS },
      { id: 'donotphone', value: NEWS, invert: false },
      { id: 'new_offers', value: NEWS, invert: true },
    ]
    const world = await openWorld(
      draft({ mappings, options: { contact: { adopt: ['donotemail', 'donotphone'] } } }, [
        { contactid: id(1), emailaddress1: 'ada@example.com', donotemail: true, donotphone: false },
        { contactid: id(2), emailaddress1: 'bob@example.com', donotemail: false, donotphone: true },
      ]),
    )
    await world.say({ ...ada, yes: ['news'] }, { ...ada, ouid: 'bob@example.com', no: ['news'] })
    expect((await world.deliver()).outcomes).toMatchObject({ written: 2 })
    const yes = { new_news: true, donotemail: false, donotphone: true, new_offers: false }
    expect(world.contact(id(1))).toMatchObject(yes)
    const no = { new_news: false, donotemail: true, donotphone: false, new_offers: true }
    expect(world.contact(id(2))).toMatchObject(no)
  })

  it('§5.5 a choice column holds the option of trueValue or falseValue, by code or by label', async () => {
    const mappings = [
      { id: 'new_choice', value: NEWS, trueValue: 'Granted', falseValue: 8 },
      {
        id: 'preferredcontactmethodcode',
        value: 'consents_purposes_offers_enabled',
        trueValue: '2',
        falseValue: 'Mail',
      },
    ]
    const world = await openWorld(
      draft({ mappings }, [{ contactid: id(1), emailaddress1: ada.ouid, preferredcontactmethodcode: null }]),
    )
    await world.say({ ...ada, yes: ['news'], no: ['offers'] })
    await world.deliver()
    expect(world.contact(id(1))).toMatchObject({ new_choice: 7, preferredcontactmethodcode: 5 })
  })

  it('§5.5 a choices column holds the codes of a set; ids without a code are left out', async () => {
    const mappings = [
      {
        id: 'new_topics',
        value: 'consents_purposes_news_values_topics_value',
        options: { sports: 10, travel: 9, food: 100 },
      },
    ]
    const world = await openWorld(draft({ mappings }))
    await world.say({ ...ada, sets: { news: { topics: 'sports, unknown,travel' } } })
    await world.deliver()
    const stored = String(world.contact(id(1))['new_topics'])
      .split(',')
      .map(Number)
    expect(stored.sort((a, b) => a - b)).toEqual([9, 10])
  })

  it('§5.5 a text column holds the configured spellings of a choice, or a set sorted and joined by commas', async () => {
    const mappings = [
      { id: 'new_text', value: NEWS, trueValue: 'granted', falseValue: 'withheld' },
      { id: 'new_list', value: { purpose: 'news', preference: 'topics' } },
    ]
    const world = await openWorld(draft({ mappings }))
    await world.say({ ...ada, no: ['news'], sets: { news: { topics: 'b, a,C' } } })
    await world.deliver()
    expect(world.contact(id(1))).toMatchObject({ new_text: 'withheld', new_list: 'C,a,b' })
  })

  it('§5.5 attributes: an instant, a day, numbers and text', async () => {
    const mappings = [
      { id: 'new_when', value: 'user_updated_at' },
      { id: 'new_day', value: 'user_metadata_since' },
      { id: 'new_visits', value: 'user_metadata_visits' },
      { id: 'new_score', value: 'user_metadata_score' },
      { id: 'new_country', value: 'user_country' },
      { id: 'nickname', value: 'user_organization_user_id' },
    ]
    const world = await openWorld(draft({ mappings }))
    const metadata = { since: '2025-12-31T23:30:00-02:00', visits: 12, score: 1.5 }
    await world.say({ ...ada, at: '2026-02-28T01:02:03.456+01:00', country: 'FR', metadata })
    await world.deliver()
    const row = world.contact(id(1))
    expect(Date.parse(String(row['new_when']))).toBe(Date.parse('2026-02-28T00:02:03Z'))
    expect(row).toMatchObject({ new_day: '2026-01-01', new_visits: 12, new_score: 1.5, new_country: 'FR' })
    expect(row['nickname']).toBe('ada@example.com')
  })

  it('§5.5 no statement: the column is not sent', async () => {
    const mappings = [
      { id: 'new_news', value: NEWS },
      { id: 'new_offers', value: 'consents_purposes_offers_enabled' },
    ]
    const world = await openWorld(draft({ mappings }))
    await world.say({ ...ada, yes: ['news'] }, { ...ada, ouid: 'bob@example.com', yes: ['offers'] })
    await world.deliver()
    expect(world.journal().map(({ columns }) => columns)).toEqual([{ new_news: true }])
  })

  it('§5.5 what a column can never hold is an error before the first write, all of them at once', async () => {
    const mappings = [
      { id: 'new_news', value: NEWS },
      { id: 'new_missing', value: NEWS },
      { id: 'new_choice', value: NEWS, trueValue: 'Granted', falseValue: 'Nothing' },
      { id: 'fullname', value: 'user_metadata_name' },
      { id: 'new_offers', value: 'consents_purposes_news_values_topics_value' },
      { id: 'new_topics', value: 'consents_purposes_news_values_topics_value', options: { a: 3 } },
      { id: 'new_text', value: NEWS, trueValue: 'a spelling far too long', falseValue: 'no' },
      { id: 'new_when', value: NEWS },
    ]
    const world = await openWorld(draft({ mappings }))
    await world.say({ ...ada, yes: ['news'], sets: { news: { topics: 'a' } } })
    const report = await world.run()
    expect(report.exitCode).toBe(2)
    const [failure] = report.failures
    expect(failure?.code).toBe('mapping-invalid')
    for (const { id: column } of mappings.slice(1)) expect(failure?.message).toContain(column)
    expect(world.emulator.world.counters().writeRequests).toBe(0)
    expect(await world.store.countDue('target-1')).toBe(1)
  })

  it('§5.5 a value too long: that column is left out and quarantined, the others are sent', async () => {
    const mappings = [
      { id: 'new_news', value: NEWS },
      { id: 'new_country', value: 'user_metadata_land' },
    ]
    const world = await openWorld(draft({ mappings }))
    await world.say({ ...ada, yes: ['news'], metadata: { land: 'FRA' } })
    const report = await world.run()
    expect(report.exitCode).toBe(5)
    expect(report.deliver[0]).toMatchObject({
      outcomes: { 'rejected-by-dataverse': 1 },
      rejections: { 'value-too-long': 1 },
      quarantined: 1,
    })
    expect(world.contact(id(1))).toMatchObject({ new_news: true, new_country: null })
    await world.say({ ...ada, at: since(0), yes: ['news'], metadata: { land: 'FR' } })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1 }, quarantined: 0 })
  })

  it('§5.6 only columns that differ are sent', async () => {
    const mappings = [
      { id: 'new_news', value: NEWS },
      { id: 'new_offers', value: 'consents_purposes_offers_enabled' },
      { id: 'new_when', value: 'user_metadata_when' },
    ]
    const row = { contactid: id(1), emailaddress1: ada.ouid, new_news: true, new_when: '2026-01-01T00:00:00Z' }
    const world = await openWorld(draft({ mappings }, [row]))
    const metadata = { when: '2026-01-01T01:00:00.000+01:00' }
    await world.say({ ...ada, yes: ['news'], no: ['offers'], metadata })
    expect(await world.deliver()).toMatchObject({ places: { written: 1, unchanged: 2 } })
    expect(world.journal().map(({ columns }) => columns)).toEqual([{ new_offers: false }])
  })
})

describe('several persons behind one contact (semantics §5.4)', () => {
  const mappings = [
    { id: 'new_news', value: NEWS },
    { id: 'new_offers', value: 'consents_purposes_offers_enabled' },
    { id: 'new_list', value: 'consents_purposes_news_values_topics_value' },
    { id: 'new_country', value: 'user_country' },
  ]
  const older = { ouid: 'ADA@example.com', at: since(-2 * DAYS), country: 'FR' }
  const newer = { ouid: 'ada@example.com', at: since(-DAYS), country: 'DE' }

  it('§5.4 by default yes only if everybody says yes; sets are what all share; attributes the newest', async () => {
    const world = await openWorld(draft({ mappings }))
    await world.say(
      { ...older, no: ['news'], yes: ['offers'], sets: { news: { topics: 'a,b' } } },
      { ...newer, yes: ['news', 'offers'], sets: { news: { topics: 'b,c' } } },
    )
    const report = await world.deliver()
    expect(report).toMatchObject({ persons: 2, outcomes: { written: 2 }, places: { written: 4 } })
    expect(world.journal()).toHaveLength(1)
    expect(world.contact(id(1))).toMatchObject({ new_news: false, new_offers: true, new_list: 'b', new_country: 'DE' })
  })

  it('§5.4 with `newest` the certainly newer statement stands', async () => {
    const world = await openWorld(draft({ mappings, options: { sharedAddress: 'newest' } }))
    await world.say(
      { ...older, no: ['news'], events: [newsEvent(older.at, false)] },
      { ...newer, yes: ['news'], events: [newsEvent(newer.at, true)] },
    )
    await world.deliver()
    expect(world.contact(id(1))).toMatchObject({ new_news: true })
  })

  it('§5.4 the person who is not due counts too', async () => {
    const world = await openWorld(draft({ mappings: mappings.slice(0, 2) }))
    await world.say({ ...older, no: ['news'] })
    await world.deliver()
    world.clock.advance(DAYS)
    await world.say({ ...newer, at: since(HOURS), yes: ['news', 'offers'] })
    expect(await world.deliver()).toMatchObject({ places: { written: 1, unchanged: 1 } })
    expect(world.contact(id(1))).toMatchObject({ new_news: false, new_offers: true })
  })

  it('§3 §7 an attribute that a later line changes reaches the column that holds the earlier one', async () => {
    const world = await openWorld(draft({ mappings }))
    await world.say(older)
    await world.deliver()
    await world.say({ ...older, country: 'DE', at: since(HOURS) })
    await world.deliver()
    expect(world.contact(id(1))).toMatchObject({ new_country: 'DE' })
  })
})
