/**
 * The whole cut-over on the emulator: freeze, migrate, dual-run, verify, switch off. What Journeys would send, asked of the
 * emulator, equals what the legacy columns said for every address; what differs has a reason.
 */

import { afterEach, describe, expect, it } from 'vitest'
import { COMMERCIAL_PURPOSE_ID, NEWSLETTER_TOPIC_ID, SECOND_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import { consentRow, DAYS, HOURS, id, OPTED_OUT, saysNews, since } from '../support/deliver-samples.ts'
import { closeWorlds, type DeliverWorld, openWorld } from '../support/deliver-world.ts'
import { CURRENT, contact, migrateStep, migrationDraft } from '../support/migrate-world.ts'
import { below, type Chance, chanceOf } from '../support/sync-world.ts'

afterEach(closeWorlds)

type Said = 'yes' | 'no' | 'nothing'

/** What somebody's columns say. */
interface Citizen {
  readonly n: number
  readonly address: string
  readonly news: Said
  readonly offers: Said
  readonly sports: Said
}

const PEOPLE = 60

/** Some share an address; every seventh is deactivated; nobody's choice is everybody's. */
function citizens(chance: Chance): Citizen[] {
  const said = (): Said => (['yes', 'yes', 'no', 'nothing'] as const)[below(chance, 4)] ?? 'nothing'
  return Array.from({ length: PEOPLE }, (_, index) => {
    const n = index + 1
    const at = n % 5 === 0 ? n - 1 : n
    return { n, address: `p${at}@example.com`, news: said(), offers: said(), sports: said() }
  })
}

function contactOf({ n, address, news, offers, sports }: Citizen): Record<string, unknown> {
  return contact(n, {
    emailaddress1: n % 3 === 0 ? address.toUpperCase() : address,
    ...(news === 'nothing' ? {} : { new_news: news === 'yes' }),
    ...(offers === 'nothing' ? {} : { new_offers: offers === 'yes' ? 1 : 2 }),
    ...(sports === 'nothing' ? {} : { new_topics: sports === 'yes' ? '1' : '2' }),
    ...(n % 7 === 0 ? { statecode: 1, statuscode: 2 } : {}),
  })
}

/** May the address be sent this? */
async function sends(world: DeliverWorld, address: string, purpose: string, topic?: string): Promise<boolean> {
  const query = new URLSearchParams({ address, purpose, channel: 'email', ...(topic && { topic }) })
  const answer = await fetch(`${world.emulator.url}/__emulator/contactability?${query}`)
  return ((await answer.json()) as { decision: string }).decision === 'send'
}

/** What all who share an address say: one no is enough, and nothing is no consent. */
const together = (said: readonly Said[]): boolean => said.includes('yes') && !said.includes('no')

/** Differences between what the columns say and what would be sent, as `address choice`. */
async function differences(world: DeliverWorld, people: readonly Citizen[]): Promise<string[]> {
  const found: string[] = []
  for (const address of new Set(people.map((one) => one.address))) {
    const here = people.filter((one) => one.address === address)
    const said = (choice: 'news' | 'offers' | 'sports') => together(here.map((one) => one[choice]))
    const answers = {
      news: await sends(world, address, COMMERCIAL_PURPOSE_ID),
      offers: await sends(world, address, SECOND_PURPOSE_ID),
      sports: await sends(world, address, COMMERCIAL_PURPOSE_ID, NEWSLETTER_TOPIC_ID),
    }
    for (const choice of ['news', 'offers', 'sports'] as const) {
      if (answers[choice] !== said(choice)) found.push(`${address} ${choice}`)
    }
  }
  return found.sort()
}

/** Addresses that the columns would send sports to although they do not consent to its purpose. */
const blocked = (people: readonly Citizen[]): string[] =>
  [...new Set(people.map(({ address }) => address))]
    .filter((address) => {
      const here = people.filter((one) => one.address === address)
      return together(here.map(({ sports }) => sports)) && !together(here.map(({ news }) => news))
    })
    .map((address) => `${address} sports`)
    .sort()

describe('cut-over', () => {
  it.each([1, 2, 3])(
    '§6.7 what would be sent is what the columns said, but for topics without their purpose (%i)',
    async (seed) => {
      const people = citizens(chanceOf(seed))
      const world = await openWorld(migrationDraft(people.map(contactOf)))
      const plan = await migrateStep(world, 'plan')
      const applied = await migrateStep(world, 'apply')
      expect(applied.slots.outcomes).toEqual(plan.slots.outcomes)
      const exceptions = await differences(world, people)
      expect(exceptions).toEqual(blocked(people))
      expect(exceptions.length).toBeGreaterThan(0)
      expect(plan.slots.blockedAddresses).toBe(exceptions.length)
      expect(await migrateStep(world, 'verify')).toMatchObject({
        exitCode: 0,
        slots: { blockedAddresses: exceptions.length },
      })
    },
  )

  it('§6.7 with ensure only those stay blocked who refuse the purpose', async () => {
    const people = citizens(chanceOf(4))
    const world = await openWorld(
      migrationDraft(people.map(contactOf), { current: { options: { parentPurpose: 'ensure' } } }),
    )
    const { slots } = await migrateStep(world, 'apply')
    expect(slots.ensured).toBeGreaterThan(0)
    const refusing = blocked(people).filter((one) =>
      people.some(({ address, news }) => one.startsWith(`${address} `) && news === 'no'),
    )
    const left = (await differences(world, people)).filter((one) => one.endsWith(' sports'))
    expect(left).toEqual(refusing)
    expect(slots.blockedAddresses).toBe(refusing.length)
  })

  it('freeze, migrate, dual-run, verify, switch off', async () => {
    const people = citizens(chanceOf(5))
    const unsubscribed = consentRow(900, {
      address: 'p1@example.com',
      value: OPTED_OUT,
      purpose: COMMERCIAL_PURPOSE_ID,
      at: since(-DAYS),
    })
    const draft = migrationDraft(people.map(contactOf), { consents: [unsubscribed] })
    const [legacy, current] = draft.targets
    if (legacy === undefined || current === undefined) throw new TypeError('two targets')
    // Before: the legacy target alone. Its columns hold what the state store says.
    const world = await openWorld({ ...draft, targets: [legacy] })
    await world.say(
      saysNews('p2@example.com', true, since(-2 * DAYS)),
      saysNews('p3@example.com', false, since(-2 * DAYS)),
    )
    expect((await world.run()).exitCode).toBe(0)
    const frozen = people.map(
      (one): Citizen => (one.n === 2 ? { ...one, news: 'yes' } : one.n === 3 ? { ...one, news: 'no' } : one),
    )

    // Migrate: both targets in the configuration, no sync in between.
    await world.reopen(draft)
    await migrateStep(world, 'plan')
    await migrateStep(world, 'apply')
    const kept = together(frozen.filter(({ address }) => address === 'p1@example.com').map(({ news }) => news))
    const exceptions = [...blocked(frozen), ...(kept ? ['p1@example.com news', 'p1@example.com sports'] : [])]
    const expected = async () => (await differences(world, frozen)).filter((one) => !exceptions.includes(one))
    expect(await expected()).toEqual([])

    // Dual-run: one state, both ends.
    world.clock.advance(HOURS)
    await world.say(saysNews('p2@example.com', false, since(HOURS)))
    const both = await world.run()
    expect([both.exitCode, both.deliver.map(({ target }) => target)]).toEqual([0, ['legacy', 'current']])
    expect(world.contact(id(2))['new_news']).toBe(false)
    expect(await sends(world, 'p2@example.com', COMMERCIAL_PURPOSE_ID)).toBe(false)
    expect(await migrateStep(world, 'verify')).toMatchObject({ exitCode: 0 })

    // Switch off: the current target alone goes on.
    await world.reopen({ ...draft, targets: [{ ...CURRENT, ...current }] })
    world.clock.advance(HOURS)
    await world.say(saysNews('p2@example.com', true, since(2 * HOURS)))
    expect((await world.run()).exitCode).toBe(0)
    expect(await sends(world, 'p2@example.com', COMMERCIAL_PURPOSE_ID)).toBe(true)
    expect(world.contact(id(2))['new_news']).toBe(false)
  })
})
