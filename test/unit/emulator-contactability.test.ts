/** Whom a message may reach: the truth table of consent, and which row speaks where several do. */
import { describe, expect, it } from 'vitest'
import {
  type Channel,
  type ContactabilityFacts,
  type ContactabilityReason,
  contactability,
} from '../../src/emulator/contactability.ts'
import { type EnforcementModel, type JourneysSettings, USUAL_JOURNEYS } from '../../src/emulator/journeys.ts'
import type { Row } from '../../src/emulator/table.ts'

const MODEL = { restrictive: 534120000, 'non-restrictive': 534120001, disabled: 534120002 } as const
const IN = 534120001
const OUT = 534120002
const NOT_SET = 534120000
const ADDRESS = 'ada@example.com'

function purpose(model: EnforcementModel, changes: Row = {}): Row {
  return {
    msdynmkt_purposeid: 'purpose',
    msdynmkt_type: 534120000,
    msdynmkt_enforcementmodel: MODEL[model],
    msdynmkt_smsenforcementmodel: MODEL[model],
    msdynmkt_customenforcementmodel: MODEL[model],
    msdynmkt_voiceenforcementmodel: MODEL[model],
    owningbusinessunit: 'unit',
    statecode: 0,
    ...changes,
  }
}

const TOPIC: Row = { msdynmkt_topicid: 'topic', msdynmkt_purposeid: 'purpose', statecode: 0 }

function purposeRow(value: number | null, changes: Row = {}): Row {
  return {
    msdynmkt_contactpointconsent4id: 'p',
    msdynmkt_contactpointvalue: ADDRESS,
    msdynmkt_contactpointtype: 534120000,
    msdynmkt_contactpointconsenttype: 534120000,
    msdynmkt_purposeid: 'purpose',
    msdynmkt_topicid: null,
    msdynmkt_value: value,
    owningbusinessunit: 'unit',
    statecode: 0,
    modifiedon: '2026-01-01T00:00:00Z',
    versionnumber: 1,
    ...changes,
  }
}

function topicRow(value: number | null, changes: Row = {}): Row {
  return purposeRow(value, {
    msdynmkt_contactpointconsent4id: 't',
    msdynmkt_contactpointconsenttype: 534120001,
    msdynmkt_topicid: 'topic',
    ...changes,
  })
}

function ask(changes: Partial<ContactabilityFacts>, settings: Partial<JourneysSettings> = {}) {
  const facts: ContactabilityFacts = {
    channel: 'email',
    address: ADDRESS,
    purpose: purpose('restrictive'),
    topic: undefined,
    consents: [],
    profileUnitId: null,
    contact: undefined,
    ...changes,
  }
  return contactability(facts, { ...USUAL_JOURNEYS, ...settings })
}

/** Which of in, out, not set and no row the purpose's and the topic's consent are. */
type Said = 'in' | 'out' | 'not set' | 'null' | 'none'
const SAID: readonly Said[] = ['in', 'out', 'not set', 'null', 'none']
const VALUES = { in: IN, out: OUT, 'not set': NOT_SET, null: null } as const

function rowsOf(said: Said, row: (value: number | null) => Row): Row[] {
  return said === 'none' ? [] : [row(VALUES[said])]
}

/** Written out by hand from the documented table: purpose, topic, and the decision under each model. */
const TRUTH: readonly (readonly [Said, Said, string, string])[] = [
  // purpose, topic: restrictive, non-restrictive (disabled always sends)
  ['in', 'in', 'send', 'send'],
  ['in', 'none', 'block', 'send'],
  ['in', 'not set', 'block', 'send'],
  ['in', 'null', 'block', 'send'],
  ['in', 'out', 'block', 'block'],
  ['none', 'in', 'block', 'send'],
  ['none', 'none', 'block', 'send'],
  ['none', 'not set', 'block', 'send'],
  ['none', 'null', 'block', 'send'],
  ['none', 'out', 'block', 'block'],
  ['not set', 'in', 'block', 'send'],
  ['not set', 'none', 'block', 'send'],
  ['not set', 'not set', 'block', 'send'],
  ['not set', 'null', 'block', 'send'],
  ['not set', 'out', 'block', 'block'],
  ['null', 'in', 'block', 'send'],
  ['null', 'none', 'block', 'send'],
  ['null', 'not set', 'block', 'send'],
  ['null', 'null', 'block', 'send'],
  ['null', 'out', 'block', 'block'],
  ['out', 'in', 'block', 'block'],
  ['out', 'none', 'block', 'block'],
  ['out', 'not set', 'block', 'block'],
  ['out', 'null', 'block', 'block'],
  ['out', 'out', 'block', 'block'],
]

describe('the truth table of a topic message (contact-point consent §2.3)', () => {
  it('names every pair once', () => {
    expect(new Set(TRUTH.map(([p, t]) => `${p}/${t}`)).size).toBe(SAID.length ** 2)
  })

  for (const [p, t, restrictive, nonRestrictive] of TRUTH) {
    const consents = [...rowsOf(p, purposeRow), ...rowsOf(t, topicRow)]
    it(`purpose ${p}, topic ${t}: ${restrictive} restrictive, ${nonRestrictive} non-restrictive, send disabled`, () => {
      const decide = (model: EnforcementModel) => ask({ purpose: purpose(model), topic: TOPIC, consents }).decision
      expect([decide('restrictive'), decide('non-restrictive'), decide('disabled')]).toEqual([
        restrictive,
        nonRestrictive,
        'send',
      ])
    })
  }

  it('a message without topic needs its purpose alone', () => {
    const decide = (model: EnforcementModel, said: Said) =>
      ask({ purpose: purpose(model), consents: [...rowsOf(said, purposeRow), topicRow(OUT)] }).decision
    expect(SAID.map((said) => decide('restrictive', said))).toEqual(['send', 'block', 'block', 'block', 'block'])
    expect(SAID.map((said) => decide('non-restrictive', said))).toEqual(['send', 'block', 'send', 'send', 'send'])
    expect(SAID.map((said) => decide('disabled', said))).toEqual(['send', 'send', 'send', 'send', 'send'])
  })

  it('the answer says what it rests on', () => {
    expect(ask({ topic: TOPIC, consents: [purposeRow(IN), topicRow(OUT)] })).toEqual({
      decision: 'block',
      reason: 'topic-opted-out',
      channel: 'email',
      purpose: {
        id: 'purpose',
        type: 'commercial',
        active: true,
        model: 'restrictive',
        value: 'opted-in',
        row: 'p',
        scope: 'purpose-unit',
      },
      topic: { id: 'topic', active: true, model: 'restrictive', value: 'opted-out', row: 't', scope: 'purpose-unit' },
      contact: null,
    })
  })

  it('rows are not read at all where the model is disabled', () => {
    const answer = ask({ purpose: purpose('disabled'), topic: TOPIC, consents: [purposeRow(OUT), topicRow(OUT)] })
    expect(answer).toMatchObject({ decision: 'send', reason: 'enforcement-disabled' })
    expect([answer.purpose.value, answer.purpose.row, answer.topic?.value]).toEqual([null, null, null])
  })

  const reasons: readonly (readonly [EnforcementModel, readonly Row[], ContactabilityReason])[] = [
    ['restrictive', [purposeRow(IN), topicRow(IN)], 'opted-in'],
    ['non-restrictive', [], 'not-opted-out'],
    ['restrictive', [purposeRow(OUT), topicRow(OUT)], 'purpose-opted-out'],
    ['restrictive', [topicRow(OUT)], 'purpose-not-opted-in'],
    ['restrictive', [purposeRow(IN)], 'topic-not-opted-in'],
    ['non-restrictive', [topicRow(OUT)], 'topic-opted-out'],
  ]
  for (const [model, consents, reason] of reasons) {
    it(`${model}: ${reason}`, () => {
      expect(ask({ purpose: purpose(model), topic: TOPIC, consents }).reason).toBe(reason)
    })
  }
})

describe('models', () => {
  const columns: readonly (readonly [Channel, string, number, string])[] = [
    ['email', 'msdynmkt_enforcementmodel', 534120000, ADDRESS],
    ['text', 'msdynmkt_smsenforcementmodel', 534120001, '+33612345678'],
    ['custom', 'msdynmkt_customenforcementmodel', 534120002, 'device-1'],
    ['voice', 'msdynmkt_voiceenforcementmodel', 534120003, '+33612345678'],
  ]
  for (const [channel, column, type, address] of columns) {
    it(`${channel}: its own column and its own rows decide, nobody else's`, () => {
      const own = purposeRow(IN, { msdynmkt_contactpointvalue: address, msdynmkt_contactpointtype: type })
      const others = columns.filter(([other]) => other !== channel)
      const foreign = others.map(([, , otherType]) => ({ ...own, msdynmkt_contactpointtype: otherType }))
      const facts = { channel, address, purpose: purpose('restrictive') }
      expect(ask({ ...facts, consents: [own] }).decision).toBe('send')
      expect(ask({ ...facts, consents: foreign }).decision).toBe('block')
      const open = purpose('restrictive', { [column]: MODEL['non-restrictive'] })
      expect(ask({ ...facts, purpose: open }).purpose.model).toBe('non-restrictive')
      const foreignOpen = Object.fromEntries(others.map(([, name]) => [name, MODEL['non-restrictive']]))
      expect(ask({ ...facts, purpose: purpose('restrictive', foreignOpen) }).purpose.model).toBe('restrictive')
    })
  }

  it('a purpose without a model takes the one the environment is set to for its type', () => {
    const unset = purpose('disabled', { msdynmkt_enforcementmodel: null, msdynmkt_type: 534120001 })
    expect(ask({ purpose: unset }).purpose).toMatchObject({ type: 'transactional', model: 'restrictive' })
    const unsetModel = { ...USUAL_JOURNEYS.unsetModel, transactional: 'disabled' } as const
    expect(ask({ purpose: unset }, { unsetModel }).purpose.model).toBe('disabled')
  })

  it('commercial text and custom need an opt-in under every model where the older rule is switched on', () => {
    const model = (channel: Channel, type: number) =>
      ask({ channel, purpose: purpose('disabled', { msdynmkt_type: type }) }, { commercialTextNeedsOptIn: true })
        .purpose.model
    expect((['email', 'text', 'custom', 'voice'] as const).map((channel) => model(channel, 534120000))).toEqual([
      'disabled',
      'restrictive',
      'restrictive',
      'disabled',
    ])
    expect(model('text', 534120001)).toBe('disabled')
  })
})

describe('which rows speak', () => {
  it('the row modified last wins, wherever it stands', () => {
    const older = purposeRow(OUT, { modifiedon: '2026-01-01T00:00:00Z', versionnumber: 9 })
    const newer = purposeRow(IN, { modifiedon: '2026-01-01T00:00:01Z', versionnumber: 2 })
    expect(ask({ consents: [older, newer] }).decision).toBe('send')
    expect(ask({ consents: [newer, older] }).decision).toBe('send')
  })

  it('within one second the higher version number wins, compared as a number', () => {
    const first = purposeRow(OUT, { versionnumber: 999 })
    const second = purposeRow(IN, { versionnumber: 1_000 })
    expect(ask({ consents: [first, second] }).decision).toBe('send')
    expect(ask({ consents: [second, first] }).decision).toBe('send')
  })

  it('a newer row that is not set hides an older opt-in and an older opt-out', () => {
    const newer = purposeRow(NOT_SET, { modifiedon: '2026-02-01T00:00:00Z' })
    expect(ask({ consents: [purposeRow(IN), newer] }).reason).toBe('purpose-not-opted-in')
    expect(ask({ purpose: purpose('non-restrictive'), consents: [purposeRow(OUT), newer] }).decision).toBe('send')
  })

  it('an inactive row speaks like an active one', () => {
    const inactive = purposeRow(OUT, { statecode: 1, modifiedon: '2026-02-01T00:00:00Z' })
    expect(ask({ consents: [purposeRow(IN), inactive] }).reason).toBe('purpose-opted-out')
  })

  it('a row without consent type, or of the other type, is never found', () => {
    const untyped = purposeRow(IN, { msdynmkt_contactpointconsenttype: null })
    const ofTopic = purposeRow(IN, { msdynmkt_contactpointconsenttype: 534120001 })
    expect(ask({ consents: [untyped, ofTopic] }).purpose.value).toBe('none')
    expect(
      ask({ topic: TOPIC, consents: [topicRow(IN, { msdynmkt_contactpointconsenttype: 534120000 })] }).topic?.value,
    ).toBe('none')
  })

  it('the row of another purpose or topic is not found', () => {
    const other = purposeRow(IN, { msdynmkt_purposeid: 'other' })
    expect(ask({ consents: [other] }).purpose.value).toBe('none')
    const consents = [purposeRow(IN), topicRow(IN, { msdynmkt_topicid: 'other' })]
    expect(ask({ topic: TOPIC, consents }).reason).toBe('topic-not-opted-in')
  })

  it('the row of a topic that names another purpose counts, unless the switch says otherwise', () => {
    const consents = [purposeRow(IN), topicRow(IN, { msdynmkt_purposeid: 'other' })]
    expect(ask({ topic: TOPIC, consents }).decision).toBe('send')
    expect(ask({ topic: TOPIC, consents }, { topicRows: 'own-purpose' }).reason).toBe('topic-not-opted-in')
  })

  it('addresses are compared as the database does, or exactly where the switch says so', () => {
    const consents = [purposeRow(IN, { msdynmkt_contactpointvalue: 'Ada@Example.com' })]
    expect(ask({ consents }).decision).toBe('send')
    expect(ask({ consents }, { addresses: 'exact' }).decision).toBe('block')
  })

  it('a number that is not in the international format is never met by a text message', () => {
    const text = { msdynmkt_contactpointtype: 534120001 }
    const national = purposeRow(OUT, { ...text, msdynmkt_contactpointvalue: '0612345678' })
    const open = purpose('non-restrictive')
    expect(ask({ channel: 'text', address: '0612345678', purpose: open, consents: [national] }).decision).toBe('send')
    const voice = { ...national, msdynmkt_contactpointtype: 534120003 }
    expect(ask({ channel: 'voice', address: '0612345678', purpose: open, consents: [voice] }).decision).toBe('block')
  })
})

describe('business units', () => {
  const late = { modifiedon: '2026-05-01T00:00:00Z' }
  const own = purposeRow(IN)
  const profile = purposeRow(OUT, { owningbusinessunit: 'profile', ...late })
  const foreign = purposeRow(OUT, { owningbusinessunit: 'foreign', ...late })

  it("the purpose's unit comes before the profile's and any other, however old its row", () => {
    const answer = ask({ consents: [foreign, profile, own], profileUnitId: 'profile' })
    expect(answer).toMatchObject({ decision: 'send', purpose: { scope: 'purpose-unit' } })
  })

  it("the profile's unit comes before any other", () => {
    const newest = { ...foreign, msdynmkt_value: IN, modifiedon: '2026-06-01T00:00:00Z' }
    const answer = ask({ consents: [newest, profile], profileUnitId: 'profile' })
    expect(answer).toMatchObject({ reason: 'purpose-opted-out', purpose: { scope: 'profile-unit' } })
  })

  it('any other unit is looked at last, and with scoping not at all', () => {
    const open = { purpose: purpose('non-restrictive'), consents: [foreign], profileUnitId: 'profile' }
    expect(ask(open)).toMatchObject({ decision: 'block', purpose: { scope: 'any-unit' } })
    expect(ask(open, { businessUnitScoping: true })).toMatchObject({
      decision: 'send',
      purpose: { value: 'none', row: null, scope: null },
    })
  })

  it("with scoping the purpose's and the profile's unit are still looked at", () => {
    const scoped = { businessUnitScoping: true }
    expect(ask({ consents: [own] }, scoped).decision).toBe('send')
    expect(ask({ consents: [profile], profileUnitId: 'profile' }, scoped).reason).toBe('purpose-opted-out')
    expect(ask({ consents: [profile] }, scoped).purpose.value).toBe('none')
  })

  it('within a unit the newest row wins', () => {
    const newer = purposeRow(OUT, late)
    expect(ask({ consents: [own, newer, { ...foreign, msdynmkt_value: IN }] }).reason).toBe('purpose-opted-out')
  })

  it('a row of no unit belongs to no unit, not to that of a purpose without one', () => {
    const unowned = purposeRow(IN, { owningbusinessunit: null })
    const answer = ask({ purpose: purpose('restrictive', { owningbusinessunit: null }), consents: [unowned] })
    expect(answer.purpose.scope).toBe('any-unit')
  })
})

describe('inactive purposes and topics', () => {
  it('decide as before, and the answer says that they are inactive', () => {
    const retired = purpose('restrictive', { statecode: 1 })
    expect(ask({ purpose: retired, consents: [purposeRow(IN)] })).toMatchObject({
      decision: 'send',
      purpose: { active: false },
    })
  })

  it('block where the switch says so', () => {
    const consents = [purposeRow(IN), topicRow(IN)]
    const settings = { inactivePurposes: 'block' } as const
    const retired = purpose('disabled', { statecode: 1 })
    expect(ask({ purpose: retired, consents }, settings).reason).toBe('purpose-inactive')
    expect(ask({ topic: { ...TOPIC, statecode: 1 }, consents }, settings).reason).toBe('topic-inactive')
    expect(ask({ topic: TOPIC, consents }, settings).decision).toBe('send')
  })
})

describe('flags of the contact', () => {
  const contact = (flags: Row): Row => ({ contactid: 'c', donotemail: false, donotbulkemail: false, ...flags })
  const types = { commercial: 534120000, transactional: 534120001, tracking: 534120002 } as const
  const flags = ['donotemail', 'donotbulkemail', 'msgdpr_donottrack'] as const
  const blocking: Readonly<Record<keyof typeof types, readonly string[]>> = {
    commercial: ['donotemail', 'donotbulkemail'],
    transactional: ['donotemail'],
    tracking: ['msgdpr_donottrack'],
  }

  for (const type of Object.keys(types) as (keyof typeof types)[]) {
    for (const flag of flags) {
      const blocks = blocking[type].includes(flag)
      it(`with the feature switch, ${flag} ${blocks ? 'blocks' : 'does not block'} a ${type} e-mail`, () => {
        const facts = {
          purpose: purpose('restrictive', { msdynmkt_type: types[type] }),
          consents: [purposeRow(IN)],
          contact: contact({ [flag]: true }),
        }
        expect(ask(facts, { checkContactConsent: true }).reason).toBe(blocks ? `contact-${flag}` : 'opted-in')
        expect(ask(facts).decision).toBe('send')
      })
    }
  }

  it('are added to consent, not put in its place', () => {
    const answer = ask({ contact: contact({}), consents: [] }, { checkContactConsent: true })
    expect(answer).toMatchObject({ reason: 'purpose-not-opted-in', contact: { id: 'c', checked: true } })
  })

  it('forbid also where enforcement is disabled', () => {
    const facts = { purpose: purpose('disabled'), contact: contact({ donotemail: true }) }
    expect(ask(facts, { checkContactConsent: true }).reason).toBe('contact-donotemail')
  })

  it('are ignored on text, custom and voice', () => {
    const flagged = contact({ donotemail: true, donotbulkemail: true, msgdpr_donottrack: true })
    for (const channel of ['text', 'custom', 'voice'] as const) {
      const facts = { channel, purpose: purpose('non-restrictive'), contact: flagged }
      expect(ask(facts, { checkContactConsent: true }).decision).toBe('send')
    }
  })
})
