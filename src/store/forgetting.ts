/** What of the ledger goes with a person: the places of contacts and addresses that nobody else shares. */

import type { Channel, ContactPoint } from '../projection/contact-point.ts'
import type { RevealedEvidence } from './evidence.ts'
import type { PersonContact, PersonId, Place } from './store.ts'

/** One contact or one address, and how all of its places in the ledger begin. */
export type Holder = { readonly beginning: string } & (
  | { readonly contactId: string }
  | { readonly channel: string; readonly address: string }
)

/** A person that is to be erased, as far as the ledger is concerned. */
export interface KnownPerson {
  readonly person: PersonId
  /** By the number of the scope. */
  readonly contacts: ReadonlyArray<{ readonly scope: number; readonly contacts: readonly PersonContact[] }>
  readonly evidence: ReadonlyArray<{ readonly scope: number; readonly entry: RevealedEvidence }>
}

/**
 * The contacts and addresses of persons: those they have, and those of which their evidence tells that they had them.
 * Each once.
 */
export function placesHeld(
  persons: readonly KnownPerson[],
): Iterable<{ readonly scope: number; readonly holder: Holder }> {
  const held = persons.flatMap(({ contacts, evidence }) => [
    ...contacts.flatMap(({ scope, contacts: own }) => holdersOf(own, []).map((holder) => ({ scope, holder }))),
    ...evidence.flatMap(({ scope, entry }) => holdersOf([], [entry]).map((holder) => ({ scope, holder }))),
  ])
  return new Map(held.map((one) => [`${one.scope} ${one.holder.beginning}`, one])).values()
}

/** Of these holders the addresses, each once in whatever scope. */
export function addressesIn(persons: readonly KnownPerson[]): ContactPoint[] {
  const held = [...placesHeld(persons)].flatMap(({ holder }) =>
    'address' in holder ? [{ channel: holder.channel as Channel, address: holder.address }] : [],
  )
  return [...new Map(held.map((one) => [`${one.channel}/${one.address}`, one])).values()]
}

function holdersOf(
  contacts: readonly PersonContact[],
  evidence: ReadonlyArray<Pick<RevealedEvidence, 'place'>>,
): Holder[] {
  return [
    ...contacts.flatMap(({ contactId, addresses }) => [
      ...(contactId === undefined ? [] : [contactHolder(contactId)]),
      ...addresses.map(({ channel, address }) => addressHolder(channel, address)),
    ]),
    ...evidence.flatMap(({ place }) => (place === undefined ? [] : (holderOf(place) ?? []))),
  ]
}

/** Whose place it is. */
function holderOf(place: Place): Holder | undefined {
  const [kind, first, second] = place.split('/')
  if (kind === 'contact' && first !== undefined) return contactHolder(first)
  if (kind === 'slot' && first !== undefined && second !== undefined) return addressHolder(first, unescaped(second))
  return undefined
}

const contactHolder = (contactId: string): Holder => ({ contactId, beginning: `contact/${contactId}/` })

/** An address, and how its slots' places begin. */
export const addressHolder = (channel: string, address: string): Holder => {
  return { channel, address, beginning: `slot/${channel}/${escaped(address)}/` }
}

/** As slots escape addresses. */
const escaped = (address: string): string => address.replace(/%/g, '%25').replace(/\//g, '%2F')
const unescaped = (part: string): string => part.replace(/%2F/g, '/').replace(/%25/g, '%')
