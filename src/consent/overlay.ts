/** Several statements of one key become one: records of a person, persons of a contact or slot (semantics §3, §6.4). */

import { setOf } from './choice.ts'
import { type AttributeStatement, compareAttributes, type SetStatement, type Statement } from './statement.ts'
import type { Span } from './time.ts'

/** Statements that may be the newest: all but those that were certainly made before another one. */
function candidates<S extends Span>(statements: readonly S[]): readonly S[] {
  const latest = Math.max(...statements.map(({ lo }) => lo))
  return statements.filter(({ hi }) => hi >= latest)
}

/**
 * What an overlay came to: there was one statement (`single`), all that may be the newest agree (`newest`), or they do
 * not (`open`), so that the refusal stands, or what all sets hold.
 */
export type OverlayCase = 'single' | 'newest' | 'open'

/** Which it was; `same` tells whether two statements say the same. */
export function overlayCase<S extends Span>(statements: readonly S[], same: (a: S, b: S) => boolean): OverlayCase {
  if (statements.length === 1) return 'single'
  const [first, ...others] = candidates(statements)
  return first === undefined || others.every((other) => same(first, other)) ? 'newest' : 'open'
}

const greatestSpan = (spans: readonly Span[]): Span => ({
  lo: Math.max(...spans.map(({ lo }) => lo)),
  hi: Math.max(...spans.map(({ hi }) => hi)),
})

/** The event that dates the result: of its holders the one with the greatest lo, hi and id. */
function datingEvent(holders: readonly Statement[]): { event?: string } {
  const [latest] = holders
    .filter(({ event }) => event !== undefined)
    .sort((a, b) => b.lo - a.lo || b.hi - a.hi || ((a.event ?? '') < (b.event ?? '') ? 1 : -1))
  return latest?.event === undefined ? {} : { event: latest.event }
}

/** The newest choice; where the order of two choices cannot be known, refusal wins. */
export function overlay(statements: readonly Statement[]): Statement | undefined {
  if (statements.length === 0) return undefined
  const open = candidates(statements)
  const value = open.every((statement) => statement.value)
  const holders = open.filter((statement) => statement.value === value)
  return { value, ...greatestSpan(holders), ...datingEvent(holders) }
}

/** The newest set; where the order cannot be known, what all of them hold. */
export function overlaySets(statements: readonly SetStatement[]): SetStatement | undefined {
  if (statements.length === 0) return undefined
  const open = candidates(statements)
  const ids = intersection(open)
  const holders = open.filter((statement) => statement.ids.length === ids.length)
  return { ids, ...greatestSpan(holders.length > 0 ? holders : open) }
}

/** The attribute of the greatest stamp. */
export function newestAttribute(statements: readonly AttributeStatement[]): AttributeStatement | undefined {
  return [...statements].sort((a, b) => compareAttributes(b, a))[0]
}

/** `opt-out-wins`: yes only if everybody who states the choice says yes (semantics §6.4). */
export function everybody(statements: readonly Statement[]): Statement | undefined {
  if (statements.length === 0) return undefined
  const refusals = statements.filter(({ value }) => !value)
  const holders = refusals.length > 0 ? refusals : statements
  return { value: refusals.length === 0, ...hullOf(holders), ...datingEvent(holders) }
}

/** `opt-out-wins` for whole sets: what everybody selected. */
export function everybodysSet(statements: readonly SetStatement[]): SetStatement | undefined {
  return statements.length === 0 ? undefined : { ids: intersection(statements), ...hullOf(statements) }
}

const hullOf = (spans: readonly Span[]): Span => ({
  lo: Math.min(...spans.map(({ lo }) => lo)),
  hi: Math.max(...spans.map(({ hi }) => hi)),
})

function intersection(sets: readonly SetStatement[]): readonly string[] {
  const [first, ...others] = sets
  return setOf((first?.ids ?? []).filter((id) => others.every(({ ids }) => ids.includes(id))))
}
