/** What a person's records say about one mapped choice, by themselves and together, with the rules that decided: as data. Pure. */

import type { Key } from '../consent/key.ts'
import { type OverlayCase, overlay, overlayCase } from '../consent/overlay.ts'
import {
  attributeOf,
  type Decided,
  decidedOf,
  type Events,
  type SetStatement,
  type Statement,
  setStatementOf,
} from '../consent/statement.ts'
import { formatInstant, type Span } from '../consent/time.ts'
import { type Person, personAttribute, personSet, personStatement } from '../projection/person.ts'
import type { JsonValue } from '../record/record.ts'

/** A value and when it was said, at the earliest and at the latest; `-` is since ever. */
export interface Said {
  readonly value: JsonValue
  readonly lo: string
  readonly hi: string
  /** The rule that made it. */
  readonly rule: string
}

/** What a column, purpose or topic is filled from. */
export type Asked =
  | { readonly form: 'choice'; readonly keys: readonly Key[] }
  | { readonly form: 'set'; readonly keys: readonly Key[] }
  | { readonly form: 'attribute'; readonly name: string }

export interface SaidByPerson {
  /** By record, in no order that would tell of it. */
  readonly records: readonly Said[]
  /** The records as one; absent where nothing is stated: then nothing is written. */
  readonly person?: Said
}

export const saidOf = (value: JsonValue, { lo, hi }: Span, rule: string): Said => ({
  ...{ value, lo: formatInstant(lo), hi: formatInstant(hi) },
  rule,
})

/** Everything that the person's records state about it. */
export function saidBy(person: Person, asked: Asked, events: Events): SaidByPerson {
  switch (asked.form) {
    case 'choice':
      return choiceSaid(person, asked.keys, events)
    case 'set':
      return setSaid(person, asked.keys, events)
    case 'attribute': {
      const own = person.states.flatMap((state) => attributeOf(state, asked.name) ?? [])
      const whole = personAttribute(person, asked.name)
      const rule = asked.name === 'organization_user_id' ? '§3: the OUID' : '§3: an attribute'
      return {
        records: own.map((one) => saidOf(JSON.parse(one.json), one, rule)),
        ...(whole && {
          person: saidOf(JSON.parse(whole.json), whole, `${rule}${own.length > 1 ? ', the newest' : ''}`),
        }),
      }
    }
  }
}

function choiceSaid(person: Person, keys: readonly Key[], events: Events): SaidByPerson {
  const byKey = keys
    .map((key) => person.states.flatMap((state) => decidedOf(state, key, events) ?? []))
    .filter((decided) => decided.length > 0)
  const whole = personStatement(person, keys, events)
  const records = byKey.flat().map((decided) => ({ decided, rule: ruleOf(decided) }))
  const [first] = records
  // Over the records of each key first, then over the keys (semantics §3).
  const last =
    byKey.length === 1 ? byKey.flat().map(statementIn) : byKey.flatMap((one) => overlay(one.map(statementIn)) ?? [])
  const together = overlayCase(last, (a, b) => a.value === b.value)
  const rule = records.length === 1 && first !== undefined ? first.rule : TOGETHER[together]
  return {
    records: records.map((one) => saidOf(one.decided.statement.value, one.decided.statement, one.rule)),
    ...(whole && { person: saidOf(whole.value, whole, rule) }),
  }
}

const statementIn = ({ statement }: Decided): Statement => statement

function setSaid(person: Person, keys: readonly Key[], events: Events): SaidByPerson {
  const own = keys.flatMap((key) =>
    key.kind === 'set'
      ? person.states.flatMap((state) => setStatementOf(state, key.purpose, key.preference, events) ?? [])
      : [],
  )
  const whole = personSet(person, keys, events)
  const rule = own.length === 1 ? WHOLE_SET : SETS_TOGETHER[overlayCase(own, sameSet)]
  return {
    records: own.map((one) => saidOf(one.ids, one, WHOLE_SET)),
    ...(whole && { person: saidOf(whole.ids, whole, rule) }),
  }
}

const sameSet = (a: SetStatement, b: SetStatement): boolean => a.ids.join() === b.ids.join()

const WHOLE_SET = '§3: a whole set'

const TOGETHER: Readonly<Record<OverlayCase, string>> = {
  single: '§3, overlay: the only one',
  newest: '§3, overlay: the newest',
  open: '§3, overlay: the order is open, so the refusal',
}

const SETS_TOGETHER: Readonly<Record<OverlayCase, string>> = {
  ...TOGETHER,
  open: '§3, overlay: the order is open, so what all hold',
}

/** Why a statement has its span; where yes and no were said at once, also why it has its value. */
function ruleOf({ rule, tied }: Decided): string {
  return `${tied ? '§3.1: yes and no at one stamp, so the no; ' : ''}${rule}: ${DATED_BY[rule]}`
}

const DATED_BY: Readonly<Record<Decided['rule'], string>> = {
  '§3.1': 'an event alone, no line',
  '§3.3': 'an event after the line says otherwise',
  '§3.4': 'an event',
  '§3.5': 'the line',
}
