/** "May we mail this person?", asked over HTTP of rows that were written over HTTP. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  COMMERCIAL_PURPOSE_ID,
  INACTIVE_PURPOSE_ID,
  NEWSLETTER_TOPIC_ID,
  SECOND_BUSINESS_UNIT_ID,
  SECOND_PURPOSE_ID,
  SECOND_TOPIC_ID,
  SECOND_USER_ID,
} from '../../src/emulator/seed-ids.ts'
import { type Answer, type Caller, id, openCaller } from './emulator-caller.ts'

const IN = 534120001
const OUT = 534120002
const EMAIL = 534120000
const TEXT = 534120001

let caller: Caller
let now = 0

function ask(parameters: Readonly<Record<string, string>>): Promise<Answer> {
  const query = { address: 'ada@example.com', purpose: COMMERCIAL_PURPOSE_ID, channel: 'email', ...parameters }
  return caller.control('GET', `contactability?${new URLSearchParams(query)}`)
}

async function decide(parameters: Readonly<Record<string, string>> = {}): Promise<string> {
  const answer = await ask(parameters)
  expect(answer.status).toBe(200)
  return answer.json.reason
}

/** Writes a row as a client does; returns its id. */
async function write(row: Readonly<Record<string, unknown>>, topic?: string): Promise<string> {
  const answer = await caller.post(
    'msdynmkt_contactpointconsent4s',
    {
      msdynmkt_contactpointvalue: 'ada@example.com',
      msdynmkt_contactpointtype: EMAIL,
      msdynmkt_contactpointconsenttype: topic === undefined ? 534120000 : 534120001,
      'msdynmkt_purposeId@odata.bind': `/msdynmkt_purposes(${COMMERCIAL_PURPOSE_ID})`,
      ...(topic === undefined ? {} : { 'msdynmkt_topicId@odata.bind': `/msdynmkt_topics(${topic})` }),
      ...row,
    },
    { Prefer: 'return=representation' },
  )
  expect(answer.status).toBe(201)
  return answer.json.msdynmkt_contactpointconsent4id
}

describe('contactability', () => {
  beforeEach(async () => {
    now = Date.parse('2026-03-01T00:00:00Z')
    caller = await openCaller({ now: () => now })
  })
  afterEach(() => caller.emulator.close())

  it('nobody is mailed without an opt-in, then the purpose, then the topic must allow (§2.3)', async () => {
    const topic = { topic: NEWSLETTER_TOPIC_ID }
    expect(await decide(topic)).toBe('purpose-not-opted-in')
    await write({ msdynmkt_value: IN }, NEWSLETTER_TOPIC_ID)
    expect(await decide(topic)).toBe('purpose-not-opted-in')
    const purposeRow = await write({ msdynmkt_value: IN })
    expect(await decide(topic)).toBe('opted-in')
    await caller.patch(`msdynmkt_contactpointconsent4s(${purposeRow})`, { msdynmkt_value: OUT })
    expect(await decide(topic)).toBe('purpose-opted-out')
    expect((await ask(topic)).json.purpose).toMatchObject({ row: purposeRow, model: 'restrictive', value: 'opted-out' })
  })

  it('a rewritten older row becomes the newest, and its stale word wins (§3, failure 8)', async () => {
    const stale = await write({ msdynmkt_value: IN })
    now += 5_000
    await write({ msdynmkt_value: OUT })
    expect(await decide()).toBe('purpose-opted-out')
    now += 5_000
    await caller.patch(`msdynmkt_contactpointconsent4s(${stale})`, { msdynmkt_value: IN })
    expect(await decide()).toBe('opted-in')
  })

  it('the later of two writes within one second wins', async () => {
    await write({ msdynmkt_value: IN })
    await write({ msdynmkt_value: OUT })
    expect(await decide()).toBe('purpose-opted-out')
  })

  it('deactivating a row changes nothing, deleting it makes the person unknown (1.6)', async () => {
    const row = await write({ msdynmkt_value: OUT })
    await caller.patch(`msdynmkt_contactpointconsent4s(${row})`, { statecode: 1 })
    expect(await decide()).toBe('purpose-opted-out')
    await caller.send('DELETE', `msdynmkt_contactpointconsent4s(${row})`)
    expect(await decide()).toBe('purpose-not-opted-in')
  })

  it('the address is compared without case and accents, a plus needs its encoding', async () => {
    await write({ msdynmkt_value: IN, msdynmkt_contactpointvalue: 'Zoé@Example.com' })
    expect(await decide({ address: 'zoe@example.COM' })).toBe('opted-in')
    const number = { msdynmkt_contactpointtype: TEXT, msdynmkt_contactpointvalue: '+33612345678' }
    await write({ msdynmkt_value: IN, ...number })
    expect(await decide({ address: '+33612345678', channel: 'text' })).toBe('opted-in')
    expect(await decide({ address: '+33612345678', channel: 'sms' })).toBe('opted-in')
    expect(await decide({ address: '+33612345678' })).toBe('purpose-not-opted-in')
    const bare = `contactability?address=+33612345678&channel=text&purpose=${COMMERCIAL_PURPOSE_ID}`
    expect((await caller.control('GET', bare)).status).toBe(400)
  })

  it("with scoping on, a row of a foreign owner is passed over, unless its unit is the message's (1.7)", async () => {
    await write({ msdynmkt_value: IN, 'ownerid@odata.bind': `/systemusers(${SECOND_USER_ID})` })
    expect((await ask({})).json.purpose.scope).toBe('any-unit')
    expect((await ask({ businessUnit: SECOND_BUSINESS_UNIT_ID })).json.purpose.scope).toBe('profile-unit')
    await caller.control('POST', 'seed', { journeys: { businessUnitScoping: true } })
    expect(await decide()).toBe('purpose-not-opted-in')
    expect(await decide({ businessUnit: SECOND_BUSINESS_UNIT_ID })).toBe('opted-in')
    const profile = id(77)
    caller.emulator.world.seed({
      rows: { msdynmkt_compliancesettings4s: [{ msdynmkt_compliancesettings4id: profile, ownerid: SECOND_USER_ID }] },
    })
    expect(await decide({ profile })).toBe('opted-in')
  })

  it('flags of the contact count with the feature switch on, and not by default', async () => {
    await write({ msdynmkt_value: IN })
    caller.emulator.world.seed({ rows: { contacts: [{ contactid: id(1), donotbulkemail: true }] } })
    expect((await ask({ contact: id(1) })).json).toMatchObject({
      decision: 'send',
      contact: { id: id(1), checked: false },
    })
    caller.emulator.world.seed({ journeys: { checkContactConsent: true } })
    expect(await decide({ contact: id(1) })).toBe('contact-donotbulkemail')
    expect(await decide()).toBe('opted-in')
  })

  it('settings come with the seed, are kept by later seeds, and return at a reset', async () => {
    await caller.emulator.close()
    caller = await openCaller({ seed: { journeys: { inactivePurposes: 'block' } } })
    const retired = { purpose: INACTIVE_PURPOSE_ID }
    expect(await decide(retired)).toBe('purpose-inactive')
    caller.emulator.world.seed({ journeys: { checkContactConsent: true } })
    expect(await decide(retired)).toBe('purpose-inactive')
    caller.emulator.world.seed({ journeys: { inactivePurposes: 'evaluate' } })
    expect(await decide(retired)).toBe('purpose-not-opted-in')
    await caller.control('POST', 'reset')
    expect(await decide(retired)).toBe('purpose-inactive')
  })

  const wrong: readonly (readonly [string, Readonly<Record<string, string>>, number, string])[] = [
    ['an empty address', { address: '' }, 400, 'address'],
    ['an unknown channel', { channel: 'push' }, 400, 'email, text, sms, custom, voice'],
    ['an unknown parameter', { business: 'x' }, 400, "'business'"],
    ['a purpose that is no GUID', { purpose: 'Commercial' }, 400, 'GUID'],
    ['an unknown purpose', { purpose: id(9) }, 404, 'purpose'],
    ['an unknown topic', { topic: id(9) }, 404, 'topic'],
    ['an unknown contact', { contact: id(9) }, 404, 'contact'],
    ['an unknown business unit', { businessUnit: id(9) }, 404, 'businessUnit'],
    ['an unknown profile', { profile: id(9) }, 404, 'profile'],
    ['a topic of another purpose', { topic: SECOND_TOPIC_ID }, 400, 'another purpose'],
  ]
  for (const [what, parameters, status, says] of wrong) {
    it(`${what} is refused with ${status}`, async () => {
      const answer = await ask(parameters)
      expect(answer.status).toBe(status)
      expect(answer.json.error.message).toContain(says)
    })
  }

  for (const missing of ['address', 'purpose', 'channel']) {
    it(`a missing ${missing} is refused with 400`, async () => {
      const query = new URLSearchParams({ address: 'a@example.com', purpose: SECOND_PURPOSE_ID, channel: 'email' })
      query.delete(missing)
      const answer = await caller.control('GET', `contactability?${query}`)
      expect([answer.status, answer.json.error.message]).toEqual([400, `The parameter '${missing}' is missing.`])
    })
  }

  it('a parameter given twice is refused with 400', async () => {
    const query = `address=a%40example.com&address=b%40example.com&purpose=${SECOND_PURPOSE_ID}&channel=email`
    expect((await caller.control('GET', `contactability?${query}`)).status).toBe(400)
  })

  it('asking counts as no request and changes nothing', async () => {
    const before = caller.emulator.world.counters()
    await ask({})
    expect(caller.emulator.world.counters()).toEqual(before)
  })
})
