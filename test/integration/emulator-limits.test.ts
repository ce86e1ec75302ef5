/** Limits, service time, row locks and time scale of the whole emulator on a clock of its own (items 15 and 16). */
import { describe, expect, it } from 'vitest'
import type { EmulatorOptions } from '../../src/emulator/emulator.ts'
import { openVirtual, type Seen, type SendAs, type VirtualEmulator } from '../support/virtual-emulator.ts'
import { id, openCaller } from './emulator-caller.ts'

/** No chance, so that the arithmetic can be done by hand: every request takes exactly its base. */
const EXACT = { readMs: 0, rowMs: { create: 0, update: 0, upsert: 0, delete: 0 }, keyMs: 0, sigma: 0 }
const WINDOW_MS = 300_000
const LIMIT_CODES = { requests: '0x80072322', time: '0x80072321', concurrency: '0x80072326' }

const contacts = (count: number) => ({
  rows: { contacts: Array.from({ length: count }, (_, at) => ({ contactid: id(at + 1), jobtitle: 'old' })) },
})
const titles = ({ world }: VirtualEmulator) => world.rows('contacts').map((row) => row['jobtitle'])
const bulkOf = (...numbers: number[]) => ({
  Targets: numbers.map((number) => ({
    '@odata.type': 'Microsoft.Dynamics.CRM.contact',
    contactid: id(number),
    jobtitle: 'new',
  })),
})
const UPDATE_MULTIPLE = 'contacts/Microsoft.Dynamics.CRM.UpdateMultiple'

/** Until when a user stays away from a server; shared by those who heed one another's refusals. */
interface Gate {
  closedUntil: number
}

/** Sends without pause until the time is over, and stays away as long as a refusal says; counts what was let in. */
async function insist(
  { clock }: VirtualEmulator,
  send: SendAs,
  server: number,
  untilMs: number,
  gate: Gate,
): Promise<number> {
  let accepted = 0
  while (clock.uptime() < untilMs) {
    const closedMs = gate.closedUntil - clock.uptime()
    if (closedMs > 0) {
      await clock.sleep(closedMs)
      continue
    }
    const answer = await send('GET', 'WhoAmI', undefined, { cookie: `ARRAffinity=${server}` })
    if (answer.status === 200) accepted++
    else gate.closedUntil = Math.max(gate.closedUntil, clock.uptime() + (answer.retryAfter ?? Number.NaN) * 1_000)
  }
  return accepted
}

/** `lanes` of them for each user on each server, heeding one another's refusals or each its own alone. */
async function traffic(options: EmulatorOptions, users: number, lanes: number, untilMs: number, heeding = true) {
  const emulator = openVirtual(options, users)
  const { servers = 1 } = options
  const all: Promise<number>[] = []
  for (let number = 1; number <= users; number++) {
    const send = await emulator.user(number)
    const gates = Array.from({ length: servers }, (): Gate => ({ closedUntil: 0 }))
    for (let lane = 0; lane < lanes * servers; lane++) {
      const gate = heeding ? gates[lane % servers] : undefined
      all.push(insist(emulator, send, lane % servers, untilMs, gate ?? { closedUntil: 0 }))
    }
  }
  const accepted = await emulator.clock.run(Promise.all(all))
  const { requests, throttles, operations } = emulator.world.counters()
  expect(requests - throttles).toBe(accepted.reduce((sum, one) => sum + one, 0))
  expect(operations['WhoAmI']).toBe(requests - throttles)
  return { accepted: requests - throttles, throttles }
}

describe('what the limits allow is what is let in, within 1 %', () => {
  const windows = 2
  for (const servers of [1, 3]) {
    for (const users of [1, 2]) {
      it(`requests: ${servers} servers, ${users} users`, async () => {
        const options = { servers, limits: { requests: 600 }, serviceTime: { ...EXACT, baseMs: 500 } }
        const { accepted, throttles } = await traffic(options, users, 2, windows * WINDOW_MS)
        const allowed = 600 * windows * servers * users
        expect(Math.abs(accepted / allowed - 1)).toBeLessThan(0.01)
        expect(throttles).toBeGreaterThan(0)
      })

      it(`execution time: ${servers} servers, ${users} users`, async () => {
        const options = { servers, limits: {}, serviceTime: { ...EXACT, baseMs: 1_000 } }
        const { accepted, throttles } = await traffic(options, users, 6, windows * WINDOW_MS)
        const allowed = 1_200 * windows * servers * users
        expect(Math.abs(accepted / allowed - 1)).toBeLessThan(0.01)
        expect(throttles).toBeGreaterThan(0)
      })

      it(`concurrency: ${servers} servers, ${users} users`, async () => {
        const emulator = openVirtual({ servers, limits: {}, serviceTime: EXACT }, users)
        const sends = await Promise.all(Array.from({ length: users }, (_, at) => emulator.user(at + 1)))
        const calls = sends.flatMap((send) => Array.from({ length: 60 * servers }, () => send('GET', 'WhoAmI')))
        const answers = await emulator.clock.run(Promise.all(calls))
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(52 * servers * users)
        const refused = answers.filter(({ status }) => status === 429)
        expect(refused).toHaveLength(8 * servers * users)
        for (const { code, endedAt } of refused) expect([code, endedAt]).toEqual([LIMIT_CODES.concurrency, 0])
      })
    }
  }

  it('lanes that each heed their own refusals alone lock one another out, unless the service is gentle', async () => {
    const run = async (limits: EmulatorOptions['limits']) => {
      const options = { limits: { ...limits }, serviceTime: { ...EXACT, baseMs: 1_000 } }
      const { accepted } = await traffic(options, 1, 10, 4 * WINDOW_MS, false)
      return accepted / (1_200 * 4)
    }
    expect(await run({})).toBeLessThan(0.5)
    expect(Math.abs((await run({ pushMs: 0 })) - 1)).toBeLessThan(0.01)
  })

  it('the documented figures themselves: 6,000 requests', async () => {
    const { accepted } = await traffic({ limits: {}, serviceTime: { ...EXACT, baseMs: 100 } }, 1, 4, WINDOW_MS)
    expect(accepted).toBe(6_000)
  })
})

describe('refusals', () => {
  /** Uses up a small allowance of requests at the start of the window. */
  async function usedUp(limits: EmulatorOptions['limits'], more: EmulatorOptions = {}) {
    const emulator = openVirtual({ ...more, limits: { requests: 3, ...limits } })
    const send = await emulator.user(1)
    for (let at = 0; at < 3; at++) expect((await send('GET', 'WhoAmI')).status).toBe(200)
    return { emulator, send }
  }

  it('say which limit was met, and how long to wait in whole seconds', async () => {
    const { send } = await usedUp({})
    const answer = await send('GET', 'WhoAmI')
    expect(answer).toMatchObject({ status: 429, code: LIMIT_CODES.requests, retryAfter: 300 })
    expect(answer.headers['Retry-After']).toBe('300')
    const slow = openVirtual({ limits: { executionMs: 100 }, serviceTime: { ...EXACT, baseMs: 150 } })
    const user = await slow.user(1)
    const [first, second] = await slow.clock.run(
      (async () => [await user('GET', 'WhoAmI'), await user('GET', 'WhoAmI')])(),
    )
    expect([first?.status, second?.status, second?.code]).toEqual([200, 429, LIMIT_CODES.time])
  })

  it('are over after Retry-After', async () => {
    const { emulator, send } = await usedUp({})
    const { retryAfter = Number.NaN } = await send('GET', 'WhoAmI')
    await emulator.clock.run(emulator.clock.sleep(retryAfter * 1_000))
    expect((await send('GET', 'WhoAmI')).status).toBe(200)
  })

  it('last longer for who keeps pushing, unless the service is gentle', async () => {
    const waits = async (limits: EmulatorOptions['limits']) => {
      const { send } = await usedUp(limits)
      const answers = [await send('GET', 'WhoAmI'), await send('GET', 'WhoAmI'), await send('GET', 'WhoAmI')]
      return answers.map(({ retryAfter }) => retryAfter)
    }
    expect(await waits({})).toEqual([300, 301, 302])
    expect(await waits({ pushMs: 10_000 })).toEqual([300, 310, 320])
    expect(await waits({ pushMs: 0 })).toEqual([300, 300, 300])
  })

  it('concern one user on one server', async () => {
    const emulator = openVirtual({ servers: 2, limits: { requests: 1 } }, 2)
    const [first, second] = [await emulator.user(1), await emulator.user(2)]
    const on = (server: number) => ({ cookie: `other=1; ARRAffinity=${server}` })
    const call = async (send: SendAs, server: number) => (await send('GET', 'WhoAmI', undefined, on(server))).status
    expect([await call(first, 0), await call(first, 0), await call(first, 1), await call(second, 0)]).toEqual([
      200, 429, 200, 200,
    ])
    expect(emulator.world.counters().servers).toEqual({ 0: 3, 1: 1 })
  })

  it('count a batch and a bulk message as one request, whatever they hold', async () => {
    const { send } = await usedUp({ requests: 5 }, { seed: contacts(3) })
    expect((await send('POST', UPDATE_MULTIPLE, bulkOf(1, 2, 3))).status).toBe(204)
    const part =
      'Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nGET WhoAmI HTTP/1.1\r\n\r\n\r\n'
    const body = `--b\r\n${part}--b\r\n${part}--b--\r\n`
    const batch = await send('POST', '$batch', body, { 'content-type': 'multipart/mixed; boundary=b' })
    expect(batch.status).toBe(200)
    expect(batch.headers['x-ms-ratelimit-burst-remaining-xrm-requests']).toBe('0')
    expect((await send('GET', 'WhoAmI')).status).toBe(429)
  })

  it('strike no caller who is not known', async () => {
    const { send } = await usedUp({})
    expect((await send('GET', 'WhoAmI', undefined, { authorization: 'Bearer none' })).status).toBe(401)
  })

  it('never come without limits', async () => {
    const emulator = openVirtual({})
    const send = await emulator.user(1)
    const answers = await Promise.all(Array.from({ length: 6_100 }, () => send('GET', 'WhoAmI')))
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
  })
})

it('callers without a cookie are spread over the servers in turn, and told which one answered', async () => {
  const emulator = openVirtual({ servers: 3 })
  const send = await emulator.user(1)
  const cookies: (string | undefined)[] = []
  for (let at = 0; at < 6; at++) cookies.push((await send('GET', 'WhoAmI')).headers['Set-Cookie'])
  const servers = cookies.map((cookie) => /ARRAffinity=(\d)/.exec(cookie ?? '')?.[1])
  expect(servers).toEqual(['0', '1', '2', '0', '1', '2'])
})

it('silent queueing refuses nothing, and the latency grows with what is at work', async () => {
  const latencies: number[] = []
  for (const atOnce of [4, 8, 16, 64]) {
    const emulator = openVirtual({ serviceTime: { ...EXACT, baseMs: 100, slowAbove: 4 } })
    const send = await emulator.user(1)
    const answers = await emulator.clock.run(Promise.all(Array.from({ length: atOnce }, () => send('GET', 'WhoAmI'))))
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    latencies.push(Math.max(...answers.map(({ startedAt, endedAt }) => endedAt - startedAt)))
  }
  expect(latencies).toEqual([100, 200, 400, 1_600])
})

describe('the same seed', () => {
  const trace = async (options: EmulatorOptions): Promise<Seen[]> => {
    const emulator = openVirtual({ seed: contacts(5), limits: { requests: 30 }, serviceTime: {}, ...options })
    const send = await emulator.user(1)
    const all = Array.from({ length: 8 }, async (_, lane) => {
      const seen: Seen[] = []
      for (let at = 0; at < 5; at++) {
        seen.push(await send('PATCH', `contacts(${id(((lane + at) % 5) + 1)})`, { jobtitle: `${lane} ${at}` }))
      }
      return seen
    })
    const answers = (await emulator.clock.run(Promise.all(all))).flat()
    // Request ids are the only thing that chance decides anew each time.
    return answers.map((answer) => ({ ...answer, headers: {} }))
  }

  it('gives the same traffic the same latencies, refusals and victims', async () => {
    const options = { randomSeed: 5, locks: { deadlockRate: 0.3, rolledBackRate: 0.5 } }
    const first = await trace(options)
    expect(new Set(first.map(({ code }) => code))).toEqual(
      new Set([undefined, LIMIT_CODES.requests, '0x80044150', '0x80040255']),
    )
    expect(await trace(options)).toEqual(first)
    expect(await trace({ ...options, randomSeed: 6 })).not.toEqual(first)
  })

  it('under a time scale of 30 everything happens thirty times as fast and otherwise alike', async () => {
    const plain = await trace({ randomSeed: 5 })
    const fast = await trace({ randomSeed: 5, timeScale: 30 })
    for (const [at, one] of fast.entries()) {
      expect(one.endedAt * 30).toBeCloseTo(plain[at]?.endedAt ?? Number.NaN, 6)
      expect([one.status, one.code]).toEqual([plain[at]?.status, plain[at]?.code])
    }
  })
})

describe('the time scale', () => {
  /** The first refusal after a used-up window that began 290.5 environment seconds ago. */
  const refusal = async (options: EmulatorOptions) => {
    const emulator = openVirtual({ timeScale: 30, limits: { requests: 1, pushMs: 0 }, ...options })
    const send = await emulator.user(1)
    await send('GET', 'WhoAmI')
    await emulator.clock.run(emulator.clock.sleep(290_500 / 30))
    return { emulator, send, answer: await send('GET', 'WhoAmI') }
  }

  it('Retry-After counts environment seconds: a client whose clock runs as fast keeps its arithmetic', async () => {
    const { emulator, send, answer } = await refusal({})
    expect(answer.headers['Retry-After']).toBe('10')
    await emulator.clock.run(emulator.world.timer.sleep(10_000))
    expect((await send('GET', 'WhoAmI')).status).toBe(200)
  })

  it('or seconds of the machine, rounded up, or their fractions', async () => {
    for (const [style, text] of [
      ['wall', '1'],
      ['wall-fraction', '0.317'],
    ] as const) {
      const { emulator, send, answer } = await refusal({ retryAfter: style })
      expect(answer.headers['Retry-After']).toBe(text)
      await emulator.clock.run(emulator.clock.sleep(Number(text) * 1_000))
      expect((await send('GET', 'WhoAmI')).status).toBe(200)
    }
  })

  it('holds for dates and for slow answers, not for tokens', async () => {
    const emulator = openVirtual({ timeScale: 30, seed: contacts(1) })
    const send = await emulator.user(1)
    emulator.world.addFaults([{ action: { kind: 'slow', ms: 3_000 } }])
    const before = emulator.world.state.clock.now()
    const answer = await emulator.clock.run(send('PATCH', `contacts(${id(1)})`, { jobtitle: 'new' }))
    expect(answer.endedAt - answer.startedAt).toBe(100)
    expect(emulator.world.state.clock.now() - before).toBe(3_000)
    // Issued for 1,000,000 s of the machine, of which the environment has long lived more.
    await emulator.clock.run(emulator.clock.sleep(900_000_000))
    expect((await send('GET', 'WhoAmI')).status).toBe(200)
  })
})

describe('rows are held from the start of a request to its commit', () => {
  const OPTIONS: EmulatorOptions = { seed: contacts(4), serviceTime: { ...EXACT, baseMs: 1_000 } }

  it('the later request waits, and both are written in their order', async () => {
    const emulator = openVirtual(OPTIONS)
    const send = await emulator.user(1)
    const patch = (title: string) => send('PATCH', `contacts(${id(1)})`, { jobtitle: title })
    const answers = await emulator.clock.run(Promise.all([patch('first'), patch('second')]))
    expect(answers.map(({ status, endedAt }) => [status, endedAt])).toEqual([
      [204, 1_000],
      [204, 2_000],
    ])
    expect(emulator.world.journal().map(({ columns }) => columns['jobtitle'])).toEqual(['first', 'second'])
  })

  it('nothing of a request shows before its commit, and reads wait for nobody', async () => {
    const emulator = openVirtual(OPTIONS)
    const send = await emulator.user(1)
    const write = send('POST', UPDATE_MULTIPLE, bulkOf(1, 2, 3, 4))
    await emulator.clock.run(emulator.clock.sleep(999))
    expect(titles(emulator)).toEqual(['old', 'old', 'old', 'old'])
    const read = await emulator.clock.run(send('GET', `contacts(${id(1)})`))
    expect([read.status, read.endedAt]).toEqual([200, 1_999])
    expect((await write).status).toBe(204)
    expect(titles(emulator)).toEqual(['new', 'new', 'new', 'new'])
  })

  it('by id, by alternate key and in a batch it is the same row', async () => {
    const emulator = openVirtual({
      ...OPTIONS,
      seed: {
        keys: [{ table: 'contacts', schemaName: 'new_Key', columns: ['employeeid'] }],
        rows: { contacts: [{ contactid: id(1), employeeid: 'Ä-1' }] },
      },
    })
    const send = await emulator.user(1)
    const upsert = { '@odata.type': 'Microsoft.Dynamics.CRM.contact', '@odata.id': "contacts(employeeid='ä-1')" }
    const part = `Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nPATCH /api/data/v9.2/contacts(${id(1)}) HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{"jobtitle":"batch"}\r\n`
    const answers = await emulator.clock.run(
      Promise.all([
        send('PATCH', `contacts(${id(1)})`, { jobtitle: 'id' }),
        send('PATCH', `contacts(employeeid='${encodeURIComponent('Ä-1')}')`, { jobtitle: 'key' }),
        send('POST', 'contacts/Microsoft.Dynamics.CRM.UpsertMultiple', { Targets: [{ ...upsert, jobtitle: 'bulk' }] }),
        send('POST', '$batch', `--b\r\n${part}--b--\r\n`, { 'content-type': 'multipart/mixed; boundary=b' }),
      ]),
    )
    expect(answers.map(({ status, endedAt }) => [status, endedAt])).toEqual([
      [204, 1_000],
      [204, 2_000],
      [204, 3_000],
      [200, 4_000],
    ])
  })

  it('two creates with one key value meet: the later one is refused as a duplicate', async () => {
    const keys = [{ table: 'contacts', schemaName: 'new_Key', columns: ['employeeid'] }]
    const emulator = openVirtual({ ...OPTIONS, seed: { keys } })
    const send = await emulator.user(1)
    const create = () => send('POST', 'contacts', { employeeid: 'same' })
    const answers = await emulator.clock.run(Promise.all([create(), create()]))
    expect(answers.map(({ status, code, endedAt }) => [status, code, endedAt])).toEqual([
      [204, undefined, 1_000],
      [412, '0x80060892', 2_000],
    ])
  })

  it('bulk messages in opposite order are a deadlock: one is rolled back, the other written', async () => {
    const emulator = openVirtual(OPTIONS)
    const send = await emulator.user(1)
    const first = send('POST', UPDATE_MULTIPLE, bulkOf(1, 2, 3, 4))
    const later = emulator.clock.sleep(10).then(() => send('POST', UPDATE_MULTIPLE, bulkOf(4, 3, 2, 1)))
    const answers = await emulator.clock.run(Promise.all([first, later]))
    expect(answers.map(({ status, code }) => [status, code])).toEqual([
      [204, undefined],
      [500, '0x80044150'],
    ])
    expect(emulator.world.counters()).toMatchObject({ rowsUpdated: 4, repeatedWrites: 0 })
  })

  it('a share of those that overlap is sacrificed, with either code, and a second try succeeds', async () => {
    for (const [rolledBackRate, code] of [
      [0, '0x80044150'],
      [1, '0x80040255'],
    ] as const) {
      const emulator = openVirtual({ ...OPTIONS, locks: { deadlockRate: 1, rolledBackRate } })
      const send = await emulator.user(1)
      const patch = () => send('PATCH', `contacts(${id(1)})`, { jobtitle: 'new' })
      const answers = await emulator.clock.run(Promise.all([patch(), patch()]))
      expect(answers.map((answer) => [answer.status, answer.code])).toEqual([
        [204, undefined],
        [500, code],
      ])
      expect((await emulator.clock.run(patch())).status).toBe(204)
    }
  })

  it('a reset before the commit held the row, used the time and left nothing', async () => {
    const emulator = openVirtual({ ...OPTIONS, limits: {} })
    const send = await emulator.user(1)
    emulator.world.addFaults([{ match: { method: 'PATCH' }, action: { kind: 'reset-before-commit' } }])
    const patch = (title: string) => send('PATCH', `contacts(${id(1)})`, { jobtitle: title })
    const answers = await emulator.clock.run(Promise.all([patch('lost'), patch('kept')]))
    expect(answers.map(({ status, endedAt }) => [status, endedAt])).toEqual([
      ['reset', 1_000],
      [204, 2_000],
    ])
    expect(emulator.world.journal().map(({ columns }) => columns['jobtitle'])).toEqual(['kept'])
    // One second of work, one of waiting and one of work.
    expect(answers[1]?.headers['x-ms-ratelimit-time-remaining-xrm-requests']).toBe('1197')
  })
})

it('over HTTP: what is at work counts, one too many is refused, and what is done makes room', async () => {
  const wakes: (() => void)[] = []
  let started: () => void = () => undefined
  const bothAtWork = new Promise<void>((resolve) => {
    started = resolve
  })
  const sleep = () =>
    new Promise<void>((resolve) => {
      wakes.push(resolve)
      if (wakes.length === 2) started()
    })
  const caller = await openCaller({ limits: { concurrent: 2 }, serviceTime: {}, sleep })
  try {
    const atWork = [caller.get('WhoAmI'), caller.get('WhoAmI')]
    await bothAtWork
    const refused = await caller.get('WhoAmI')
    expect([refused.status, refused.json.error.code]).toEqual([429, LIMIT_CODES.concurrency])
    expect(refused.json.error.message).toBe('Number of concurrent requests exceeded the limit of 2.')
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
    for (const wake of wakes) wake()
    expect((await Promise.all(atWork)).map(({ status }) => status)).toEqual([200, 200])
    const next = caller.get('WhoAmI')
    while (wakes.length < 3) await new Promise((resolve) => setImmediate(resolve))
    wakes[2]?.()
    expect((await next).status).toBe(200)
  } finally {
    await caller.emulator.close()
  }
})
