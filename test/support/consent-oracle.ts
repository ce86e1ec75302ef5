/** Semantics §3 said once more, naively, over the whole history: no state, no pruning, nothing of the program but its types. */

import type { Choice } from '../../src/consent/choice.ts'
import type { Events, Statement } from '../../src/consent/statement.ts'
import type { Span } from '../../src/consent/time.ts'
import type { UserRecord } from '../../src/record/record.ts'

/** Reads a choice as yes or no: itself, or "V in S". */
export type Question = (choice: Choice) => boolean

interface Said {
  readonly value: boolean
  readonly asOf: number
  readonly version: number
}

interface Happened extends Span {
  readonly value: boolean
  readonly id: string
}

const after = (a: readonly (number | string)[], b: readonly (number | string)[]): boolean => {
  const index = a.findIndex((part, at) => part !== b[at])
  return index >= 0 && (a[index] ?? 0) > (b[index] ?? 0)
}

function greatest<T>(all: readonly T[], mark: (one: T) => readonly (number | string)[]): T | undefined {
  return all.find((one) => all.every((other) => !after(mark(other), mark(one))))
}

/** A record's statement of one key, asked as a question. */
export function oracle(
  history: readonly UserRecord[],
  key: string,
  question: Question,
  events: Events,
): Statement | undefined {
  const said: Said[] = history.flatMap(({ asOf, version, statements }) =>
    statements.filter(([name]) => name === key).map(([, choice]) => ({ value: question(choice), asOf, version })),
  )
  const happened: Happened[] = history.flatMap((record) =>
    record.events.flatMap(({ lo, hi, id, statements }) =>
      statements.filter(([name]) => name === key).map(([, choice]) => ({ value: question(choice), lo, hi, id })),
    ),
  )
  const eventOf = (value: boolean) =>
    greatest(
      happened.filter((one) => one.value === value),
      ({ hi, lo, id }) => [hi, lo, id],
    )

  const newest = greatest(said, ({ asOf, version }) => [asOf, version])
  if (newest === undefined) {
    const refusal = eventOf(false)
    return refusal && { value: false, ...dated(refusal.lo, refusal.hi, refusal) }
  }
  const { asOf } = newest
  const tied = said.filter((one) => one.asOf === asOf && one.version === newest.version)
  const value = tied.every((one) => one.value)
  const own = eventOf(value)
  const other = eventOf(!value)
  const stood = [
    ...said.filter((one) => one.value !== value).map((one) => one.asOf),
    ...(other === undefined ? [] : [other.lo]),
  ].filter((time) => time <= asOf)
  const prior = Math.max(Number.NEGATIVE_INFINITY, ...stood)

  if (other !== undefined && other.hi > asOf) {
    const refusal = value ? other : own
    return { value: false, ...dated(prior + 1, Math.max(other.hi, refusal?.hi ?? other.hi), refusal) }
  }
  if (own !== undefined && own.hi >= prior) {
    const repeated = !value && events === 'sparse' ? Math.max(own.hi, asOf) : own.hi
    return { value, ...dated(Math.max(own.lo, prior + 1), repeated, own) }
  }
  return { value, ...dated(prior + 1, asOf, undefined) }
}

function dated(lo: number, hi: number, event: Happened | undefined): Span & { event?: string } {
  const span = { lo, hi: Math.max(lo, hi) }
  return event === undefined || event.id === '' ? span : { ...span, event: event.id }
}

/** Every value id that any set of the key ever held. */
export function idsEverSeen(history: readonly UserRecord[], key: string): string[] {
  const choices = history.flatMap(({ statements, events }) =>
    [...statements, ...events.flatMap((one) => one.statements)]
      .filter(([name]) => name === key)
      .map(([, choice]) => choice),
  )
  return [...new Set(choices.flatMap((choice) => (typeof choice === 'boolean' ? [] : [...choice])))]
}

/** The overlay of semantics §3, word by word. */
export function overlayOracle(statements: readonly Statement[]): Omit<Statement, 'event'> | undefined {
  if (statements.length === 0) return undefined
  let latest = Number.NEGATIVE_INFINITY
  for (const { lo } of statements) if (lo > latest) latest = lo
  const candidates = statements.filter(({ hi }) => hi >= latest)
  const value = !candidates.some((one) => !one.value)
  const holding = candidates.filter((one) => one.value === value)
  return { value, lo: Math.max(...holding.map(({ lo }) => lo)), hi: Math.max(...holding.map(({ hi }) => hi)) }
}
