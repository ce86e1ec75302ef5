/** Mappings proposed by name: what is alike is paired, what could be either is left. */

import { describe, expect, it } from 'vitest'
import { configurationText } from '../../src/init/configuration-text.ts'
import { choicesIn, propose, wordsOf } from '../../src/init/proposal.ts'

const to = (name: string) => ({ id: `purpose:${name}`, name })
const choice = (...names: string[]) => ({ value: `v-${names.at(-1)}`, names })
const paired = (destinations: string[], choices: string[]) =>
  propose(
    destinations.map(to),
    choices.map((name) => choice(name)),
  ).pairs.map((pair) => `${pair.destination.name} = ${pair.choice.names.at(-1)}`)

describe('names', () => {
  it.each([
    ['new_partnerOffers', ['partner', 'offers']],
    ['partner-offers-k3Jd', ['partner', 'offers']],
    ['Événements & Café', ['evenements', 'cafe']],
    ['Marketing purpose', ['marketing', 'purpose']],
    ['sports-a1', ['sports']],
    ['Рассылка новостей', ['рассылка', 'новостеи']],
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

  it('goes by whatever Didomi calls it, in any language, and by its id', () => {
    const choices = [choice('Weekly digest', 'Wochenpost', 'p-7Kd2'), choice('Partner offers', 'offers-x1')]
    const { pairs } = propose(['Wochenpost', 'Offers'].map(to), choices)
    expect(pairs.map((pair) => [pair.destination.name, pair.choice.value])).toEqual([
      ['Wochenpost', 'v-p-7Kd2'],
      ['Offers', 'v-offers-x1'],
    ])
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

  describe('of a configuration tree', () => {
    const tree = [
      { reference: { purpose: 'p' }, node: 'n', titles: ['Letters', 'Post'] },
      { reference: { purpose: 'p', preference: 'f' }, node: 'm', titles: ['Topics'] },
      { reference: { purpose: 'p', preference: 'f', value: 'v' }, titles: ['Sports'] },
    ]

    it('are offered though nobody stated them, and have its titles where somebody did', () => {
      const offered = [
        { value: 'consents_purposes_p_enabled', names: ['Letters', 'Post', 'p'] },
        { value: 'consents_purposes_p_values_f_v', names: ['Sports', 'v'] },
      ]
      expect(choicesIn([], 'consent', tree)).toEqual(offered)
      expect(choicesIn([{ kind: 'purpose', purpose: 'p' }], 'consent', tree)).toEqual(offered)
      expect(choicesIn([], 'contact', tree).map(({ value }) => value)).toEqual([
        'consents_purposes_p_enabled',
        'consents_purposes_p_values_f_value',
      ])
    })

    it('are of the first schema where the export shows that', () => {
      const first = { kind: 'preference', purpose: 'p', preference: 'f' } as const
      const values = (known: Parameters<typeof choicesIn>[0]) =>
        choicesIn(known, 'consent', tree).map(({ value }) => value)
      expect(values([first])).toEqual(['consents_purposes_p_preferences_f_enabled', 'consents_purposes_p_enabled'])
      expect(values([first, { ...first, kind: 'set' }])).toContain('consents_purposes_p_values_f_v')
    })
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
    didomi: { organizationId: 'acme', key: 'k', secretVariable: 'KEY' },
  }
  const choicesLeft = [choice('A title\nkey: value', 'v'), choice('id')]
  const text = configurationText(answers, { pairs: [], destinationsLeft: [], choicesLeft })
  expect(text).toContain("didomi: # its API: `doctor` asks it what ids mean, `bootstrap` for everybody's choices\n")
  expect(text).toContain('  organizationId: acme\n  key: k\n  secret: \u0024{env:KEY}\nstore:')
  expect(text).toContain('        #   v-v # A title key: value\n        #   v-id\n')
  expect(text).toContain('source:\n  s3:\n    bucket: acme-exports\n')
  expect(text).toContain('  prefix: data/\n')
  expect(text).toContain('tenant_id: "0123"\n        client_id: "a: b"\n        client_secret: \u0024{env:SECRET}')
})
