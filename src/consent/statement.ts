/** What one record states about one key, and when: a value with its span (semantics §3, "a record's statement"). */

import { type ChoiceText, parseSet, setOf } from './choice.ts'
import { type Key, keyText } from './key.ts'
import { type AttributeMark, compareMarks, type EventMark, type Stamp, type State } from './state.ts'
import { type Instant, MICROSECOND, SINCE_EVER, type Span } from './time.ts'

/** A boolean choice with the span in which it was made; `event` is the id of the event that dates it, if one does. */
export interface Statement extends Span {
  readonly value: boolean
  readonly event?: string
}

/** The ids of a whole set that come out true. */
export interface SetStatement extends Span {
  readonly ids: readonly string[]
}

/** An attribute's value as canonical JSON; `stamp` decides between several. */
export interface AttributeStatement extends Span {
  readonly json: string
  readonly stamp: Stamp
}

/**
 * Are the export's events all there (`complete`), or may a refusal have been repeated without an event (`sparse`)?
 * Sparse widens a refusal's span to the line that last said it.
 */
export type Events = 'complete' | 'sparse'

/** What is on record for and against one boolean question. */
interface Answers {
  readonly saidYes: Stamp | undefined
  readonly saidNo: Stamp | undefined
  readonly eventYes: EventMark | undefined
  readonly eventNo: EventMark | undefined
}

/**
 * The rule of semantics §3 that dates a statement: no line ever said it (1), an event after the line says otherwise (3),
 * an event dates it (4), nothing but the line does (5).
 */
export type DatingRule = '§3.1' | '§3.3' | '§3.4' | '§3.5'

/** A statement, and what made it. */
export interface Decided {
  readonly statement: Statement
  readonly rule: DatingRule
  /** Yes and no were said last at the same stamp, so that the no counts (§3.1). */
  readonly tied: boolean
}

/** A record's statement of any key but a whole set. */
export function statementOf(state: State, key: Key, events: Events): Statement | undefined {
  return decidedOf(state, key, events)?.statement
}

/** The same, with the rule that made it. */
export function decidedOf(state: State, key: Key, events: Events): Decided | undefined {
  return key.kind === 'value'
    ? decide(valueAnswers(state, keyText({ ...key, kind: 'set' }), key.value), events)
    : decide(booleanAnswers(state, keyText(key)), events)
}

/**
 * A record's whole set: the ids whose own statements come out true, over the least and greatest of their spans.
 * Nothing where no line ever stated the set: an event alone can only refuse, and a set has no refusal.
 * With no id true the span is that of the ids' refusals.
 */
export function setStatementOf(
  state: State,
  purpose: string,
  preference: string,
  events: Events,
): SetStatement | undefined {
  const set = keyText({ kind: 'set', purpose, preference })
  const said = state.said.get(set)
  if (said === undefined) return undefined
  const ids = setOf([...said.keys(), ...(state.events.get(set)?.keys() ?? [])].flatMap(parseSet))
  /** Where no set ever held an id, one that none of them holds dates the empty set. */
  const answers = (ids.length > 0 ? ids : [undefined]).map((id) => ({
    id,
    statement: decide(valueAnswers(state, set, id), events)?.statement,
  }))
  const chosen = answers.filter(({ statement }) => statement?.value === true)
  const dating = chosen.length > 0 ? chosen : answers
  const spans = dating.flatMap(({ statement }) => (statement === undefined ? [] : [statement]))
  return {
    ids: setOf(chosen.flatMap(({ id }) => (id === undefined ? [] : [id]))),
    lo: Math.min(...spans.map(({ lo }) => lo)),
    hi: Math.max(...spans.map(({ hi }) => hi)),
  }
}

/** A record's attribute: since the stamp of its last other value, up to the stamp that last said it. */
export function attributeOf(state: State, name: string): AttributeStatement | undefined {
  const [newest, other] = state.attributes.get(name) ?? []
  if (newest === undefined) return undefined
  const [asOf, version, json] = newest
  return { json, stamp: [asOf, version], lo: other === undefined ? SINCE_EVER : other[0], hi: asOf }
}

function booleanAnswers(state: State, key: string): Answers {
  const said = state.said.get(key)
  const events = state.events.get(key)
  return {
    saidYes: said?.get('true'),
    saidNo: said?.get('false'),
    eventYes: events?.get('true'),
    eventNo: events?.get('false'),
  }
}

/** Reads every set S as "V in S: yes, else no". */
function valueAnswers(state: State, set: string, id: string | undefined): Answers {
  const greatest = <M extends Stamp | EventMark>(marks: ReadonlyMap<ChoiceText, M> | undefined, holds: boolean) => {
    let found: M | undefined
    for (const [text, mark] of marks ?? []) {
      if ((id !== undefined && parseSet(text).includes(id)) !== holds) continue
      if (found === undefined || compareMarks(found, mark) < 0) found = mark
    }
    return found
  }
  const said = state.said.get(set)
  const events = state.events.get(set)
  return {
    saidYes: greatest(said, true),
    saidNo: greatest(said, false),
    eventYes: greatest(events, true),
    eventNo: greatest(events, false),
  }
}

/** The rules of semantics §3, "a record's statement of key k", in their order. */
function decide({ saidYes, saidNo, eventYes, eventNo }: Answers, events: Events): Decided | undefined {
  if (saidYes === undefined && saidNo === undefined) {
    if (eventNo === undefined) return undefined
    return { statement: eventStatement(false, eventNo, eventNo[1], eventNo[0]), rule: '§3.1', tied: false }
  }
  const order = saidYes === undefined ? -1 : saidNo === undefined ? 1 : compareMarks(saidYes, saidNo)
  const value = order > 0
  const tied = order === 0
  const [said, saidOther, own, other] = value
    ? [saidYes, saidNo, eventYes, eventNo]
    : [saidNo, saidYes, eventNo, eventYes]
  const asOf = said?.[0] ?? SINCE_EVER
  const prior = Math.max(saidOther?.[0] ?? SINCE_EVER, other !== undefined && other[1] <= asOf ? other[1] : SINCE_EVER)
  const after = prior + MICROSECOND
  if (other !== undefined && other[0] > asOf) {
    /** Newer than the line and contrary to it: which came last is unknown, so the refusal of the two holds. */
    const refusal = value ? other : own
    const statement = eventStatement(false, refusal, after, Math.max(other[0], refusal?.[0] ?? SINCE_EVER))
    return { statement, rule: '§3.3', tied }
  }
  if (own !== undefined && own[0] >= prior) {
    const hi = !value && events === 'sparse' ? Math.max(own[0], asOf) : own[0]
    return { statement: eventStatement(value, own, Math.max(own[1], after), hi), rule: '§3.4', tied }
  }
  return { statement: eventStatement(value, undefined, after, asOf), rule: '§3.5', tied }
}

function eventStatement(value: boolean, event: EventMark | undefined, lo: Instant, hi: Instant): Statement {
  const span = { value, lo, hi: Math.max(lo, hi) }
  return event === undefined || event[2] === '' ? span : { ...span, event: event[2] }
}

/** The greater of two attribute marks decides between records and persons (semantics §5.4). */
export function compareAttributes(a: AttributeStatement, b: AttributeStatement): number {
  const mark = ({ stamp, json }: AttributeStatement): AttributeMark => [...stamp, json]
  return compareMarks(mark(a), mark(b))
}
