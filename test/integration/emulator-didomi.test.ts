/** The emulated Didomi API over HTTP: events that change users, ids that are met again, the catalogue, budgets, exports. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DidomiEmulator, startDidomiEmulator } from '../../src/emulator/didomi.ts'
import { exportLines } from '../../src/emulator/didomi-export.ts'
import { writeExportDay } from '../../src/emulator/didomi-export-folder.ts'
import type { DidomiEmulatorOptions } from '../../src/emulator/didomi-settings.ts'
import { parseLine } from '../../src/record/line.ts'
import { openDirectory } from '../../src/source/directory.ts'
import { discoverPartitions } from '../../src/source/discover.ts'
import { userOf } from '../support/didomi-users.ts'

const START_MS = Date.UTC(2026, 9, 23, 2, 15)
const ADA = 'ada@example.com'
const never = new AbortController().signal

let didomi: DidomiEmulator
let nowMs: number
let token: string
const opened: DidomiEmulator[] = []

async function start(options: DidomiEmulatorOptions = {}): Promise<void> {
  nowMs = START_MS
  didomi = await startDidomiEmulator({ now: () => nowMs, ...options })
  opened.push(didomi)
  token = await session()
}

afterEach(async () => {
  for (const one of opened.splice(0)) {
    expect(one.counters.notUnderstood).toBe(0)
    await one.close()
  }
})

async function session(): Promise<string> {
  const { apiRoot, key, secret } = didomi
  const answer = await fetch(`${apiRoot}/sessions`, {
    method: 'POST',
    body: JSON.stringify({ type: 'api-key', key, secret }),
  })
  return ((await answer.json()) as { access_token: string }).access_token
}

interface Told {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes and assert every part they read
  readonly json: any
}

async function call(method: string, path: string, body?: unknown): Promise<Told> {
  const url = `${path.startsWith('/') ? new URL(didomi.apiRoot).origin : `${didomi.apiRoot}/`}${path}`
  const headers = { Authorization: `Bearer ${token}` }
  const organized = `${url}${url.includes('?') ? '&' : '?'}organization_id=acme`
  const content = body === undefined ? {} : { body: JSON.stringify(body) }
  const answer = await fetch(organized, { method, headers, ...content })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, json: text === '' ? undefined : JSON.parse(text) }
}

const get = (path: string) => call('GET', path)
const post = (body: unknown, query = '') => call('POST', `consents/events${query}`, body)
const eventOf = (more: object = {}) => ({
  user: { organization_user_id: ADA },
  consents: { purposes: [{ id: 'newsletter', enabled: false }] },
  ...more,
})
async function choiceOf(ouid = ADA): Promise<unknown> {
  const { json } = await get(`consents/users/${encodeURIComponent(ouid)}?$by_organization_user_id=true`)
  return json.consents?.purposes.find(({ id }: { id: string }) => id === 'newsletter')?.enabled
}

describe('an event', () => {
  beforeEach(() => start({ users: [userOf(ADA)] }))

  it('changes its user: by id, by organization user id and in the pages; version and date go on', async () => {
    expect(await choiceOf()).toBe(true)
    nowMs += 60_000
    const { status, json } = await post(eventOf({ delegate: { id: 'call-center' }, metadata: { from: 'crm' } }))
    expect(status).toBe(201)
    expect(json).toMatchObject({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      created_at: '2026-10-23T02:16:00.000Z',
      status: 'confirmed',
      regulation: 'gdpr',
      delegate: { id: 'call-center' },
      metadata: { from: 'crm' },
      user: { id: 'd1', organization_user_id: ADA },
    })
    const changed = { id: 'd1', version: 4, updated_at: '2026-10-23T02:16:00.000Z', country: 'FR' }
    expect((await get('consents/users/d1')).json).toMatchObject(changed)
    expect((await get(`consents/users?organization_user_id=${encodeURIComponent(ADA)}`)).json.data).toMatchObject([
      changed,
    ])
    expect(await choiceOf()).toBe(false)
    expect((await get(`consents/events/${json.id}`)).json).toEqual(json)
    expect((await get('consents/events?user_id=d1')).json.data).toEqual([json])
  })

  it('of a known id changes nothing, alone and amid others', async () => {
    const first = eventOf({ id: 'e1' })
    const stored = (await post(first)).json
    const again = await post({ ...first, consents: { purposes: [{ id: 'newsletter', enabled: true }] } })
    expect([again.status, again.json]).toEqual([201, stored])
    const many = await post([first, eventOf({ id: 'e2' }), eventOf({ id: 'e2' })])
    expect(many.json.map(({ id }: { id: string }) => id)).toEqual(['e1', 'e2', 'e2'])
    expect(await choiceOf()).toBe(false)
    expect((await get('consents/users/d1')).json.version).toBe(5)
    expect(didomi.received.map(({ repeated }) => repeated)).toEqual([false, true, true, false, true])
  })

  it('of an older date does not beat a newer choice, whichever came first', async () => {
    await post(eventOf({ created_at: '2026-10-19T12:00:00Z' }))
    expect(await choiceOf(), 'the user was updated on the 20th').toBe(true)
    await post(eventOf({ created_at: '2026-10-21T12:00:00Z' }))
    expect(await choiceOf()).toBe(false)
    const yes = {
      purposes: [
        { id: 'newsletter', enabled: true },
        { id: 'offers', enabled: true },
      ],
    }
    await post(eventOf({ created_at: '2026-10-21T11:00:00Z', consents: yes }))
    expect(await choiceOf()).toBe(false)
    expect((await get('consents/users/d1')).json.consents.purposes).toContainEqual({ id: 'offers', enabled: true })
  })

  it('that waits for approval changes nothing until it is confirmed', async () => {
    const { json } = await post(eventOf({ status: 'pending_approval' }))
    expect(await choiceOf()).toBe(true)
    expect((await get('consents/users/d1')).json.version).toBe(3)
    expect((await get('consents/events?user_id=d1')).json.total).toBe(0)
    expect((await get('consents/events?user_id=d1&status=pending_approval')).json.total).toBe(1)
    expect((await call('PATCH', `consents/events/${json.id}`, { status: 'confirmed' })).status).toBe(200)
    expect(await choiceOf()).toBe(false)
  })

  it('that is deleted leaves the status as it would be without it', async () => {
    const { json } = await post(eventOf())
    expect((await call('DELETE', `consents/events/${json.id}`)).status).toBe(200)
    expect(await choiceOf()).toBe(true)
    expect((await get(`consents/events/${json.id}`)).status).toBe(404)
  })

  it('tells whether integrations hear of it', async () => {
    await post(eventOf({ id: 'e1' }), '?$disable_integrations=true')
    await post(eventOf({ id: 'e2' }))
    expect(didomi.received.map(({ event, forwarded }) => [event.id, forwarded])).toEqual([
      ['e1', false],
      ['e2', true],
    ])
  })

  it('of nobody known makes a user; its metadata is merged, its organization user id is given once', async () => {
    const made = (await post(eventOf({ user: { id: 'phone', country: 'DE', metadata: { a: 1 } } }))).json
    expect(made.user).toEqual({ id: 'phone', country: 'DE', metadata: { a: 1 } })
    await post(eventOf({ user: { id: 'phone', organization_user_id: 'ben@example.com', metadata: { b: 2 } } }))
    await post(eventOf({ user: { id: 'phone', organization_user_id: 'cem@example.com' } }))
    expect((await get('consents/users/phone')).json).toMatchObject({
      organization_user_id: 'ben@example.com',
      country: 'DE',
      metadata: { a: 1, b: 2 },
      version: 3,
      consents: { purposes: [{ id: 'newsletter', enabled: false }], vendors: { enabled: [] } },
    })
    const anonymous = (await post({ consents: {} })).json
    expect(anonymous.user.id).toMatch(/^[\da-f-]{36}$/)
    expect((await get('consents/users')).json.data).toHaveLength(3)
  })

  it('of another regulation is another status', async () => {
    await post(eventOf({ regulation: 'cpra', user: { id: 'd1' } }))
    expect(await choiceOf()).toBe(true)
    const { json } = await get('consents/users/d1?regulation=cpra')
    expect(json).toMatchObject({ id: 'd1', regulation: 'cpra', consents: { purposes: [{ enabled: false }] } })
    expect((await get('consents/users')).json.data).toHaveLength(1)
  })

  it('of an erased user makes a new one', async () => {
    expect((await call('DELETE', 'consents/users/d1')).status).toBe(200)
    expect((await get('consents/users/d1')).status).toBe(404)
    expect((await get('consents/users')).json.data).toEqual([])
    await post(eventOf())
    expect(await choiceOf()).toBe(false)
  })

  it('is stored even if its answer is lost, and met again when it is sent again', async () => {
    didomi.faults.add('events', { kind: 'lose' })
    await expect(post(eventOf({ id: 'e1' }))).rejects.toThrow()
    expect(await choiceOf()).toBe(false)
    expect((await post(eventOf({ id: 'e1' }))).status).toBe(201)
    expect(didomi.received.map(({ repeated }) => repeated)).toEqual([false, true])
  })
})

describe('events that will not do', () => {
  const purposes = (purpose: unknown) => ({ consents: { purposes: [purpose] } })
  it.each([
    ['no object', 'x', 'must be an object'],
    ['no choices', { user: { id: 'a' } }, 'consents is required'],
    ['a foreign organization', eventOf({ organization_id: 'other' }), 'organization_id'],
    ['a date that is none', eventOf({ created_at: '23.10.2026' }), 'created_at'],
    ['an unknown status', eventOf({ status: 'done' }), 'status'],
    ['an unknown regulation', eventOf({ regulation: 'moon' }), 'regulation'],
    ['a delegate without id', eventOf({ delegate: { name: 'x' } }), 'delegate.id'],
    ['metadata that is a list', eventOf({ metadata: [] }), 'metadata'],
    ['a country of three letters', eventOf({ user: { country: 'FRA' } }), 'user.country'],
    ['a purpose without id', eventOf(purposes({ enabled: true })), 'consents.purposes[0].id'],
    ['a choice that is a text', eventOf(purposes({ id: 'a', enabled: 'true' })), 'consents.purposes[0].enabled'],
    ['values that are lists', eventOf(purposes({ id: 'a', values: { b: { value: ['c'] } } })), 'purposes[0].values'],
    [
      'a channel below a preference without id',
      eventOf(purposes({ id: 'a', preferences: [{ id: 'b', channels: [{}] }] })),
      'preferences[0].channels[0].id',
    ],
    ['vendors that are a list', eventOf({ consents: { vendors: [] } }), 'consents.vendors'],
  ])('%s is 400 with the path', async (_, body, path) => {
    await start()
    const { status, json } = await post(body)
    expect([status, json.code, json.name]).toEqual([400, 400, 'BadRequest'])
    expect(json.message).toContain(path)
    expect(didomi.received).toEqual([])
  })

  it('more than a hundred, or none, are 400; a hundred are not', async () => {
    await start()
    const many = (count: number) => Array.from({ length: count }, () => eventOf())
    expect((await post(many(101))).status).toBe(400)
    expect((await post([])).status).toBe(400)
    expect((await post(many(100))).json).toHaveLength(100)
  })

  it.each([
    [false, 0],
    [true, 2],
  ])('one wrong amid others: with partial arrays %s, %i are stored', async (partialArrays, stored) => {
    await start({ partialArrays })
    const { status, json } = await post([eventOf(), {}, eventOf()])
    expect(status).toBe(400)
    expect(json.errors).toEqual([{ index: 1, message: 'consents is required' }])
    expect(didomi.received).toHaveLength(stored)
  })

  it.each([
    ['conflict', 409],
    ['bad-request', 400],
  ] as const)(
    'a known id can be answered as %s: it names the id and still changes nothing',
    async (duplicateEvent, status) => {
      await start({ duplicateEvent })
      expect((await post(eventOf({ id: 'e1' }))).status).toBe(201)
      const again = await post(eventOf({ id: 'e1' }))
      expect([again.status, again.json.message]).toEqual([status, 'the event id e1 exists already'])
      expect((await post([eventOf({ id: 'e2' }), eventOf({ id: 'e2' })])).status).toBe(status)
      expect(didomi.received).toHaveLength(1)
    },
  )

  it('the OpenAPI document demands more than the guides', async () => {
    await start({ requiredFields: 'openapi' })
    const { json } = await post(eventOf())
    for (const path of ['organization_id', 'created_at', 'user.id', 'consents.vendors']) {
      expect(json.message).toContain(`${path} is required`)
    }
    const whole = { organization_id: 'acme', created_at: '2026-10-20T00:00:00Z', user: { id: 'a' } }
    expect((await post(eventOf({ ...whole, consents: { vendors: {} } }))).status).toBe(201)
  })

  it('a field the emulator does not know says so and is counted', async () => {
    await start()
    const { status, json } = await post(eventOf({ proofs: ['data:'] }))
    expect([status, json.message]).toEqual([501, 'The emulator does not understand the field proofs.'])
    expect((await call('PATCH', 'consents/users/d1', {})).status).toBe(501)
    expect((await get('nowhere')).status).toBe(404)
    expect(didomi.counters.notUnderstood).toBe(3)
    didomi.counters.notUnderstood = 0
  })
})

describe('several records of a person', () => {
  const devices = [userOf(ADA, { id: 'phone' }), userOf(ADA, { id: 'laptop' })]
  const states = async () =>
    (await get('consents/users')).json.data.map(
      (user: { id: string; consents: { purposes: { enabled: boolean }[] } }) => [
        user.id,
        user.consents.purposes[0]?.enabled,
      ],
    )

  it('an event goes to the device it names, else to the record that changed last', async () => {
    await start({ users: devices })
    await post(eventOf({ user: { id: 'phone', organization_user_id: ADA } }))
    expect(await states()).toEqual([
      ['phone', false],
      ['laptop', true],
    ])
    const yes = { purposes: [{ id: 'newsletter', enabled: true }] }
    await post(eventOf({ consents: yes }))
    expect(await states()).toEqual([
      ['phone', true],
      ['laptop', true],
    ])
    await post(eventOf({ user: { id: 'tablet', organization_user_id: ADA } }))
    expect(await states()).toHaveLength(3)
  })

  it('with one record for each person, a new device makes none', async () => {
    await start({ users: [devices[0]], oneRecordPerPerson: true })
    await post(eventOf({ user: { id: 'tablet', organization_user_id: ADA } }))
    expect(await states()).toEqual([['phone', false]])
  })

  it('pages go on where they were, though records come and go', async () => {
    await start({ users: ['a', 'b', 'c', 'd'].map((id) => userOf(id, { id })), pageSize: 2 })
    const first = (await get('consents/users')).json
    await call('DELETE', 'consents/users/a')
    await post(eventOf({ user: { id: 'e' } }))
    const second = (await get(`consents/users?$cursor=${encodeURIComponent(first.cursor)}`)).json
    const third = (await get(`consents/users?$cursor=${encodeURIComponent(second.cursor)}`)).json
    const ids = [second, third].map(({ data }) => data.map(({ id }: { id: string }) => id))
    expect([...ids, third.cursor]).toEqual([['c', 'd'], ['e'], null])
  })
})

describe('the catalogue', () => {
  const preference = { id: 'topics', type: 'multi' as const, values: [{ id: 'sports' }, { id: 'travel' }] }
  const tree = {
    id: 'tree',
    selected_purposes: [
      { id: 'node1', purpose_id: 'newsletter', selected_preferences: [{ id: 'node2', preference }] },
      { id: 'node3', purpose_id: 'offers' },
    ],
  }
  const entity = { id: 'l1', widget_id: 'w1', selected_purpose_id: 'node1', selected_preference_id: 'node2' }
  const layoutEntities = [
    { ...entity, preference_value_id: 'sports' },
    { ...entity, id: 'l2', widget_id: 'w2' },
  ]

  it('shows tree, preferences, purposes and the elements of a widget, with and without /v1', async () => {
    await start({ tree, layoutEntities })
    for (const root of ['', '/']) {
      const list = async (path: string) => (await get(`${root}${path}`)).json
      expect(await list('config-trees')).toEqual({ total: 1, limit: 100, skip: 0, data: [tree] })
      expect((await list('preferences')).data).toEqual([preference])
      expect((await list('metadata/purposes')).data).toEqual([{ id: 'newsletter' }, { id: 'offers' }])
      const elements = 'widgets/preferences-centers/layout-entities'
      expect((await list(elements)).total).toBe(2)
      expect((await list(`${elements}?widget_id=w1`)).data).toEqual([layoutEntities[0]])
    }
    expect((await get('metadata/purposes?$limit=1&$skip=1')).json).toMatchObject({ total: 2, data: [{ id: 'offers' }] })
  })

  it('events may name what it holds or held, and nothing else', async () => {
    await start({ tree, formerIds: ['gone'] })
    const saying = (id: string, values: object) => post(eventOf({ consents: { purposes: [{ id, values }] } }))
    expect((await saying('newsletter', { topics: { value: 'sports,travel' } })).status).toBe(201)
    expect((await saying('newsletter', { topics: { value: 'gone' } })).status).toBe(201)
    expect((await saying('gone', { gone: { value: '' } })).status).toBe(201)
    expect((await saying('other', {})).json.message).toBe('consents.purposes[0].id does not exist')
    expect((await saying('newsletter', { other: { value: '' } })).status).toBe(400)
    expect((await saying('newsletter', { topics: { value: 'sports,other' } })).status).toBe(400)
  })

  it('has a budget of requests, the consents have none', async () => {
    await start({ rate: { requests: 2 } })
    for (let n = 0; n < 5; n++) expect((await get('consents/users')).headers.has('ratelimit')).toBe(false)
    expect((await get('preferences')).headers.get('ratelimit')).toBe('limit=2, remaining=1, reset=15')
    await get('preferences')
    const refused = await get('config-trees')
    expect([refused.status, refused.headers.get('retry-after'), refused.json.name]).toEqual([
      429,
      '15',
      'TooManyRequests',
    ])
    nowMs += 15_000
    expect((await get('config-trees')).status).toBe(200)
    expect(didomi.counters).toMatchObject({ throttled: 1, catalogue: 4, users: 5 })
  })

  it('a budget can be set on events, and refuse without a time', async () => {
    await start({ rate: { requests: 1, routes: ['events'], retryAfter: false } })
    expect((await post(eventOf())).status).toBe(201)
    const refused = await post(eventOf())
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, null])
    expect(didomi.received).toHaveLength(1)
  })
})

describe('sessions', () => {
  it('end by the clock and at will; without one nothing is shown or stored', async () => {
    await start({ tokenLifeMs: 1_000 })
    nowMs += 999
    expect((await post(eventOf())).status).toBe(201)
    nowMs += 1
    expect((await post(eventOf())).status).toBe(401)
    token = await session()
    const origin = new URL(didomi.apiRoot).origin
    expect((await fetch(`${origin}/__emulator/tokens/expire`, { method: 'POST' })).status).toBe(204)
    expect((await get('consents/users')).status).toBe(401)
    expect(didomi.counters).toMatchObject({ unauthorised: 2 })
    expect(didomi.received).toHaveLength(1)
  })
})

describe('the control port', () => {
  const control = async (method: string, path: string, body?: unknown) => {
    const url = `${new URL(didomi.apiRoot).origin}/__emulator/${path}`
    const answer = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    const text = await answer.text()
    return text === '' ? answer.status : JSON.parse(text)
  }

  it('shows counters, users and events, scripts faults, hands out export lines', async () => {
    await start({ users: [userOf(ADA)] })
    await control('POST', 'faults', { route: 'events', fault: { kind: 'status', status: 503 }, nth: 2 })
    expect([(await post(eventOf({ id: 'e1' }))).status, (await post(eventOf())).status]).toEqual([201, 503])
    await control('POST', 'faults', { route: 'events', fault: { kind: 'status', status: 503 } })
    expect(await control('DELETE', 'faults')).toBe(204)
    expect((await post(eventOf({ id: 'e2' }))).status).toBe(201)
    expect(await control('GET', 'counters')).toMatchObject({ events: 3, faults: 1, opened: 1 })
    expect(await control('GET', 'events')).toMatchObject([
      { event: { id: 'e1' }, repeated: false },
      { event: { id: 'e2' } },
    ])
    expect(await control('GET', 'users')).toMatchObject([{ id: 'd1', version: 5 }])
    const { sequence, lines } = await control('GET', 'export?after=1')
    expect([sequence, lines]).toMatchObject([2, [{ user: { id: 'd1' }, events: [{ id: 'e2' }] }]])
    expect(await control('GET', 'nowhere')).toMatchObject({ code: 404 })
  })
})

describe('the next export', () => {
  it('holds what was posted since the last one, in the layout of a delivery, as the reader of exports takes it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'didomi-export-'))
    try {
      await start({ users: [userOf(ADA), userOf('ben@example.com', { id: 'd2' })] })
      const { people } = didomi
      await post(eventOf())
      const day = { exportId: 'e1', date: '2026-10-24', parts: 2 }
      await writeExportDay(folder, day, exportLines(people.records))
      const { sequence } = people
      await post(eventOf({ user: { id: 'd2' } }))
      const written = await writeExportDay(
        folder,
        { exportId: 'e1', date: '2026-10-25', marker: 'partition' },
        exportLines(people.records, { afterSequence: sequence }),
      )
      expect(written).toEqual([
        'data/export-id=e1/date=2026-10-25/users/part-00000.json.gz',
        'data/export-id=e1/date=2026-10-25/_SUCCESS',
      ])
      const { partitions } = await discoverPartitions(
        openDirectory(folder),
        { prefix: 'data/', successMarker: 'auto' },
        never,
      )
      expect(partitions.map(({ date, sealed, parts }) => [date, sealed, parts.length])).toEqual([
        ['2026-10-24', true, 2],
        ['2026-10-25', true, 1],
      ])
      const users = join(folder, 'data/export-id=e1/date=2026-10-25/users')
      const [part = ''] = await readdir(users)
      const [line = '', ...more] = gunzipSync(await readFile(join(users, part)))
        .toString()
        .split('\n')
      expect(more).toEqual([''])
      const reading = { normalise: 'none', regulations: ['gdpr'], clockSkew: 0, maxLineBytes: 8 << 20 } as const
      expect(parseLine(line, reading, Number.MAX_SAFE_INTEGER)).toMatchObject({
        kind: 'record',
        record: { ouid: 'ben@example.com', userId: 'd2', version: 4 },
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
