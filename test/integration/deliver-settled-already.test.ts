/** Persons for whom nothing is left to do cost no request; whoever might have something is read (semantics §8.2). */
import { afterEach, describe, expect, it } from 'vitest'
import { COMMERCIAL_PURPOSE_ID, NEWSLETTER_TOPIC_ID } from '../../src/emulator/seed-ids.ts'
import {
  CONSENTS,
  DAYS,
  HOURS,
  id,
  OPTED_IN,
  OPTED_OUT,
  type Saying,
  saysNews,
  since,
} from '../support/deliver-samples.ts'
import type { TargetDraft, WorldDraft } from '../support/deliver-settings.ts'
import { closeWorlds, type DeliverWorld, openWorld, type RunWishes } from '../support/deliver-world.ts'

afterEach(closeWorlds)

const NEWS = 'consents_purposes_news_enabled'
const COUNT = 25
const peopleOf = (count: number) => Array.from({ length: count }, (_, n) => `u${n + 1}@example.com`)
const people = peopleOf(COUNT)
const [FIRST = ''] = people

const CONSENT: TargetDraft = {
  type: 'microsoft-dynamics-cpc',
  mappings: [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: NEWS }],
}
const COLUMN: TargetDraft = { type: 'microsoft-dynamics', mappings: [{ id: 'new_news', value: NEWS }] }

function draft(target: TargetDraft, emulator: WorldDraft['emulator'] = {}, count = COUNT): WorldDraft {
  const contacts = peopleOf(count).map((emailaddress1, n) => ({
    contactid: id(n + 1),
    emailaddress1,
    modifiedon: since(-9 * DAYS),
  }))
  const seed = { columns: { contacts: [{ type: 'boolean', name: 'new_news' } as const] }, rows: { contacts } }
  return { targets: [target], emulator: { ...emulator, seed } }
}

const chosen = (ouid: string): Saying => saysNews(ouid, true, since(-3 * DAYS))

/** The same choice on a later line: only the country is new, which no mapping names. */
const elsewhere = (ouid: string, country = 'FR'): Saying => ({ ...chosen(ouid), at: since(-DAYS), country })

/** What a run asks of the server. */
async function requestsOf(world: DeliverWorld, wishes: RunWishes = {}) {
  world.emulator.world.resetCounters()
  const report = await world.deliver(wishes)
  const { requests, writeRequests } = world.emulator.world.counters()
  return { report, requests, writeRequests }
}

/** A world in which everybody's choice was delivered, and what a run costs in which nobody is due. */
async function delivered(target: TargetDraft, emulator: WorldDraft['emulator'] = {}, count = COUNT) {
  const world = await openWorld(draft(target, emulator, count))
  await world.say(...peopleOf(count).map(chosen))
  await world.deliver()
  world.clock.advance(HOURS)
  const { requests } = await requestsOf(world)
  return { world, idle: requests }
}

describe.each([
  ['consents', CONSENT],
  ['contact columns', COLUMN],
])('settled already: %s', (mode, target) => {
  /** Somebody in Dynamics opts the first person out. */
  const optOutByHand = (world: DeliverWorld) =>
    mode === 'consents'
      ? world.emulator.world.edit(CONSENTS, String(world.consents(FIRST)[0]?.[`${CONSENTS}id`]), {
          msdynmkt_value: OPTED_OUT,
        })
      : world.emulator.world.edit('contacts', id(1), { new_news: false })
  const firstValue = (world: DeliverWorld) =>
    mode === 'consents' ? world.values(FIRST)[0] : world.contact(id(1))['new_news']
  const [yes, no] = mode === 'consents' ? [OPTED_IN, OPTED_OUT] : [true, false]

  it('§8.2 a change of what no mapping names costs no request, however many persons it is of', async () => {
    const { world, idle } = await delivered(target)
    await world.say(...people.map((ouid) => elsewhere(ouid)))
    const { report, requests } = await requestsOf(world)
    expect(report).toMatchObject({
      persons: COUNT,
      deferred: 0,
      outcomes: { unchanged: COUNT },
      places: { unchanged: COUNT },
    })
    expect(requests).toBe(idle)
    expect(await world.store.countDue('target-1')).toBe(0)
  })

  it('§8.2 among them, whoever has something left is delivered', async () => {
    const { world, idle } = await delivered(target)
    await world.say(...people.map((ouid) => elsewhere(ouid)), saysNews(FIRST, false, since(-HOURS)))
    const { report, requests, writeRequests } = await requestsOf(world)
    expect(report).toMatchObject({ outcomes: { unchanged: COUNT - 1, written: 1 } })
    expect(requests).toBeGreaterThan(idle)
    expect(writeRequests).toBe(1)
    expect(firstValue(world)).toBe(no)
  })

  it('§8.3 who is due afresh is read: whatever somebody did meanwhile is found', async () => {
    const { world, idle } = await delivered(target)
    optOutByHand(world)
    await world.markEverybodyDue()
    const { report, requests } = await requestsOf(world)
    expect(requests).toBeGreaterThan(idle)
    expect(report).toMatchObject({ outcomes: { unchanged: COUNT - 1, superseded: 1 } })
    expect(firstValue(world)).toBe(no)
  })

  it('§8.3 a range that is run again is read, though nothing in it is new', async () => {
    const world = await openWorld(draft(target))
    await world.export('2026-02-27', people.map(chosen))
    await world.deliver()
    world.clock.advance(HOURS)
    const { requests: idle } = await requestsOf(world)
    const again = await requestsOf(world, { from: '2026-02-27', to: '2026-02-27' })
    expect(again.requests).toBeGreaterThan(idle)
    expect(again.writeRequests).toBe(0)
    expect(again.report).toMatchObject({ persons: COUNT, outcomes: { unchanged: COUNT } })
  })

  it('§7 a foreign statement in the ledger is no confirmation: the person is read each time', async () => {
    const { world, idle } = await delivered(target)
    optOutByHand(world)
    await world.markEverybodyDue()
    await world.deliver()
    await world.say(elsewhere(FIRST))
    const { report, requests } = await requestsOf(world)
    expect(requests).toBeGreaterThan(idle)
    expect(report).toMatchObject({ persons: 1, outcomes: { superseded: 1 } })
  })

  it('§5.3 a second contact for the same person is looked at', async () => {
    const { world } = await delivered(target)
    const { world: environment } = world.emulator
    environment.seed({ rows: { contacts: [{ contactid: id(99), emailaddress1: FIRST, modifiedon: since(HOURS) }] } })
    await world.say(...people.map((ouid) => elsewhere(ouid)))
    await world.deliver()
    if (mode === 'contact columns') expect(world.contact(id(99))['new_news']).toBe(yes)
    else expect(world.values(FIRST)).toEqual([yes])
  })

  it('§5.3 without change tracking nobody knows whether contacts changed: everybody due is read', async () => {
    const { world, idle } = await delivered(target, { changeTracking: false })
    await world.say(...people.map((ouid) => elsewhere(ouid)))
    const { report, requests } = await requestsOf(world)
    expect(requests).toBeGreaterThan(idle)
    expect(report).toMatchObject({ outcomes: { unchanged: COUNT } })
  })

  it('§8.2 what was written ahead and never confirmed is read', async () => {
    const world = await openWorld(draft(target))
    // A target's first run reads everybody afresh, and what is first said of a purpose does, too.
    await world.say(saysNews('somebody@example.com', true, since(-4 * DAYS)))
    await world.deliver()
    await world.say(...people.map(chosen))
    const body = mode === 'consents' ? '"msdynmkt_value":' : '"new_news":true'
    world.fault({ match: { body }, count: 0, action: { kind: 'reset-before-commit' } })
    expect(await world.run()).toMatchObject({ exitCode: 6, deliver: [{ deferred: COUNT }] })
    world.emulator.world.clearFaults()
    expect(await world.deliver()).toMatchObject({ outcomes: { written: COUNT } })
    expect(firstValue(world)).toBe(yes)
  })
})

/** What docs/operations.md says: who we are, tables, columns and options, changed contacts, the newest rows of the ledger. */
const START = { consents: 48, contact: 14 }

describe.each([
  ['consents', CONSENT, START.consents],
  ['contact columns', COLUMN, START.contact],
])('a night: %s', (_, target, start) => {
  it.each([20, 1_500])(
    '§8.2 of %i persons in which nothing changed writes nothing, and asks as much as any',
    async (count) => {
      const { world, idle } = await delivered(target, {}, count)
      await world.say(...peopleOf(count).map((ouid) => elsewhere(ouid)))
      const { report, requests, writeRequests } = await requestsOf(world)
      expect(report).toMatchObject({ persons: count, outcomes: { unchanged: count }, deferred: 0 })
      expect({ idle, requests, writeRequests }).toEqual({ idle: start, requests: start, writeRequests: 0 })
    },
  )

  it('§8.2 in which one of a hundred rows changed writes these rows, counted by the server', async () => {
    const count = 1_000
    const { world } = await delivered(target, {}, count)
    const changed = (n: number) => n % 100 === 7
    await world.say(
      ...peopleOf(count).map((ouid, n) => (changed(n) ? saysNews(ouid, false, since(-HOURS)) : elsewhere(ouid))),
    )
    const { report } = await requestsOf(world)
    expect(report).toMatchObject({ persons: count, outcomes: { written: count / 100, unchanged: count - count / 100 } })
    const { rowsCreated, rowsUpdated, rowsDeleted, repeatedWrites } = world.emulator.world.counters()
    expect({ rowsCreated, rowsUpdated, rowsDeleted, repeatedWrites }).toEqual({
      rowsCreated: 0,
      rowsUpdated: count / 100,
      rowsDeleted: 0,
      repeatedWrites: 0,
    })
  })
})

describe('settled already: purposes that are ensured', () => {
  it('§6.7 a topic whose purpose row could not be made stays open', async () => {
    const world = await openWorld(
      draft({
        type: 'microsoft-dynamics-cpc',
        mappings: [{ id: `topic:${NEWSLETTER_TOPIC_ID}`, value: NEWS }],
        options: { parentPurpose: 'ensure' },
      }),
    )
    // A target's first run reads everybody afresh, and what is first said of a purpose does, too.
    await world.say(...people.slice(1).map(chosen))
    await world.deliver()
    await world.say(chosen(FIRST))
    // Purpose rows are sent first, each for itself; only they fail.
    world.fault({
      match: { method: 'POST', body: '"msdynmkt_contactpointconsenttype":534120000' },
      count: 0,
      action: { kind: 'status', status: 503 },
    })
    expect(await world.run()).toMatchObject({ exitCode: 6, deliver: [{ deferred: 1 }] })
    expect(world.consents(FIRST)).toHaveLength(1)
    world.emulator.world.clearFaults()
    await world.deliver()
    expect(world.values(FIRST)).toEqual([OPTED_IN, OPTED_IN])
  })
})
