/** Legacy contact columns become contact point consents, end to end in one process. */

import { afterEach, describe, expect, it } from 'vitest'
import { COMMERCIAL_PURPOSE_ID, ORGANIZATION_ID } from '../../src/emulator/seed-ids.ts'
import {
  CONSENTS,
  consentRow,
  DAYS,
  HOURS,
  id,
  OPTED_IN,
  OPTED_OUT,
  saysNews,
  since,
} from '../support/deliver-samples.ts'
import { closeWorlds, type DeliverWorld, openWorld } from '../support/deliver-world.ts'
import {
  contact,
  migrateStep,
  migrationDraft,
  OFFERS_PURPOSE,
  SPORTS_TOPIC,
  standing,
} from '../support/migrate-world.ts'

afterEach(closeWorlds)

const news = (n: number, value: number, at: string, address = 'p1@example.com') =>
  consentRow(n, { address, value, purpose: COMMERCIAL_PURPOSE_ID, at })

const reasons = (world: DeliverWorld) =>
  world.consents().map((row) => String(row['msdynmkt_reason']).replace(/ run=.*/, ''))

describe('what the columns say', () => {
  it('§5.5 becomes rows: yes or no, choice options, values of a set; null and other options say nothing', async () => {
    const world = await openWorld(
      migrationDraft([
        contact(1, { new_news: true, new_offers: 2, new_topics: '1,2' }),
        contact(2, { new_news: false, new_offers: 3 }),
        contact(3, { new_topics: '2' }),
        contact(4),
      ]),
    )
    const before = world.journalLength
    const plan = await migrateStep(world, 'plan')
    expect(plan).toMatchObject({
      exitCode: 0,
      pairs: [{ column: 'new_news' }, { column: 'new_offers' }, { column: 'new_topics', value: 'sports' }],
      unpaired: [],
      reading: { rows: 3, speakers: 3, answers: 9, statements: 5, empty: 3, unreadable: 1, placements: 5 },
      slots: { addresses: 3, slots: 5, outcomes: { created: 5 }, rows: 5 },
      forecast: { rows: 5 },
    })
    expect(world.journalLength).toBe(before)
    expect(await world.store.countLedger({ organization: ORGANIZATION_ID, target: 'current' })).toBe(0)
    expect(await world.store.runs(9)).toEqual([])
    const applied = await migrateStep(world, 'apply')
    expect(applied.slots).toEqual({ ...plan.slots, ensurable: undefined })
    expect(standing(world)).toEqual([
      'p1@example.com news in',
      'p1@example.com offers out',
      'p1@example.com sports in',
      'p2@example.com news out',
      'p3@example.com sports out',
    ])
    expect(await migrateStep(world, 'verify')).toMatchObject({ exitCode: 0, slots: { outcomes: { unchanged: 5 } } })
    world.emulator.world.resetCounters()
    expect(await migrateStep(world, 'apply')).toMatchObject({ slots: { outcomes: { appliedBefore: 5, created: 0 } } })
    expect(world.emulator.world.counters().writeRequests).toBe(0)
  })

  it('§5.5 columns named in the negative are turned round, and so are those with `invert`', async () => {
    const world = await openWorld(
      migrationDraft(
        [contact(1, { donotbulkemail: true, new_news: true }), contact(2, { donotbulkemail: false, new_news: false })],
        {
          legacy: {
            mappings: [
              { id: 'donotbulkemail', value: 'consents_purposes_offers_enabled' },
              { id: 'new_news', value: 'consents_purposes_news_enabled', invert: true },
            ],
          },
        },
      ),
    )
    await migrateStep(world, 'apply')
    expect(standing(world)).toEqual([
      'p1@example.com news out',
      'p1@example.com offers out',
      'p2@example.com news in',
      'p2@example.com offers in',
    ])
  })

  it('§5.1 deactivated contacts count; a merged one stands for its master, or for itself where that is gone', async () => {
    const world = await openWorld(
      migrationDraft([
        contact(1, { new_news: false, statecode: 1, statuscode: 2 }),
        contact(2, { new_news: true, masterid: id(1), merged: true }),
        contact(3, { new_news: true, masterid: id(99), merged: true }),
      ]),
    )
    const report = await migrateStep(world, 'apply')
    expect(report.reading).toMatchObject({ rows: 3, merged: 1, speakers: 2 })
    expect(standing(world)).toEqual(['p1@example.com news out', 'p3@example.com news in'])
  })

  it('§6.2 contacts without a usable address are counted and get no row', async () => {
    const world = await openWorld(
      migrationDraft([contact(1, { new_news: true, emailaddress1: null }), contact(2, { new_news: true })]),
    )
    const report = await migrateStep(world, 'apply')
    expect(report.reading).toMatchObject({ statements: 2, withoutAddress: 1, placed: 1 })
    expect(standing(world)).toEqual(['p2@example.com news in'])
  })

  it('§4 pairs by the reference, not by its spelling; what has no pair is told with the reason', async () => {
    const world = await openWorld(
      migrationDraft([contact(1, { new_news: true })], {
        legacy: {
          mappings: [
            { id: 'new_news', value: 'news' },
            { id: 'lastname', value: 'user_metadata_name' },
            { id: 'new_offers', value: 'consents_purposes_other_enabled', trueValue: 'Yes', falseValue: 'No' },
          ],
        },
        settings: { catalogue: { purposes: [{ id: 'news', preferences: [{ id: 'topics', values: ['sports'] }] }] } },
      }),
    )
    const report = await migrateStep(world, 'plan')
    expect(report.pairs.map(({ column }) => column)).toEqual(['new_news'])
    expect(report.unpaired).toEqual([
      { side: 'legacy', id: 'lastname', why: 'an attribute, which is no consent' },
      { side: 'legacy', id: 'new_offers', why: 'no purpose or topic has its reference' },
      { side: 'current', id: OFFERS_PURPOSE, why: 'no column has its reference' },
      { side: 'current', id: SPORTS_TOPIC, why: 'no column has its reference' },
    ])
  })

  it('`migration.pairs` pairs what shares no reference, takes a value of a set, and leaves columns out', async () => {
    const pairs = [
      { column: 'new_news', to: [] },
      { column: 'new_topics', to: [OFFERS_PURPOSE], value: 'travel' },
    ]
    const world = await openWorld(
      migrationDraft([contact(1, { new_news: true, new_topics: '1' })], { settings: { migration: { pairs } } }),
    )
    const report = await migrateStep(world, 'apply')
    expect(report.unpaired).toContainEqual({ side: 'legacy', id: 'new_news', why: '`migration.pairs` leaves it out' })
    expect(standing(world)).toEqual(['p1@example.com offers out'])
    const wrong = migrationDraft([], {
      settings: { migration: { pairs: [{ column: 'new_topics', to: [OFFERS_PURPOSE] }] } },
    })
    await world.reopen({ ...wrong })
    await expect(migrateStep(world, 'plan')).rejects.toMatchObject({ code: 'mapping-invalid' })
  })
})

describe('when it was said', () => {
  it('§7 nobody knows: since ever up to the last save', async () => {
    const world = await openWorld(migrationDraft([contact(1, { new_news: false })]))
    const report = await migrateStep(world, 'apply')
    expect(report.reading.dated).toMatchObject({ modifiedOn: 1 })
    expect(reasons(world)).toEqual(['didomi-dataverse lo=- hi=2026-02-19T12:00:00Z event=-'])
  })

  it('§7 a date column dates it to the second, unless it lies after the last save', async () => {
    const dated = { new_news: true, new_consentdate: since(-20 * DAYS) }
    const world = await openWorld(
      migrationDraft(
        [contact(1, dated), contact(2, { ...dated, new_consentdate: since(-DAYS) }), contact(3, { new_news: true })],
        {
          settings: { migration: { asOfColumn: 'new_consentdate' } },
        },
      ),
    )
    const report = await migrateStep(world, 'apply')
    expect(report.reading.dated).toMatchObject({ asOfColumn: 1, modifiedOn: 2 })
    expect(reasons(world)).toContain('didomi-dataverse lo=2026-02-09T12:00:00Z hi=2026-02-09T12:00:00.999999Z event=-')
  })

  it('§3 a person of the store who says the same dates it, one who says something else does not', async () => {
    const world = await openWorld(
      migrationDraft([contact(1, { new_news: true }), contact(2, { new_news: true }), contact(3, { new_news: false })]),
    )
    await world.say(
      saysNews('p1@example.com', true, since(-40 * DAYS)),
      saysNews('P3@example.com', true, since(-40 * DAYS)),
    )
    const report = await migrateStep(world, 'apply')
    expect(report.reading.dated).toMatchObject({ store: 1, modifiedOn: 2 })
    expect(
      reasons(world).filter((text) => /lo=2026-01-20T12:00:00Z hi=2026-01-20T12:00:00Z event=e-/.test(text)),
    ).toHaveLength(1)
    world.quiet = false
  })

  it('§7 a column that somebody changed after our delivery was changed after it', async () => {
    const world = await openWorld(migrationDraft([contact(1)]))
    await world.say(saysNews('p1@example.com', true, since(-40 * DAYS)))
    await world.run()
    world.clock.advance(HOURS)
    world.emulator.world.edit('contact', id(1), { new_news: false })
    const report = await migrateStep(world, 'apply')
    expect(report.reading.dated).toMatchObject({ ledger: 1 })
    expect(standing(world)).toEqual(['p1@example.com news out'])
    expect(reasons(world)).toEqual(['didomi-dataverse lo=2026-03-01T12:00:00Z hi=2026-03-01T13:00:00Z event=-'])
    world.quiet = false
  })
})

describe('the first sync afterwards', () => {
  it('§7 does not undo a migrated refusal with an older yes, and follows a younger one', async () => {
    const world = await openWorld(migrationDraft([contact(1, { new_news: false }), contact(2, { new_news: false })]))
    await migrateStep(world, 'apply')
    await world.say(
      saysNews('p1@example.com', true, since(-11 * DAYS)),
      saysNews('p2@example.com', true, since(-9 * DAYS)),
    )
    const { failures, exitCode } = await world.run()
    expect([failures, exitCode]).toEqual([[], 0])
    expect(standing(world)).toEqual(['p1@example.com news out', 'p2@example.com news in'])
  })

  it('§8.8 nor after the store was lost: the reason on the row dates it', async () => {
    const draft = migrationDraft([contact(1, { new_news: false })])
    const world = await openWorld(draft)
    await migrateStep(world, 'apply')
    await world.loseStore(draft)
    await world.say(saysNews('p1@example.com', true, since(-11 * DAYS)))
    const { failures } = await world.run({ adoptEnvironment: true })
    expect(failures).toEqual([])
    expect(standing(world)).toEqual(['p1@example.com news out'])
  })

  it('a migration that runs again makes no newer statement of a person older', async () => {
    const world = await openWorld(migrationDraft([contact(1, { new_news: false })]))
    await migrateStep(world, 'apply')
    await world.say(saysNews('p1@example.com', false, since(-2 * DAYS)))
    await world.run()
    const place = `slot/email/p1@example.com/purpose/${COMMERCIAL_PURPOSE_ID}`
    const scope = { organization: ORGANIZATION_ID, target: 'current' }
    const span = async () => (await world.store.ledger(scope, [place])).get(place)?.confirmed?.hi
    const before = await span()
    world.emulator.world.edit('contact', id(1), { new_topics: '1' })
    expect((await migrateStep(world, 'apply')).slots.outcomes).toMatchObject({ unchanged: 1, created: 1 })
    expect(await span()).toBeGreaterThanOrEqual(before ?? Number.POSITIVE_INFINITY)
    world.quiet = false
  })
})

describe('the guard (semantics §7)', () => {
  it('§7 a yes of unknown age replaces nothing; a no replaces what may be older', async () => {
    const world = await openWorld(
      migrationDraft([contact(1, { new_news: true }), contact(2, { new_news: false })], {
        consents: [news(101, OPTED_OUT, since(-50 * DAYS)), news(102, OPTED_IN, since(-50 * DAYS), 'p2@example.com')],
      }),
    )
    expect((await migrateStep(world, 'plan')).slots.outcomes).toMatchObject({ superseded: 1, updated: 1 })
    const { slots } = await migrateStep(world, 'apply')
    expect(slots.outcomes).toMatchObject({ superseded: 1, updated: 1 })
    expect(standing(world)).toEqual(['p1@example.com news out', 'p2@example.com news out'])
  })

  it('§7 a no that is certainly older than a hand-made yes is kept back, and verify tells it apart from drift', async () => {
    const world = await openWorld(
      migrationDraft([contact(1, { new_news: false })], { consents: [news(101, OPTED_IN, since(-5 * DAYS))] }),
    )
    await migrateStep(world, 'apply')
    expect(standing(world)).toEqual(['p1@example.com news in'])
    expect(await migrateStep(world, 'verify')).toMatchObject({ exitCode: 0, slots: { outcomes: { superseded: 1 } } })
  })

  it('verify tells drift: a row that went away, and one that somebody turned round', async () => {
    const world = await openWorld(migrationDraft([contact(1, { new_news: true }), contact(2, { new_news: false })]))
    await migrateStep(world, 'apply')
    expect(await migrateStep(world, 'verify')).toMatchObject({ exitCode: 0 })
    const [first] = world.consents('p2@example.com')
    world.emulator.world.delete(CONSENTS, String(first?.[`${CONSENTS}id`]))
    expect(await migrateStep(world, 'verify')).toMatchObject({
      exitCode: 6,
      slots: { outcomes: { created: 1, unchanged: 1 } },
    })
    world.quiet = false
  })
})

describe('several at one address (semantics §6.4)', () => {
  const shared = [
    contact(1, { new_news: true, new_offers: 1 }),
    contact(2, { new_news: false, emailaddress1: 'P1@example.com ', modifiedon: since(-20 * DAYS) }),
  ]

  it('§6.4 opt-out-wins: one no is enough; who says nothing does not count', async () => {
    const world = await openWorld(migrationDraft(shared))
    const report = await migrateStep(world, 'apply')
    expect(report).toMatchObject({ reading: { placements: 3 }, slots: { addresses: 1, placements: 3, slots: 2 } })
    expect(standing(world)).toEqual(['p1@example.com news out', 'p1@example.com offers in'])
  })

  it('§6.4 newest: the later date decides, and without a date the no', async () => {
    const world = await openWorld(
      migrationDraft(
        shared.map((row, n) => ({ ...row, new_consentdate: since((-30 - n) * DAYS) })),
        {
          current: { options: { sharedAddress: 'newest' } },
          settings: { migration: { asOfColumn: 'new_consentdate' } },
        },
      ),
    )
    await migrateStep(world, 'apply')
    expect(standing(world)[0]).toBe('p1@example.com news in')
    const undated = await openWorld(migrationDraft(shared, { current: { options: { sharedAddress: 'newest' } } }))
    await migrateStep(undated, 'apply')
    expect(standing(undated)[0]).toBe('p1@example.com news out')
  })
})

describe('a topic and its purpose (semantics §6.7)', () => {
  const contacts = [
    contact(1, { new_topics: '1' }),
    contact(2, { new_topics: '1', new_news: false }),
    contact(3, { new_topics: '1', new_news: true }),
  ]

  it('§6.7 warn: the plan counts who would be blocked, and what ensure would do', async () => {
    const world = await openWorld(migrationDraft(contacts))
    const plan = await migrateStep(world, 'plan')
    expect(plan.slots).toMatchObject({
      topicsWithoutPurpose: 2,
      blockedAddresses: 2,
      ensurable: 1,
      ensured: 0,
      rows: 5,
    })
    expect((await migrateStep(world, 'apply')).slots).toMatchObject({
      topicsWithoutPurpose: 2,
      blockedAddresses: 2,
      ensured: 0,
    })
  })

  it('§6.7 ensure: makes the purpose where nobody refuses it, in a paired column or another', async () => {
    const current = { options: { parentPurpose: 'ensure' } }
    const world = await openWorld(migrationDraft(contacts, { current }))
    expect((await migrateStep(world, 'plan')).slots).toMatchObject({
      topicsWithoutPurpose: 1,
      blockedAddresses: 1,
      ensured: 1,
    })
    expect((await migrateStep(world, 'apply')).slots).toMatchObject({ topicsWithoutPurpose: 1, ensured: 1, rows: 5 })
    expect(standing(world).filter((row) => row.includes(' news '))).toEqual([
      'p1@example.com news in',
      'p2@example.com news out',
      'p3@example.com news in',
    ])
    const topicOnly = {
      ...current,
      mappings: [{ id: SPORTS_TOPIC, value: { purpose: 'news', preference: 'topics', value: 'sports' } }],
    }
    const unpaired = await openWorld(migrationDraft(contacts, { current: topicOnly }))
    expect((await migrateStep(unpaired, 'apply')).slots).toMatchObject({ topicsWithoutPurpose: 1, ensured: 2 })
    expect(standing(unpaired).filter((row) => row.includes('p2@'))).toEqual(['p2@example.com sports in'])
  })
})
