/** How the emulated Didomi lays choices over a status, and what it puts into an export. */
import { describe, expect, it } from 'vitest'
import { exportLines, exportText } from '../../src/emulator/didomi-export.ts'
import { mergeConsents, NO_CONSENTS } from '../../src/emulator/didomi-merge.ts'
import type { DidomiEvent, DidomiRecord } from '../../src/emulator/didomi-people.ts'
import { DidomiRate, DOCUMENTED_RATE } from '../../src/emulator/didomi-rate.ts'

const said = (purpose: object, more: object = {}) => ({ purposes: [{ id: 'newsletter', ...purpose }], ...more })
const merged = (...choices: object[]) =>
  choices.reduce<Readonly<Record<string, unknown>>>(
    (status, choice) => mergeConsents(status, { ...choice }, 'empty-text'),
    NO_CONSENTS,
  )

describe('a choice laid over a status', () => {
  it('a purpose once chosen never becomes null again, and others stay as they are', () => {
    const status = merged(
      said({ enabled: true }),
      { purposes: [{ id: 'offers', enabled: false }] },
      said({ enabled: null }),
    )
    expect(status['purposes']).toEqual([
      { id: 'newsletter', enabled: true },
      { id: 'offers', enabled: false },
    ])
  })

  it('legitimate interest is a choice of its own', () => {
    const status = merged(
      said({ enabled: true, enabled_li: false }),
      said({ enabled: false }),
      said({ enabled_li: null }),
    )
    expect(status['purposes']).toEqual([{ id: 'newsletter', enabled: false, enabled_li: false }])
  })

  it('the values of a preference are replaced as a whole, other preferences stay; marks of propagation do not enter', () => {
    const status = merged(
      said({
        values: { topics: { value: 'a,b', from_propagation: true }, often: { value: 'weekly' } },
        propagation: true,
      }),
      said({ values: { topics: { value: 'b' } } }),
    )
    expect(status['purposes']).toEqual([
      { id: 'newsletter', enabled: null, values: { topics: { value: 'b' }, often: { value: 'weekly' } } },
    ])
  })

  it.each([
    ['empty-text', { topics: { value: '' } }],
    ['null', { topics: { value: null } }],
    ['absent', {}],
  ] as const)('a cleared preference can read as %s', (cleared, values) => {
    for (const value of ['', null]) {
      const before = merged(said({ values: { topics: { value: 'a' } } }))
      const status = mergeConsents(before, said({ values: { topics: { value } } }), cleared)
      expect(status['purposes']).toEqual([{ id: 'newsletter', enabled: null, values }])
    }
  })

  it('the older tree of preferences and channels is merged at every level', () => {
    const status = merged(
      said({ preferences: [{ id: 'p', enabled: true, channels: [{ id: 'sms', enabled: true }] }] }),
      said({
        preferences: [
          {
            id: 'p',
            channels: [
              { id: 'sms', enabled: false },
              { id: 'email', enabled: true },
            ],
          },
        ],
      }),
    )
    const channels = [
      { id: 'sms', enabled: false },
      { id: 'email', enabled: true },
    ]
    expect(status['purposes']).toEqual([
      { id: 'newsletter', enabled: null, preferences: [{ id: 'p', enabled: true, channels }] },
    ])
  })

  it('a vendor stands where it was named last; channels and the TCF string follow the last word', () => {
    const status = merged(
      {
        vendors: { enabled: ['v1', 'v2'], disabled_li: ['v1'] },
        channels: [{ id: 'email', enabled: true }],
        tcfcs: 'C',
      },
      { vendors: { disabled: ['v1'] }, channels: [{ id: 'email', enabled: false }], tcfcs: null },
    )
    expect(status).toMatchObject({
      vendors: { enabled: ['v2'], disabled: ['v1'], enabled_li: [], disabled_li: ['v1'] },
      channels: [{ id: 'email', enabled: false }],
      tcfcs: 'C',
    })
  })
})

describe('an export', () => {
  const eventOf = (id: string, status: string): DidomiEvent => ({
    id,
    created_at: '2026-10-20T00:00:00.000Z',
    updated_at: '2026-10-20T00:00:00.000Z',
    status,
    regulation: 'gdpr',
    user: {},
    consents: {},
  })
  const recordOf = (ouid: string | null, sequence: number, more: object = {}, events: DidomiRecord['events'] = []) => {
    const user = { id: `id of ${ouid}`, organization_user_id: ouid, regulation: 'gdpr', ...more }
    return { origin: user, user, events, sequence, changedAtMs: sequence * 1_000 }
  }
  const ouids = (...args: Parameters<typeof exportLines>) =>
    exportLines(...args).map(({ user }) => (user as { organization_user_id: unknown }).organization_user_id)

  it('holds what changed after a number, or a time, and leaves out guests, gaps and other regulations', () => {
    const records = [
      recordOf('ada', 1),
      undefined,
      recordOf('ben', 2),
      recordOf('old', 0),
      recordOf(null, 3),
      recordOf('cem', 4, { regulation: 'CPRA' }),
      { ...recordOf('odd', 5), user: 'no user' },
    ]
    expect(ouids(records)).toEqual(['ada', 'ben'])
    expect(ouids(records, { afterSequence: 1 })).toEqual(['ben'])
    expect(ouids(records, { afterMs: 1_000 })).toEqual(['ben'])
    expect(ouids(records, { unchanged: true, guests: true })).toEqual(['ada', 'ben', 'old', null])
    expect(exportLines(records)[0]?.user).not.toHaveProperty('regulation')
  })

  it('holds the events of the period, of all time or none; those that wait only where that is asked for', () => {
    const events = [
      { event: eventOf('e1', 'confirmed'), sequence: 1 },
      { event: eventOf('e2', 'confirmed'), sequence: 2 },
      { event: eventOf('e3', 'pending_approval'), sequence: 3 },
    ]
    const records = [recordOf('ada', 3, {}, events)]
    const ids = (...settings: [Parameters<typeof exportLines>[1]]) =>
      exportLines(records, ...settings).map((line) => line.events.map((event) => (event as DidomiEvent).id))
    expect(ids({ afterSequence: 1 })).toEqual([['e2']])
    expect(ids({ afterSequence: 1, events: 'all' })).toEqual([['e1', 'e2']])
    expect(ids({ events: 'none' })).toEqual([[]])
    expect(ids({ afterSequence: 2, pending: true })).toEqual([['e3']])
    const waiting = [recordOf('ben', 1, {}, [{ event: eventOf('e4', 'pending_approval'), sequence: 1 }])]
    expect(exportLines(waiting)).toEqual([])
  })

  it('is one line for each record, each with its end', () => {
    expect(exportText([])).toBe('')
    const text = exportText(exportLines([recordOf('ada', 1), recordOf('ben\n', 2)]))
    expect(text.split('\n')).toHaveLength(3)
    expect(text.endsWith('\n')).toBe(true)
  })
})

describe('the budget of requests', () => {
  it('counts the routes it names, tells what is left, and begins anew after its window', () => {
    const rate = new DidomiRate({ ...DOCUMENTED_RATE, requests: 2 })
    expect(rate.take('users', 0)).toBeUndefined()
    expect(rate.take('catalogue', 0)).toEqual({
      refused: false,
      headers: { RateLimit: 'limit=2, remaining=1, reset=15', 'RateLimit-Policy': '2;w=15' },
    })
    expect(rate.take('exports/logs', 14_000)?.refused).toBe(false)
    expect(rate.take('catalogue', 14_001)).toEqual({
      refused: true,
      headers: { RateLimit: 'limit=2, remaining=0, reset=1', 'RateLimit-Policy': '2;w=15', 'Retry-After': '1' },
    })
    expect(rate.take('catalogue', 15_000)?.refused).toBe(false)
  })

  it('can refuse without a word about how long to wait', () => {
    const rate = new DidomiRate({ ...DOCUMENTED_RATE, requests: 0, retryAfter: false })
    expect(rate.take('catalogue', 0)?.headers).not.toHaveProperty('Retry-After')
  })
})
