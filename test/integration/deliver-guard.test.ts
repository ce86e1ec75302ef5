import { afterEach, describe, expect, it } from 'vitest'
import { COMMERCIAL_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import {
  CONSENTS,
  consentRow,
  DAYS,
  HOURS,
  id,
  NOT_SET,
  OPTED_IN,
  OPTED_OUT,
  SECONDS,
  saysNews,
  since,
} from '../support/deliver-samples.ts'
import type { WorldDraft } from '../support/deliver-settings.ts'
import { closeWorlds, type DeliverWorld, openWorld } from '../support/deliver-world.ts'

afterEach(closeWorlds)

const ADA = 'ada@example.com'

/** Both modes of one choice, side by side: a consent row and a contact column. */
function draft(
  rows: readonly Record<string, unknown>[] = [],
  options: Readonly<Record<string, unknown>> = {},
  contact: Readonly<Record<string, unknown>> = {},
): WorldDraft {
  const value = 'consents_purposes_news_enabled'
  return {
    targets: [
      {
        name: 'current',
        type: 'microsoft-dynamics-cpc',
        mappings: [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value }],
        options,
      },
      { name: 'legacy', type: 'microsoft-dynamics', mappings: [{ id: 'new_news', value }], options },
    ],
    emulator: {
      seed: {
        columns: { contacts: [{ type: 'boolean', name: 'new_news' }] },
        rows: {
          contacts: [{ contactid: id(1), emailaddress1: ADA, modifiedon: since(-9 * DAYS), ...contact }],
          [CONSENTS]: rows,
        },
      },
    },
  }
}

const says = (yes: boolean, at: string) => saysNews(ADA, yes, at)

const byHand = (n: number, value: number | null, at: string) =>
  consentRow(n, { address: ADA, value, purpose: COMMERCIAL_PURPOSE_ID, at })

/** What Dataverse holds in both modes. */
const held = (world: DeliverWorld) => ({ rows: world.values(ADA), column: world.contact(id(1))['new_news'] })

const IN = { rows: [OPTED_IN], column: true }
const OUT = { rows: [OPTED_OUT], column: false }

/** Somebody changes both places in Dynamics. */
function editByHand(world: DeliverWorld, optIn: boolean): void {
  const row = String(world.consents(ADA)[0]?.[`${CONSENTS}id`])
  world.emulator.world.edit(CONSENTS, row, { msdynmkt_value: optIn ? OPTED_IN : OPTED_OUT })
  world.emulator.world.edit('contacts', id(1), { new_news: optIn })
}

/** Somebody saves both rows without touching the choice. */
function saveByHand(world: DeliverWorld): void {
  const row = String(world.consents(ADA)[0]?.[`${CONSENTS}id`])
  world.emulator.world.edit(CONSENTS, row, { msdynmkt_modifiedonbehalf: 'somebody' })
  world.emulator.world.edit('contacts', id(1), { jobtitle: 'Countess' })
}

async function outcomes(world: DeliverWorld): Promise<string[]> {
  const report = await world.run()
  expect(report.failures).toEqual([])
  return report.deliver.map(({ outcomes }) =>
    Object.entries(outcomes)
      .filter(([, count]) => count > 0)
      .map(([outcome]) => outcome)
      .join(),
  )
}

const WRITTEN = ['written', 'written']
const SUPERSEDED = ['superseded', 'superseded']

describe('what Dataverse holds, and since when (semantics §7, the table)', () => {
  it.each([
    ['no row', []],
    ['a row that is null', [byHand(1, null, since(-1))]],
    ['a row that is Not Set', [byHand(1, NOT_SET, since(-1))]],
  ])('§7 %s states nothing: an old opt-in is written', async (_, rows) => {
    const world = await openWorld(draft(rows, {}, { modifiedon: since(-1) }))
    await world.say(says(true, since(-90 * DAYS)))
    expect(await outcomes(world)).toEqual(WRITTEN)
    expect(held(world)).toEqual(IN)
  })

  it('§7 the ledger’s value has the ledger’s span, whoever saved the row since: a refusal before that save is written', async () => {
    const world = await openWorld(draft())
    await world.say(says(true, since(-5 * DAYS)))
    await world.run()
    world.clock.advance(10 * DAYS)
    saveByHand(world)
    await world.say(says(false, since(HOURS)))
    expect(await outcomes(world)).toEqual(WRITTEN)
    expect(held(world)).toEqual(OUT)
  })

  it('§7 … and an opt-in before that save is written too; without one, the save asserts nothing', async () => {
    const world = await openWorld(draft())
    await world.say(says(false, since(-5 * DAYS)))
    await world.run()
    world.clock.advance(10 * DAYS)
    saveByHand(world)
    await world.markEverybodyDue()
    expect(await outcomes(world)).toEqual(['unchanged', 'unchanged'])
    await world.say(says(true, since(HOURS)))
    expect(await outcomes(world)).toEqual(WRITTEN)
    expect(held(world)).toEqual(IN)
  })

  it('§7 an unsubscribe made in Dynamics is never undone by an older opt-in, but by a newer one', async () => {
    const world = await openWorld(draft())
    await world.say(says(true, since(-5 * DAYS)))
    await world.run()
    world.clock.advance(10 * HOURS)
    editByHand(world, false)
    await world.say(says(true, since(9 * HOURS)))
    expect(await outcomes(world)).toEqual(SUPERSEDED)
    expect(held(world)).toEqual(OUT)
    await world.say(says(true, since(11 * HOURS)))
    expect(await outcomes(world)).toEqual(WRITTEN)
    expect(held(world)).toEqual(IN)
  })

  it('§7 another value than the ledger’s: a refusal counts unless it was certainly made before the ledger time', async () => {
    const world = await openWorld(draft())
    await world.say(says(true, since(-5 * DAYS)))
    await world.run()
    await world.say(says(false, since(-4 * DAYS)))
    await world.run()
    expect(held(world)).toEqual(OUT)
    world.clock.advance(10 * HOURS)
    editByHand(world, true)
    await world.markEverybodyDue()
    expect(await outcomes(world)).toEqual(SUPERSEDED)
    await world.say(says(false, since(1 * HOURS)))
    expect(await outcomes(world)).toEqual(WRITTEN)
    expect(held(world)).toEqual(OUT)
  })

  it('§7 no ledger entry: a consent row from createdon to modifiedon, a contact column since ever', async () => {
    const row = { ...byHand(1, OPTED_IN, since(-3 * DAYS)), createdon: since(-4 * DAYS) }
    const older = draft([row], {}, { new_news: true })
    const world = await openWorld(older)
    await world.say(says(false, since(-4 * DAYS - 6 * SECONDS)))
    expect(await outcomes(world)).toEqual(['superseded', 'written'])
    expect(held(world)).toEqual({ rows: [OPTED_IN], column: false })
    const within = await openWorld(older)
    await within.say(says(false, since(-4 * DAYS - 4 * SECONDS)))
    expect(await outcomes(within)).toEqual(WRITTEN)
  })

  it.each([
    [4, SUPERSEDED, OUT],
    [5, SUPERSEDED, OUT],
    [6, WRITTEN, IN],
  ])('§7 an opt-in %d s after somebody’s save, with a tolerance of 5 s', async (seconds, expected, end) => {
    const at = since(-9 * DAYS)
    const world = await openWorld(draft([byHand(1, OPTED_OUT, at)], {}, { new_news: false, modifiedon: at }))
    await world.say(says(true, since(-9 * DAYS + seconds * SECONDS)))
    expect(await outcomes(world)).toEqual(expected)
    expect(held(world)).toEqual(end)
  })

  it('§7 several rows: E the least, F the greatest of those that differ', async () => {
    const rows = [
      byHand(1, OPTED_OUT, since(-8 * DAYS)),
      byHand(2, OPTED_OUT, since(-4 * DAYS)),
      byHand(3, OPTED_IN, since(-1 * DAYS)),
    ]
    const world = await openWorld(draft(rows))
    await world.say(says(true, since(-5 * DAYS)))
    expect((await outcomes(world))[0]).toBe('superseded')
    await world.say(says(true, since(-3 * DAYS)))
    expect((await outcomes(world))[0]).toBe('written')
    expect(world.values(ADA)).toEqual([OPTED_IN, OPTED_IN, OPTED_IN])
  })

  it('§7 a row deleted by hand is a refusal: an older opt-in makes none, a newer one does', async () => {
    const world = await openWorld(draft())
    await world.say(says(true, since(-5 * DAYS)))
    await world.run()
    world.emulator.world.delete(CONSENTS, String(world.consents(ADA)[0]?.[`${CONSENTS}id`]))
    world.clock.advance(10 * HOURS)
    await world.say(says(true, since(9 * HOURS)))
    expect((await outcomes(world))[0]).toBe('superseded')
    world.clock.advance(10 * DAYS)
    await world.say(says(true, since(11 * HOURS)))
    expect((await outcomes(world))[0]).toBe('written')
    expect(world.values(ADA)).toEqual([OPTED_IN])
  })

  it('§7 a row deleted by hand and a refusal: it gets its row again, since no row at all may count as consent', async () => {
    const world = await openWorld(draft())
    await world.say(says(true, since(-5 * DAYS)))
    await world.run()
    world.emulator.world.delete(CONSENTS, String(world.consents(ADA)[0]?.[`${CONSENTS}id`]))
    world.clock.advance(10 * HOURS)
    await world.say(says(false, since(9 * HOURS)))
    expect((await outcomes(world))[0]).toBe('written')
    expect(world.values(ADA)).toEqual([OPTED_OUT])
  })
})

describe('policies (semantics §7)', () => {
  it('§7 didomi-wins overwrites somebody’s newer value; dataverse-wins keeps somebody’s older one', async () => {
    const row = [byHand(1, OPTED_OUT, since(-2 * DAYS))]
    const contact = { new_news: false, modifiedon: since(-2 * DAYS) }
    const didomi = await openWorld(draft(row, { conflict: 'didomi-wins' }, contact))
    await didomi.say(says(true, since(-5 * DAYS)))
    expect(await outcomes(didomi)).toEqual(WRITTEN)
    const dataverse = await openWorld(draft(row, { conflict: 'dataverse-wins' }, contact))
    await dataverse.say(says(true, since(-DAYS)))
    expect(await outcomes(dataverse)).toEqual(SUPERSEDED)
  })

  it('§7 dataverse-wins: what we wrote ourselves still follows the person', async () => {
    const world = await openWorld(draft([], { conflict: 'dataverse-wins' }))
    await world.say(says(true, since(-5 * DAYS)))
    await world.run()
    await world.say(says(false, since(-4 * DAYS)))
    expect(await outcomes(world)).toEqual(WRITTEN)
  })

  it('§7 adopt: what it would overwrite is counted, on a first delivery alone', async () => {
    const contact = { new_news: false, modifiedon: since(-1) }
    const world = await openWorld(draft([], {}, contact))
    await world.say(says(true, since(-5 * DAYS)))
    const columns = async () => (await world.run()).deliver.find(({ mode }) => mode === 'contact')
    expect(await columns()).toMatchObject({ places: { superseded: 1 }, adoptable: { new_news: 1 } })
    // By now it is remembered as somebody else's.
    await world.markEverybodyDue()
    const again = await columns()
    expect([again?.places.superseded, again?.adoptable]).toEqual([1, undefined])
  })

  it('§7 adopt: only a person’s first delivery overwrites without the test', async () => {
    const contact = { new_news: false, modifiedon: since(-1) }
    const world = await openWorld(draft([], { contact: { adopt: ['new_news'] } }, contact))
    await world.say(says(true, since(-5 * DAYS)))
    await world.run()
    expect(world.contact(id(1))['new_news']).toBe(true)
    world.clock.advance(HOURS)
    world.emulator.world.edit('contacts', id(1), { new_news: false })
    await world.markEverybodyDue()
    expect((await outcomes(world))[1]).toBe('superseded')
    expect(world.contact(id(1))['new_news']).toBe(false)
  })

  it('§7 adopt: a first delivery that did not arrive is still the first', async () => {
    const contact = { new_news: false, modifiedon: since(-1) }
    const world = await openWorld(draft([], { contact: { adopt: ['new_news'] } }, contact))
    await world.say(says(true, since(-5 * DAYS)))
    world.fault({ match: { message: 'Update' }, count: 0, action: { kind: 'status', status: 503 } })
    expect((await world.run()).exitCode).toBe(6)
    world.emulator.world.clearFaults()
    await world.run()
    expect(world.contact(id(1))['new_news']).toBe(true)
  })

  it('§7 adopt: never after a merge', async () => {
    const world = await openWorld(
      draft([], { contact: { adopt: ['new_news'] } }, { masterid: id(2), merged: true, statecode: 1 }),
    )
    world.emulator.world.seed({
      rows: {
        contacts: [{ contactid: id(2), emailaddress1: 'x@example.com', new_news: false, modifiedon: since(-1) }],
      },
    })
    await world.say(says(true, since(-5 * DAYS)))
    expect((await outcomes(world))[1]).toBe('superseded')
    expect(world.contact(id(2))['new_news']).toBe(false)
  })
})
