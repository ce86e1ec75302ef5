/** Addresses as Dataverse should hold them (semantics §6.2, §6.3). */

import { describe, expect, it } from 'vitest'

import { CHANNEL_CODES, type Channel, comparable, normaliseAddress } from '../../src/projection/contact-point.ts'

/** How rows are found for a slot: what Dataverse stores, normalised, is the slot's address. */
function sameAddress(channel: Channel, stored: string, address: string, defaultCountry: string | undefined): boolean {
  const normalised = normaliseAddress(channel, stored, defaultCountry)
  return normalised.kind === 'address' && normalised.address === address
}

const UNUSABLE = { kind: 'unusable' }
const at = (address: string) => ({ kind: 'address', address })

describe('§6.2 channels', () => {
  it('have the codes of Dataverse', () => {
    expect(CHANNEL_CODES).toEqual({ email: 534120000, text: 534120001, voice: 534120003, custom: 534120002 })
  })
})

describe('§6.3 e-mail', () => {
  it.each([
    [' Ada.Lovelace+News@Example.COM\t', 'ada.lovelace+news@example.com'],
    ['e\u0301va@example.com', 'éva@example.com'],
    ['ÉVA@EXAMPLE.COM', 'éva@example.com'],
    ['a@b', 'a@b'],
  ])('%j is NFC, trimmed, lower case', (raw, address) => {
    expect(normaliseAddress('email', raw, undefined)).toEqual(at(address))
  })

  it.each(['', ' ', 'ada', 'ada.example.com'])('%j contains no "@"', (raw) => {
    expect(normaliseAddress('email', raw, undefined)).toEqual(UNUSABLE)
  })
})

describe('§6.3 text and voice', () => {
  it.each(['text', 'voice'] as const)('%s is E.164, national numbers in defaultCountry', (channel) => {
    expect(normaliseAddress(channel, ' 030 901820 ', 'DE')).toEqual(at('+4930901820'))
    expect(normaliseAddress(channel, '+33 (0)1 42 68 53 00', 'DE')).toEqual(at('+33142685300'))
    expect(normaliseAddress(channel, '+33142685300', undefined)).toEqual(at('+33142685300'))
  })

  it.each(['030 901820', '', 'ada', '+', '+49', '+49 1', '12'])('%j without a country is no number', (raw) => {
    expect(normaliseAddress('text', raw, undefined)).toEqual(UNUSABLE)
  })

  it('an impossible number is none', () => {
    expect(normaliseAddress('voice', '123456789012345678', 'DE')).toEqual(UNUSABLE)
    expect(normaliseAddress('text', '12', 'DE')).toEqual(UNUSABLE)
  })
})

describe('§6.3 custom', () => {
  it('is trimmed, and nothing else', () => {
    expect(normaliseAddress('custom', ' Device-É/1 ', 'DE')).toEqual(at('Device-É/1'))
    expect(normaliseAddress('custom', '  ', undefined)).toEqual(UNUSABLE)
  })
})

describe('§6.3 length', () => {
  it('400 characters fit, 401 do not', () => {
    expect(normaliseAddress('custom', 'x'.repeat(400), undefined).kind).toBe('address')
    expect(normaliseAddress('custom', 'x'.repeat(401), undefined)).toEqual({ kind: 'too-long' })
    expect(normaliseAddress('custom', ` ${'x'.repeat(400)} `, undefined).kind).toBe('address')
  })
})

describe('§5.1 comparing', () => {
  it('is after NFC, trim, lower-case; accents count', () => {
    expect(comparable(' E\u0301va ')).toBe('éva')
    expect(comparable('eva')).not.toBe(comparable('éva'))
  })

  it('§6.6 a stored address is the slot’s however it is written', () => {
    expect(sameAddress('email', ' ADA@example.com', 'ada@example.com', undefined)).toBe(true)
    expect(sameAddress('text', '030 901820', '+4930901820', 'DE')).toBe(true)
    expect(sameAddress('text', '030 901820', '+4930901820', undefined)).toBe(false)
    expect(sameAddress('email', 'eva@example.com', 'éva@example.com', undefined)).toBe(false)
    expect(sameAddress('custom', 'a', 'A', undefined)).toBe(false)
    expect(sameAddress('email', 'nobody', 'nobody', undefined)).toBe(false)
  })
})
