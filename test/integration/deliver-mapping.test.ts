import { afterEach, describe, expect, it } from 'vitest'
import { COMMERCIAL_PURPOSE_ID, NEWSLETTER_TOPIC_ID } from '../../src/emulator/seed-ids.ts'
import { CONSENTS, DAYS, HOURS, id, OPTED_IN, OPTED_OUT, saysNews, since } from '../support/deliver-samples.ts'
import type { TargetDraft, WorldDraft } from '../support/deliver-settings.ts'
import { closeWorlds, openWorld } from '../support/deliver-world.ts'

afterEach(closeWorlds)

const NEWS = { id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: 'consents_purposes_news_enabled' }
const [ADA, BOB, CID] = ['ada@example.com', 'bob@example.com', 'cid@example.com'] as const

function draft(target: Partial<TargetDraft>, contacts: readonly string[] = [ADA, BOB, CID]): WorldDraft {
  const rows = { contacts: contacts.map((emailaddress1, n) => ({ contactid: id(n + 1), emailaddress1 })) }
  return { targets: [{ type: 'microsoft-dynamics-cpc', mappings: [NEWS], ...target }], emulator: { seed: { rows } } }
}

describe('references that the store answers (semantics §4)', () => {
  const mappings = [NEWS, { id: `topic:${NEWSLETTER_TOPIC_ID}`, value: 'sports-a1' }]

  it('§4 an id that becomes known makes those due who state its preference, and nobody else', async () => {
    const world = await openWorld(draft({ mappings, options: { parentPurpose: 'off' } }))
    await world.say(
      { ouid: ADA, at: since(-DAYS), sets: { news: { topics: 'travel-b2' } } },
      saysNews(CID, true, since(-DAYS)),
    )
    const first = await world.deliver()
    expect(first.warnings).toEqual([expect.stringContaining(NEWSLETTER_TOPIC_ID)])
    expect(world.consents().map((row) => row['msdynmkt_contactpointvalue'])).toEqual([CID])
    await world.say({ ouid: BOB, at: since(-HOURS), sets: { news: { topics: 'sports-a1' } } })
    expect(await world.deliver()).toMatchObject({ persons: 2, outcomes: { written: 2 }, warnings: [] })
    expect(world.values(ADA)).toEqual([OPTED_OUT])
    expect(world.values(BOB)).toEqual([OPTED_IN])
  })

  it('§4 two readings when first resolved are an error that names both, before the first write', async () => {
    const ambiguous = [{ ...NEWS, value: 'consents_purposes_a_values_b_values_c_value' }]
    const world = await openWorld(draft({ mappings: ambiguous }))
    await world.say(
      { ouid: ADA, at: since(-DAYS), sets: { a: { b_values_c: 'x' } } },
      { ouid: BOB, at: since(-DAYS), sets: { a_values_b: { c: 'x' } } },
    )
    const report = await world.run()
    expect(report).toMatchObject({ exitCode: 2, failures: [{ code: 'mapping-invalid' }] })
    expect(report.failures[0]?.message).toMatch(/set\/a\/b_values_c.*set\/a_values_b\/c/)
    expect(world.emulator.world.counters().writeRequests).toBe(0)
  })
})

describe('contacts that come and go (semantics §5)', () => {
  it('§6.2 §6.4 two spellings of one OUID without a contact: one contact, one slot, the refusal', async () => {
    const world = await openWorld(draft({ upsert: true }, []))
    await world.say(saysNews(ADA, true, since(-DAYS)), saysNews('ADA@example.com', false, since(-2 * DAYS)))
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 2 } })
    expect(world.emulator.world.rows('contacts')).toHaveLength(1)
    expect(world.journal().map(({ columns }) => columns['msdynmkt_value'] ?? 'contact')).toEqual(['contact', OPTED_OUT])
  })

  it('§5.2 a contact of ours that is somebody else’s by now is not taken', async () => {
    const world = await openWorld(draft({ upsert: true }, []))
    await world.say(saysNews(ADA, true, since(-DAYS)))
    await world.deliver()
    const made = String(world.emulator.world.rows('contacts')[0]?.['contactid'])
    world.emulator.world.edit('contacts', made, { emailaddress1: 'somebody@example.com' })
    world.clock.advance(HOURS)
    const report = await world.run()
    expect(report.deliver[0]).toMatchObject({ outcomes: { 'rejected-by-dataverse': 1 }, quarantined: 1 })
    expect(world.contact(made)).toMatchObject({ emailaddress1: 'somebody@example.com' })
    expect(world.emulator.world.rows('contacts')).toHaveLength(1)
    world.quiet = false
  })

  it('§5.2 a contact that goes while it is written: its person stays due, then is unmatched', async () => {
    const columns = { contacts: [{ type: 'boolean', name: 'new_news' }] } as const
    const contact = { contactid: id(1), emailaddress1: ADA }
    const world = await openWorld({
      targets: [{ type: 'microsoft-dynamics', mappings: [{ id: 'new_news', value: NEWS.value }] }],
      emulator: { seed: { columns, rows: { contacts: [contact] } } },
    })
    await world.say(saysNews(ADA, false, since(-DAYS)))
    const gone = world.meanwhile({ path: '$batch', body: 'new_news' }, () =>
      world.emulator.world.delete('contacts', id(1)),
    )
    expect(await world.run()).toMatchObject({ exitCode: 6, deliver: [{ deferred: 1 }] })
    await gone
    expect(await world.deliver()).toMatchObject({ outcomes: { unmatched: 1 }, parked: 1 })
  })
})

describe('two targets, one environment (semantics §1, §8.8)', () => {
  it('§8.8 each has its own due marks and ledger, and neither takes the other for a stranger', async () => {
    const targets: TargetDraft[] = ['one', 'two'].map((name) => ({
      name,
      type: 'microsoft-dynamics-cpc',
      mappings: [NEWS],
    }))
    const world = await openWorld({ ...draft({}), targets })
    await world.say(saysNews(ADA, true, since(-3 * DAYS)))
    const report = await world.run()
    expect(report.failures).toEqual([])
    expect(report.deliver.map(({ outcomes }) => [outcomes.written, outcomes.unchanged])).toEqual([
      [1, 0],
      [0, 1],
    ])
    await world.say(saysNews(ADA, false, since(-2 * DAYS)))
    expect((await world.run()).deliver.map(({ outcomes }) => [outcomes.written, outcomes.unchanged])).toEqual([
      [1, 0],
      [0, 1],
    ])
    expect(world.consents()).toHaveLength(1)
    expect(world.emulator.world.rows(CONSENTS)[0]).toMatchObject({ msdynmkt_value: OPTED_OUT })
  })
})
