/** Semantics §2, read literally: what one line states. */

import type { Line, Policies } from './history.ts'
import { endOfDate, parseInstant } from './instant.ts'

/** A choice: yes/no, or a whole set of value ids (sorted, without repeats). */
export type Value = boolean | readonly string[]

/** One choice of one line or event. */
export interface Choice {
  readonly key: string
  readonly value: Value
}

/** A counted event: its span and its choices (semantics §2.5). */
export interface CountedEvent {
  readonly id: string
  readonly lo: number
  readonly hi: number
  readonly choices: readonly Choice[]
}

/** What a good line tells. */
export interface ReadLine {
  readonly person: string
  readonly userId: string
  readonly asOf: number
  readonly version: number
  readonly choices: readonly Choice[]
  readonly events: readonly CountedEvent[]
}

/** A line is a record, or one of the other three of the sum in semantics §8.4. */
export type Reading = ReadLine | 'reject' | 'guest' | 'skipped'

type Fields = Readonly<Record<string, unknown>>

/** Reads one line in the order of semantics §2: regulation → OUID → time. */
export function readLine(line: Line, policies: Policies): Reading {
  const record = fieldsOf(line.record)
  if (record === undefined) return 'reject'
  const user = fieldsOf(record['user'])
  if (user === undefined) return 'guest'
  if (!allowed(user['regulation'], policies)) return 'skipped'

  const ouid = user['organization_user_id'] ?? ''
  if (typeof ouid !== 'string') return 'reject'
  const person = normaliseOuid(ouid, policies)
  if (person === '') return 'guest'

  const limit = endOfDate(line.date) + policies.clockSkewMs * 1000
  const events = listOf(record['events']).flatMap((event) => countedEvent(event, limit, policies))
  // FREEDOM: an `updated_at` that is there but unreadable falls back to the events here; a reject would be as literal.
  const asOf = parseInstant(user['updated_at']) ?? latest(events)
  if (asOf === undefined || asOf > limit) return 'reject'
  return {
    person,
    userId: typeof user['id'] === 'string' ? user['id'] : '',
    asOf,
    version: typeof user['version'] === 'number' ? user['version'] : -1,
    choices: choicesOf(user['consents']),
    events,
  }
}

/** The OUID as `identity.normalise` says; always trimmed (semantics §2.3). */
export function normaliseOuid(ouid: string, policies: Policies): string {
  if (policies.normalise === 'lowercase') return ouid.trim().toLowerCase()
  if (policies.normalise === 'email') return ouid.normalize('NFC').trim().toLowerCase()
  return ouid.trim()
}

function latest(events: readonly CountedEvent[]): number | undefined {
  return events.length === 0 ? undefined : Math.max(...events.map((event) => event.hi))
}

function allowed(regulation: unknown, policies: Policies): boolean {
  const name = String(regulation ?? 'gdpr').toLowerCase()
  return policies.regulations.some((candidate) => candidate.toLowerCase() === name)
}

function countedEvent(event: Fields, limit: number, policies: Policies): CountedEvent[] {
  const status = event['status'] ?? 'confirmed'
  const lo = parseInstant(event['created_at'])
  if (status !== 'confirmed' || lo === undefined || !allowed(event['regulation'], policies)) return []
  const hi = Math.max(lo, parseInstant(event['updated_at']) ?? lo)
  if (hi > limit) return []
  return [{ id: typeof event['id'] === 'string' ? event['id'] : '', lo, hi, choices: choicesOf(event['consents']) }]
}

/** Semantics §2.6; the same id twice: refusal wins, sets: intersection. */
function choicesOf(consents: unknown): Choice[] {
  const found = new Map<string, Value>()
  const say = (key: string, value: unknown) => {
    if (typeof value === 'boolean') put(key, value)
  }
  const put = (key: string, value: Value) => {
    const before = found.get(key)
    found.set(key, before === undefined ? value : refusalOf(before, value))
  }
  const tree = fieldsOf(consents) ?? {}
  for (const channel of withId(tree['channels'])) say(`channel/${channel.id}`, channel.fields['enabled'])
  for (const { id: purpose, fields } of withId(tree['purposes'])) {
    say(`purpose/${purpose}`, fields['enabled'])
    say(`purpose-li/${purpose}`, fields['enabled_li'])
    for (const channel of withId(fields['channels'])) say(`channel/${purpose}/${channel.id}`, channel.fields['enabled'])
    for (const [preference, holder] of Object.entries(fieldsOf(fields['values']) ?? {})) {
      const set = setOf(fieldsOf(holder))
      if (set !== undefined) put(`set/${purpose}/${preference}`, set)
    }
  }
  // A second walk: `values` takes precedence wherever in the line it stands.
  for (const { id: purpose, fields } of withId(tree['purposes'])) {
    for (const preference of withId(fields['preferences'])) {
      if (!found.has(`set/${purpose}/${preference.id}`)) {
        say(`preference/${purpose}/${preference.id}`, preference.fields['enabled'])
      }
    }
  }
  return [...found].map(([key, value]) => ({ key, value }))
}

/** The set of a `values` entry; undefined is no statement. */
function setOf(holder: Fields | undefined): string[] | undefined {
  const value = holder?.['value']
  if (value === null) return []
  if (typeof value !== 'string') return undefined
  const items = value.split(',').map((item) => item.trim())
  return [...new Set(items.filter((item) => item !== ''))].sort()
}

/** The refusal of two values; of two sets the intersection. */
export function refusalOf(one: Value, other: Value): Value {
  if (typeof one === 'boolean' || typeof other === 'boolean') return one === true && other === true
  return one.filter((id) => other.includes(id))
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}

function listOf(value: unknown): Fields[] {
  if (!Array.isArray(value)) return []
  return value.map(fieldsOf).filter((fields) => fields !== undefined)
}

function withId(value: unknown): { id: string; fields: Fields }[] {
  return listOf(value).flatMap((fields) => (typeof fields['id'] === 'string' ? [{ id: fields['id'], fields }] : []))
}
