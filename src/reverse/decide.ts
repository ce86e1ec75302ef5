/** What becomes of what somebody said in Dataverse: told, known, superseded or waiting (semantics §11.3). Pure. */

import { v5 as uuidV5 } from 'uuid'
import { type Choice, setOf } from '../consent/choice.ts'
import { type Key, keyText } from '../consent/key.ts'
import type { Events } from '../consent/statement.ts'
import { formatInstant } from '../consent/time.ts'
import { type Conflict, ledgerSpan } from '../projection/guard.ts'
import type { Person, SharedAddress } from '../projection/person.ts'
import { NAMESPACE } from '../projection/slot.ts'
import type { LedgerValue, Place } from '../store/store.ts'
import type { OpenReason, ToldStatement } from '../store/told.ts'
import type { Heard } from './heard.ts'
import { ownStatement } from './own.ts'
import { type Foreign, reverseVerdict } from './verdict.ts'

/** A place at which somebody else said something, with everybody whom it is about. */
export interface Saying {
  readonly place: Place
  readonly keys: readonly Key[]
  /** Ids of a set that the column has no code for: Dataverse cannot say anything about them. */
  readonly beyond?: (id: string) => boolean
  readonly heard: Heard & { readonly kind: 'foreign' }
  readonly persons: readonly Person[]
}

export interface DecidingPolicies {
  readonly events: Events
  readonly conflict: Conflict
  readonly sharedAddress: SharedAddress
  /** Dataverse's. */
  readonly organization: string
}

/** What became of one place. */
export type Ruling =
  | { readonly kind: 'told'; readonly statements: readonly Draft[]; readonly settled: boolean }
  | { readonly kind: 'known' | 'superseded' | 'unmapped' }
  | { readonly kind: 'parked'; readonly reason: OpenReason }

/** A statement to tell, not yet part of an event. */
export type Draft = Omit<ToldStatement, 'event' | 'state'> & {
  readonly place: Place
  /** What Didomi has; absent where it has nothing. */
  readonly was?: Choice
}

/** Decides one place. `settled`: for all of its persons Didomi will say what Dataverse says. */
export function ruleOn(
  { place, keys, beyond, heard: { statement }, persons }: Saying,
  told: readonly ToldStatement[],
  { events, conflict, sharedAddress }: DecidingPolicies,
): Ruling {
  if (persons.length === 0) return { kind: 'parked', reason: 'unknown-person' }
  const statements: Draft[] = []
  let superseded = 0
  let known = 0
  for (const person of persons) {
    const stated = keys.map((key) => ({ key, own: ownStatement(person, key, told, events) }))
    const spoken = stated.filter(({ own }) => own !== undefined)
    // Nothing stated under several purposes: a yes could mean any of them, a no means all.
    if (spoken.length === 0 && keys.length > 1 && statement.value !== false) return { kind: 'unmapped' }
    for (const { key, own } of spoken.length > 0 ? spoken : stated) {
      const foreign = withBeyond(statement, own?.value, beyond)
      const verdict = reverseVerdict(foreign, own, conflict)
      if (verdict.kind === 'superseded') superseded += 1
      if (verdict.kind === 'known') known += 1
      if (verdict.kind === 'tell')
        statements.push({
          ...{ place, person: person.id, key: keyText(key), value: foreign.value, instant: verdict.instant },
          ...(own && { was: own.value }),
        })
    }
  }
  if (statements.length > 0 && statement.value !== false && persons.length > 1)
    return { kind: 'parked', reason: 'shared-opt-in' }
  // One who refuses is enough for a no to stand, whatever the others say (semantics §6.4).
  const stands = statement.value === false && sharedAddress === 'opt-out-wins' && known + statements.length > 0
  if (stands) superseded = 0
  if (statements.length > 0) return { kind: 'told', statements, settled: superseded === 0 }
  return { kind: superseded > 0 ? 'superseded' : 'known' }
}

/** The set as the person would have it: what the column cannot hold stays as it is. */
function withBeyond(foreign: Foreign, own: Choice | undefined, beyond: Saying['beyond']): Foreign {
  if (typeof foreign.value === 'boolean' || own === undefined || typeof own === 'boolean' || beyond === undefined)
    return foreign
  return { ...foreign, value: setOf([...foreign.value, ...own.filter(beyond)]) }
}

/** Drafts as statements of events: one event per person and instant, whose id says what it holds (semantics §11.4). */
export function intoEvents(drafts: readonly Draft[], organization: string): ToldStatement[] {
  const latest = new Map<string, Draft>()
  for (const draft of drafts) {
    const name = `${draft.person} ${draft.key}`
    const other = latest.get(name)
    if (other === undefined || outlasts(draft, other)) latest.set(name, draft)
  }
  const groups = new Map<string, Draft[]>()
  for (const draft of latest.values()) {
    const name = `${draft.person} ${draft.instant}`
    groups.set(name, [...(groups.get(name) ?? []), draft])
  }
  return [...groups.values()].flatMap((group) => {
    const lines = group.map(({ place, key, value }) => `${place} ${key} ${JSON.stringify(value)}`).sort()
    const [{ person, instant } = { person: '', instant: 0 }] = group
    const event = uuidV5(['event', organization, person, formatInstant(instant), ...lines].join('|'), NAMESPACE)
    return group.map(
      ({ person, key, value, instant }): ToldStatement => ({ person, key, value, instant, event, state: 'intended' }),
    )
  })
}

/** Several places about one key of a person: a refusal before all else, then the later one. */
function outlasts(a: Draft, b: Draft): boolean {
  if ((a.value === false) !== (b.value === false)) return a.value === false
  return a.instant > b.instant
}

/** The span as the ledger keeps it, whose bounds are compared without tolerance. */
export function keptSpan({ statement, value }: Saying['heard']): LedgerValue {
  return { value, ...ledgerSpan(statement) }
}
