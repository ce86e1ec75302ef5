/** Several chunks at once, over real HTTP: no row in two hands, and the same end as one chunk after the other (semantics §8.2). */
import { afterEach, describe, expect, it } from 'vitest'
import type { JournalEntry } from '../../src/emulator/journal.ts'
import { APPLICATION_USER_ID, ORGANIZATION_ID } from '../../src/emulator/seed-ids.ts'
import type { Log } from '../../src/lib/log.ts'
import type { Progress } from '../../src/lib/progress.ts'
import {
  CROWD_COLUMNS,
  CROWD_CONSENTS,
  crowd,
  crowdDraft,
  crowdWithPair,
  held,
  type Member,
  sayings,
  sharedBetweenChunks,
} from '../support/deliver-crowd.ts'
import { CONSENTS, DAYS, saysNews, since } from '../support/deliver-samples.ts'
import type { TargetDraft } from '../support/deliver-settings.ts'
import { closeWorlds, type DeliverWorld, openWorld } from '../support/deliver-world.ts'

afterEach(closeWorlds)

const MEMBERS = crowd(1_100, 30)

const MODES: ReadonlyArray<readonly [string, TargetDraft]> = [
  ['consents', CROWD_CONSENTS],
  ['contact columns', CROWD_COLUMNS],
]

/** Delivers, and answers when so many persons of a run are done. */
function settledEvents(world: DeliverWorld): (persons: number) => Promise<void> {
  let done = 0
  let waiting: Array<{ readonly persons: number; readonly wake: () => void }> = []
  const advance = (count: number) => {
    done += count
    for (const { persons, wake } of waiting) if (done >= persons) wake()
    waiting = waiting.filter(({ persons }) => done < persons)
  }
  const progress: Progress = { stage: () => ({ advance, end: () => {} }), waiting: () => {} }
  world.ports = { ...world.ports, progress }
  return (persons) => (done >= persons ? Promise.resolve() : new Promise((wake) => waiting.push({ persons, wake })))
}

/** Lets a run take up the next chunk only when one is done: there is never a request to spare for it. */
function oneAfterTheOther(world: DeliverWorld): void {
  const { openDataverse } = world.ports
  world.ports = {
    ...world.ports,
    openDataverse: (target) => ({ ...openDataverse(target), concurrency: () => Number.NEGATIVE_INFINITY }),
  }
}

describe.each(MODES)('chunks side by side: %s', (mode, target) => {
  const by = mode === 'consents' ? 'address' : 'contactId'

  it('§8.2 no row is in two requests at once: the server never meets a deadlock', async () => {
    const codes: unknown[] = []
    const note: Log['info'] = (fields) => {
      if ('code' in fields) codes.push(fields.code)
    }
    const log: Log = { debug: note, info: note, warn: note, error: note }
    expect(sharedBetweenChunks(MEMBERS, by).length).toBeGreaterThan(10)
    const world = await openWorld(
      crowdDraft(MEMBERS, target, {
        log,
        // Whoever meets a row that another request holds is a victim at once.
        emulator: { serviceTime: { baseMs: 20, readMs: 1, sigma: 0.25 }, locks: { deadlockRate: 1 } },
      }),
    )
    world.quiet = false
    await world.say(...sayings(MEMBERS))
    expect(await world.deliver()).toMatchObject({ persons: MEMBERS.length, deferred: 0 })
    expect(codes).toEqual([])
  })

  it('§8.2 the end is that of one chunk after the other', async () => {
    const [together, apart] = [
      await openWorld(crowdDraft(MEMBERS, target)),
      await openWorld(crowdDraft(MEMBERS, target)),
    ]
    for (const world of [together, apart]) await world.say(...sayings(MEMBERS))
    await together.deliver()
    oneAfterTheOther(apart)
    await apart.deliver()
    expect(held(together)).toEqual(held(apart))
    const places = new Set(MEMBERS.map((member) => member[by])).size
    expect(together.journal()).toHaveLength(places)
  })

  it('§8.2 what one chunk holds, another waits for; the rest goes on', async () => {
    const { members, first, second } = crowdWithPair(2_005, [0, 1])
    const world = await openWorld(crowdDraft(members, target))
    world.quiet = false
    const settled = settledEvents(world)
    await world.say(...members.map(({ ouid }) => saysNews(ouid, true, since(-DAYS))))
    const shared = mode === 'consents' ? first.address : first.contactId
    const { holds } = world.emulator.world
    const message = mode === 'consents' ? 'CreateMultiple' : 'UpdateMultiple'
    const hold = world.emulator.world.hold({ message, body: shared })
    const run = world.deliver()
    await holds.wait(hold)
    await settled(members.filter(({ chunk }) => chunk === 2).length)
    // One of the two chunks has written, the shared row too; the other one nothing at all.
    const alone = members.filter((member) => member !== first && member !== second)
    const written = new Set(world.journal().map(by === 'contactId' ? ({ id }) => id : addressOf))
    const writers = new Set(alone.filter((member) => written.has(member[by])).map(({ chunk }) => chunk))
    expect(writers.has(2)).toBe(true)
    expect([0, 1].map((chunk) => writers.has(chunk)).sort()).toEqual([false, true])
    expect(rowsOf(world, first, by)).toHaveLength(1)
    holds.release('answer', hold)
    expect(await run).toMatchObject({ deferred: 0, outcomes: { written: members.length - 1, unchanged: 1 } })
    expect(rowsOf(world, first, by)).toHaveLength(1)
  })

  it.each([
    ['an opt-in', true],
    ['a refusal', false],
  ])('§7 a chunk decides on what another wrote meanwhile, though it had read before: %s', async (_, yes) => {
    const { members, first, second } = crowdWithPair(1_020, [0, 1])
    const world = await openWorld(crowdDraft(members, target))
    await world.say(...members.map(({ ouid }) => saysNews(ouid, !yes, since(-2 * DAYS))))
    await world.deliver()
    // The others say once more what they said: nobody may be passed over as settled.
    const changes = (member: Member) => member === first || member === second
    await world.say(...members.map((each) => saysNews(each.ouid, changes(each) ? yes : !yes, since(-DAYS))))
    const before = world.journalLength
    const settled = settledEvents(world)
    const contactRead = { path: '$batch', body: encodeURIComponent(second.ouid) }
    const held = world.meanwhile(contactRead, () => settled(members.filter(isOf(first)).length))
    await world.deliver()
    await held
    expect(rowsOf(world, first, by, before)).toHaveLength(1)
    expect(await foreignEntries(world)).toBe(0)
  })
})

const isOf =
  ({ chunk }: Member) =>
  (other: Member) =>
    other.chunk === chunk

const addressOf = ({ columns }: JournalEntry): unknown => columns['msdynmkt_contactpointvalue']

/** Writes of the row that a member's choice stands in. */
function rowsOf(world: DeliverWorld, { contactId, address }: Member, by: 'address' | 'contactId', from = 0) {
  const consents = new Set(world.consents(address).map((row) => row[`${CONSENTS}id`]))
  return world.journal(from).filter(({ id }) => (by === 'contactId' ? id === contactId : consents.has(id)))
}

/** Places where somebody else's statement was found. */
async function foreignEntries({ store, emulator }: DeliverWorld): Promise<number> {
  const scope = { organization: ORGANIZATION_ID, target: 'target-1' }
  const recent = await store.recentLedger(scope, 10_000)
  expect(recent.length).toBeGreaterThan(0)
  expect(emulator.world.journal().every(({ userId }) => userId === APPLICATION_USER_ID)).toBe(true)
  return recent.filter(({ foreign }) => foreign !== undefined).length
}
