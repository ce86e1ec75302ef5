/** The way back (semantics §11): choices made in Dataverse reach Didomi once, and nothing echoes. */

import { afterEach, describe, expect, it } from 'vitest'
import { personId } from '../../src/consent/person-id.ts'
import { COMMERCIAL_PURPOSE_ID, NEWSLETTER_TOPIC_ID } from '../../src/emulator/seed-ids.ts'
import type { Inbox, TouchedRow } from '../../src/reverse/inbox.ts'
import { CONSENTS, DAYS, id, OPTED_IN, OPTED_OUT, since } from '../support/deliver-samples.ts'
import { closeWorlds } from '../support/deliver-world.ts'
import { openReverse, type ReverseDraft, type ReverseWorld } from '../support/reverse-world.ts'

const opened: ReverseWorld[] = []
afterEach(async () => {
  try {
    await closeWorlds()
  } finally {
    for (const one of opened.splice(0)) await one.close()
  }
})

async function open(draft: ReverseDraft): Promise<ReverseWorld> {
  const one = await openReverse(draft)
  opened.push(one)
  return one
}

const ANN = 'ann@example.com'
const contact = (n: number, email: string, more: object = {}) => ({
  contactid: id(n),
  emailaddress1: email,
  createdon: since(-1_000_000_000),
  modifiedon: since(-1_000_000_000),
  ...more,
})
const says = (enabled: boolean) => ({ purposes: [{ id: 'news', enabled }] })
const CONSENT_TARGET = {
  type: 'microsoft-dynamics-cpc',
  mappings: [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: 'consents_purposes_news_enabled' }],
} as const
const CONTACT_TARGET = {
  type: 'microsoft-dynamics',
  mappings: [{ id: 'new_news', value: 'consents_purposes_news_enabled' }],
} as const

const consentWorld = (more: Partial<ReverseDraft> = {}, contacts = [contact(1, ANN)]) =>
  open({
    target: CONSENT_TARGET,
    emulator: { seed: { columns: { contacts: [{ type: 'text', name: 'new_ouid' }] }, rows: { contacts } } },
    ...more,
  })
const contactWorld = (more: Partial<ReverseDraft> = {}, contacts = [contact(1, ANN)]) =>
  open({
    target: CONTACT_TARGET,
    emulator: { seed: { columns: { contacts: [{ type: 'boolean', name: 'new_news' }] }, rows: { contacts } } },
    ...more,
  })

/** What a user holds at Didomi. */
function newsAt({ didomi }: ReverseWorld, ouid: string): unknown {
  const user = didomi.people.byOuid(ouid)?.user as { consents: { purposes: { id: string; enabled: unknown }[] } }
  return user?.consents.purposes.find(({ id }) => id === 'news')?.enabled
}

describe.each(['consent', 'contact'] as const)('§11 in %s mode', (mode) => {
  const world = (more: Partial<ReverseDraft> = {}) => (mode === 'consent' ? consentWorld(more) : contactWorld(more))
  const edit = ({ world }: ReverseWorld, yes: boolean) => {
    const row = world.consents(ANN)[0]
    if (mode === 'contact') world.emulator.world.edit('contact', id(1), { new_news: yes })
    else
      world.emulator.world.edit(CONSENTS, String(row?.[`${CONSENTS}id`]), {
        msdynmkt_value: yes ? OPTED_IN : OPTED_OUT,
      })
  }
  const value = ({ world }: ReverseWorld) =>
    mode === 'contact' ? world.contact(id(1))['new_news'] : world.values(ANN)[0] === OPTED_IN

  it('an unsubscribe made in Dynamics reaches Didomi once, dated by when it was made, and does not echo', async () => {
    const both = await world()
    both.choose(ANN, says(true))
    expect((await both.sync()).exitCode).toBe(0)
    expect(value(both)).toBe(true)
    edit(both, false)
    const editedAt = both.world.clock.now()
    const report = await both.reverse()
    expect(report).toMatchObject({ exitCode: 0, sums: { places: true }, told: { events: 1, posted: 1, refused: 0 } })
    expect(both.didomi.received).toHaveLength(1)
    const [{ event, forwarded } = { event: undefined }] = both.didomi.received
    expect(forwarded).toBe(false)
    expect(event).toMatchObject({ delegate: { id: 'didomi-dataverse' }, metadata: { source: 'didomi-dataverse' } })
    expect(Math.abs(Date.parse(String(event?.created_at)) - editedAt)).toBeLessThan(1_000)
    expect(newsAt(both, ANN)).toBe(false)
    expect((await both.reverse()).told).toMatchObject({ events: 0 })
    const journal = both.world.journalLength
    await both.sync()
    expect(both.world.journalLength).toBe(journal)
    expect((await both.reverse()).told).toMatchObject({ events: 0 })
    expect(both.didomi.received).toHaveLength(1)
    expect(value(both)).toBe(false)
  })

  it('§11.4 what is told leaves its evidence: where it was chosen, what Didomi had, the event', async () => {
    const both = await world()
    both.choose(ANN, says(true))
    await both.sync()
    edit(both, false)
    await both.reverse()
    const [delivered, told, ...more] = await both.world.store.evidenceOf(personId(ANN))
    expect(delivered).toMatchObject({ decision: 'written' })
    expect(told).toMatchObject({
      decision: 'told',
      what: 'purpose/news',
      from: true,
      to: false,
      place: delivered?.place,
    })
    expect(told?.event).toBe(both.didomi.received[0]?.event.id)
    expect(more).toEqual([])
  })

  it('§11.4 the brake stops before the first event, and lets exactly what it stopped pass', async () => {
    const both = await world({ settings: { reverse: { brake: { share: 0, atLeast: 0 } } } })
    both.choose(ANN, says(true))
    await both.sync()
    edit(both, false)
    const stopped = await both.reverse()
    expect(stopped).toMatchObject({ exitCode: 9, told: { events: 1, posted: 0, deferred: 1 } })
    const other = await both.reverse(undefined, '0123456789abcdef')
    expect(other.exitCode).toBe(9)
    expect(other).not.toHaveProperty('heard')
    expect(both.didomi.received).toEqual([])
    const plan = /--accept ([0-9a-f]{16})/.exec(stopped.failures[0]?.message ?? '')?.[1]
    // Newer than the plan, and therefore not told by it.
    both.world.clock.advance(60_000)
    edit(both, true)
    expect(await both.reverse(undefined, plan)).toMatchObject({ exitCode: 0, told: { events: 1, posted: 1 } })
    expect(newsAt(both, ANN)).toBe(false)
    expect((await both.reverse()).exitCode).toBe(9)
    expect(both.didomi.received).toHaveLength(1)
  })

  it('a later yes in Dynamics reaches Didomi too, and a later no after it', async () => {
    const both = await world()
    both.choose(ANN, says(false))
    await both.sync()
    edit(both, true)
    await both.reverse()
    expect(newsAt(both, ANN)).toBe(true)
    // Before any export came back.
    edit(both, false)
    await both.reverse()
    expect(newsAt(both, ANN)).toBe(false)
    await both.sync()
    expect([value(both), newsAt(both, ANN)]).toEqual([false, false])
    expect(both.didomi.received).toHaveLength(2)
  })

  it('§7 a yes at Didomi within the tolerance of an unsubscribe that was told gives way on both sides', async () => {
    const both = await world()
    both.choose(ANN, says(true))
    await both.sync()
    await both.reverse()
    edit(both, false)
    both.world.clock.advance(2_000)
    both.choose(ANN, says(true))
    await both.reverse()
    expect(newsAt(both, ANN)).toBe(true)
    // Delivery leaves the place superseded, and the change log knows nothing new of it.
    expect((await both.sync()).deliver[0]?.places).toMatchObject({ superseded: 1 })
    expect(await both.reverse()).toMatchObject({ heard: [{ rows: 0, looks: 1, told: 1 }], told: { posted: 1 } })
    await both.sync()
    expect([value(both), newsAt(both, ANN)]).toEqual([false, false])
    expect((await both.reverse()).told).toMatchObject({ events: 0 })
  })

  it('what Didomi’s side outlasts is delivered again, although nobody said anything new there', async () => {
    const target = mode === 'consent' ? CONSENT_TARGET : CONTACT_TARGET
    const both = await world({ target: { ...target, options: { conflict: 'didomi-wins' } } })
    both.choose(ANN, says(true))
    await both.sync()
    edit(both, false)
    expect(await both.reverse()).toMatchObject({ heard: [{ superseded: 1 }], told: { events: 0 } })
    await both.sync()
    expect([value(both), newsAt(both, ANN)]).toEqual([true, true])
  })

  it('§7 a no that somebody sets again, after a run has seen the yes in its place, is theirs although it is ours of old', async () => {
    const both = await world()
    // One contact, two persons: nobody knows who of them the yes is of, so it waits.
    const persons = [ANN, 'Ann@example.com']
    for (const [at, ouid] of persons.entries()) both.choose(ouid, says(at === 1))
    await both.sync()
    expect(value(both)).toBe(false)
    both.world.clock.advance(DAYS)
    edit(both, true)
    expect(await both.reverse()).toMatchObject({ heard: [{ parked: 1 }] })
    both.world.clock.advance(DAYS)
    for (const ouid of persons) both.choose(ouid, says(true))
    both.world.clock.advance(DAYS)
    edit(both, false)
    await both.sync()
    expect(value(both)).toBe(false)
    await both.reverse()
    for (const ouid of persons) expect(newsAt(both, ouid)).toBe(false)
    await both.sync()
    expect(value(both)).toBe(false)
  })

  it('§7 so it is where the yes in between was not told, as it may be older than a no at Didomi', async () => {
    const target = mode === 'consent' ? CONSENT_TARGET : CONTACT_TARGET
    const both = await world({ target: { ...target, options: { clockTolerance: '1h' } } })
    both.choose(ANN, says(false))
    await both.sync()
    both.world.clock.advance(2_000)
    both.choose(ANN, says(true))
    both.world.clock.advance(DAYS)
    edit(both, true)
    expect(await both.reverse()).toMatchObject({ heard: [{ superseded: 1 }], told: { events: 0 } })
    both.world.clock.advance(2_000)
    edit(both, false)
    both.world.clock.advance(DAYS)
    await both.sync()
    expect(value(both)).toBe(false)
    await both.reverse()
    await both.sync()
    expect([value(both), newsAt(both, ANN)]).toEqual([false, false])
  })

  it('§11.3 a no of ours with theirs behind it makes nobody due, however often it is compared with a yes', async () => {
    const both = await world()
    both.choose(ANN, says(true))
    await both.sync()
    both.world.clock.advance(DAYS)
    edit(both, false)
    await both.reverse()
    both.world.clock.advance(DAYS)
    both.choose('Ann@example.com', says(true))
    both.world.clock.advance(DAYS)
    both.choose(ANN, says(false))
    await both.sync()
    both.world.clock.advance(DAYS)
    both.choose(ANN, says(true))
    for (const round of [1, 2, 3]) {
      const { deliver } = await both.sync()
      const [{ target } = { target: '' }] = deliver
      await both.reverse()
      expect([round, await both.world.store.countDue(target)]).toEqual([round, 0])
    }
    // The yes of several is as old as the oldest of them, and passes no refusal that one of them took back since (§6.4).
    expect(value(both)).toBe(false)
  })

  it('our own writes are no news', async () => {
    const both = await world()
    both.choose(ANN, says(true))
    await both.sync()
    expect((await both.reverse()).heard?.[0]).toMatchObject({ foreign: 0 })
    expect(both.didomi.received).toEqual([])
  })
})

it('§7 a row deleted in Dynamics is a no of everybody at the address, also where our own refusal takes its place', async () => {
  const both = await consentWorld()
  const persons = [ANN, 'Ann@example.com']
  for (const ouid of persons) both.choose(ouid, says(true))
  await both.sync()
  both.world.clock.advance(DAYS)
  both.choose(ANN, says(false))
  both.world.clock.advance(2_000)
  both.world.emulator.world.delete(CONSENTS, String(both.world.consents(ANN)[0]?.[`${CONSENTS}id`]))
  both.world.clock.advance(DAYS)
  await both.sync()
  expect(both.world.values(ANN)).toEqual([OPTED_OUT])
  await both.reverse()
  for (const ouid of persons) expect(newsAt(both, ouid)).toBe(false)
  expect((await both.reverse()).told).toMatchObject({ events: 0 })
})

it('§7 a no in a row that somebody made in the place of one that is gone is theirs, though our own had said the same', async () => {
  const both = await consentWorld()
  both.choose(ANN, says(false))
  await both.sync()
  both.world.emulator.world.delete(CONSENTS, String(both.world.consents(ANN)[0]?.[`${CONSENTS}id`]))
  await both.reverse()
  both.world.clock.advance(DAYS)
  both.choose('Ann@example.com', says(true))
  both.world.clock.advance(DAYS)
  const now = new Date(both.world.clock.now()).toISOString()
  const made = {
    [`${CONSENTS}id`]: id(77),
    msdynmkt_contactpointvalue: ANN,
    msdynmkt_contactpointtype: 534120000,
    msdynmkt_contactpointconsenttype: 534120000,
    msdynmkt_purposeid: COMMERCIAL_PURPOSE_ID,
    msdynmkt_value: OPTED_OUT,
    createdon: now,
    modifiedon: now,
  }
  both.world.emulator.world.seed({ rows: { [`${CONSENTS}s`]: [made] } })
  both.world.clock.advance(DAYS)
  await both.sync()
  await both.reverse()
  expect(newsAt(both, 'Ann@example.com')).toBe(false)
})

describe('§11.1 the change log', () => {
  it('that has expired means a comparison of the whole table: a change of that time is not missed', async () => {
    const both = await consentWorld()
    both.choose(ANN, says(true))
    await both.sync()
    expect((await both.reverse()).heard?.[0]).toMatchObject({ read: 'everything' })
    expect((await both.reverse()).heard?.[0]).toMatchObject({ read: 'changes', rows: 0 })
    const rowId = String(both.world.consents(ANN)[0]?.[`${CONSENTS}id`])
    both.world.emulator.world.edit(CONSENTS, rowId, { msdynmkt_value: OPTED_OUT })
    both.world.clock.advance(8 * DAYS)
    const report = await both.reverse()
    expect(report).toMatchObject({ heard: [{ read: 'everything', told: 1 }], told: { posted: 1 } })
    expect(newsAt(both, ANN)).toBe(false)
    await both.sync()
  })

  it('a row that was deleted refuses, is told, and gets a row again', async () => {
    const both = await consentWorld()
    both.choose(ANN, says(true))
    await both.sync()
    await both.reverse()
    both.world.emulator.world.delete(CONSENTS, String(both.world.consents(ANN)[0]?.[`${CONSENTS}id`]))
    expect((await both.reverse()).heard?.[0]).toMatchObject({ deletedRows: 1, told: 1 })
    expect(newsAt(both, ANN)).toBe(false)
    await both.sync()
    expect(both.world.values(ANN)).toEqual([OPTED_OUT])
  })

  it('rows of an inbox are read by id and leave it; the change log then tells nothing new of them', async () => {
    const both = await consentWorld()
    both.choose(ANN, says(true))
    await both.sync()
    await both.reverse()
    const rowId = String(both.world.consents(ANN)[0]?.[`${CONSENTS}id`])
    both.world.emulator.world.edit(CONSENTS, rowId, { msdynmkt_value: OPTED_OUT })
    const inbox = inboxOf({ table: CONSENTS, rowId }, { table: CONSENTS, rowId: id(77) })
    const report = await both.reverse(inbox)
    expect(report).toMatchObject({ heard: [{ looks: 2, told: 1, known: 1 }], told: { posted: 1 } })
    expect(await inbox.count()).toBe(0)
    await both.sync()
  })
})

describe('§11.3 persons and mappings', () => {
  it('an unsubscribe at a shared address goes to everybody of it; a yes there waits and is reported', async () => {
    const both = await consentWorld(
      { target: { ...CONSENT_TARGET, options: { contact: { matchAttribute: 'new_ouid' } } } },
      ['ann', 'bob'].map((new_ouid, n) => contact(n + 1, 'one@example.com', { new_ouid })),
    )
    both.choose('ann', says(true))
    both.choose('bob', says(true))
    await both.sync()
    const rowId = String(both.world.consents('one@example.com')[0]?.[`${CONSENTS}id`])
    both.world.emulator.world.edit(CONSENTS, rowId, { msdynmkt_value: OPTED_OUT })
    await both.reverse()
    expect([newsAt(both, 'ann'), newsAt(both, 'bob')]).toEqual([false, false])
    await both.sync()
    both.world.emulator.world.edit(CONSENTS, rowId, { msdynmkt_value: OPTED_IN })
    expect(await both.reverse()).toMatchObject({
      heard: [{ waiting: { 'shared-opt-in': 1 } }],
      told: { events: 0 },
    })
    expect([newsAt(both, 'ann'), newsAt(both, 'bob')]).toEqual([false, false])
  })

  it('what concerns nobody known waits until an export names the person', async () => {
    const both = await contactWorld({ settings: { catalogue: { purposes: [{ id: 'news' }] } } })
    both.world.emulator.world.edit('contact', id(1), { new_news: false })
    expect(await both.reverse()).toMatchObject({ heard: [{ parked: 1, waiting: { 'unknown-person': 1 } }] })
    both.choose(ANN, { purposes: [{ id: 'other', enabled: true }] })
    await both.sync()
    expect(await both.reverse()).toMatchObject({ heard: [{ looks: 1, told: 1, waiting: {} }], told: { posted: 1 } })
    expect(newsAt(both, ANN)).toBe(false)
    await both.sync()
  })

  it('a topic is one value of a set: the others stay as Didomi has them now, not as the last export had them', async () => {
    const target = {
      type: 'microsoft-dynamics-cpc',
      mappings: [
        { id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: 'consents_purposes_news_enabled' },
        { id: `topic:${NEWSLETTER_TOPIC_ID}`, value: 'sports' },
      ],
    } as const
    const both = await consentWorld({ target })
    const topics = (value: string) => ({ purposes: [{ id: 'news', enabled: true, values: { topics: { value } } }] })
    both.choose(ANN, topics('art,food,sports'))
    await both.sync()
    // Between two exports the person drops one of the others.
    both.world.clock.advance(60_000)
    both.choose(ANN, topics('art,sports'))
    both.world.clock.advance(60_000)
    const row = both.world
      .consents(ANN)
      .find((one) => one['msdynmkt_topicid'] !== null && one['msdynmkt_topicid'] !== undefined)
    both.world.emulator.world.edit(CONSENTS, String(row?.[`${CONSENTS}id`]), { msdynmkt_value: OPTED_OUT })
    await both.reverse()
    const user = both.didomi.people.byOuid(ANN)?.user as { consents: { purposes: { values: object }[] } }
    expect(user.consents.purposes[0]?.values).toEqual({ topics: { value: 'art' } })
    await both.sync()
    expect((await both.reverse()).told).toMatchObject({ events: 0 })
  })
})

describe('§11.4 telling', () => {
  const people = Array.from({ length: 105 }, (_, n) => `p${n}@example.com`)
  const crowd = (more: Partial<ReverseDraft> = {}) =>
    contactWorld(
      more,
      people.map((email, n) => contact(n + 1, email, { new_news: null })),
    )
  const refuseAll = async (both: ReverseWorld) => {
    for (const ouid of people) both.choose(ouid, says(true))
    await both.sync()
    for (const n of people.keys()) both.world.emulator.world.edit('contact', id(n + 1), { new_news: false })
  }

  it('one event that Didomi does not take stands alone in quarantine, whatever else goes wrong', async () => {
    const both = await crowd()
    await refuseAll(both)
    both.didomi.faults.add('events', { kind: 'status', status: 429, retryAfter: '3' })
    both.didomi.faults.add('events', { kind: 'expire' }, { nth: 2 })
    // The request of a hundred, and then the first of them alone.
    both.didomi.faults.add('events', { kind: 'status', status: 400 }, { nth: 4, times: 2 })
    const report = await both.reverse()
    expect(report).toMatchObject({
      exitCode: 5,
      told: { events: 105, posted: 104, refused: 1, deferred: 0, quarantined: 1 },
    })
    expect(both.didomi.received.filter(({ repeated }) => !repeated)).toHaveLength(104)
    expect(both.didomi.counters.opened).toBe(2)
    expect((await both.reverse()).told).toMatchObject({ events: 0, quarantined: 1 })
    both.world.quiet = false
  })

  it('an answer that is lost is asked for again with the same id: Didomi has no event twice', async () => {
    for (const duplicateEvent of ['stored', 'conflict', 'bad-request'] as const) {
      const both = await contactWorld({ didomi: { duplicateEvent } })
      both.choose(ANN, says(true))
      await both.sync()
      both.world.emulator.world.edit('contact', id(1), { new_news: false })
      both.didomi.faults.add('events', { kind: 'lose' })
      expect(await both.reverse()).toMatchObject({ exitCode: 0, told: { posted: 1, refused: 0 } })
      expect(both.didomi.received.filter(({ repeated }) => !repeated)).toHaveLength(1)
      await both.sync()
    }
  })

  it('killed between posting and confirming, the next run posts the same event: the server counts one', async () => {
    const both = await contactWorld()
    both.choose(ANN, says(true))
    await both.sync()
    both.world.emulator.world.edit('contact', id(1), { new_news: false })
    const { store } = both.world.ports
    const setTold = store.setTold.bind(store)
    store.setTold = () => Promise.reject(new Error('killed'))
    expect((await both.reverse()).exitCode).toBe(1)
    expect(both.didomi.received).toHaveLength(1)
    store.setTold = setTold
    expect(await both.reverse()).toMatchObject({ exitCode: 0, told: { events: 1, posted: 1 } })
    expect(both.didomi.received.filter(({ repeated }) => !repeated)).toHaveLength(1)
    await both.sync()
  })

  it('Didomi out of reach: what was heard is kept, exit 6, and told by the next run', async () => {
    const both = await contactWorld()
    both.choose(ANN, says(true))
    await both.sync()
    both.world.emulator.world.edit('contact', id(1), { new_news: false })
    both.didomi.faults.add('events', { kind: 'status', status: 503 }, { times: 99 })
    expect(await both.reverse()).toMatchObject({ heard: [{ told: 1 }], told: { deferred: 1 }, exitCode: 6 })
    both.didomi.faults.clear()
    expect(await both.reverse()).toMatchObject({ heard: [{ foreign: 0 }], told: { posted: 1 }, exitCode: 0 })
    expect(newsAt(both, ANN)).toBe(false)
    await both.sync()
  })

  it('§9 a budget that is used up is waited for', async () => {
    const both = await contactWorld({ didomi: { rate: { requests: 1, windowMs: 30_000, routes: ['events'] } } })
    both.choose(ANN, says(true))
    await both.sync()
    both.world.emulator.world.edit('contact', id(1), { new_news: false })
    await both.reverse()
    both.world.emulator.world.edit('contact', id(1), { new_news: true })
    expect((await both.reverse()).exitCode).toBe(0)
    expect(both.didomi.counters.throttled).toBe(0)
    expect(newsAt(both, ANN)).toBe(true)
    await both.sync()
  })
})

/** An inbox in memory: the port's own adapter lies elsewhere. */
function inboxOf(...rows: readonly TouchedRow[]): Inbox {
  let held = rows.map((row, mark) => ({ ...row, mark }))
  return {
    add: () => Promise.reject(new TypeError('nobody adds')),
    take: async (limit) => held.slice(0, limit),
    remove: async (taken) => {
      held = held.filter(({ mark }) => !taken.some((one) => one.mark === mark))
    },
    count: async () => held.length,
    close: async () => {},
  }
}
