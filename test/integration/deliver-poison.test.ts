/** Bad rows among many: each is refused alone, at a cost that is bounded; what else breaks a bulk message (semantics §8.2). */
import { afterEach, describe, expect, it } from 'vitest'
import type { RowWrite, TableMetadata, WriteOutcome } from '../../src/dataverse/dataverse.ts'
import { emulatorAuthority } from '../../src/demo/configuration.ts'
import {
  APPLICATION_USER_ID,
  COMMERCIAL_PURPOSE_ID,
  DEFAULT_APP_ID,
  DEFAULT_SECRET,
  ORGANIZATION_ID,
} from '../../src/emulator/seed-ids.ts'
import { CONSENTS, DAYS, id, OPTED_IN, saysNews, since } from '../support/deliver-samples.ts'
import type { TargetDraft, WorldDraft } from '../support/deliver-settings.ts'
import { closeWorlds, type DeliverWorld, openWorld } from '../support/deliver-world.ts'

afterEach(closeWorlds)

const NEWS = 'consents_purposes_news_enabled'
const people = (count: number) => Array.from({ length: count }, (_, n) => `u${n + 1}@example.com`)

const CONSENT: TargetDraft = {
  type: 'microsoft-dynamics-cpc',
  mappings: [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: NEWS }],
}
const COLUMN: TargetDraft = { type: 'microsoft-dynamics', mappings: [{ id: 'new_news', value: NEWS }] }

function draft(count: number, target: TargetDraft, emulator: WorldDraft['emulator'] = {}): WorldDraft {
  const contacts = people(count).map((emailaddress1, n) => ({ contactid: id(n + 1), emailaddress1 }))
  const columns = { contacts: [{ type: 'boolean', name: 'new_news' } as const] }
  return { targets: [target], emulator: { ...emulator, seed: { ...emulator.seed, columns, rows: { contacts } } } }
}

/** A plug-in of the customer refuses the rows of these persons. */
function poison(world: DeliverWorld, column: string, addresses: readonly string[]): void {
  world.fault(...addresses.map((value) => ({ action: { kind: 'poison-row' as const, column, value } })))
}

/** Rows of a broken message are divided until they fit a `$batch` of so many; the greater part of them is so much. */
const BATCH = 40
const GREATER = 5 / 8
/** Rows of the first messages. */
const FIRST = 25

const divisions = (rows: number) => Math.max(0, Math.ceil(Math.log(BATCH / rows) / Math.log(GREATER)))

/** Requests that a message of so many rows costs where so many are bad: itself, two parts at each step, a batch for each. */
const requestsAtMost = (rows: number, bad: number) => 1 + bad * (2 * divisions(rows) + 1)

describe.each([
  ['consents', CONSENT, 'msdynmkt_contactpointvalue'],
  ['contact columns', COLUMN, 'emailaddress1'],
])('bad rows among a thousand: %s', (_mode, target, column) => {
  it.each([
    [1, 'opt-ins', true],
    [10, 'opt-ins', true],
    [10, 'refusals', false],
  ])('§8.2 %i bad among %s: each is quarantined alone, all others are written once', async (bad, _, yes) => {
    const everybody = people(1_000)
    const rotten = everybody.filter((_, n) => n % (1_000 / bad) === 7)
    const world = await openWorld(draft(1_000, target))
    world.quiet = false
    await world.say(...everybody.map((ouid) => saysNews(ouid, yes, since(-DAYS))))
    poison(world, column, rotten)
    world.emulator.world.resetCounters()
    const report = await world.deliver()
    expect(report).toMatchObject({
      persons: 1_000,
      deferred: 0,
      outcomes: { 'rejected-by-dataverse': bad, written: 1_000 - bad },
      quarantined: bad,
    })
    expect(Object.values(report.rejections)).toEqual([bad])
    expect(world.journal()).toHaveLength(1_000 - bad)
    expect(new Set(world.journal().map((entry) => entry.id)).size).toBe(1_000 - bad)
    // Each bad row may break one of the first messages.
    const { writeRequests } = world.emulator.world.counters()
    expect(writeRequests).toBeLessThanOrEqual(1_000 / FIRST - bad + bad * requestsAtMost(FIRST, 1))
    expect(report.requests.rowsSent).toBeLessThanOrEqual(1_000 + FIRST * bad)
    expect(report.requests).toMatchObject({ writeRequests })
  })
})

/** The client as delivery has it, over a world of so many contacts, and what it asks. */
async function client(count: number) {
  const world = await openWorld(draft(count, { ...COLUMN, options: { batchRows: 1_000 } }))
  world.quiet = false
  const [target] = world.settings.targets
  if (target === undefined) throw new TypeError('no target')
  const dataverse = world.ports.openDataverse(target)
  const signal = new AbortController().signal
  const table: TableMetadata = await dataverse.table('contact', signal)
  const rows = (value: boolean): RowWrite[] =>
    people(count).map((_, n) => ({ kind: 'update', id: id(n + 1), columns: { new_news: value } }))
  const write = async (value: boolean, repeatable = true) => {
    const from = world.journalLength
    world.emulator.world.resetCounters()
    const outcomes = await dataverse.write(table, rows(value), { repeatable }, signal)
    const { writeRequests, operations } = world.emulator.world.counters()
    return { outcomes, writeRequests, operations, journal: world.journal(from) }
  }
  return { world, write }
}

/** The least after ten bad rows in some 4,000: of the root of their distance times what a message costs, 200 rows at most. */
const MESSAGES_AFTER = Math.floor(1_000 / Math.sqrt(200 * 400))

const kindsOf = (outcomes: readonly WriteOutcome[]) => outcomes.map(({ kind }) => kind)
const rejectedIn = (outcomes: readonly WriteOutcome[]) =>
  outcomes.flatMap(({ kind }, index) => (kind === 'rejected' ? [people(outcomes.length)[index]] : []))

/** Sizes grow with every message that was quick. */
async function grownClient(count: number) {
  const made = await client(count)
  for (const value of [true, false]) await made.write(value)
  expect((await made.write(true)).writeRequests).toBe(1)
  return made
}

describe('the cost of bad rows in one message of a thousand', () => {
  it.each([
    [1, [500]],
    [10, [0, 1, 2, 3, 4, 995, 996, 997, 998, 999]],
    [10, [50, 150, 250, 350, 450, 550, 650, 750, 850, 950]],
  ])('%i bad at %j', async (bad, places) => {
    const { world, write } = await grownClient(1_000)
    const rotten = places.map((place) => people(1_000)[place] ?? '')
    poison(world, 'emailaddress1', rotten)
    const { outcomes, writeRequests, journal } = await write(false)
    expect(rejectedIn(outcomes)).toEqual(rotten)
    expect(kindsOf(outcomes).filter((kind) => kind === 'done')).toHaveLength(1_000 - bad)
    expect(journal).toHaveLength(1_000 - bad)
    expect(writeRequests).toBeLessThanOrEqual(requestsAtMost(1_000, bad))
  })

  it('a table with many bad rows is written in smaller messages from then on', async () => {
    const { world, write } = await grownClient(1_000)
    poison(
      world,
      'emailaddress1',
      people(1_000).filter((_, n) => n % 100 === 50),
    )
    await write(false)
    world.emulator.world.clearFaults()
    expect((await write(true)).writeRequests).toBeGreaterThanOrEqual(MESSAGES_AFTER)
  })
})

describe('rows that are missing, which a refusal names (Dataverse: bulk operations)', () => {
  it.each([
    [1, 3],
    [2, 5],
    [3, 7],
    // The word of three refusals is taken; then the rest is searched for the others.
    [10, 7 + requestsAtMost(997, 7) - 1],
  ])('%i of a thousand: all others are written once, in %i requests at most', async (missing, requests) => {
    const { world, write } = await grownClient(1_000)
    const places = Array.from({ length: missing }, (_, n) => n * 97 + 5)
    for (const place of places) world.emulator.world.delete('contacts', id(place + 1))
    const { outcomes, writeRequests, journal } = await write(false)
    expect(outcomes.flatMap(({ kind }, place) => (kind === 'gone' ? [place] : []))).toEqual(places)
    expect(kindsOf(outcomes).filter((kind) => kind === 'done')).toHaveLength(1_000 - missing)
    expect(journal).toHaveLength(1_000 - missing)
    if (missing <= 3) expect(writeRequests).toBe(requests)
    else expect(writeRequests).toBeLessThanOrEqual(requests)
  })

  it('many of them make the next messages smaller', async () => {
    const { world, write } = await grownClient(1_000)
    const missing = Array.from({ length: 10 }, (_, n) => id(n * 100 + 1))
    for (const one of missing) world.emulator.world.delete('contacts', one)
    await write(false)
    world.emulator.world.seed({ rows: { contacts: missing.map((contactid) => ({ contactid })) } })
    const { outcomes, writeRequests } = await write(true)
    expect(new Set(kindsOf(outcomes))).toEqual(new Set(['done']))
    expect(writeRequests).toBeGreaterThanOrEqual(MESSAGES_AFTER)
  })
})

describe('what is known of a row decides whether it is sent again (semantics §7)', () => {
  it.each([
    ['opt-ins', false],
    ['refusals', true],
  ])('§7 the lost answer of a piece: %s', async (_, repeatable) => {
    const { world, write } = await grownClient(1_000)
    poison(world, 'emailaddress1', [people(1_000)[500] ?? ''])
    // The message itself is refused first, then its first part is sent.
    world.fault({ match: { message: 'UpdateMultiple' }, nth: 2, action: { kind: 'reset-after-commit' } })
    const { outcomes, journal } = await write(false, repeatable)
    const again = outcomes.filter(({ kind }) => kind === 'again')
    expect(again).toEqual(Array(repeatable ? 0 : 375).fill({ kind: 'again', code: 'no-answer' }))
    expect(journal).toHaveLength(repeatable ? 999 + 375 : 999)
    expect(rejectedIn(outcomes)).toEqual([people(1_000)[500]])
  })

  it('§7 an unexplained 500 breaks nothing of opt-ins: they are not sent again', async () => {
    const { world, write } = await grownClient(100)
    world.fault({ match: { message: 'UpdateMultiple' }, action: { kind: 'status', status: 500 } })
    const { outcomes, writeRequests } = await write(false, false)
    expect([new Set(kindsOf(outcomes)), writeRequests]).toEqual([new Set(['again']), 1])
  })
})

describe('what breaks bulk messages in the middle of a run', () => {
  it('§8.2 they are gone from one moment to the next: every row is written once all the same', async () => {
    const { world, write } = await client(500)
    world.fault({ match: { message: 'UpdateMultiple' }, nth: 3, action: { kind: 'bulk-unavailable' } })
    const first = await write(true)
    expect(new Set(kindsOf(first.outcomes))).toEqual(new Set(['done']))
    expect(first.journal).toHaveLength(500)
    // All messages were on their way.
    expect(first.operations['UpdateMultiple']).toBe(500 / FIRST)
    const second = await write(false)
    expect(second.journal).toHaveLength(500)
    expect(second.operations['UpdateMultiple']).toBeUndefined()
  })

  it('§8.2 the database’s timeout halves messages until they pass, and the next ones begin there', async () => {
    const { world, write } = await grownClient(500)
    world.fault({ action: { kind: 'sql-timeout-above', rows: 60 } })
    const first = await write(false)
    expect(new Set(kindsOf(first.outcomes))).toEqual(new Set(['done']))
    expect(first.journal).toHaveLength(500)
    const struck = world.emulator.world.counters().faults
    expect(struck).toBeGreaterThan(0)
    const second = await write(true)
    expect(second.journal).toHaveLength(500)
    expect(world.emulator.world.counters().faults).toBe(struck)
  })
})

const TENANT = '3f0c1a52-6c1d-4a77-9a5e-6d1b0f2c4e88'
const SECOND = {
  appId: '0c0ffee0-0000-4000-8000-000000000002',
  secret: 'second-secret',
  userId: '0c000000-0000-4000-8000-0000000000f2',
}

describe('several application users (Dataverse: limits are counted per user)', () => {
  /** A world with two of them; where they are to be found is known only when the environment runs. */
  async function withTwoUsers(count: number) {
    const one = draft(count, CONSENT, { seed: { applications: [SECOND] } })
    const world = await openWorld(one)
    const authority = emulatorAuthority(world.emulator.url, TENANT)
    const authentication = [
      { ...authority, clientId: DEFAULT_APP_ID, clientSecret: DEFAULT_SECRET },
      { ...authority, clientId: SECOND.appId, clientSecret: SECOND.secret },
    ]
    const two: WorldDraft = { ...one, targets: [{ ...CONSENT, options: { authentication } }] }
    await world.reopen(two)
    return { world, two }
  }

  it('§8.2 both write, each row once; both are us', async () => {
    const { world } = await withTwoUsers(400)
    await world.say(...people(400).map((ouid) => saysNews(ouid, true, since(-DAYS))))
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 400 } })
    const journal = world.journal()
    expect(new Set(journal.map((entry) => entry.id)).size).toBe(journal.length)
    expect(journal).toHaveLength(400)
    const writers = [APPLICATION_USER_ID, SECOND.userId].sort()
    expect([...new Set(journal.map(({ userId }) => userId))].sort()).toEqual(writers)
    expect((await world.store.writers(ORGANIZATION_ID)).sort()).toEqual(writers)
  })

  it('§7 what either wrote is ours: its reason dates it, not its modifiedon, even after the store was lost', async () => {
    const { world, two } = await withTwoUsers(400)
    world.clock.advance(DAYS)
    await world.say(...people(400).map((ouid) => saysNews(ouid, false, since(-3 * DAYS))))
    await world.deliver()
    expect(new Set(world.journal().map(({ userId }) => userId)).size).toBe(2)
    await world.loseStore(two)
    // Newer than the refusals, older than the rows.
    await world.say(...people(400).map((ouid) => saysNews(ouid, true, since(-DAYS))))
    expect(await world.deliver({ adoptEnvironment: true, accept: 'x' })).toMatchObject({ outcomes: { written: 400 } })
    expect(world.emulator.world.rows(CONSENTS).every((row) => row['msdynmkt_value'] === OPTED_IN)).toBe(true)
  })
})
