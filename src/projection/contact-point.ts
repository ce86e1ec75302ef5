/** An address as Dataverse should hold it: normalised per channel (semantics §6.3), so that one person has one slot. */

import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js'

export type Channel = 'email' | 'text' | 'voice' | 'custom'

/** Codes of `msdynmkt_contactpointtype` (Dataverse: contact point consent). */
export const CHANNEL_CODES = {
  email: 534120000,
  text: 534120001,
  voice: 534120003,
  custom: 534120002,
} as const satisfies Record<Channel, number>

/** Characters that `msdynmkt_contactpointvalue` holds at most. */
export const LONGEST_ADDRESS = 400

export interface ContactPoint {
  readonly channel: Channel
  readonly address: string
}

export type NormalisedAddress =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'unusable' }
  | { readonly kind: 'too-long' }

/** NFC, trimmed, lower case: how texts are compared wherever the database compares case-insensitively (semantics §5.1). */
export function comparable(text: string): string {
  return text.normalize('NFC').trim().toLowerCase()
}

/**
 * Normalises one address. E-mail keeps its `+tag` and dots and must contain `@`; text and voice numbers become E.164,
 * national ones read in `defaultCountry`; custom addresses are trimmed.
 */
export function normaliseAddress(channel: Channel, raw: string, defaultCountry: string | undefined): NormalisedAddress {
  const address = addressOf(channel, raw, defaultCountry)
  if (address === undefined || address === '') return { kind: 'unusable' }
  return address.length > LONGEST_ADDRESS ? { kind: 'too-long' } : { kind: 'address', address }
}

function addressOf(channel: Channel, raw: string, defaultCountry: string | undefined): string | undefined {
  switch (channel) {
    case 'email': {
      const address = comparable(raw)
      return address.includes('@') ? address : undefined
    }
    case 'text':
    case 'voice': {
      const phone = parsePhoneNumberFromString(raw.trim(), defaultCountry as CountryCode | undefined)
      return phone?.isPossible() ? phone.number : undefined
    }
    case 'custom':
      return raw.trim()
  }
}
