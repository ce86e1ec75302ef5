import { describe, expect, it } from 'vitest'
import { consentColumns } from './oracle/dataverse-rows.ts'
import { contactsOf, normaliseAddress } from './oracle/environment.ts'
import type { ConsentWorld, History, Line, World } from './oracle/history.ts'
import { ANN, at, consentWorld, contact, contactWorld, event, history, line, picks, says, us } from './oracle/sample.ts'
import type { Statement } from './oracle/statements.ts'
import { combine, wantedRows } from './oracle/wanted.ts'

const NEVER = Number.NEGATIVE_INFINITY
const world = consentWorld()

function one(value: Statement['value'], lo: number, hi: number): Statement {
  return { value, lo: us(lo), hi: us(hi) }
}

describe('contacts and addresses (§5.1, §6.2, §6.3)', () => {
  const rows = (...all: [string, object][]) => new Map(all.map(([id, columns]) => [id, { ...columns }]))
  it('§5.1 a contact matches in any case, trimmed, deactivated too', () => {
    const contacts = rows(['c1', { emailaddress1: ' ANN@example.com', statecode: 1 }])
    expect(contactsOf('ann@example.com', contacts, world)).toEqual(['c1'])
  })
  it('§5.1 accents count', () => {
    expect(contactsOf('zoe@example.com', rows(['c1', { emailaddress1: 'zoé@example.com' }]), world)).toEqual([])
  })
  it('§5.1 a merged row stands for its master, to the end', () => {
    const loser = { emailaddress1: 'ann@example.com', masterid: 'c2' }
    expect(contactsOf('ann@example.com', rows(['c1', loser], ['c2', { masterid: 'c3' }], ['c3', {}]), world)).toEqual([
      'c3',
    ])
  })
  it('§6.3 e-mail is folded and must have an @; + and dots stay', () => {
    expect(normaliseAddress('email', ' A.b+c@Example.com ')).toBe('a.b+c@example.com')
    expect(normaliseAddress('email', 'nobody')).toBeUndefined()
  })
  it('§6.3 numbers are E.164, custom is trimmed', () => {
    expect(normaliseAddress('text', '+33 6 12 34 56 78')).toBe('+33612345678')
    expect(normaliseAddress('voice', '12')).toBeUndefined()
    expect(normaliseAddress('custom', ' Ab ')).toBe('Ab')
  })
  it('the codes of Dataverse become the oracle’s words', () => {
    const raw = {
      msdynmkt_contactpointvalue: 'a@b',
      msdynmkt_contactpointtype: 534120003,
      'msdynmkt_purposeId@odata.bind': '/msdynmkt_purposes(G1)',
      _msdynmkt_topicid_value: 'T1',
      msdynmkt_value: 534120002,
    }
    expect(consentColumns(raw)).toEqual({ address: 'a@b', channel: 'voice', purpose: 'g1', topic: 't1', value: 'out' })
  })
})

describe('wanted rows (§5.4, §6.4)', () => {
  const bea = (asOf: number, value: boolean) => line(asOf, says(value), { who: 'bea@example.com' })
  const shared: History['journal'] = [
    contact('create', 0, 'c1', { emailaddress1: 'ann@example.com', other: 'home@example.com' }, 'seed'),
    contact('create', 0, 'c2', { emailaddress1: 'bea@example.com', other: 'HOME@example.com' }, 'seed'),
  ]
  const home = (policies = {}): ConsentWorld =>
    consentWorld(policies, { contactPoints: [{ channel: 'email', from: 'contact.other' }] })
  const codes = (lines: Line[], journal: History['journal'], inWorld: World) =>
    wantedRows(history(lines, journal), inWorld).map(({ code, statement }) => [code, statement.lo, statement.hi])

  it('§6.4 opt-out-wins: all yes is yes, with the least lo', () => {
    const early = line(20, says(true), { events: [event('e', 5, 6, says(true))] })
    const late = line(30, says(true), { who: 'bea@example.com', events: [event('f', 25, 26, says(true))] })
    expect(codes([early, late], shared, home())).toEqual([['in', us(5), us(26)]])
  })
  it('§6.4 opt-out-wins: one refusal refuses, however old, with the hull of the refusing', () => {
    expect(codes([line(10, says(false)), bea(90, true)], shared, home())).toEqual([['out', NEVER, us(10)]])
    expect(codes([line(10, says(false)), bea(90, false)], shared, home())).toEqual([['out', NEVER, us(90)]])
  })
  it('§6.4 newest: the overlay of the persons', () => {
    const sure = line(90, says(true), { who: 'bea@example.com', events: [event('e', 80, 80, says(true))] })
    expect(codes([line(10, says(false)), sure], shared, home({ sharedAddress: 'newest' }))).toEqual([
      ['in', us(80), us(80)],
    ])
  })
  it('§6.4 who says nothing of the choice has no say', () =>
    expect(codes([line(10, {}), bea(90, true)], shared, home())).toEqual([['in', NEVER, us(90)]]))
  it('§5.4 persons behind one contact are combined in the same way', () => {
    const lines = [line(10, says(false)), line(20, says(true), { who: 'ANN@example.com' })]
    expect(codes(lines, [ANN], contactWorld())).toEqual([[false, NEVER, us(10)]])
  })
  it('§5.1 several contacts: all of them, or ambiguous', () => {
    const twin = contact('create', 0, 'c2', { emailaddress1: 'ann@example.com' }, 'seed')
    expect(codes([line(10, says(true))], [ANN, twin], contactWorld())).toHaveLength(2)
    expect(codes([line(10, says(true))], [ANN, twin], contactWorld({}, { duplicates: 'refuse' }))).toEqual([])
  })
  it('§5.1 an ambiguous person still counts for an address that it shares', () => {
    const twin = contact('create', 0, 'c3', { emailaddress1: 'ann@example.com', other: 'home@example.com' }, 'seed')
    const refuse = { ...home(), duplicates: 'refuse' as const }
    expect(codes([line(10, says(false)), bea(90, true)], [...shared, twin], refuse)).toEqual([['out', NEVER, us(10)]])
  })
  it('§5.2 no contact, no place', () => expect(codes([line(10, says(true))], [], world)).toEqual([]))
  it('§6.2 addressOnly needs no contact', () => {
    const alone = consentWorld(
      { addressOnly: true },
      { contactPoints: [{ channel: 'email', from: 'organization_user_id' }] },
    )
    expect(codes([line(10, says(true))], [], alone)).toEqual([['in', NEVER, us(10)]])
  })
  it('§6.2 an entry goes to all channels unless it names one', () => {
    const phone = contact('create', 0, 'c1', { emailaddress1: 'ann@example.com', mobile: '+33612345678' }, 'seed')
    const contactPoints: ConsentWorld['contactPoints'] = [
      { channel: 'email', from: 'contact.emailaddress1' },
      { channel: 'text', from: 'contact.mobile' },
    ]
    const entry = { key: 'purpose/P', kind: 'purpose', guid: 'g1' } as const
    expect(codes([line(10, says(true))], [phone], consentWorld({}, { contactPoints }))).toHaveLength(2)
    const mapping = [{ ...entry, channels: ['text'] as const }]
    expect(codes([line(10, says(true))], [phone], consentWorld({}, { contactPoints, mapping }))).toHaveLength(1)
  })
  it('§6.3 an address above 400 characters has no place', () => {
    const long = contact('create', 0, 'c1', { emailaddress1: 'ann@example.com', other: `${'x'.repeat(400)}@y` }, 'seed')
    expect(codes([line(10, says(true))], [long], home())).toEqual([])
  })
  it('§5.5 an inverted column has its codes the other way round; a set is sorted text', () => {
    const donot = contactWorld({}, { mapping: [{ key: 'purpose/P', column: 'donotemail', yes: false, no: true }] })
    expect(codes([line(10, says(false))], [ANN], donot)).toEqual([[true, NEVER, us(10)]])
    const text = contactWorld({}, { mapping: [{ key: 'set/P/F', column: 'topics' }] })
    expect(codes([line(10, picks('b,a'))], [ANN], text)).toEqual([['a,b', NEVER, us(10)]])
  })
  it('§6.4 sets of several persons meet', () =>
    expect(combine([one(['a', 'b'], 1, 9), one(['b', 'c'], 2, 8)], world)).toEqual(one(['b'], 1, 9)))
  it('rows can be asked for as of an earlier run and entry', () => {
    const told = history([line(10, says(true)), line(20, says(false), { run: 1 })], [ANN])
    expect(wantedRows(told, world, 0).map(({ code }) => code)).toEqual(['in'])
    expect(wantedRows(told, world, 1, 0)).toEqual([])
    expect(at(0)).toBe('2026-03-01T00:00:00.000Z')
  })
})
