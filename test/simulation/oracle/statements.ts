/** Semantics §3 over all lines at once: no state, no join, only maxima of plain lists. */

import type { History, World } from './history.ts'
import { type ReadLine, readLine, refusalOf, type Value } from './reading.ts'

/** A value and the span [lo, hi], in µs, in which it was said. */
export interface Statement {
  readonly value: Value
  readonly lo: number
  readonly hi: number
  readonly event?: string
}

/** person → key → statement. */
export type Statements = ReadonlyMap<string, ReadonlyMap<string, Statement>>

/** One saying of a line. */
export interface Said {
  readonly value: Value
  readonly asOf: number
  readonly version: number
}

/** One saying of an event. */
export interface Told {
  readonly value: Value
  readonly lo: number
  readonly hi: number
  readonly id: string
}

/** What every person says by the lines that runs 0…`untilRun` could read (default: all of them). */
export function expectedStatements(history: History, world: World, untilRun = Number.POSITIVE_INFINITY): Statements {
  const lines = history.lines.filter((line) => (line.run ?? 0) <= untilRun)
  const sparse = world.policies.events === 'sparse'
  return mapValues(linesOf({ ...history, lines }, world), (own) => {
    const said = new Map<string, Statement>()
    for (const key of keysOf(own, world)) {
      const each = recordStatements(own, key, sparse)
      if (each.length > 0) said.set(key, overlay(each))
    }
    return said
  })
}

/** The good lines of every person. */
export function linesOf(history: History, world: World): Map<string, ReadLine[]> {
  const persons = new Map<string, ReadLine[]>()
  for (const line of history.lines) {
    const read = readLine(line, world.policies)
    if (typeof read === 'string') continue
    const own = persons.get(read.person) ?? []
    own.push(read)
    persons.set(read.person, own)
  }
  return persons
}

/** What each record of one person says of a key, before the overlay: what `refusalWins` compares pair by pair. */
export function recordStatements(lines: readonly ReadLine[], key: string, sparse: boolean): Statement[] {
  const users = [...new Set(lines.map((line) => line.userId))]
  return users.flatMap(
    (user) =>
      statementOf(
        lines.filter((line) => line.userId === user),
        key,
        sparse,
      ) ?? [],
  )
}

/** What one record (all lines of one OUID and user id) says of a key. */
export function statementOf(lines: readonly ReadLine[], key: string, sparse: boolean): Statement | undefined {
  const [kind, purpose, preference, ...rest] = key.split('/')
  const set = `set/${purpose}/${preference}`
  if (kind === 'value') {
    const id = rest.join('/')
    const has = (value: Value) => typeof value !== 'boolean' && value.includes(id)
    const { said, told } = sayings(lines, set)
    return choiceOf(
      said.map((one) => ({ ...one, value: has(one.value) })),
      told.map((one) => ({ ...one, value: has(one.value) })),
      sparse,
    )
  }
  if (kind === 'set') return wholeSet(lines, key, sparse)
  const { said, told } = sayings(lines, key)
  return choiceOf(said, told, sparse)
}

/** Semantics §3, "a record's statement", for a yes/no key. */
export function choiceOf(said: readonly Said[], told: readonly Told[], sparse: boolean): Statement | undefined {
  const event = (value: boolean) => greatest(told, value, (one) => [one.hi, one.lo, one.id])
  const stamp = (value: boolean) => greatest(said, value, (one) => [one.asOf, one.version])
  const yes = stamp(true)
  const no = stamp(false)
  const refusing = event(false)

  if (yes === undefined && no === undefined) {
    // Never said by a line: an opt-in needs a line, a refusal does not.
    return refusing && { value: false, lo: refusing.lo, hi: refusing.hi, event: refusing.id }
  }
  const value = no === undefined || (yes !== undefined && compare([yes.asOf, yes.version], [no.asOf, no.version]) > 0)
  const asOf = (value ? yes : no)?.asOf ?? Number.NEGATIVE_INFINITY
  const own = event(value)
  const other = event(!value)
  const stood = [(value ? no : yes)?.asOf, other?.lo].filter((time) => time !== undefined && time <= asOf)
  const prior = Math.max(Number.NEGATIVE_INFINITY, ...stood.map((time) => time ?? Number.NEGATIVE_INFINITY))
  const after = prior + 1

  if (other !== undefined && other.hi > asOf) {
    // "that hi", and where the line itself refuses never less than the refusal's own event: a refusal counts as far as it may reach.
    const hi = value ? other.hi : Math.max(other.hi, own?.hi ?? other.hi)
    return { value: false, lo: after, hi: Math.max(hi, after), event: (value ? other : (own ?? other)).id }
  }
  if (own !== undefined && own.hi >= prior) {
    const lo = Math.max(own.lo, after)
    const hi = sparse && !value ? Math.max(own.hi, asOf) : own.hi
    return { value, lo, hi: Math.max(hi, lo), event: own.id }
  }
  return { value, lo: after, hi: Math.max(asOf, after) }
}

/** Semantics §3, "a whole-set target": the ids that come out true. A set that no line ever said is no statement. */
function wholeSet(lines: readonly ReadLine[], key: string, sparse: boolean): Statement | undefined {
  const { said, told } = sayings(lines, key)
  if (said.length === 0) return undefined
  const known = [...new Set([...said, ...told].flatMap((one) => (typeof one.value === 'boolean' ? [] : one.value)))]
  // A set nobody ever put anything into has no ids: an id that never was stands for all of them.
  const ids = known.length === 0 ? [''] : known
  const each = ids.flatMap((id) => {
    const statement = statementOf(lines, `value/${key.slice('set/'.length)}/${id}`, sparse)
    return statement === undefined ? [] : [{ id, statement }]
  })
  const chosen = each.filter(({ statement }) => statement.value === true)
  const spans = (chosen.length === 0 ? each : chosen).map(({ statement }) => statement)
  return {
    value: chosen.map(({ id }) => id).sort(),
    lo: Math.min(...spans.map((span) => span.lo)),
    hi: Math.max(...spans.map((span) => span.hi)),
  }
}

/** Semantics §3, "overlay". */
export function overlay(statements: readonly Statement[]): Statement {
  const L = Math.max(...statements.map((one) => one.lo))
  const candidates = statements.filter((one) => one.hi >= L)
  const value = candidates.map((one) => one.value).reduce(refusalOf)
  const holding = candidates.filter((one) => sameValue(one.value, value))
  // Two sets may meet in a third that nobody said: then all candidates carry it.
  const carriers = holding.length === 0 ? candidates : holding
  const event = carriers.find((one) => one.event !== undefined)?.event
  return {
    value,
    lo: Math.max(...carriers.map((one) => one.lo)),
    hi: Math.max(...carriers.map((one) => one.hi)),
    ...(event === undefined ? {} : { event }),
  }
}

/** Equality of values; sets are sorted already. */
export function sameValue(one: Value, other: Value): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** The keys that a person speaks of, and the mapped value ids of the person's sets. */
function keysOf(lines: readonly ReadLine[], world: World): Set<string> {
  const keys = new Set<string>()
  for (const line of lines) {
    for (const { key, value } of [...line.choices, ...line.events.flatMap((event) => event.choices)]) {
      keys.add(key)
      if (typeof value === 'boolean') continue
      const prefix = `value/${key.slice('set/'.length)}/`
      for (const id of value) keys.add(`${prefix}${id}`)
      for (const entry of world.mapping) if (entry.key.startsWith(prefix)) keys.add(entry.key)
    }
  }
  return keys
}

function sayings(lines: readonly ReadLine[], key: string): { said: Said[]; told: Told[] } {
  const said = lines.flatMap((line) =>
    line.choices
      .filter((choice) => choice.key === key)
      .map((choice) => ({ value: choice.value, asOf: line.asOf, version: line.version })),
  )
  const told = lines.flatMap((line) =>
    line.events.flatMap((event) =>
      event.choices
        .filter((choice) => choice.key === key)
        .map((choice) => ({ value: choice.value, lo: event.lo, hi: event.hi, id: event.id })),
    ),
  )
  return { said, told }
}

function greatest<T extends { readonly value: Value }>(
  list: readonly T[],
  value: boolean,
  rank: (one: T) => readonly (number | string)[],
): T | undefined {
  const holding = list.filter((one) => one.value === value)
  return holding.sort((one, other) => compare(rank(other), rank(one)))[0]
}

function compare(one: readonly (number | string)[], other: readonly (number | string)[]): number {
  for (const [index, left] of one.entries()) {
    const right = other[index]
    if (right === undefined || left === right) continue
    return left < right ? -1 : 1
  }
  return 0
}

function mapValues<V, W>(map: ReadonlyMap<string, V>, change: (value: V) => W): Map<string, W> {
  return new Map([...map].map(([key, value]) => [key, change(value)]))
}
