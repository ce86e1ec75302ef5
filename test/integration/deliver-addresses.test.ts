import { afterEach, describe, expect, it } from 'vitest'
import { personId } from '../../src/consent/person-id.ts'
import { COMMERCIAL_PURPOSE_ID, SECOND_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import { DAYS, HOURS, id, newsEvent, OPTED_IN, OPTED_OUT, since } from '../support/deliver-samples.ts'
import type { TargetDraft, WorldDraft } from '../support/deliver-settings.ts'
import { closeWorlds, type DeliverWorld, openWorld } from '../support/deliver-world.ts'

afterEach(closeWorlds)

const NEWS = { id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: 'consents_purposes_news_enabled' }
const OFFERS = { id: `purpose:${SECOND_PURPOSE_ID}`, value: 'consents_purposes_offers_enabled' }
const OUID_COLUMN = { contacts: [{ type: 'text', name: 'new_ouid', maxLength: 450 }] } as const
const BY_OUID = { contact: { matchAttribute: 'new_ouid' } }

function draft(contacts: readonly Record<string, unknown>[], target: Partial<TargetDraft> = {}): WorldDraft {
  return {
    targets: [{ type: 'microsoft-dynamics-cpc', mappings: [NEWS], ...target }],
    emulator: { seed: { columns: OUID_COLUMN, rows: { contacts } } },
  }
}

const u1 = { ouid: 'u1', at: since(-DAYS), yes: ['news'] }

/** Channel and address of every row, in the order they were made. */
const slots = (world: DeliverWorld) =>
  world.consents().map((row) => [row['msdynmkt_contactpointtype'], row['msdynmkt_contactpointvalue']])

describe('addresses (semantics §6.2, §6.3)', () => {
  it('§6.2 each channel takes its addresses from contact columns, the OUID and metadata', async () => {
    const contactPoints = [
      { channel: 'email', from: 'contact.emailaddress1' },
      { channel: 'email', from: 'contact.emailaddress2' },
      { channel: 'text', from: 'contact.mobilephone' },
      { channel: 'voice', from: 'user_metadata_phone' },
      { channel: 'custom', from: 'organization_user_id' },
    ]
    const contact = {
      contactid: id(1),
      new_ouid: 'u1',
      emailaddress1: ' Ada+Tag@Example.com',
      emailaddress2: 'a.da@example.com',
      mobilephone: '06 12 34 56 78',
    }
    const world = await openWorld(
      draft([contact], { options: { ...BY_OUID, contactPoints, defaultCountry: 'FR', parentPurpose: 'off' } }),
    )
    await world.say({ ...u1, metadata: { phone: '+44 20 7946 0958' } })
    expect(await world.deliver()).toMatchObject({ places: { written: 5 } })
    expect(slots(world).sort()).toEqual([
      [534120000, 'a.da@example.com'],
      [534120000, 'ada+tag@example.com'],
      [534120001, '+33612345678'],
      [534120002, 'u1'],
      [534120003, '+442079460958'],
    ])
  })

  it('§6.2 an entry goes to all channels unless it names one', async () => {
    const contactPoints = [
      { channel: 'email', from: 'contact.emailaddress1' },
      { channel: 'text', from: 'contact.mobilephone' },
    ]
    const contact = { contactid: id(1), new_ouid: 'u1', emailaddress1: 'a@example.com', mobilephone: '+33612345678' }
    const mappings = [NEWS, { ...OFFERS, channel: 'text' }]
    const world = await openWorld(draft([contact], { mappings, options: { ...BY_OUID, contactPoints } }))
    await world.say({ ...u1, no: ['offers'] })
    await world.deliver()
    const rows = world.consents().map((row) => [row['msdynmkt_contactpointtype'], row['msdynmkt_purposeid']])
    expect(rows.sort()).toEqual([
      [534120000, COMMERCIAL_PURPOSE_ID],
      [534120001, SECOND_PURPOSE_ID],
      [534120001, COMMERCIAL_PURPOSE_ID],
    ])
  })

  it('§6.2 no contact: unmatched, but for addressOnly', async () => {
    const contactPoints = [{ channel: 'email', from: 'organization_user_id' }]
    const parked = await openWorld(draft([], { options: { contactPoints } }))
    await parked.say({ ...u1, ouid: 'ada@example.com' })
    expect(await parked.deliver()).toMatchObject({ outcomes: { unmatched: 1 }, parked: 1 })
    expect(parked.consents()).toEqual([])
    const alone = await openWorld(draft([], { options: { contactPoints, addressOnly: true } }))
    await alone.say({ ...u1, ouid: 'Ada@example.com' })
    expect(await alone.deliver()).toMatchObject({ outcomes: { written: 1 } })
    expect(alone.values('ada@example.com')).toEqual([OPTED_IN])
  })

  it('§6.2 no contact and upsert: contact and consent are made in one run', async () => {
    const world = await openWorld(draft([], { upsert: true }))
    await world.say({ ...u1, ouid: 'ada@example.com' })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1 } })
    expect(world.emulator.world.rows('contacts')).toHaveLength(1)
    expect(world.values('ada@example.com')).toEqual([OPTED_IN])
  })

  it('§6.2 §6.3 no usable address at all: no-contact-point', async () => {
    const rows = [
      { contactid: id(1), new_ouid: 'u1', emailaddress1: 'no at sign' },
      { contactid: id(2), new_ouid: 'u2', emailaddress1: null },
    ]
    const world = await openWorld(draft(rows, { options: BY_OUID }))
    await world.say(u1, { ...u1, ouid: 'u2' })
    expect(await world.deliver()).toMatchObject({ outcomes: { 'no-contact-point': 2 } })
    expect(world.consents()).toEqual([])
  })

  it('§6.3 an address longer than 400: rejected-by-dataverse, before it is sent', async () => {
    const contactPoints = [{ channel: 'email', from: 'organization_user_id' }]
    const world = await openWorld(draft([], { options: { contactPoints, addressOnly: true } }))
    await world.say({ ...u1, ouid: `${'x'.repeat(400)}@example.com` }, { ...u1, ouid: 'ada@example.com' })
    const report = await world.run()
    expect(report.deliver[0]).toMatchObject({ outcomes: { 'rejected-by-dataverse': 1, written: 1 }, quarantined: 1 })
    expect(world.consents()).toHaveLength(1)
  })

  it('§5.3 an address that moves to another contact column value is delivered anew', async () => {
    const rows = [{ contactid: id(1), new_ouid: 'u1', emailaddress1: 'old@example.com' }]
    const world = await openWorld(draft(rows, { options: BY_OUID }))
    await world.say(u1)
    await world.deliver()
    world.clock.advance(HOURS)
    world.emulator.world.edit('contacts', id(1), { emailaddress1: 'new@example.com' })
    expect(await world.deliver()).toMatchObject({ persons: 1, outcomes: { written: 1 } })
    expect(world.values('new@example.com')).toEqual([OPTED_IN])
  })

  it('§5.3 §6.4 an address that is cleared no longer counts its person', async () => {
    const rows = [
      { contactid: id(1), new_ouid: 'u1', emailaddress1: 'shared@example.com' },
      { contactid: id(2), new_ouid: 'u2', emailaddress1: 'shared@example.com' },
    ]
    const world = await openWorld(draft(rows, { options: BY_OUID }))
    await world.say({ ...u1, yes: [], no: ['news'] }, { ...u1, ouid: 'u2' })
    await world.deliver()
    expect(world.values('shared@example.com')).toEqual([OPTED_OUT])
    world.clock.advance(DAYS)
    world.emulator.world.edit('contacts', id(1), { emailaddress1: null })
    await world.say({ ...u1, ouid: 'u2', at: since(2 * DAYS), events: [newsEvent(since(2 * DAYS), true)] })
    await world.deliver()
    expect(world.values('shared@example.com')).toEqual([OPTED_IN])
  })
})

describe('several persons behind one address (semantics §6.4)', () => {
  const SHARED = 'family@example.com'
  const family = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ contactid: id(n + 1), new_ouid: `u${n + 1}`, emailaddress1: SHARED }))

  it('§6.4 opt-out-wins: one no is a no, with the span of the refusing persons; the due person who says nothing touches nothing', async () => {
    const world = await openWorld(draft(family(3), { mappings: [NEWS, OFFERS], options: BY_OUID }))
    await world.say(
      { ...u1, at: since(-DAYS), yes: ['news'] },
      { ...u1, ouid: 'u2', at: since(-3 * DAYS), yes: [], no: ['news'], events: [newsEvent(since(-4 * DAYS), false)] },
      { ...u1, ouid: 'u3', at: since(-2 * DAYS), yes: [], no: ['news'], events: [newsEvent(since(-2 * DAYS), false)] },
    )
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 3 }, places: { written: 1 } })
    expect(world.consents()).toEqual([
      expect.objectContaining({
        msdynmkt_value: OPTED_OUT,
        msdynmkt_reason: expect.stringContaining('lo=2026-02-25T12:00:00Z hi=2026-02-27T12:00:00Z'),
      }),
    ])
  })

  it('§6.4 opt-out-wins: if every person says yes, then with the least lo', async () => {
    const world = await openWorld(draft(family(2), { options: BY_OUID }))
    await world.say(
      { ...u1, events: [newsEvent(since(-DAYS), true)] },
      { ...u1, ouid: 'u2', events: [newsEvent(since(-3 * DAYS), true)] },
    )
    await world.deliver()
    expect(world.consents()[0]).toMatchObject({
      msdynmkt_value: OPTED_IN,
      msdynmkt_reason: expect.stringContaining('lo=2026-02-26T12:00:00Z'),
    })
  })

  it('§7 a no that comes to an address after a newer yes was delivered there is a no, as if both had been known at once', async () => {
    const world = await openWorld(draft(family(2), { options: BY_OUID }))
    await world.say({ ...u1, at: since(-DAYS), events: [newsEvent(since(-DAYS), true)] })
    await world.deliver()
    expect(world.values(SHARED)).toEqual([OPTED_IN])
    const late = { ...u1, ouid: 'u2', yes: [], no: ['news'], at: since(-3 * DAYS) }
    await world.say({ ...late, events: [newsEvent(since(-3 * DAYS), false)] })
    await world.deliver()
    expect(world.values(SHARED)).toEqual([OPTED_OUT])
  })

  it('§6.4 newest: the certainly newer statement stands', async () => {
    const world = await openWorld(draft(family(2), { options: { ...BY_OUID, sharedAddress: 'newest' } }))
    await world.say(
      { ...u1, events: [newsEvent(since(-DAYS), true)] },
      { ...u1, ouid: 'u2', yes: [], no: ['news'], at: since(-3 * DAYS), events: [newsEvent(since(-3 * DAYS), false)] },
    )
    await world.deliver()
    expect(world.values(SHARED)).toEqual([OPTED_IN])
  })

  it('§6.4 nobody is opted in for a moment: a person of a later chunk counts before the first is delivered, in every target', async () => {
    // Work goes in the order of person ids, 500 at a time: the first says yes, the last no; the rest has no contact.
    const ouids = Array.from({ length: 510 }, (_, n) => `u${n}`).sort((a, b) => (personId(a) < personId(b) ? -1 : 1))
    const [first = '', last = ''] = [ouids[0], ouids[509]]
    const contacts = [first, last].map((ouid, n) => ({ contactid: id(n + 1), new_ouid: ouid, emailaddress1: SHARED }))
    const targets: TargetDraft[] = [NEWS, OFFERS].map((entry, n) => ({
      name: `target-${n + 1}`,
      type: 'microsoft-dynamics-cpc',
      mappings: [{ ...entry, value: NEWS.value }],
      options: BY_OUID,
    }))
    const world = await openWorld({ targets, emulator: { seed: { columns: OUID_COLUMN, rows: { contacts } } } })
    await world.say(...ouids.map((ouid) => ({ ...u1, ouid, ...(ouid === last ? { yes: [], no: ['news'] } : {}) })))
    const report = await world.run()
    expect(report.failures).toEqual([])
    expect(report.deliver).toMatchObject([{ outcomes: { unmatched: 508 } }, { outcomes: { unmatched: 508 } }])
    expect(world.journal().map(({ columns }) => columns['msdynmkt_value'])).toEqual([OPTED_OUT, OPTED_OUT])
  })

  it('§6.4 an ambiguous person still counts for the addresses it shares (§5.1)', async () => {
    const rows = [
      { contactid: id(1), new_ouid: 'u1', emailaddress1: SHARED },
      { contactid: id(2), new_ouid: 'u1', emailaddress1: SHARED },
      { contactid: id(3), new_ouid: 'u2', emailaddress1: SHARED },
    ]
    const options = { contact: { matchAttribute: 'new_ouid', duplicates: 'refuse' } }
    const world = await openWorld(draft(rows, { options }))
    await world.say({ ...u1, yes: [], no: ['news'] }, { ...u1, ouid: 'u2' })
    expect(await world.deliver()).toMatchObject({ outcomes: { 'ambiguous-contact': 1, written: 1 } })
    expect(world.values(SHARED)).toEqual([OPTED_OUT])
  })
})
