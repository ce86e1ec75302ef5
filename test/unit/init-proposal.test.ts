/** Mappings proposed by name: what is alike is paired, what could be either is left. */

import { describe, expect, it } from 'vitest'
import { configurationText } from '../../src/init/configuration-text.ts'
import { choicesIn, propose, wordsOf } from '../../src/init/proposal.ts'

const to = (name: string) => ({ id: `purpose:${name}`, name })
const choice = (name: string) => ({ value: `v-${name}`, name })
const paired = (destinations: string[], choices: string[]) =>
  propose(destinations.map(to), choices.map(choice)).pairs.map(
    (pair) => `${pair.destination.name} = ${pair.choice.name}`,
  )

describe('names', () => {
  it.each([
    ['new_partnerOffers', ['partner', 'offers']],
    ['partner-offers-k3Jd', ['partner', 'offers']],
    ['Événements & Café', ['evenements', 'cafe']],
    ['Marketing purpose', ['marketing', 'purpose']],
    ['sports-a1', ['sports']],
  ])('%s', (name, words) => {
    expect([...wordsOf(name)].filter((word) => word !== 'new')).toEqual(words)
  })
})

describe('proposals', () => {
  it('pairs the same words however they are written', () => {
    expect(paired(['Partner offers', 'Newsletter'], ['newsletter', 'partnerOffers-x9'])).toEqual([
      'Partner offers = partnerOffers-x9',
      'Newsletter = newsletter',
    ])
    expect(paired(['partneroffers'], ['partner_offers'])).toEqual(['partneroffers = partner_offers'])
  })

  it('leaves what could be either, and what is not alike', () => {
    expect(paired(['News sports'], ['news', 'sports'])).toEqual([])
    expect(paired(['Surveys'], ['newsletter'])).toEqual([])
    const { destinationsLeft, choicesLeft } = propose([to('A thing')], [choice('b')])
    expect([destinationsLeft, choicesLeft]).toEqual([[to('A thing')], [choice('b')]])
  })

  it('a mode is offered what it can hold (semantics §4)', () => {
    const keys = [
      { kind: 'set', purpose: 'p', preference: 'f' },
      { kind: 'value', purpose: 'p', preference: 'f', value: 'v' },
      { kind: 'channel', channel: 'sms' },
      { kind: 'purpose-li', purpose: 'p' },
    ] as const
    expect(choicesIn(keys, 'consent').map(({ value }) => value)).toEqual(['consents_purposes_p_values_f_v'])
    expect(choicesIn(keys, 'contact').map(({ value }) => value)).toEqual([
      'consents_purposes_p_values_f_value',
      'consents_channels_sms_enabled',
    ])
  })
})

it('buckets have a place in the file, and texts that YAML would read otherwise are quoted', () => {
  const answers = {
    mode: 'consent' as const,
    instance: 'https://acme.crm4.dynamics.com',
    tenantId: '0123',
    clientId: 'a: b',
    secretVariable: 'SECRET',
    source: { kind: 's3' as const, bucket: 'acme-exports', prefix: 'data/' },
  }
  const text = configurationText(answers, { pairs: [], destinationsLeft: [], choicesLeft: [] })
  expect(text).toContain('source:\n  s3:\n    bucket: acme-exports\n')
  expect(text).toContain('  prefix: data/\n')
  expect(text).toContain('tenant_id: "0123"\n        client_id: "a: b"\n        client_secret: \u0024{env:SECRET}')
})
