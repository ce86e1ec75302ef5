/** One consent place in Dataverse: (channel, address, purpose) or (channel, address, topic) (semantics §1, §6). */

import { v5 as uuidV5 } from 'uuid'
import type { Key } from '../consent/key.ts'
import { overlay } from '../consent/overlay.ts'
import type { Events, Statement } from '../consent/statement.ts'
import type { Guid, PurposeRow } from '../dataverse/dataverse.ts'
import type { LedgerValue, Place } from '../store/store.ts'
import { CHANNEL_CODES, type Channel, type ContactPoint } from './contact-point.ts'
import { combine, type Person, personStatement, type SharedAddress } from './person.ts'

/** Namespace of every primary key that we choose (semantics §6.5). */
export const NAMESPACE = '6b1f3d0e-52c7-5b0a-9d3e-0a8f4c2e7d11'

/** Codes of `msdynmkt_value` (Dataverse: contact point consent). */
export const CONSENT_VALUES = { notSet: 534120000, optedIn: 534120001, optedOut: 534120002 } as const

/** The code of a choice. */
export const consentValue = (yes: boolean): number => (yes ? CONSENT_VALUES.optedIn : CONSENT_VALUES.optedOut)

/** One mapping entry of consent mode, checked against Dataverse's purposes and topics. */
export interface ConsentEntry {
  readonly kind: 'purpose' | 'topic'
  readonly id: Guid
  /** The purpose itself, or the topic's parent. */
  readonly purpose: PurposeRow
  /** Only this channel; all of the configuration's where absent. */
  readonly channel?: Channel
  readonly keys: readonly Key[]
}

export interface Slot extends ContactPoint {
  readonly entry: ConsentEntry
}

/** A slot's wish: what all persons of its address together want. */
export interface WantedSlot {
  readonly slot: Slot
  readonly statement: Statement
}

/** Ids of persons and contacts are never part of a slot: consent belongs to the address. */
export function slotPlace({
  channel,
  address,
  entry,
}: ContactPoint & { readonly entry: Pick<ConsentEntry, 'kind' | 'id'> }): Place {
  const escaped = address.replace(/%/g, '%25').replace(/\//g, '%2F')
  return `slot/${channel}/${escaped}/${entry.kind}/${entry.id}`
}

/** The channel and address that a slot's place names; `undefined` for other places. */
export function pointOfPlace(place: Place): { readonly channel: string; readonly address: string } | undefined {
  const [kind, channel, address] = place.split('/')
  if (kind !== 'slot' || channel === undefined || address === undefined) return undefined
  return { channel, address: address.replace(/%2F/g, '/').replace(/%25/g, '%') }
}

/** The primary key of a row we create; `attempt` counts from 1 where rows of other slots hold the earlier ones. */
export function slotRowId({ channel, address, entry }: Slot, attempt = 1): Guid {
  const name = `${CHANNEL_CODES[channel]}|${address}|${entry.kind}|${entry.id}`
  return uuidV5(attempt === 1 ? name : `${name}|${attempt}`, NAMESPACE)
}

/** The primary key of a contact we create (semantics §5.2). */
export function contactRowId(ouid: string): Guid {
  return uuidV5(`contact|${ouid}`, NAMESPACE)
}

/** The slots that a person touches: those of its addresses for which it states the choice itself (semantics §6.4). */
export function slotsOf(
  person: Person,
  points: readonly ContactPoint[],
  entries: readonly ConsentEntry[],
  events: Events,
): Slot[] {
  return entries
    .filter((entry) => personStatement(person, entry.keys, events) !== undefined)
    .flatMap((entry) =>
      points
        .filter(({ channel }) => entry.channel === undefined || entry.channel === channel)
        .map(({ channel, address }) => ({ channel, address, entry })),
    )
}

/** The slot's wish over all persons known for its address; nothing where none of them states the choice. */
export function wantedSlot(
  slot: Slot,
  persons: readonly Person[],
  { events, sharedAddress }: { readonly events: Events; readonly sharedAddress: SharedAddress },
  restored?: LedgerValue,
): WantedSlot | undefined {
  const said = combine(
    persons.flatMap((person) => personStatement(person, slot.entry.keys, events) ?? []),
    sharedAddress,
  )
  if (said === undefined) return undefined
  const foreign = restored && { value: restored.value === CONSENT_VALUES.optedIn, lo: restored.lo, hi: restored.hi }
  return { slot, statement: (foreign && overlay([said, foreign])) ?? said }
}

/** Does anybody of the address refuse a Didomi purpose under which this entry's choice lies, mapped or not (semantics §6.7)? */
export function anybodyRefusesParent(entry: ConsentEntry, persons: readonly Person[], events: Events): boolean {
  const parents = new Set(entry.keys.flatMap((key) => (key.kind === 'channel' ? [] : [key.purpose])))
  return [...parents].some((purpose) =>
    persons.some((person) => personStatement(person, [{ kind: 'purpose', purpose }], events)?.value === false),
  )
}
