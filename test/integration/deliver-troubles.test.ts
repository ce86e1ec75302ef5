import { afterEach, describe, expect, it } from 'vitest'
import type { FaultMatch } from '../../src/emulator/faults.ts'
import { COMMERCIAL_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import type { Log } from '../../src/lib/log.ts'
import { CONSENTS, DAYS, id, OPTED_OUT, since } from '../support/deliver-samples.ts'
import type { TargetDraft, WorldDraft } from '../support/deliver-settings.ts'
import { closeWorlds, type DeliverWorld, openWorld } from '../support/deliver-world.ts'

afterEach(closeWorlds)

const VALUE = 'consents_purposes_news_enabled'
const COUNT = 30
const people = Array.from({ length: COUNT }, (_, n) => `u${n + 1}@example.com`)

const CONSENT: TargetDraft = {
  type: 'microsoft-dynamics-cpc',
  mappings: [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: VALUE }],
}
const CONTACT: TargetDraft = { type: 'microsoft-dynamics', mappings: [{ id: 'new_news', value: VALUE }] }

const READ_OF_CONTACTS: FaultMatch = { path: '$batch', body: 'contacts?$select=contactid,emailaddress1' }

function draft(target: TargetDraft, more: Partial<WorldDraft> = {}): WorldDraft {
  const contacts = people.map((emailaddress1, n) => ({ contactid: id(n + 1), emailaddress1 }))
  return {
    targets: [target],
    emulator: {
      seed: { columns: { contacts: [{ type: 'boolean', name: 'new_news' }] }, rows: { contacts } },
      ...more.emulator,
    },
    ...(more.settings && { settings: more.settings }),
    ...(more.log && { log: more.log }),
  }
}

async function everybodySays(world: DeliverWorld, yes: boolean, at = since(-DAYS)): Promise<void> {
  await world.say(...people.map((ouid) => ({ ouid, at, ...(yes ? { yes: ['news'] } : { no: ['news'] }) })))
}

const due = (world: DeliverWorld) => world.store.countDue('target-1')

describe.each([
  ['consents', CONSENT],
  ['contact columns', CONTACT],
])('one bad row among many (semantics §8.2): %s', (mode, target) => {
  it.each([
    ['opt-ins', true],
    ['refusals', false],
  ])('§8.2 %s: the bad row is rejected and quarantined, the others are written, nobody stays due', async (_, yes) => {
    const world = await openWorld(draft(target, { settings: { quarantine: { max: 0 } } }))
    world.quiet = false
    await everybodySays(world, yes)
    const action =
      mode === 'consents'
        ? { kind: 'poison-row', column: 'msdynmkt_contactpointvalue', value: people[6] ?? '' }
        : { kind: 'poison-row', column: 'emailaddress1', value: people[6] ?? '' }
    world.fault({ action: action as Parameters<DeliverWorld['fault']>[0]['action'] })
    const report = await world.run()
    expect(report.exitCode).toBe(5)
    expect(report.deliver[0]).toMatchObject({
      persons: COUNT,
      outcomes: { 'rejected-by-dataverse': 1, written: COUNT - 1 },
      places: { written: COUNT - 1, rejected: 1 },
      quarantined: 1,
    })
    expect(report.sums).toEqual({ lines: true, persons: true })
    expect(await due(world)).toBe(0)
    world.emulator.world.clearFaults()
    world.emulator.world.resetCounters()
    await world.markEverybodyDue()
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1, unchanged: COUNT - 1 }, quarantined: 0 })
    expect(world.emulator.world.counters().rowsCreated + world.emulator.world.counters().rowsUpdated).toBe(1)
  })
})

describe('what passes (semantics §8.2)', () => {
  it('§8.2 no bulk messages: every row is written for itself', async () => {
    for (const emulator of [{ bulk: false }, {}]) {
      const world = await openWorld(draft(CONSENT))
      if ('bulk' in emulator) world.emulator.world.seed({ withoutBulk: [CONSENTS, 'contact'] })
      else world.fault({ action: { kind: 'bulk-unavailable' } })
      await everybodySays(world, true)
      expect(await world.deliver()).toMatchObject({ outcomes: { written: COUNT } })
      expect(world.consents()).toHaveLength(COUNT)
    }
  })

  it.each([
    ['refusals', false],
    ['opt-ins', true],
  ])('§7 429: %s wait as long as Retry-After says, then all is written', async (_, yes) => {
    const world = await openWorld(draft(CONSENT))
    await everybodySays(world, yes)
    world.fault({
      match: { message: 'CreateMultiple' },
      action: { kind: 'status', status: 429, code: '0x80072322', retryAfter: 17 },
    })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: COUNT } })
    expect(Math.max(...world.clock.slept)).toBeGreaterThanOrEqual(17_000)
    expect(world.journal()).toHaveLength(COUNT)
  })

  it.each([
    ['503', { kind: 'status', status: 503 }],
    ['a gateway’s 502 in HTML', { kind: 'status', status: 502, html: true }],
    ['a deadlock', { kind: 'deadlock' }],
    ['a broken connection', { kind: 'reset-before-commit' }],
    ['an answer cut off', { kind: 'truncate-body' }],
    ['a lost answer', { kind: 'reset-after-commit' }],
  ] as const)('§7 %s while writing opt-ins: read again, written once', async (_, action) => {
    const world = await openWorld(draft(CONSENT))
    await everybodySays(world, true)
    world.fault({ match: { message: 'CreateMultiple' }, action })
    const report = await world.deliver()
    expect(report.outcomes.written + report.outcomes.unchanged).toBe(COUNT)
    expect(world.consents()).toHaveLength(COUNT)
    expect(world.journal()).toHaveLength(COUNT)
  })

  it('§8.2 503 for good: everybody stays due, exit 6, and the next run goes on', async () => {
    const world = await openWorld(draft(CONSENT))
    await everybodySays(world, true)
    world.fault({ match: { message: 'CreateMultiple' }, count: 0, action: { kind: 'status', status: 503 } })
    const report = await world.run()
    expect(report).toMatchObject({ exitCode: 6, deliver: [{ persons: COUNT, deferred: COUNT }] })
    expect(await due(world)).toBe(COUNT)
    world.emulator.world.clearFaults()
    expect(await world.deliver()).toMatchObject({ outcomes: { written: COUNT } })
  })

  it('§8.2 a source or Dataverse out of reach loses nothing: ingest counts, everybody stays due', async () => {
    const world = await openWorld(draft(CONSENT))
    await world.export(
      '2026-02-27',
      people.map((ouid) => ({ ouid, at: since(-3 * DAYS), no: ['news'] })),
    )
    world.fault({ match: { path: 'WhoAmI' }, count: 0, action: { kind: 'status', status: 503 } })
    const report = await world.run()
    expect(report.exitCode).toBe(6)
    expect(report.failures).toMatchObject([{ code: 'dataverse-unavailable' }])
    expect(report.ingest?.partitions).toMatchObject([{ counts: { records: COUNT } }])
    expect(await due(world)).toBe(COUNT)
    world.emulator.world.clearFaults()
    expect(await world.deliver()).toMatchObject({ outcomes: { written: COUNT } })
  })

  it('a token that expires in the middle is renewed', async () => {
    const world = await openWorld(draft(CONSENT))
    await everybodySays(world, true)
    const expired = world.meanwhile(READ_OF_CONTACTS, () => world.emulator.world.tokens.expireAll())
    expect(await world.deliver()).toMatchObject({ outcomes: { written: COUNT } })
    await expired
    expect(world.emulator.world.counters().tokensIssued).toBe(2)
  })
})

describe('what does not pass (semantics §9)', () => {
  it('§9 a missing privilege: exit 3, everybody stays due, and after the mending nothing is lost', async () => {
    const world = await openWorld(draft(CONSENT))
    world.emulator.world.seed({ withoutPrivileges: ['prvCreatemsdynmkt_contactpointconsent4'] })
    await everybodySays(world, true)
    const report = await world.run()
    expect(report).toMatchObject({ exitCode: 3, failures: [{ code: 'forbidden' }] })
    expect(report.failures[0]?.message).toContain('prvCreatemsdynmkt_contactpointconsent4')
    expect(await due(world)).toBe(COUNT)
    world.emulator.world.seed({ privileges: { prvCreatemsdynmkt_contactpointconsent4: 'Global' } })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: COUNT } })
  })

  it('§9 a wrong secret: exit 3', async () => {
    const target = { ...CONSENT, application: { appId: '0c0ffee0-0000-4000-8000-000000000001', secret: 'wrong' } }
    const world = await openWorld(draft(target))
    world.quiet = false
    await everybodySays(world, true)
    expect(await world.run()).toMatchObject({ exitCode: 3, failures: [{ code: 'token-refused' }] })
    expect(await due(world)).toBe(COUNT)
  })

  it('§9 a column that goes while the run is under way: exit 2, everybody stays due', async () => {
    const world = await openWorld(draft(CONTACT))
    await everybodySays(world, false)
    const { columns } = world.emulator.world.state.table('contact').schema
    const column = columns.get('new_news')
    if (column === undefined) throw new TypeError('no column')
    const removed = world.meanwhile({ path: '$batch', body: 'new_news' }, () => {
      columns.delete('new_news')
    })
    const report = await world.run()
    await removed
    expect(report).toMatchObject({ exitCode: 2, failures: [{ code: 'dataverse-rejects-request' }] })
    expect(await due(world)).toBe(COUNT)
    columns.set('new_news', column)
    expect(await world.deliver()).toMatchObject({ outcomes: { written: COUNT } })
  })

  it('§9 several findings: the first of 1, 3, 2, 7, 9, 6, 4, 5', async () => {
    const targets = [
      { ...CONSENT, name: 'target-1' },
      { ...CONTACT, name: 'broken', mappings: [{ id: 'new_missing', value: VALUE }] },
    ]
    const world = await openWorld({ ...draft(CONSENT), targets })
    world.quiet = false
    await everybodySays(world, true)
    world.fault({ match: { message: 'CreateMultiple' }, count: 0, action: { kind: 'status', status: 503 } })
    expect((await world.run()).exitCode).toBe(2)
    world.emulator.world.seed({ withoutPrivileges: ['prvReadContact'] })
    expect((await world.run()).exitCode).toBe(3)
  })
})

describe('ranges and repeats (semantics §7, §8.3)', () => {
  const saying = (ouid: string, at: string, yes: boolean) => ({
    ouid,
    at,
    ...(yes ? { yes: ['news'] } : { no: ['news'] }),
  })
  const days = ['2026-02-25', '2026-02-26', '2026-02-27'] as const
  const byDay = days.map((day, n) =>
    people.slice(0, 6).map((ouid, person) => saying(ouid, `${day}T10:00:00Z`, (person + n) % 2 === 0)),
  )

  it('§8.3 a range ingested again reads Dataverse afresh, repairs, and writes nothing where all is right', async () => {
    const world = await openWorld(draft(CONSENT))
    for (const [n, day] of days.entries()) await world.export(day, byDay[n] ?? [])
    await world.deliver()
    const before = world.journalLength
    expect(await world.deliver({ from: days[0], to: days[2] })).toMatchObject({
      persons: 6,
      outcomes: { unchanged: 6 },
    })
    expect(world.journalLength).toBe(before)
    const refused = world.consents().find((row) => row['msdynmkt_value'] === OPTED_OUT)
    world.emulator.world.edit(CONSENTS, String(refused?.[`${CONSENTS}id`]), { msdynmkt_value: null })
    expect(await world.deliver({ from: days[1] })).toMatchObject({ persons: 6, outcomes: { written: 1, unchanged: 5 } })
  })

  it('§7 partitions in any order end equal', async () => {
    const ends = []
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      const world = await openWorld(draft(CONSENT))
      for (const n of order) {
        await world.export(days[n] ?? '', byDay[n] ?? [])
        await world.deliver()
      }
      ends.push(
        world
          .consents()
          .map((row) => [row['msdynmkt_contactpointvalue'], row['msdynmkt_value']])
          .sort(),
      )
    }
    expect(ends[1]).toEqual(ends[0])
    expect(ends[2]).toEqual(ends[0])
  })
})

describe('logs', () => {
  it('no message and no report holds an address, an identifier or a secret, whatever goes wrong', async () => {
    const lines: string[] = []
    const note = (fields: object, message: string) => void lines.push(JSON.stringify(fields) + message)
    const log: Log = { debug: note, info: note, warn: note, error: note }
    const world = await openWorld(draft(CONSENT, { log }))
    world.quiet = false
    await everybodySays(world, true)
    world.fault(
      { action: { kind: 'poison-row', column: 'msdynmkt_contactpointvalue', value: people[3] ?? '' } },
      { match: { message: 'RetrieveMultiple' }, action: { kind: 'status', status: 503, message: people[2] ?? '' } },
    )
    const report = await world.run()
    const said = lines.join('\n') + JSON.stringify(report)
    expect(lines.length).toBeGreaterThan(0)
    expect(said).not.toMatch(/@example\.com|emulator-secret|Bearer/)
  })
})
