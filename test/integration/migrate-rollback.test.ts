/** The way back of a migration: what it made goes, what it changed returns, what others changed since stays. */

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { forget } from '../../jobs/forget.ts'
import { COMMERCIAL_PURPOSE_ID, ORGANIZATION_ID, SECOND_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import {
  CONSENTS,
  consentRow,
  DAYS,
  HOURS,
  id,
  NOT_SET,
  OPTED_IN,
  saysNews,
  since,
} from '../support/deliver-samples.ts'
import { closeWorlds, type DeliverWorld, openWorld } from '../support/deliver-world.ts'
import { business, contact, migrateStep, migrationDraft, rollBackStep, standing } from '../support/migrate-world.ts'

afterEach(closeWorlds)

/** Four contacts: two new yeses, a new no, a row that says nothing and gets a yes, a yes that gets a no. */
async function migrated(): Promise<{ world: DeliverWorld; before: Map<string, unknown[]> }> {
  const row = (n: number, address: string, value: number, purpose: string) =>
    consentRow(n, {
      address,
      value,
      purpose,
      at: since(-50 * DAYS),
      msdynmkt_source: 534120004,
      msdynmkt_logicalreason: 534120001,
    })
  const world = await openWorld(
    migrationDraft(
      [
        contact(1, { new_news: true, new_offers: 1 }),
        contact(2, { new_news: false }),
        contact(3, { new_news: true }),
        contact(4, { new_offers: 2 }),
      ],
      {
        consents: [
          row(103, 'p3@example.com', NOT_SET, COMMERCIAL_PURPOSE_ID),
          row(104, 'p4@example.com', OPTED_IN, SECOND_PURPOSE_ID),
        ],
      },
    ),
  )
  world.quiet = false
  const before = business(world)
  await migrateStep(world, 'apply')
  expect(standing(world)).toEqual([
    'p1@example.com news in',
    'p1@example.com offers in',
    'p2@example.com news out',
    'p3@example.com news in',
    'p4@example.com offers out',
  ])
  return { world, before }
}

const fileOf = (world: DeliverWorld) => `${world.folder}/state/didomi-dataverse.db.migration-current`

describe('rollback', () => {
  it('deletes the opt-ins it made, returns what it changed, and keeps every refusal', async () => {
    const { world } = await migrated()
    expect(await rollBackStep(world)).toMatchObject({ rows: 5, deleted: 2, returned: 1, refusalsKept: 2, exitCode: 0 })
    expect(standing(world)).toEqual([
      'p2@example.com news out',
      'p3@example.com news unset',
      'p4@example.com offers out',
    ])
  })

  it('with --delete-refusals leaves the business columns of every row as they were, and no file', async () => {
    const { world, before } = await migrated()
    expect(statSync(fileOf(world)).mode & 0o777).toBe(0o600)
    expect(await rollBackStep(world, true)).toMatchObject({ rows: 5, deleted: 3, returned: 2, exitCode: 0 })
    expect(business(world)).toEqual(before)
    expect(() => statSync(fileOf(world))).toThrow()
    expect(await rollBackStep(world, true)).toMatchObject({ rows: 0 })
  })

  it('goes back to before the first of several applies', async () => {
    const { world, before } = await migrated()
    world.clock.advance(HOURS)
    world.emulator.world.edit('contact', id(1), { new_news: false })
    expect((await migrateStep(world, 'apply')).slots.outcomes).toMatchObject({ updated: 1 })
    await rollBackStep(world, true)
    expect(business(world)).toEqual(before)
  })

  it('keeps and tells what somebody has changed since', async () => {
    const { world } = await migrated()
    const [row] = world.consents('p3@example.com')
    world.emulator.world.edit(CONSENTS, String(row?.[`${CONSENTS}id`]), { msdynmkt_value: 534120002 })
    const [made] = world.consents('p2@example.com')
    world.emulator.world.delete(CONSENTS, String(made?.[`${CONSENTS}id`]))
    expect(await rollBackStep(world, true)).toMatchObject({ changedSince: 1, nothingToDo: 1, deleted: 2, returned: 1 })
    expect(standing(world)).toEqual(['p3@example.com news out', 'p4@example.com offers in'])
  })

  it('a row that somebody saves in between is looked at again', async () => {
    const { world } = await migrated()
    const [row] = world.consents('p3@example.com')
    const edit = () =>
      world.emulator.world.edit(CONSENTS, String(row?.[`${CONSENTS}id`]), { msdynmkt_value: 534120002 })
    const done = world.meanwhile({ message: 'Batch', body: "@p1='msdynmkt_contactpointconsent4id'" }, edit)
    expect(await rollBackStep(world, true)).toMatchObject({ changedSince: 1, deleted: 3, returned: 1 })
    await done
    expect(standing(world)).toEqual(['p3@example.com news out', 'p4@example.com offers in'])
  })

  it('§7 leaves a ledger that lets the next delivery decide as if the migration had never been', async () => {
    const { world } = await migrated()
    await rollBackStep(world, true)
    const scope = { organization: ORGANIZATION_ID, target: 'current' }
    const place = (n: number, purpose: string) => `slot/email/p${n}@example.com/purpose/${purpose}`
    const ledger = await world.store.ledger(scope, [place(1, COMMERCIAL_PURPOSE_ID), place(4, SECOND_PURPOSE_ID)])
    expect(ledger.get(place(1, COMMERCIAL_PURPOSE_ID))).toEqual({ place: place(1, COMMERCIAL_PURPOSE_ID) })
    expect(ledger.get(place(4, SECOND_PURPOSE_ID))?.confirmed).toMatchObject({ value: OPTED_IN })
    await world.say(saysNews('p1@example.com', true, since(-DAYS)))
    const { failures } = await world.run()
    expect(failures).toEqual([])
    expect(standing(world)).toContain('p1@example.com news in')
  })
})

describe('after an erasure', () => {
  it('§8.9 no byte of the person is in the file, and a rollback takes everybody else back', async () => {
    const { world } = await migrated()
    const rowOf = (address: string) => String(world.consents(address)[0]?.[`${CONSENTS}id`])
    const [gone, kept] = [rowOf('p1@example.com'), rowOf('p3@example.com')]
    const leftover = fileOf(world).replace('migration-current', 'migrating')
    writeFileSync(leftover, 'what a killed plan left')
    // Nobody but the migration knows this person, whose OUID is the address.
    const report = await forget(world.ports, world.settings, ['P1@Example.com'])
    expect(report).toMatchObject({ known: 0, images: 2 })
    const bytes = readFileSync(fileOf(world), 'latin1')
    expect([bytes.includes('p1@example.com'), bytes.includes(gone)]).toEqual([false, false])
    expect([bytes.includes('p3@example.com'), bytes.includes(kept)]).toEqual([true, true])
    expect(existsSync(leftover)).toBe(false)
    await rollBackStep(world)
    expect(standing(world)).toEqual([
      'p1@example.com news in',
      'p1@example.com offers in',
      'p2@example.com news out',
      'p3@example.com news unset',
      'p4@example.com offers out',
    ])
  })
})
