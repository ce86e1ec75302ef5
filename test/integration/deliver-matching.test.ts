import { afterEach, describe, expect, it } from 'vitest'
import type { EmulatorSeed } from '../../src/emulator/seed.ts'
import { DAYS, HOURS, id, since } from '../support/deliver-samples.ts'
import type { TargetDraft, WorldDraft } from '../support/deliver-settings.ts'
import { closeWorlds, type DeliverWorld, openWorld } from '../support/deliver-world.ts'

afterEach(closeWorlds)

const COLUMNS: NonNullable<EmulatorSeed['columns']> = {
  contacts: [
    { type: 'boolean', name: 'new_news' },
    { type: 'text', name: 'new_ouid', maxLength: 20 },
    { type: 'choice', name: 'new_status', options: [{ value: 7, label: 'Lead' }] },
  ],
}

function draft(rows: readonly Record<string, unknown>[], target: Partial<TargetDraft> = {}): WorldDraft {
  const mappings = [{ id: 'new_news', value: 'consents_purposes_news_enabled' }]
  return {
    targets: [{ type: 'microsoft-dynamics', mappings, ...target }],
    emulator: { seed: { columns: COLUMNS, rows: { contacts: rows } } },
  }
}

const ada = { ouid: 'ada@example.com', at: since(-DAYS), yes: ['news'] }
const news = (world: DeliverWorld, n: number) => world.contact(id(n))['new_news']

describe('the contacts of a person (semantics §5.1)', () => {
  it('§5.1 letters in another case and blanks around the address make no difference', async () => {
    const world = await openWorld(draft([{ contactid: id(1), emailaddress1: 'ADA@Example.com ' }]))
    await world.say({ ...ada, ouid: ' Ada@example.COM' })
    expect((await world.deliver()).outcomes).toMatchObject({ written: 1 })
    expect(news(world, 1)).toBe(true)
  })

  it('§5.1 accents count, although the database finds both', async () => {
    const world = await openWorld(
      draft([
        { contactid: id(1), emailaddress1: 'jose@example.com' },
        { contactid: id(2), emailaddress1: 'josé@example.com' },
      ]),
    )
    await world.say({ ...ada, ouid: 'jose\u0301@example.com' })
    await world.deliver()
    expect([news(world, 1), news(world, 2)]).toEqual([null, true])
  })

  it('§5.1 a deactivated contact is written like any other', async () => {
    const world = await openWorld(draft([{ contactid: id(1), emailaddress1: ada.ouid, statecode: 1 }]))
    await world.say(ada)
    expect((await world.deliver()).outcomes).toMatchObject({ written: 1 })
    expect(news(world, 1)).toBe(true)
  })

  it('§5.1 a merged contact stands for its master, to the end of the chain', async () => {
    const world = await openWorld(
      draft([
        { contactid: id(1), emailaddress1: ada.ouid, masterid: id(2), statecode: 1, merged: true },
        { contactid: id(2), emailaddress1: 'old@example.com', masterid: id(3), statecode: 1, merged: true },
        { contactid: id(3), emailaddress1: 'new@example.com' },
      ]),
    )
    await world.say(ada)
    expect((await world.deliver()).outcomes).toMatchObject({ written: 1 })
    expect([1, 2, 3].map((n) => news(world, n))).toEqual([null, null, true])
  })

  it('§5.1 several contacts: all of them by default', async () => {
    const world = await openWorld(draft([1, 2].map((n) => ({ contactid: id(n), emailaddress1: ada.ouid }))))
    await world.say(ada)
    const report = await world.deliver()
    expect(report).toMatchObject({ persons: 1, places: { written: 2 } })
    expect([1, 2].map((n) => news(world, n))).toEqual([true, true])
  })

  it('§5.1 several contacts with `refuse`: none, and the outcome is ambiguous-contact', async () => {
    const rows = [1, 2].map((n) => ({ contactid: id(n), emailaddress1: ada.ouid }))
    const world = await openWorld(draft(rows, { options: { contact: { duplicates: 'refuse' } } }))
    await world.say(ada)
    const report = await world.deliver()
    expect(report.outcomes).toMatchObject({ 'ambiguous-contact': 1, written: 0 })
    expect(world.journal()).toEqual([])
  })

  it('§5.1 a contact and its merged double are one contact, not several', async () => {
    const rows = [
      { contactid: id(1), emailaddress1: ada.ouid, masterid: id(2), statecode: 1, merged: true },
      { contactid: id(2), emailaddress1: ada.ouid },
    ]
    const world = await openWorld(draft(rows, { options: { contact: { duplicates: 'refuse' } } }))
    await world.say(ada)
    expect((await world.deliver()).outcomes).toMatchObject({ written: 1 })
    expect([1, 2].map((n) => news(world, n))).toEqual([null, true])
  })

  it('§5.1 the match attribute is a setting', async () => {
    const world = await openWorld(
      draft([{ contactid: id(1), new_ouid: 'U/1?&%', emailaddress1: 'x@example.com' }], {
        options: { contact: { matchAttribute: 'new_ouid' } },
      }),
    )
    await world.say({ ...ada, ouid: 'u/1?&%' })
    expect((await world.deliver()).outcomes).toMatchObject({ written: 1 })
  })
})

describe('persons without a contact (semantics §5.2, §5.3)', () => {
  it('§5.2 unmatched: parked, retried by every run, never dropped', async () => {
    const world = await openWorld(draft([], { options: { contact: { changeTracking: 'off' } } }))
    await world.say(ada)
    expect(await world.deliver()).toMatchObject({ outcomes: { unmatched: 1 }, parked: 1, expired: 0 })
    world.clock.advance(DAYS)
    expect(await world.deliver()).toMatchObject({ persons: 1, outcomes: { unmatched: 1 }, parked: 1 })
    world.emulator.world.seed({ rows: { contacts: [{ contactid: id(1), emailaddress1: ada.ouid }] } })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1 }, parked: 0 })
    expect(news(world, 1)).toBe(true)
  })

  it('§5.2 after maxAgeDays expired: no longer looked up, only counted', async () => {
    const options = { contact: { changeTracking: 'off' }, park: { maxAgeDays: 2 } }
    const world = await openWorld(draft([], { options }))
    await world.say(ada)
    await world.deliver()
    world.clock.advance(2 * DAYS + HOURS)
    expect(await world.deliver()).toMatchObject({ persons: 0, parked: 0, expired: 1 })
  })

  it('§5.2 new data wakes an expired person: expired while there is no contact, delivered once there is', async () => {
    const options = { contact: { changeTracking: 'off' }, park: { maxAgeDays: 2 } }
    const world = await openWorld(draft([], { options }))
    await world.say(ada)
    await world.deliver()
    world.clock.advance(3 * DAYS)
    await world.say({ ...ada, at: since(HOURS), no: ['other'] })
    expect(await world.deliver()).toMatchObject({ persons: 1, outcomes: { expired: 1 } })
    world.emulator.world.seed({ rows: { contacts: [{ contactid: id(1), emailaddress1: ada.ouid }] } })
    expect(await world.deliver()).toMatchObject({ persons: 0 })
    await world.say({ ...ada, at: since(2 * HOURS) })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1 }, expired: 0 })
  })

  it('§5.2 §5.3 a contact change wakes an expired person', async () => {
    const world = await openWorld({
      ...draft([{ contactid: id(1), emailaddress1: 'other@example.com' }], { options: { park: { maxAgeDays: 2 } } }),
      settings: { identity: { normalise: 'email' } },
    })
    await world.say(ada)
    await world.deliver()
    world.clock.advance(3 * DAYS)
    expect(await world.deliver()).toMatchObject({ persons: 0, expired: 1 })
    world.emulator.world.edit('contacts', id(1), { emailaddress1: 'Ada@example.com' })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1 }, expired: 0 })
  })

  it('§5.3 with change tracking only persons of changed contacts are due', async () => {
    const rows = [
      { contactid: id(1), emailaddress1: ada.ouid },
      { contactid: id(2), emailaddress1: 'other@example.com' },
    ]
    const world = await openWorld({ ...draft(rows), settings: { identity: { normalise: 'email' } } })
    await world.say(ada, { ...ada, ouid: 'bob@example.com' })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1, unmatched: 1 } })
    expect(await world.deliver()).toMatchObject({ persons: 0, parked: 1 })
    world.emulator.world.edit('contacts', id(1), { jobtitle: 'Countess' })
    expect(await world.deliver()).toMatchObject({ persons: 0 })
    world.emulator.world.edit('contacts', id(2), { emailaddress1: 'bob@example.com' })
    expect(await world.deliver()).toMatchObject({ persons: 1, outcomes: { written: 1 }, parked: 0 })
    expect(news(world, 2)).toBe(true)
  })

  it('§5.3 a person whose contact got another match value is due, and so is one whose contact was merged', async () => {
    const rows = [
      { contactid: id(1), emailaddress1: ada.ouid },
      { contactid: id(2), emailaddress1: 'bob@example.com' },
      { contactid: id(3), emailaddress1: 'master@example.com' },
    ]
    const world = await openWorld({ ...draft(rows), settings: { identity: { normalise: 'email' } } })
    await world.say(ada, { ...ada, ouid: 'bob@example.com' })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 2 } })
    world.emulator.world.edit('contacts', id(1), { emailaddress1: 'gone@example.com' })
    world.emulator.world.edit('contacts', id(2), { masterid: id(3), statecode: 1 })
    expect(await world.deliver()).toMatchObject({ persons: 2, outcomes: { unmatched: 1, written: 1 } })
    expect(news(world, 3)).toBe(true)
  })

  it('§5.3 a deleted contact makes its person due; an expired change log compares all contacts', async () => {
    const world = await openWorld({
      ...draft([{ contactid: id(1), emailaddress1: ada.ouid }]),
      settings: { identity: { normalise: 'email' } },
    })
    await world.say(ada)
    await world.deliver()
    world.emulator.world.delete('contacts', id(1))
    expect(await world.deliver()).toMatchObject({ persons: 1, outcomes: { unmatched: 1 } })
    world.clock.advance(10 * DAYS)
    world.emulator.world.seed({ rows: { contacts: [{ contactid: id(2), emailaddress1: ada.ouid }] } })
    expect(await world.deliver()).toMatchObject({ persons: 1, outcomes: { written: 1 } })
  })

  it('§5.2 upsert: the contact has the UUIDv5 of its OUID, the match attribute, the template and the mapped columns', async () => {
    const options = { contact: { template: { lastname: 'Didomi', new_status: 7 } } }
    const world = await openWorld(draft([], { upsert: true, options }))
    await world.say({ ...ada, ouid: 'Ada@Example.com' })
    expect((await world.deliver()).outcomes).toMatchObject({ written: 1 })
    // UUIDv5 of `contact|ada@example.com`, computed by Python's uuid.
    const created = world.contact('24833c5c-2e32-5ead-88a3-c12c2929605a')
    expect(created).toMatchObject({
      emailaddress1: 'Ada@Example.com',
      lastname: 'Didomi',
      new_status: 7,
      new_news: true,
    })
  })

  it('§5.2 upsertOn opt-in: nobody is created who only refused', async () => {
    const options = { contact: { upsertOn: 'opt-in' } }
    const world = await openWorld(draft([], { upsert: true, options }))
    await world.say({ ...ada, yes: [], no: ['news'] }, { ...ada, ouid: 'bob@example.com' })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1, unmatched: 1 } })
    expect(world.journal().map(({ operation, columns }) => [operation, columns['emailaddress1']])).toEqual([
      ['create', 'bob@example.com'],
    ])
  })

  it('§5.2 upsert: a person without a mapped statement gets no contact', async () => {
    const world = await openWorld(draft([], { upsert: true }))
    await world.say({ ...ada, yes: ['other'] })
    expect(await world.deliver()).toMatchObject({ outcomes: { unmatched: 1 } })
    expect(world.journal()).toEqual([])
  })

  it('§5.2 an OUID that cannot be the match attribute creates nothing and is told', async () => {
    const world = await openWorld(draft([], { upsert: true }))
    await world.say({ ...ada, ouid: 'not-an-address' }, { ...ada, ouid: `${'x'.repeat(90)}@example.com` })
    const report = await world.run()
    expect(report.deliver[0]).toMatchObject({
      outcomes: { 'rejected-by-dataverse': 2 },
      rejections: { 'ouid-unfit': 2 },
    })
    expect(report.exitCode).toBe(5)
    expect(world.journal()).toEqual([])
  })

  it('§5.2 a creation whose answer was lost is found again, not made twice', async () => {
    const world = await openWorld(draft([], { upsert: true }))
    await world.say(ada)
    world.fault({ match: { method: 'POST', path: '/contacts' }, action: { kind: 'reset-after-commit' } })
    expect((await world.deliver()).outcomes).toMatchObject({ 'rejected-by-dataverse': 0 })
    expect(world.emulator.world.rows('contacts')).toHaveLength(1)
    await world.deliver()
    expect(await world.store.countDue('target-1')).toBe(0)
  })
})
