/** The promises of semantics.md, each as a list of the places where a finished history breaks it. */

import { contactsOf, rowsBefore, slotOf } from './environment.ts'
import { optionsOf, surely } from './guard.ts'
import { type History, nameOf, type Place, US, type Violation, type World } from './history.ts'
import { instant, toSecond } from './instant.ts'
import { examinedAt, heldBetween, indexAt, type Past, pastOf, relinked, runAt } from './past.ts'
import { type Standing, type StandingRow, standingBefore } from './standing.ts'
import { recordStatements } from './statements.ts'
import { type Wanted, wantedOf } from './wanted.ts'
import { type OwnWrite, overwriteReason, ownWrites, unmappedWrites } from './writes.ts'

const END = Number.POSITIVE_INFINITY

/** All judgements by name; a sound history has five empty lists. */
export interface Verdict {
  readonly lost: Violation[]
  readonly staleOverwrites: Violation[]
  readonly forbiddenOptIns: Violation[]
  readonly duplicateRows: Violation[]
  readonly refusalWins: Violation[]
}

/** Judges a history whose last run ended with nothing deferred. */
export function judge(history: History, world: World): Verdict {
  const past = pastOf(history, world)
  return {
    lost: lost(past),
    staleOverwrites: staleOverwrites(past),
    forbiddenOptIns: forbiddenOptIns(past),
    duplicateRows: duplicateRows(past),
    refusalWins: refusalWins(past),
  }
}

/** Wanted places that hold something else, though no statement of §7 is in the way and the person is not parked (§5.2). */
export function lost(past: Past): Violation[] {
  const places = finallyWanted(past).flatMap((wanted) => {
    const reason = unjustified(past, wanted)
    return reason === undefined ? [] : [{ place: nameOf(wanted.place), reason }]
  })
  return [...places, ...missingContacts(past)]
}

/** Writes of ours that replaced a foreign value although the guard forbids it by all that could be known then (§7). */
export function staleOverwrites(past: Past): Violation[] {
  return ownWrites(past).flatMap((write) => {
    const reason = overwriteReason(past, write)
    return reason === undefined ? [] : [{ place: nameOf(write.place), reason }]
  })
}

/** Opt-ins of ours that nobody had stated when they were written, or that a newer refusal should have ended (§1, §6.5). */
export function forbiddenOptIns(past: Past): Violation[] {
  // FREEDOM: an opt-in that somebody made in the time that a restore took back counts again (§7).
  const toldAgain = (write: OwnWrite) => past.history.unwound?.includes(nameOf(write.place)) === true
  const unsaid = ownWrites(past).filter((write) => write.optIn && !stated(past, write) && !toldAgain(write))
  const outlived = finallyWanted(past).filter((wanted) => {
    const optIns = standingBefore(past, wanted.place, END).rows.filter((row) => row.value === yesOf(wanted))
    const ours = optIns.some((row) => row.becameBy === US)
    return wanted.statement.value === false && ours && unjustified(past, wanted) !== undefined
  })
  return [
    ...unmappedWrites(past),
    ...unsaid.map(({ place }) => ({
      place: nameOf(place),
      reason: 'we wrote an opt-in that no statement known then holds',
    })),
    ...outlived.map(({ place }) => ({
      place: nameOf(place),
      reason: 'our opt-in stands where a newer refusal exists',
    })),
  ]
}

/** Slots with more than one row that we created, and rows that we created beside one that was there to be read (§6.6). */
export function duplicateRows(past: Past): Violation[] {
  const ours = new Map<string, number>()
  const beside: Violation[] = []
  for (const row of past.timelines.consent) {
    const [first, last] = [row.versions[0], row.versions.at(-1)]
    const slot = first?.columns && slotOf(first.columns)
    if (first === undefined || slot === undefined || first.by !== US) continue
    if (hadReadableRow(past, slot, first.index, first.at)) {
      beside.push({ place: slot, reason: 'we created a row beside one that was there before' })
    }
    // A row that somebody moved to another slot, or deleted, is no longer one of ours there.
    if (last?.columns !== undefined && slotOf(last.columns) === slot) ours.set(slot, (ours.get(slot) ?? 0) + 1)
  }
  const twice = [...ours].filter(([, count]) => count > 1)
  return [...twice.map(([place, count]) => ({ place, reason: `${count} rows of ours for one slot` })), ...beside]
}

/** Opt-ins that stand although a refusal may be as new: record against record, and against what was done in Dataverse (§1). */
export function refusalWins(past: Past): Violation[] {
  const writes = ownWrites(past)
  return finallyWanted(past).flatMap((wanted): Violation[] => {
    const optIns = standingBefore(past, wanted.place, END).rows.filter((row) => row.value === yesOf(wanted))
    if (optIns.length === 0 || typeof wanted.statement.value !== 'boolean') return []
    const place = nameOf(wanted.place)
    const records = wanted.persons.flatMap((person) =>
      recordStatements(past.lines.get(person) ?? [], wanted.key, past.world.policies.events === 'sparse'),
    )
    const newestYes = Math.max(...records.filter((one) => one.value === true).map((one) => one.lo))
    const open = records.some((one) => one.value === false && one.hi >= newestYes)
    if (open && unjustified(past, wanted) !== undefined) {
      return [{ place, reason: 'an opt-in stands, and a refusal of the same persons is not certainly older' }]
    }
    const cause = writes.find(
      (write) => optIns.some((row) => row.becameIndex === write.index) && samePlace(write, wanted),
    )
    const over = cause?.replaced === true && overwriteReason(past, cause) !== undefined
    return over
      ? [{ place, reason: 'our opt-in stands over a refusal made in Dataverse that is not certainly older' }]
      : []
  })
}

/** What all lines and the final environment ask for. */
export function finallyWanted(past: Past): Wanted[] {
  const statements = past.perRun.at(-1) ?? new Map()
  return wantedOf(statements, past.snapshots.at(-1)?.links ?? new Map(), past.world)
}

/** Why a wanted place is wrong at the end; undefined where it is right, or where semantics.md lets it be. */
function unjustified(past: Past, wanted: Wanted): string | undefined {
  const refused = past.history.refusedByDataverse ?? []
  const standing = standingBefore(past, wanted.place, END)
  if (refused.includes(nameOf(wanted.place)) || standing.rows.some((row) => refused.includes(row.id))) return undefined
  // FREEDOM: what a restore took back may have been read before, and counts again where the ledger knew it.
  if (past.history.unwound?.includes(nameOf(wanted.place))) return undefined
  // FREEDOM: a row that a restore took away reads as deleted by hand, which is a refusal.
  if (past.history.unmade?.includes(nameOf(wanted.place)) && wanted.statement.value !== false) return undefined
  const examined = examinedAt(past, wanted)
  // FREEDOM: never looked at, or other persons since the last look (they need not make the remaining ones due).
  if (examined === undefined) return undefined
  if (relinked(past, wanted.link, indexAt(past, examined))) return undefined

  // FREEDOM: a row deleted by hand reads as Opted Out up to a run that only the job knows.
  if (standing.goneAt !== undefined) return undefined
  if (standing.rows.length === 0) return 'there is no row for a statement'
  const differing = standing.rows.filter((row) => row.value !== wanted.code && inUnit(wanted, row.unit))
  if (differing.length === 0) return undefined
  // FREEDOM: a foreign edit since the run that had to look began need not have been seen.
  if (differing.some((row) => row.becameBy !== US && row.becameAt >= examined)) return undefined
  // FREEDOM: a run that broke off may have written here and not known it, and what somebody saved since may have taken it back (§7).
  if (wanted.statement.value !== false && differing.some((row) => perhapsTakenBack(past, standing, row)))
    return undefined
  // FREEDOM: where our refusal took the place of a row that had left, that was a refusal too, up to the run that missed it (§7).
  if (
    wanted.statement.value === true &&
    differing.some((row) => afterDeletion(past, standing, row, wanted.statement.lo))
  )
    return undefined
  const passes = differing.map((row) => surely(wanted.statement, optionsOf(past, wanted, standing, row, END)))
  // Several rows: E is the least, F the greatest of them (§7).
  const must = wanted.statement.value === false ? passes.some(Boolean) : passes.every(Boolean)
  return must ? `a ${wordFor(wanted)} was to be written here and something else stands` : undefined
}

/** A row that we made where another had left, and an opt-in that is not surely later than that. */
function afterDeletion(
  { world }: Past,
  { leftAt }: Standing,
  { becameAt, becameBy }: StandingRow,
  lo: number,
): boolean {
  const made = becameBy === US && leftAt.some((left) => left <= becameAt)
  return made && lo <= toSecond(becameAt) + 1_000_000 + world.policies.clockToleranceMs * 1_000
}

/** A run that wrote last, or that began after our last write, broke off, and somebody else saved the row later. */
function perhapsTakenBack({ history }: Past, { lastOwn }: Standing, { savedByOthersAt }: StandingRow): boolean {
  return history.runs.some(({ startedAt, endedAt, broken }) => {
    const since = lastOwn?.at ?? Number.NEGATIVE_INFINITY
    return (
      broken === true &&
      savedByOthersAt !== undefined &&
      instant(startedAt) <= savedByOthersAt &&
      instant(endedAt) >= since
    )
  })
}

function wordFor(wanted: Wanted): string {
  if (wanted.statement.value === false) return 'refusal'
  return wanted.statement.value === true ? 'opt-in' : 'set'
}

/** Refusals go everywhere, opt-ins only to rows in the purpose owner's business unit (§6.6). */
function inUnit(wanted: Wanted, unit: string | undefined): boolean {
  const own = 'guid' in wanted.entry ? wanted.entry.unit : undefined
  return wanted.statement.value === false || own === undefined || unit === undefined || own === unit
}

/** Persons whom `upsert_mode` owed a contact (§5.2). FREEDOM: one that somebody else deleted or renamed need not come back. */
function missingContacts(past: Past): Violation[] {
  const { world, history } = past
  if (world.upsert === 'off' || (world.mode === 'cpc' && world.policies.addressOnly)) return []
  const contacts = rowsBefore(past.timelines.contact, END)
  return [...(past.perRun.at(-1) ?? [])].flatMap(([person, keys]) => {
    const said = world.mapping.flatMap(({ key }) => keys.get(key) ?? [])
    const yes = said.some(({ value }) => (typeof value === 'boolean' ? value : value.length > 0))
    const owed = world.upsert === 'opt-in' ? yes : said.length > 0
    const ever = past.snapshots.some(({ index }) => {
      return contactsOf(person, rowsBefore(past.timelines.contact, index + 1), world).length > 0
    })
    const place = `contact|${person}`
    if (!owed || ever || contactsOf(person, contacts, world).length > 0) return []
    return (history.refusedByDataverse ?? []).includes(place)
      ? []
      : [{ place, reason: 'no contact was created for the person' }]
  })
}

/** Whether some statement of that value was known for the place when it was written; its own create may have made the link. */
function stated(past: Past, write: OwnWrite): boolean {
  const stretch = { fromRun: 0, untilRun: runAt(past, write.at), fromIndex: -1, untilIndex: write.index + 1 }
  return heldBetween(past, write, stretch).some((one) => one.value === true)
}

/** FREEDOM: a row younger than `freshness`, or whose raw address is padded, was not certainly to be read. */
function hadReadableRow(past: Past, slot: string, index: number, at: number): boolean {
  const seenBy = at - past.world.policies.freshnessMs * 1000
  return past.timelines.consent.some((row) => {
    const versions = row.versions.filter((version) => version.index < index)
    const last = versions.at(-1)
    if (last?.columns === undefined || last.kind === 'delete' || slotOf(last.columns) !== slot) return false
    const address = String(last.columns['address'])
    const since = versions.findLastIndex((version) => version.columns === undefined || slotOf(version.columns) !== slot)
    return address === address.trim() && (versions[since + 1]?.at ?? at) < seenBy
  })
}

export function yesOf(wanted: Wanted): unknown {
  return 'guid' in wanted.entry ? 'in' : wanted.entry.yes
}

function samePlace(write: { readonly place: Place }, wanted: Wanted): boolean {
  return nameOf(write.place) === nameOf(wanted.place)
}
