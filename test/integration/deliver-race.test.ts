import { afterEach, describe, expect, it } from 'vitest'
import type { FaultMatch } from '../../src/emulator/faults.ts'
import { COMMERCIAL_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import { CodedError } from '../../src/lib/errors.ts'
import {
  CONSENTS,
  consentRow,
  DAYS,
  HOURS,
  id,
  OPTED_IN,
  OPTED_OUT,
  SECONDS,
  saysNews,
  since,
} from '../support/deliver-samples.ts'
import type { WorldDraft } from '../support/deliver-settings.ts'
import { closeWorlds, openWorld } from '../support/deliver-world.ts'

afterEach(closeWorlds)

const ADA = 'ada@example.com'
const VALUE = 'consents_purposes_news_enabled'
const READ_OF_SLOTS: FaultMatch = { path: '$batch', body: 'msdynmkt_contactpointtype' }

function consents(rows: readonly Record<string, unknown>[] = [], options: Record<string, unknown> = {}): WorldDraft {
  const contacts = [1, 2, 3, 4].map((n) => ({ contactid: id(n), emailaddress1: n === 1 ? ADA : `u${n}@example.com` }))
  return {
    targets: [
      {
        type: 'microsoft-dynamics-cpc',
        mappings: [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: VALUE }],
        options,
      },
    ],
    emulator: { seed: { rows: { contacts, [CONSENTS]: rows } } },
  }
}

function contacts(row: Record<string, unknown>, mappings = [{ id: 'new_news', value: VALUE }]): WorldDraft {
  return {
    targets: [{ type: 'microsoft-dynamics', mappings }],
    emulator: {
      seed: {
        columns: {
          contacts: [
            { type: 'boolean', name: 'new_news' },
            { type: 'boolean', name: 'new_offers' },
          ],
        },
        rows: { contacts: [{ contactid: id(1), emailaddress1: ADA, modifiedon: since(-9 * DAYS), ...row }] },
      },
    },
  }
}

const says = (yes: boolean, at: string, ouid = ADA) => saysNews(ouid, yes, at)

const byHand = (n: number, value: number, at: string, address = ADA) =>
  consentRow(n, { address, value, purpose: COMMERCIAL_PURPOSE_ID, at })

describe('an edit between reading and writing (semantics §7)', () => {
  it('§7 an opt-in that replaces somebody’s value loses to their edit before it arrives: a consent row', async () => {
    const world = await openWorld(consents([byHand(1, OPTED_OUT, since(-9 * DAYS))]))
    await world.say(says(true, since(-DAYS)))
    const changes = { msdynmkt_value: OPTED_OUT, msdynmkt_reason: 'once more' }
    world.fault({
      match: { message: 'Update' },
      action: { kind: 'edit-before', set: CONSENTS, id: id(1), changes },
    })
    expect(await world.deliver()).toMatchObject({ outcomes: { superseded: 1 } })
    expect(world.consents()[0]).toMatchObject({ msdynmkt_value: OPTED_OUT, msdynmkt_reason: 'once more' })
    expect(world.journal()).toEqual([])
  })

  it('§7 … and a contact column', async () => {
    const world = await openWorld(contacts({ new_news: false }))
    await world.say(says(true, since(-DAYS)))
    const changes = { jobtitle: 'Countess' }
    world.fault({
      match: { message: 'Update' },
      action: { kind: 'edit-before', set: 'contacts', id: id(1), changes },
    })
    expect(await world.deliver()).toMatchObject({ outcomes: { superseded: 1 } })
    expect(world.contact(id(1))).toMatchObject({ new_news: false, jobtitle: 'Countess' })
    expect(world.journal()).toEqual([])
  })

  it('§7 the refusals of a contact that is edited time and again arrive all the same; its opt-in waits for the next run', async () => {
    const mappings = [
      { id: 'new_news', value: VALUE },
      { id: 'new_offers', value: 'consents_purposes_offers_enabled' },
    ]
    const world = await openWorld(contacts({ new_news: false, new_offers: true }, mappings))
    world.quiet = false
    // Newer than every edit that this run can meet, so that it is tried to the end.
    await world.say({ ...says(true, since(DAYS)), no: ['offers'] })
    for (let nth = 1; nth <= 5; nth += 1) {
      world.fault({
        match: { message: 'Update' },
        nth,
        action: { kind: 'edit-before', set: 'contacts', id: id(1), changes: { jobtitle: `edit ${nth}` } },
      })
    }
    const report = await world.run()
    expect(report).toMatchObject({ exitCode: 6, deliver: [{ deferred: 1 }] })
    expect(world.contact(id(1))).toMatchObject({ new_news: false, new_offers: false })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1 } })
    expect(world.contact(id(1))).toMatchObject({ new_news: true })
  })

  it('§7 a refusal needs no version: an edit before it arrives is overwritten', async () => {
    const world = await openWorld(consents([byHand(1, OPTED_IN, since(-9 * DAYS))]))
    await world.say(says(false, since(-DAYS)))
    const changes = { msdynmkt_modifiedonbehalf: 'somebody' }
    world.fault({
      match: { message: 'Update' },
      action: { kind: 'edit-before', set: CONSENTS, id: id(1), changes },
    })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1 } })
    expect(world.values(ADA)).toEqual([OPTED_OUT])
  })

  it('§7 a row that is deleted between reading and writing is a refusal of its own', async () => {
    const world = await openWorld(consents())
    await world.say(says(false, since(-3 * DAYS)))
    await world.deliver()
    await world.say(says(true, since(-2 * DAYS)))
    const row = String(world.consents()[0]?.[`${CONSENTS}id`])
    world.clock.advance(HOURS)
    const deleted = world.meanwhile(READ_OF_SLOTS, () => world.emulator.world.delete(CONSENTS, row))
    expect(await world.deliver()).toMatchObject({ outcomes: { superseded: 1 } })
    await deleted
    expect(world.values(ADA)).toEqual([])
  })
})

describe('freshness (semantics §7)', () => {
  it('§7 an opt-in is not sent on a read older than `freshness`: it is read and guarded again', async () => {
    const world = await openWorld(consents())
    await world.say(says(true, since(-DAYS)))
    const held = world.meanwhile(READ_OF_SLOTS, () => {
      world.clock.advance(31 * SECONDS)
      world.emulator.world.seed({ rows: { [CONSENTS]: [byHand(1, OPTED_OUT, since(30 * SECONDS))] } })
    })
    expect(await world.deliver()).toMatchObject({ outcomes: { superseded: 1 } })
    await held
    expect(world.journal()).toEqual([])
    expect(world.values(ADA)).toEqual([OPTED_OUT])
  })

  it('§7 a refusal is sent however old the read is', async () => {
    const world = await openWorld(consents())
    await world.say(says(false, since(-DAYS)))
    const held = world.meanwhile(READ_OF_SLOTS, () => world.clock.advance(HOURS))
    // A second read would find nobody to answer it in time.
    world.fault({ match: READ_OF_SLOTS, nth: 2, count: 0, action: { kind: 'reset-before-commit' } })
    await world.deliver()
    await held
    expect(world.values(ADA)).toEqual([OPTED_OUT])
  })

  it('§7 opt-ins that replace nothing or our own value go in bulk, with `strict` each on its version', async () => {
    const people = [2, 3, 4].map((n) => `u${n}@example.com`)
    for (const strict of [false, true]) {
      const world = await openWorld(consents([], { strict }))
      await world.say(...people.map((ouid) => says(false, since(-3 * DAYS), ouid)))
      await world.deliver()
      await world.say(...people.map((ouid) => says(true, since(-2 * DAYS), ouid)))
      world.emulator.world.resetCounters()
      expect(await world.deliver()).toMatchObject({ outcomes: { written: 3 } })
      const { UpdateMultiple: bulk = 0, Update: each = 0 } = world.emulator.world.counters().operations
      expect([bulk, each]).toEqual(strict ? [0, 3] : [1, 0])
    }
  })

  it('§7 strict: an unrelated edit of our own row is noticed, and the opt-in is decided again', async () => {
    const world = await openWorld(consents([], { strict: true }))
    await world.say(says(false, since(-3 * DAYS)))
    await world.deliver()
    await world.say(says(true, since(-2 * DAYS)))
    const row = String(world.consents()[0]?.[`${CONSENTS}id`])
    world.fault({
      match: { message: 'Update' },
      action: { kind: 'edit-before', set: CONSENTS, id: row, changes: { msdynmkt_modifiedonbehalf: 'x' } },
    })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1 } })
    expect(world.values(ADA)).toEqual([OPTED_IN])
    expect(world.emulator.world.counters().operations['Update']).toBe(2)
  })
})

describe('answers that never come (semantics §7, §8.2)', () => {
  it('§7 refusals are repeated blindly: the lost answer of an update costs no second read', async () => {
    const world = await openWorld(consents([byHand(1, OPTED_IN, since(-9 * DAYS))]))
    await world.say(says(false, since(-DAYS)))
    world.fault({ match: { method: 'PATCH' }, action: { kind: 'reset-after-commit' } })
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1 } })
    expect(world.journal().map(({ columns }) => columns['msdynmkt_value'])).toEqual([OPTED_OUT, OPTED_OUT])
    expect(world.emulator.world.counters().repeatedWrites).toBe(1)
  })

  it('§7 an opt-in whose answer is lost is read again and not sent twice', async () => {
    const world = await openWorld(consents())
    await world.say(says(true, since(-DAYS)))
    world.fault({ match: { method: 'POST', path: `/${CONSENTS}s` }, action: { kind: 'reset-after-commit' } })
    await world.deliver()
    expect(world.journal().map(({ columns }) => columns['msdynmkt_value'])).toEqual([OPTED_IN])
    expect(await world.store.countDue('target-1')).toBe(0)
  })

  it('§7 an opt-in whose answer is lost, then somebody’s refusal: the refusal stays', async () => {
    const world = await openWorld(consents([byHand(1, OPTED_OUT, since(-9 * DAYS))]))
    await world.say(says(true, since(-DAYS)))
    const answer = world.meanwhile({ method: 'PATCH' }, () => {
      world.clock.advance(HOURS)
      world.emulator.world.edit(CONSENTS, id(1), { msdynmkt_value: OPTED_OUT })
      world.emulator.world.holds.release('reset')
    })
    await world.deliver()
    await answer
    expect(world.values(ADA)).toEqual([OPTED_OUT])
  })

  it('§8.2 a run that ends before the answer: what was written counts as ours in the next one', async () => {
    const world = await openWorld(consents())
    await world.say(says(true, since(-DAYS)))
    const controller = new AbortController()
    const stop = new CodedError('interrupted', [{ where: 'test', found: 'a', expected: 'b', remedy: 'c' }])
    const held = world.meanwhile({ method: 'POST', path: `/${CONSENTS}s` }, () => controller.abort(stop))
    const report = await world.run({ signal: controller.signal })
    await held
    expect(report.failures).toMatchObject([{ code: 'interrupted' }])
    expect(await world.store.countDue('target-1')).toBe(1)
    expect(world.values(ADA)).toEqual([OPTED_IN])
    world.clock.advance(HOURS)
    // Older than the row's modifiedon, newer than the opt-in: counts, because the row is ours.
    await world.say(says(false, since(-HOURS)))
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1 } })
    expect(world.values(ADA)).toEqual([OPTED_OUT])
    await world.say(says(true, since(-HOURS / 2)))
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1 } })
  })

  it('§8.2 a refusal that never left with its run leaves with the next', async () => {
    const world = await openWorld(consents())
    await world.say(says(true, since(-5 * DAYS)))
    await world.deliver()
    await world.say(says(false, since(-4 * DAYS)))
    const controller = new AbortController()
    const stop = new CodedError('interrupted', [{ where: 'test', found: 'a', expected: 'b', remedy: 'c' }])
    world.fault({ match: { method: 'PATCH' }, action: { kind: 'reset-before-commit' }, count: 0 })
    const held = world.meanwhile(READ_OF_SLOTS, () => controller.abort(stop))
    await world.run({ signal: controller.signal })
    await held
    world.emulator.world.clearFaults()
    expect(world.values(ADA)).toEqual([OPTED_IN])
    expect(await world.deliver()).toMatchObject({ outcomes: { written: 1 } })
    expect(world.values(ADA)).toEqual([OPTED_OUT])
  })
})
