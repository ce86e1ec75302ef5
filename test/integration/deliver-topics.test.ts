import { afterEach, describe, expect, it } from 'vitest'
import { NEWSLETTER_TOPIC_ID } from '../../src/emulator/seed-ids.ts'
import { ADA, ada, byHand, draft, NEWS, OFFERS } from '../support/deliver-consent-world.ts'
import { CONSENTS, HOURS, NOT_SET, OPTED_IN, OPTED_OUT } from '../support/deliver-samples.ts'
import { closeWorlds, openWorld } from '../support/deliver-world.ts'

afterEach(closeWorlds)

const SPORTS = { id: `topic:${NEWSLETTER_TOPIC_ID}`, value: 'consents_purposes_news_values_topics_sports' }

describe('a topic and its purpose (semantics §6.7)', () => {
  const topic = (parentPurpose: string) => ({ mappings: [SPORTS], options: { parentPurpose } })
  const sports = { ...ada, sets: { news: { topics: 'sports' } } }

  it('§6.7 warn: counted and told; off: not even that', async () => {
    const warned = await openWorld(draft(topic('warn')))
    await warned.say(sports)
    expect(await warned.deliver()).toMatchObject({ topicsWithoutPurpose: 1 })
    expect(warned.consents()).toHaveLength(1)
    const off = await openWorld(draft(topic('off')))
    await off.say(sports)
    expect(await off.deliver()).toMatchObject({ topicsWithoutPurpose: 0 })
  })

  it('§6.7 ensure: an Opted In purpose row is made, before the topic row', async () => {
    const world = await openWorld(draft(topic('ensure')))
    await world.say(sports)
    expect(await world.deliver()).toMatchObject({ topicsWithoutPurpose: 0, places: { written: 2 } })
    expect(world.journal().map(({ columns }) => columns['msdynmkt_contactpointconsenttype'])).toEqual([
      534120000, 534120001,
    ])
    expect(world.values(ADA)).toEqual([OPTED_IN, OPTED_IN])
  })

  it.each([
    ['the slot has a row that refuses', { value: OPTED_OUT }],
    ['the slot has a row that says nothing', { value: NOT_SET }],
  ])('§6.7 ensure: not where %s', async (_, more) => {
    const world = await openWorld(draft(topic('ensure'), { [CONSENTS]: [byHand(1, more)] }))
    await world.say(sports)
    expect(await world.deliver()).toMatchObject({ topicsWithoutPurpose: 1, places: { written: 1 } })
  })

  it('§6.7 ensure: not where somebody of the address refuses the purpose, mapped or not', async () => {
    const world = await openWorld(draft(topic('ensure')))
    await world.say(sports, { ...ada, ouid: 'ADA@example.com', no: ['news'] })
    expect(await world.deliver()).toMatchObject({ topicsWithoutPurpose: 1 })
    expect(world.consents()).toHaveLength(1)
  })

  it('§6.7 ensure: not again where the row was made once and deleted by hand', async () => {
    const world = await openWorld(draft(topic('ensure')))
    await world.say(sports)
    await world.deliver()
    const made = world.consents().find((row) => row['msdynmkt_contactpointconsenttype'] === 534120000)
    world.emulator.world.delete(CONSENTS, String(made?.[`${CONSENTS}id`]))
    world.clock.advance(HOURS)
    await world.markEverybodyDue()
    expect(await world.deliver()).toMatchObject({ topicsWithoutPurpose: 1, places: { written: 0 } })
    expect(world.consents()).toHaveLength(1)
  })

  it('§6.7 §8.2 ensure: while the purpose row cannot be made, the person stays due', async () => {
    const world = await openWorld(draft(topic('ensure')))
    await world.say(sports)
    world.fault({
      match: { message: 'Create', body: '"msdynmkt_contactpointconsenttype":534120000' },
      count: 0,
      action: { kind: 'status', status: 503 },
    })
    expect(await world.run()).toMatchObject({ exitCode: 6, deliver: [{ deferred: 1 }] })
    world.emulator.world.clearFaults()
    await world.deliver()
    expect(world.values(ADA)).toEqual([OPTED_IN, OPTED_IN])
  })

  it('§6.8 opt-outs first, then purpose opt-ins, then topic opt-ins', async () => {
    const mappings = [SPORTS, NEWS, OFFERS]
    const world = await openWorld(draft({ mappings, options: { batchRows: 1 } }))
    await world.say({ ...ada, yes: ['news'], no: ['offers'], sets: { news: { topics: 'sports' } } })
    await world.deliver()
    expect(
      world.journal().map(({ columns }) => [columns['msdynmkt_contactpointconsenttype'], columns['msdynmkt_value']]),
    ).toEqual([
      [534120000, OPTED_OUT],
      [534120000, OPTED_IN],
      [534120001, OPTED_IN],
    ])
  })
})
