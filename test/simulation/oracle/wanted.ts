/** Semantics §5.4 and §6.4: what each place should hold, by the persons known for it. */

import { LONGEST_ADDRESS, linksOf, rowsBefore, type Speaker, timelinesOf } from './environment.ts'
import type { Channel, ColumnEntry, ConsentEntry, History, Place, Scalar, World } from './history.ts'
import { refusalOf } from './reading.ts'
import { expectedStatements, overlay, type Statement, type Statements } from './statements.ts'

/** A place, what it should hold, and whose statement that is. `code`: what Dataverse would show. */
export interface Wanted {
  readonly place: Place
  readonly link: string
  readonly key: string
  readonly statement: Statement
  readonly code: Scalar
  readonly persons: readonly string[]
  readonly entry: ColumnEntry | ConsentEntry
}

/** What all lines and the final environment ask for (or those of `untilRun` and before journal entry `index`). */
export function wantedRows(
  history: History,
  world: World,
  untilRun = Number.POSITIVE_INFINITY,
  index = Number.POSITIVE_INFINITY,
): Wanted[] {
  const statements = expectedStatements(history, world, untilRun)
  const contacts = rowsBefore(timelinesOf(history).contact, index)
  return wantedOf(statements, linksOf(statements.keys(), contacts, world), world)
}

/** The same from statements and links already at hand. */
export function wantedOf(
  statements: Statements,
  links: ReadonlyMap<string, readonly Speaker[]>,
  world: World,
): Wanted[] {
  const wanted: Wanted[] = []
  for (const [link, speakers] of links) {
    for (const { entry, place } of placesOf(link, world)) {
      const stating = speakers.filter(({ person }) => statements.get(person)?.has(entry.key))
      // A due person touches only slots for which it states the choice itself (§6.4); ambiguous persons touch none (§5.1).
      if (!stating.some(({ acting }) => acting)) continue
      const said = stating.flatMap(({ person }) => statements.get(person)?.get(entry.key) ?? [])
      const statement = combine(said, world)
      const persons = stating.map(({ person }) => person)
      wanted.push({ place, link, key: entry.key, statement, code: codeOf(entry, statement), persons, entry })
    }
  }
  return wanted
}

/** The mapped places behind a link. A too long address is rejected-by-dataverse and has none (§6.3). */
function placesOf(link: string, world: World): { entry: ColumnEntry | ConsentEntry; place: Place }[] {
  const cut = link.indexOf('|')
  const rest = link.slice(cut + 1)
  if (world.mode === 'contact') {
    return world.mapping.map((entry) => ({ entry, place: { table: 'contact', id: rest, column: entry.column } }))
  }
  const channel = link.slice(0, cut) as Channel
  if (rest.length > LONGEST_ADDRESS) return []
  return world.mapping
    .filter((entry) => entry.channels === undefined || entry.channels.includes(channel))
    .map((entry) => ({
      entry,
      place: { table: 'consent', channel, address: rest, kind: entry.kind, guid: entry.guid.toLowerCase() },
    }))
}

/** Several persons of one place (§6.4). Sets have no refusal: `opt-out-wins` takes their intersection and the hull. */
export function combine(said: readonly Statement[], world: World): Statement {
  if (said.length === 1 && said[0] !== undefined) return said[0]
  if (world.policies.sharedAddress === 'newest') return overlay(said)
  const value = said.map((one) => one.value).reduce(refusalOf)
  const holding = value === false ? said.filter((one) => one.value === false) : said
  return {
    value,
    lo: Math.min(...holding.map((one) => one.lo)),
    hi: Math.max(...holding.map((one) => one.hi)),
  }
}

/** The code of a value: `in`/`out` in a slot, yes/no codes in a column, a set as its sorted ids (§5.5). */
export function codeOf(entry: ColumnEntry | ConsentEntry, statement: Statement): Scalar {
  if (typeof statement.value !== 'boolean') return [...statement.value].sort().join(',')
  if ('guid' in entry) return statement.value ? 'in' : 'out'
  const code = statement.value ? entry.yes : entry.no
  if (code === undefined) throw new Error('a mapping entry of a yes/no key needs the codes `yes` and `no`')
  return code
}
