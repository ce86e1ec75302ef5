import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { runSync } from '../../src/cli/sync-command.ts'
import { COMMERCIAL_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import { CONSENTS, DAYS, HOURS, id, OPTED_IN, OPTED_OUT, saysNews, since } from '../support/deliver-samples.ts'
import type { TargetDraft, WorldDraft } from '../support/deliver-settings.ts'
import { closeWorlds, type DeliverWorld, openWorld } from '../support/deliver-world.ts'

afterEach(closeWorlds)

const ADA = 'ada@example.com'
const BOB = 'bob@example.com'
const VALUE = 'consents_purposes_news_enabled'
const SECOND_APP = { appId: '0c0ffee0-0000-4000-8000-000000000002', secret: 'second-secret' }

const people = Array.from({ length: 6 }, (_, n) => `u${n + 1}@example.com`)

function draft(target: Partial<TargetDraft> = {}, settings: Record<string, unknown> = {}): WorldDraft {
  const contacts = [ADA, BOB, ...people].map((emailaddress1, n) => ({
    contactid: id(n + 1),
    emailaddress1,
    modifiedon: since(-90 * DAYS),
  }))
  return {
    targets: [
      {
        type: 'microsoft-dynamics-cpc',
        mappings: [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: VALUE }],
        ...target,
      },
    ],
    settings,
    emulator: {
      seed: {
        applications: [{ ...SECOND_APP, userId: '0c000000-0000-4000-8000-00000000000b' }],
        columns: { contacts: [{ type: 'boolean', name: 'new_news' }] },
        rows: { contacts },
      },
    },
  }
}

const CONTACT: Partial<TargetDraft> = { type: 'microsoft-dynamics', mappings: [{ id: 'new_news', value: VALUE }] }

const says = (yes: boolean, at: string, ouid = ADA) => saysNews(ouid, yes, at)

function unsubscribeByHand(world: DeliverWorld, address = ADA): void {
  const row = world.consents(address)[0]?.[`${CONSENTS}id`]
  world.emulator.world.edit(CONSENTS, String(row), { msdynmkt_value: OPTED_OUT })
}

describe('changed settings (semantics §8.6)', () => {
  it('§8.6 what shapes delivery changed: everybody is due, and only what differs is written', async () => {
    const world = await openWorld(draft())
    await world.say(says(true, since(-DAYS)), says(false, since(-DAYS), BOB))
    await world.deliver()
    expect(await world.deliver()).toMatchObject({ persons: 0 })
    await world.reopen(draft({ options: { conflict: 'didomi-wins' } }))
    unsubscribeByHand(world)
    expect(await world.deliver()).toMatchObject({ persons: 2, outcomes: { written: 1, unchanged: 1 } })
    expect(world.values(ADA)).toEqual([OPTED_IN])
  })

  it('§8.6 what shapes only effort changed: nobody is due', async () => {
    const world = await openWorld(draft())
    await world.say(says(true, since(-DAYS)))
    await world.deliver()
    await world.reopen(draft({ options: { batchRows: 7, concurrency: 2 } }))
    expect(await world.deliver()).toMatchObject({ persons: 0 })
  })

  it('§8.6 what shapes ingest changed: the run refuses to start, exit 2', async () => {
    const world = await openWorld(draft())
    await world.say(says(true, since(-DAYS)))
    await world.store.setFingerprint('ingest', 'other settings')
    await world.ports.close()
    const config = join(world.folder, 'didomi.json')
    await mkdir(world.folder, { recursive: true })
    await writeFile(config, JSON.stringify(configText(world)))
    const flags = {
      adoptEnvironment: false,
      rebuild: false,
      strict: false,
      json: true,
      quiet: true,
      logLevel: 'silent',
    }
    await expect(runSync({ config, ...flags }, 'test')).rejects.toMatchObject({
      code: 'rebuild-needed',
      next: 'configuration',
    })
    world.quiet = false
    await world.reopen(draft())
    expect(world.emulator.world.counters().requests).toBe(0)
  })
})

function configText({ emulator }: DeliverWorld): unknown {
  const authentication = { client_id: id(1), client_secret: 'x', tenant_id: id(2), instance: emulator.url }
  const mappings = [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: VALUE }]
  const integration = { type: 'microsoft-dynamics-cpc', authentication, properties: {}, mappings }
  return { source: { directory: './export' }, targets: [{ name: 'target-1', integration }] }
}

describe('the brake (semantics §8.7)', () => {
  for (const [mode, target] of [
    ['consents', {}],
    ['contact columns', CONTACT],
  ] as const) {
    it(`§8.7 too many flips of ${mode}: exit 9 before the first write, until --accept names the plan`, async () => {
      const world = await openWorld(draft({ ...target, options: { brake: { share: 0.5, atLeast: 1 } } }))
      await world.say(...people.map((ouid) => says(true, since(-5 * DAYS), ouid)))
      await world.deliver()
      await world.say(...people.slice(0, 4).map((ouid) => says(false, since(-4 * DAYS), ouid)))
      await world.say(says(true, since(-4 * DAYS), BOB))
      world.emulator.world.resetCounters()
      const stopped = await world.run()
      expect(stopped).toMatchObject({ exitCode: 9, failures: [{ code: 'brake' }] })
      expect(world.emulator.world.counters().writeRequests).toBe(0)
      const plan = /--accept ([0-9a-f]+)/.exec(stopped.failures[0]?.message ?? '')?.[1] ?? ''
      expect((await world.run({ accept: '0123456789abcdef' })).exitCode).toBe(9)
      expect((await world.run({ accept: plan })).exitCode).toBe(0)
      expect(world.emulator.world.counters()).toMatchObject({ rowsUpdated: mode === 'consents' ? 4 : 5 })
    })
  }

  it('§8.7 flips within the share, and flips that the guard would not let through, do not stop a run', async () => {
    const world = await openWorld(draft({ options: { brake: { share: 0.5, atLeast: 1 } } }))
    await world.say(...people.map((ouid) => says(true, since(-5 * DAYS), ouid)))
    await world.deliver()
    await world.say(...people.slice(0, 3).map((ouid) => says(false, since(-4 * DAYS), ouid)))
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 3 } })
  })
})

describe('empty store, used environment (semantics §8.8)', () => {
  it('§8.8 no state but rows with our marker: exit 2 until --adopt-environment; then the reasons date the rows', async () => {
    const world = await openWorld(draft())
    await world.say(says(false, since(-5 * DAYS)))
    await world.deliver()
    world.clock.advance(DAYS)
    await world.loseStore(draft())
    // Older than the row's modifiedon, newer than what its reason says.
    await world.say(says(true, since(-3 * DAYS)))
    expect(await world.run()).toMatchObject({ exitCode: 2, failures: [{ code: 'environment-used' }] })
    expect(await world.run()).toMatchObject({ exitCode: 2 })
    expect(world.values(ADA)).toEqual([OPTED_OUT])
    expect(await world.deliver({ adoptEnvironment: true })).toMatchObject({ outcomes: { written: 1 } })
    expect(world.values(ADA)).toEqual([OPTED_IN])
  })

  it('§8.8 §7 a reason dates a row only while we modified it last', async () => {
    const world = await openWorld(draft())
    await world.say(says(false, since(-5 * DAYS)))
    await world.deliver()
    world.clock.advance(DAYS)
    unsubscribeByHand(world)
    await world.loseStore(draft())
    await world.say(says(true, since(-3 * DAYS)))
    expect(await world.deliver({ adoptEnvironment: true })).toMatchObject({ outcomes: { superseded: 1 } })
  })

  it('§8.8 an environment nobody wrote to, and contact targets, need no adoption', async () => {
    const world = await openWorld(draft())
    await world.say(says(true, since(-5 * DAYS)))
    await world.deliver()
    const { targets, emulator } = draft(CONTACT)
    await world.loseStore({ targets, ...(emulator && { emulator }) })
    await world.say(says(true, since(-5 * DAYS)))
    expect((await world.run()).exitCode).toBe(0)
  })

  it.each([
    ['we are every application user that the ledger has recorded', true, 'written'],
    ['a user that it never recorded is somebody else', false, 'superseded'],
  ] as const)('§1 §7 `us`: %s', async (_, known, outcome) => {
    const first = draft({ name: 'first' })
    const world = await openWorld(first)
    await world.say(says(false, since(-5 * DAYS)))
    await world.deliver()
    world.clock.advance(DAYS)
    const second = draft({ name: 'second', application: SECOND_APP })
    await (known ? world.reopen(second) : world.loseStore(second))
    await world.say(says(true, since(-3 * DAYS)))
    const report = await world.deliver({ adoptEnvironment: true })
    expect(report.outcomes[outcome]).toBe(1)
    expect(world.values(ADA)).toEqual([outcome === 'written' ? OPTED_IN : OPTED_OUT])
  })
})

describe('a restored environment (semantics §8.8, §7)', () => {
  it('§8.8 consents: what was written since comes back, and so do refusals made in Dynamics', async () => {
    const world = await openWorld(draft())
    await world.say(says(true, since(-5 * DAYS)), says(true, since(-5 * DAYS), BOB))
    await world.deliver()
    world.emulator.world.snapshot()
    world.clock.advance(DAYS)
    unsubscribeByHand(world)
    await world.say(says(true, since(-4 * DAYS)), says(false, since(-4 * DAYS), BOB))
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1, superseded: 1 }, restored: false })
    world.clock.advance(DAYS)
    world.emulator.world.restore()
    expect([world.values(ADA), world.values(BOB)]).toEqual([[OPTED_IN], [OPTED_IN]])
    expect(await world.deliver()).toMatchObject({ restored: true, persons: 2, outcomes: { written: 2 } })
    expect([world.values(ADA), world.values(BOB)]).toEqual([[OPTED_OUT], [OPTED_OUT]])
    expect(await world.deliver()).toMatchObject({ restored: false, persons: 0 })
  })

  it('§8.8 §7 after a restore a newer opt-in still overcomes the refusal that came back', async () => {
    const world = await openWorld(draft())
    await world.say(says(true, since(-5 * DAYS)), says(true, since(-5 * DAYS), BOB))
    await world.deliver()
    world.emulator.world.snapshot()
    world.clock.advance(DAYS)
    unsubscribeByHand(world)
    await world.say(says(true, since(-4 * DAYS)), says(false, since(-4 * DAYS), BOB))
    await world.deliver()
    world.clock.advance(DAYS)
    world.emulator.world.restore()
    await world.say(says(true, since(DAYS + HOURS)))
    await world.deliver()
    expect(world.values(ADA)).toEqual([OPTED_IN])
  })

  it('§8.8 contact columns: the same', async () => {
    const world = await openWorld(draft(CONTACT))
    await world.say(says(true, since(-5 * DAYS)), says(true, since(-5 * DAYS), BOB))
    await world.deliver()
    world.emulator.world.snapshot()
    world.clock.advance(DAYS)
    world.emulator.world.edit('contacts', id(1), { new_news: false })
    await world.say(says(true, since(-4 * DAYS)), says(false, since(-4 * DAYS), BOB))
    await world.deliver()
    world.clock.advance(DAYS)
    world.emulator.world.restore()
    expect(await world.deliver()).toMatchObject({ restored: true, outcomes: { written: 2 } })
    expect([1, 2].map((n) => world.contact(id(n))['new_news'])).toEqual([false, false])
  })

  it('§8.8 rows merely gone prove nothing: no restore, deleted by hand', async () => {
    const world = await openWorld(draft())
    await world.say(says(true, since(-5 * DAYS)), says(true, since(-5 * DAYS), BOB))
    await world.deliver()
    for (const row of world.consents()) world.emulator.world.delete(CONSENTS, String(row[`${CONSENTS}id`]))
    world.clock.advance(DAYS)
    await world.markEverybodyDue()
    expect(await world.deliver()).toMatchObject({ restored: false, outcomes: { superseded: 2 } })
    expect(world.consents()).toEqual([])
  })

  it('§8.8 of a row merely gone the persons are due, nobody else: a refusal gets its row again, an opt-in does not', async () => {
    const world = await openWorld(draft())
    const [refuser = '', stayer = ''] = people
    await world.say(
      ...people.map((ouid) => says(ouid !== refuser, since(-5 * DAYS), ouid)),
      says(true, since(-5 * DAYS)),
    )
    await world.deliver()
    const remove = (address: string) =>
      world.emulator.world.delete(CONSENTS, String(world.consents(address)[0]?.[`${CONSENTS}id`]))
    for (const address of [refuser, ADA]) remove(address)
    world.clock.advance(DAYS)
    expect(await world.deliver()).toMatchObject({ persons: 2, outcomes: { written: 1, superseded: 1 } })
    expect([world.values(refuser), world.values(ADA), world.values(stayer)]).toEqual([[OPTED_OUT], [], [OPTED_IN]])
    expect(await world.deliver()).toMatchObject({ persons: 0 })
  })

  it('§8.8 most rows gone: nothing is proven, but everybody is due, once', async () => {
    const world = await openWorld(draft())
    world.emulator.world.snapshot()
    await world.say(...people.map((ouid) => says(false, since(-5 * DAYS), ouid)))
    await world.deliver()
    world.clock.advance(DAYS)
    world.emulator.world.restore()
    expect(world.consents()).toEqual([])
    expect(await world.deliver()).toMatchObject({ restored: false, persons: people.length, outcomes: { written: 6 } })
    expect(people.map((ouid) => world.values(ouid))).toEqual(people.map(() => [OPTED_OUT]))
    expect(await world.deliver()).toMatchObject({ persons: 0 })
  })

  it('§8.8 rows gone beside such proof are written again', async () => {
    const world = await openWorld(draft())
    await world.say(says(true, since(-5 * DAYS)))
    await world.deliver()
    world.emulator.world.snapshot()
    world.clock.advance(DAYS)
    await world.say(says(false, since(-4 * DAYS)), says(true, since(-4 * DAYS), BOB))
    await world.deliver()
    world.clock.advance(DAYS)
    world.emulator.world.restore()
    expect(world.values(BOB)).toEqual([])
    expect(await world.deliver()).toMatchObject({ restored: true, outcomes: { written: 2 } })
    expect([world.values(ADA), world.values(BOB)]).toEqual([[OPTED_OUT], [OPTED_IN]])
  })

  it('§7 adopt: never after a distrusted ledger', async () => {
    const world = await openWorld(draft({ ...CONTACT, options: { contact: { adopt: ['new_news'] } } }))
    await world.say(says(true, since(-5 * DAYS)), says(true, since(-5 * DAYS), BOB))
    await world.deliver()
    world.emulator.world.snapshot()
    world.clock.advance(DAYS)
    await world.say(says(false, since(-4 * DAYS), BOB))
    await world.deliver()
    world.clock.advance(DAYS)
    world.emulator.world.restore()
    world.emulator.world.edit('contacts', id(1), { new_news: false })
    expect(await world.deliver()).toMatchObject({ restored: true })
    expect(world.contact(id(1))['new_news']).toBe(false)
  })
})
