import { describe, expect, it } from 'vitest'
import type { History, Line, Run, World } from './oracle/history.ts'
import { judge } from './oracle/judgements.ts'
import {
  ANN,
  at,
  consent,
  consentWorld,
  contact,
  contactWorld,
  event,
  history,
  line,
  runs,
  says,
  US,
} from './oracle/sample.ts'

const world = consentWorld()
const SLOT = 'email|ann@example.com|purpose|g1'
const yes = line(100, says(true), { events: [event('e', 100, 100, says(true))] })
const no = line(100, says(false), { events: [event('e', 100, 100, says(false))] })
/** A line of a later run with an event at its own time. */
const later = (seconds: number, value: boolean, run = 1): Line =>
  line(seconds, says(value), { run, events: [event(`e${seconds}`, seconds, seconds, says(value))] })
type Status = 'in' | 'out' | 'unset'
const mine = (seconds: number, value: Status, id = 'r1') => consent('create', seconds, id, { value }, US)
const write = (seconds: number, value: Status, by = US) => consent('update', seconds, 'r1', { value }, by)
const seeded = (seconds: number, value: Status) => consent('create', seconds, 'r1', { value }, 'clerk')

/** The judgements that find something, each with its places. */
function broken(told: History, inWorld: World = world): Record<string, string[]> {
  const found = Object.entries(judge(told, inWorld)).filter(([, list]) => list.length > 0)
  return Object.fromEntries(found.map(([name, list]) => [name, list.map(({ place }: { place: string }) => place)]))
}

describe('lost (§1, §7, §8.2)', () => {
  it('a written opt-in and a written refusal are sound', () => {
    expect(broken(history([yes], [ANN, mine(10_010, 'in')]))).toEqual({})
    expect(broken(history([no], [ANN, mine(10_010, 'out')]))).toEqual({})
  })
  it('§7 VIOLATION: no row for a statement', () => expect(broken(history([yes], [ANN]))).toEqual({ lost: [SLOT] }))
  it('§7 VIOLATION: Not Set states nothing', () =>
    expect(broken(history([yes], [ANN, seeded(50, 'unset')]))).toEqual({ lost: [SLOT] }))
  it('§5.2 an unmatched person is parked', () => expect(broken(history([yes], []))).toEqual({}))
  it('§5.2 VIOLATION: upsert owed a contact', () => {
    expect(broken(history([yes], []), consentWorld({}, { upsert: 'all' }))).toEqual({
      lost: ['contact|ann@example.com'],
    })
    expect(broken(history([no], []), consentWorld({}, { upsert: 'opt-in' }))).toEqual({})
  })
  it('§5.3 VIOLATION: a contact that came before the last run was not found', () => {
    const came = contact('create', 15_000, 'c1', { emailaddress1: 'ann@example.com' }, 'clerk')
    expect(broken(history([yes], [came], { runs: runs(10_000, 20_000) }))).toEqual({ lost: [SLOT] })
    expect(broken(history([yes], [came], { runs: runs(10_000) }))).toEqual({})
  })
  it('§7 a refusal made in Dataverse after the opt-in supersedes it', () =>
    expect(broken(history([yes], [ANN, seeded(200, 'out')]))).toEqual({}))
  it('§7 the clock tolerance supersedes an opt-in up to 5 s newer', () =>
    expect(broken(history([yes], [ANN, seeded(96, 'out')]))).toEqual({}))
  it('§7 VIOLATION: an opt-in that is certainly newer was not written', () =>
    expect(broken(history([yes], [ANN, seeded(90, 'out')]))).toEqual({ lost: [SLOT] }))
  it('§7 an unrelated later save holds an old opt-in back', () => {
    const save = consent('update', 300, 'r1', {}, 'clerk')
    expect(broken(history([yes], [ANN, seeded(50, 'out'), save]))).toEqual({})
  })
  it('§7 a refusal older than the foreign row supersedes nothing', () =>
    expect(broken(history([no], [ANN, seeded(200, 'in')]))).toEqual({}))
  it('§7 VIOLATION: a refusal newer than the foreign opt-in was not written', () =>
    expect(broken(history([no], [ANN, seeded(50, 'in')]))).toEqual({
      lost: [SLOT],
      refusalWins: [SLOT],
    }))
  it('§7 a contact column without ledger takes every refusal', () => {
    const told = history([no], [ANN, contact('update', 5_000, 'c1', { news: true }, 'clerk')])
    expect(broken(told, contactWorld())).toEqual({ lost: ['contact|c1|news'], refusalWins: ['contact|c1|news'] })
  })
  it('§7 a contact column holds an opt-in back by the row’s modifiedon', () => {
    const touched = contact('update', 5_000, 'c1', { news: false }, 'clerk')
    expect(broken(history([yes], [ANN, touched]), contactWorld())).toEqual({})
    const old = contact('update', 50, 'c1', { news: false }, 'clerk')
    expect(broken(history([yes], [ANN, old]), contactWorld())).toEqual({ lost: ['contact|c1|news'] })
  })
  it('§7 an edit after the last run that had to look need not have been seen', () =>
    expect(broken(history([no], [ANN, mine(10_010, 'out'), write(15_000, 'in', 'clerk')]))).toEqual({}))
  it('§8.3 VIOLATION: a full run looks again, and the refusal is as new as the ledger', () => {
    const told = (seconds: number): History =>
      history([later(seconds, false, 0)], [ANN, mine(10_010, 'out'), write(15_000, 'in', 'clerk')], {
        runs: [...runs(10_000), { startedAt: at(20_000), endedAt: at(20_100), full: true }],
      })
    expect(broken(told(16_000))).toEqual({ lost: [SLOT], refusalWins: [SLOT] })
    expect(broken(told(100))).toEqual({})
  })
  it('§7 a row deleted by hand reads as Opted Out', () => {
    const told = history([yes], [ANN, mine(10_010, 'in'), consent('delete', 15_000, 'r1', {}, 'clerk')])
    expect(broken(told)).toEqual({})
  })
  it('§6.6 VIOLATION: one of two rows of the slot was left', () => {
    const twin = consent('create', 40, 'r2', { value: 'in' }, 'clerk')
    const told = history([no], [ANN, seeded(40, 'in'), twin, write(10_010, 'out')])
    expect(broken(told)).toEqual({ lost: [SLOT], refusalWins: [SLOT] })
  })
  it('§6.6 opt-ins need not reach rows of another business unit, refusals must', () => {
    const scoped = consentWorld({}, { mapping: [{ key: 'purpose/P', kind: 'purpose', guid: 'g1', unit: 'a' }] })
    const row = (value: 'in' | 'out') => consent('create', 40, 'r1', { value, unit: 'b' }, 'clerk')
    expect(broken(history([yes], [ANN, row('out')]), scoped)).toEqual({})
    expect(broken(history([no], [ANN, row('in')]), scoped)).toEqual({ lost: [SLOT], refusalWins: [SLOT] })
  })
  it('§8.2 what Dataverse refused is no loss', () =>
    expect(broken(history([yes], [ANN], { refusedByDataverse: [SLOT] }))).toEqual({}))
  it('§6.4 persons who left an address may leave their refusal behind', () => {
    const bea = contact('create', 0, 'c2', { emailaddress1: 'bea@example.com', other: 'home@example.com' }, 'seed')
    const ann = contact('create', 0, 'c1', { emailaddress1: 'ann@example.com', other: 'home@example.com' }, 'seed')
    const left = contact('update', 15_000, 'c2', { other: 'away@example.com' }, 'clerk')
    const home = consentWorld({}, { contactPoints: [{ channel: 'email', from: 'contact.other' }] })
    const refused = line(90, says(false), { who: 'bea@example.com' })
    const first = consent('create', 10_010, 'r1', { address: 'home@example.com', value: 'out' }, US)
    const second = consent('create', 20_010, 'r2', { address: 'away@example.com', value: 'out' }, US)
    expect(
      broken(history([yes, refused], [ann, bea, first, left, second], { runs: runs(10_000, 20_000) }), home),
    ).toEqual({})
  })
})

describe('stale overwrites (§7)', () => {
  it('VIOLATION: an older opt-in undid an unsubscribe made in Dataverse', () => {
    const told = history([yes], [ANN, seeded(200, 'out'), write(10_010, 'in')])
    expect(broken(told)).toEqual({ staleOverwrites: [SLOT], refusalWins: [SLOT] })
  })
  it('VIOLATION: the same after a write of ours', () => {
    const journal = [ANN, mine(10_010, 'in'), write(15_000, 'out', 'clerk'), write(20_010, 'in')]
    const told = history([yes, later(14_000, true)], journal, { runs: runs(10_000, 20_000) })
    expect(broken(told)).toEqual({ staleOverwrites: [SLOT], refusalWins: [SLOT] })
  })
  it('what a run wrote that broke off, it need not know: the ledger time is that of the write before', () => {
    const journal = [ANN, mine(10_010, 'out'), write(20_010, 'out'), write(21_000, 'in', 'clerk'), write(30_010, 'out')]
    const told = (broken: boolean) => {
      const [first, second, third] = runs(10_000, 20_000, 30_000)
      const all = [first, { ...second, broken }, third].filter((run) => run !== undefined)
      return history([no, later(12_000, false)], journal, { runs: all as Run[] })
    }
    expect(broken(told(true))).toEqual({})
    expect(broken(told(false))).toEqual({ staleOverwrites: [SLOT] })
  })
  it('a newer opt-in may', () => {
    const journal = [ANN, mine(10_010, 'in'), write(15_000, 'out', 'clerk'), write(20_010, 'in')]
    expect(broken(history([yes, later(16_000, true)], journal, { runs: runs(10_000, 20_000) }))).toEqual({})
  })
  it('VIOLATION: in a contact column, by the row’s modifiedon', () => {
    const journal = [
      ANN,
      contact('update', 50, 'c1', { news: false }, 'clerk'),
      contact('update', 300, 'c1', { phone: '1' }, 'clerk'),
      contact('update', 10_010, 'c1', { news: true }, US),
    ]
    expect(broken(history([yes], journal), contactWorld())).toEqual({
      staleOverwrites: ['contact|c1|news'],
      refusalWins: ['contact|c1|news'],
    })
    expect(broken(history([yes], journal), contactWorld({}, { adopt: ['news'] }))).toEqual({})
  })
  it('VIOLATION: a refusal replaced an opt-in that is certainly newer', () =>
    expect(broken(history([no], [ANN, seeded(200, 'in'), write(10_010, 'out')]))).toEqual({ staleOverwrites: [SLOT] }))
  it('a refusal within the tolerance may', () =>
    expect(broken(history([no], [ANN, seeded(104, 'in'), write(10_010, 'out')]))).toEqual({}))
  it('a refusal against [ledger time, modifiedon] may', () => {
    const journal = [ANN, mine(10_010, 'out'), write(15_000, 'in', 'clerk'), write(20_010, 'out')]
    expect(broken(history([no, later(12_000, false)], journal, { runs: runs(10_000, 20_000) }))).toEqual({})
  })
  it('an opt-in that followed our own value may be 30 s late, one that replaced a foreign value not', () => {
    const lines = [no, later(9_000, true)]
    const raced = [
      ANN,
      mine(10_010, 'out'),
      write(20_005, 'unset', 'clerk'),
      write(20_006, 'out', 'clerk'),
      write(20_010, 'in'),
    ]
    expect(broken(history(lines, raced, { runs: runs(10_000, 20_000) }))).toEqual({})
    const late = [ANN, seeded(50, 'unset'), write(9_995, 'out', 'clerk'), write(10_010, 'in')]
    expect(broken(history([yes], late))).toEqual({})
    const early = [ANN, seeded(50, 'unset'), write(9_900, 'out', 'clerk'), write(10_010, 'in')]
    expect(broken(history([yes], early))).toEqual({ staleOverwrites: [SLOT], refusalWins: [SLOT] })
  })
  it('VIOLATION: an opt-in put back where somebody had deleted it', () => {
    const gone = [ANN, mine(10_010, 'in'), consent('delete', 15_000, 'r1', {}, 'clerk'), mine(20_010, 'in', 'r2')]
    const told = (seconds: number) => history([yes, later(seconds, true)], gone, { runs: runs(10_000, 20_000) })
    expect(broken(told(14_000))).toEqual({ staleOverwrites: [SLOT] })
    expect(broken(told(16_000))).toEqual({})
  })
  it('§7 a refusal that a run had found, taken away and put back by somebody, keeps the span it was found with', () => {
    const place = 'contact|c1|news'
    const news = (seconds: number, value: boolean, by = 'clerk') =>
      contact('update', seconds, 'c1', { news: value }, by)
    const refusal = line(100, says(false), { events: [event('e', 100, 100, says(false))] })
    const told = (first: number) =>
      history(
        [refusal, later(14_000, true)],
        [ANN, news(first, false), news(15_000, true), news(15_500, false), news(20_010, true, US)],
        { runs: runs(10_000, 20_000) },
      )
    expect(broken(told(50), contactWorld())).toEqual({})
    // Nobody could have found it before: the refusal came after the run, and is newer than the opt-in.
    const unseen = history(
      [refusal, later(14_000, true)],
      [ANN, news(14_500, true), news(15_500, false), news(20_010, true, US)],
      { runs: runs(10_000, 20_000) },
    )
    expect(broken(unseen, contactWorld())).toEqual({ staleOverwrites: [place], refusalWins: [place] })
    // Found, but then replaced by us: the ledger has gone on.
    const replaced = history(
      [refusal, later(11_000, true), later(19_000, true, 2)],
      [ANN, news(50, false), news(20_010, true, US), news(25_000, false), news(30_010, true, US)],
      { runs: runs(10_000, 20_000, 30_000) },
    )
    expect(broken(replaced, contactWorld())).toEqual({ staleOverwrites: [place], refusalWins: [place] })
  })
  it('§8.8 after a lost ledger our own column value is foreign', () => {
    const journal = [
      ANN,
      contact('update', 10_010, 'c1', { news: false }, US),
      contact('update', 20_010, 'c1', { news: true }, US),
    ]
    const lines = [line(50, says(false)), later(9_000, true)]
    const told = { runs: runs(10_000, 20_000) }
    const place = 'contact|c1|news'
    expect(broken(history(lines, journal, told), contactWorld())).toEqual({})
    expect(broken(history(lines, journal, { ...told, ledgerLostAt: [at(15_000)] }), contactWorld())).toEqual({
      staleOverwrites: [place],
      refusalWins: [place],
    })
  })
})

describe('forbidden opt-ins (§1, §6.5)', () => {
  it('VIOLATION: nobody said yes', () =>
    expect(broken(history([no], [ANN, mine(10_010, 'in')]))).toEqual({
      forbiddenOptIns: [SLOT, SLOT],
      lost: [SLOT],
      refusalWins: [SLOT],
    }))
  it('VIOLATION: nobody said anything', () =>
    expect(broken(history([line(1, {})], [ANN, mine(10_010, 'in')]))).toEqual({ forbiddenOptIns: [SLOT] }))
  it('VIOLATION: the yes was said after the write', () => {
    const told = history([line(50, {}), later(15_000, true)], [ANN, mine(10_010, 'in')], { runs: runs(10_000, 20_000) })
    expect(broken(told)).toEqual({ forbiddenOptIns: [SLOT] })
  })
  it('VIOLATION: a newer refusal did not end our opt-in', () => {
    const told = history([yes, later(15_000, false)], [ANN, mine(10_010, 'in')], { runs: runs(10_000, 20_000) })
    expect(broken(told)).toEqual({ forbiddenOptIns: [SLOT], lost: [SLOT], refusalWins: [SLOT] })
  })
  it('VIOLATION: a row that no mapping asks for', () => {
    const stray = consent('create', 10_011, 'r9', { purpose: 'g2', value: 'in' }, US)
    expect(broken(history([yes], [ANN, mine(10_010, 'in'), stray]))).toEqual({ forbiddenOptIns: ['r9'] })
  })
  it('VIOLATION: in a contact that we created', () => {
    const created = contact('create', 10_010, 'c1', { emailaddress1: 'ann@example.com', news: true }, US)
    const upserting = contactWorld({}, { upsert: 'all' })
    expect(broken(history([yes], [created]), upserting)).toEqual({})
    expect(broken(history([no], [created]), upserting)).toMatchObject({
      forbiddenOptIns: ['contact|c1|news', 'contact|c1|news'],
    })
  })
  it('an opt-in that somebody else wrote is not ours to answer for', () =>
    expect(broken(history([no], [ANN, seeded(200, 'in')]))).toEqual({}))
})

describe('duplicate rows (§6.5, §6.6)', () => {
  it('VIOLATION: two rows of ours for one slot', () =>
    expect(broken(history([yes], [ANN, mine(10_010, 'in'), mine(10_011, 'in', 'r2')]))).toEqual({
      duplicateRows: [SLOT],
    }))
  it('VIOLATION: a row of ours beside one that was there', () =>
    expect(broken(history([yes], [ANN, seeded(50, 'in'), mine(10_010, 'in', 'r2')]))).toEqual({
      duplicateRows: [SLOT],
    }))
  it('a row that somebody moved to another slot is no duplicate', () => {
    const moved = consent('update', 15_000, 'r1', { address: 'bea@example.com' }, 'clerk')
    const told = history([yes, later(16_000, true)], [ANN, mine(10_010, 'in'), moved, mine(20_010, 'in', 'r2')], {
      runs: runs(10_000, 20_000),
    })
    expect(broken(told)).toEqual({})
  })
  it('a foreign row in another case is the same slot, a padded one need not be found', () => {
    const row = (address: string) => consent('create', 50, 'r1', { address, value: 'in' }, 'clerk')
    expect(broken(history([yes], [ANN, row('ANN@example.com'), mine(10_010, 'in', 'r2')]))).toEqual({
      duplicateRows: [SLOT],
    })
    expect(broken(history([yes], [ANN, row(' ann@example.com'), mine(10_010, 'in', 'r2')]))).toEqual({})
  })
})

describe('refusal wins where the order is unknown (§1, §3)', () => {
  const phone = line(300, says(false), { user: { id: 'u2' } })
  it('the refusal of a device whose span overlaps is the right end', () =>
    expect(broken(history([yes, phone], [ANN, mine(10_010, 'out')]))).toEqual({}))
  it('VIOLATION: the opt-in of the other device stands', () =>
    expect(broken(history([yes, phone], [ANN, mine(10_010, 'in')]))).toMatchObject({
      refusalWins: [SLOT],
      lost: [SLOT],
    }))
  it('a certainly older refusal does not win', () => {
    const old = line(50, says(false), { user: { id: 'u2' } })
    expect(broken(history([yes, old], [ANN, mine(10_010, 'in')]))).toEqual({})
  })
  it('§6.4 VIOLATION: a person of the shared address refuses, and the opt-in stands', () => {
    const other = line(300, says(false), { who: 'ANN@example.com' })
    const told = history([yes, other], [ANN, mine(10_010, 'in')])
    expect(broken(told)).toMatchObject({ refusalWins: [SLOT] })
  })
  it('§6.4 newest: the certainly newer person is right', () => {
    const other = line(50, says(false), { who: 'ANN@example.com' })
    const told = history([yes, other], [ANN, mine(10_010, 'in')])
    expect(broken(told, consentWorld({ sharedAddress: 'newest' }))).toEqual({})
    expect(broken(told)).toEqual({ forbiddenOptIns: [SLOT, SLOT], lost: [SLOT] })
  })
  it('§7 VIOLATION: a refusal in Dataverse within the tolerance was overwritten', () =>
    expect(broken(history([yes], [ANN, seeded(97, 'out'), write(10_010, 'in')]))).toMatchObject({
      refusalWins: [SLOT],
    }))
})
