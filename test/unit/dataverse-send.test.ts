import { describe, expect, it } from 'vitest'
import { parseApiRoot, requestTarget } from '../../src/dataverse/api-root.ts'
import { authorityFor } from '../../src/dataverse/authority.ts'
import { TooLate, withFreshness } from '../../src/dataverse/freshness.ts'
import { inTargets } from '../../src/dataverse/read.ts'
import { createRetry, withRetry } from '../../src/dataverse/retry.ts'
import { NoAnswer, type Reply, type Request, type Send } from '../../src/dataverse/send.ts'
import { CodedError } from '../../src/lib/errors.ts'
import type { RetrySettings, Wait } from '../../src/lib/retry.ts'
import { retryAfterMs } from '../../src/lib/retry-after.ts'
import { countingClock } from '../support/dataverse-options.ts'

const REQUEST: Request = { method: 'POST', path: 'contacts', repeatable: true, what: 'test' }
const OK: Reply = { status: 204, headers: {}, body: '' }
const throttled = (after: string): Reply => ({ status: 429, headers: { 'retry-after': after }, body: '' })
const deadlocked = (after?: string): Reply => ({
  status: 500,
  headers: after === undefined ? {} : { 'retry-after': after },
  body: JSON.stringify({ error: { code: '0x80044150', message: 'Sql Number: 1205' } }),
})
const running = () => new AbortController().signal

/** Answers one after the other; the last one for ever. */
function answering(...answers: Array<Reply | Error>): Send & { count: () => number } {
  let count = 0
  const send: Send = async () => {
    const answer = answers[Math.min(count, answers.length - 1)]
    count += 1
    if (answer instanceof Error) throw answer
    if (answer === undefined) throw new Error('nothing scripted')
    return answer
  }
  return Object.assign(send, { count: () => count })
}

function retrying(send: Send, settings: Partial<RetrySettings> = {}) {
  const clock = countingClock()
  const waits: Wait[] = []
  const retry = createRetry({
    attempts: 4,
    basePauseMs: 100,
    maxPauseMs: 1_000,
    maxTotalWaitMs: 60_000,
    clock,
    random: () => 0.5,
    onWait: (wait) => waits.push(wait),
    ...settings,
  })
  return { send: withRetry(send, retry, clock), clock, waits }
}

describe('retry', () => {
  it('Dataverse: Retry-After is a floor below the jittered back-off, and every wait is shown', async () => {
    const { send, clock, waits } = retrying(answering(deadlocked('7'), deadlocked(), OK))
    expect((await send(REQUEST, running())).status).toBe(204)
    expect(clock.slept).toEqual([7_050, 100])
    expect(waits).toEqual([
      { what: 'test', waitMs: 7_050, why: 'deadlock HTTP 500 0x80044150' },
      { what: 'test', waitMs: 100, why: 'deadlock HTTP 500 0x80044150' },
    ])
  })

  it('does not wait itself where the gate of the user does', async () => {
    const { send, clock } = retrying(answering(throttled('7'), { ...OK, status: 503 }, new NoAnswer('test', true), OK))
    expect((await send(REQUEST, running())).status).toBe(204)
    expect(clock.slept).toEqual([])
  })

  it('is bounded in number, in pause, and in total wait; the last reply stands', async () => {
    const number = answering({ ...OK, status: 502 })
    expect((await retrying(number).send(REQUEST, running())).status).toBe(502)
    expect(number.count()).toBe(4)

    const pause = retrying(answering(deadlocked()), { attempts: 8, random: () => 1 })
    await pause.send(REQUEST, running())
    expect(Math.max(...pause.clock.slept)).toBe(1_000)

    const total = answering(deadlocked('50'))
    expect((await retrying(total).send(REQUEST, running())).status).toBe(500)
    expect(total.count()).toBe(2)
  })

  it('repeats after no answer, and throws the last one', async () => {
    const once = answering(new NoAnswer('test', true), OK)
    expect((await retrying(once).send(REQUEST, running())).status).toBe(204)
    const never = answering(new NoAnswer('test', true))
    await expect(retrying(never).send(REQUEST, running())).rejects.toBeInstanceOf(NoAnswer)
    expect(never.count()).toBe(4)
  })

  it('§7 repeats nothing that is not repeatable', async () => {
    const send = answering(throttled('1'), OK)
    expect((await retrying(send).send({ ...REQUEST, repeatable: false }, running())).status).toBe(429)
    expect(send.count()).toBe(1)
  })

  it('does not repeat refusals, defects and what came too late', async () => {
    for (const answer of [{ ...OK, status: 400 }, { ...OK, status: 412 }, new TooLate('test'), new Error('defect')]) {
      const send = answering(answer, OK)
      await retrying(send)
        .send(REQUEST, running())
        .catch(() => {})
      expect(send.count()).toBe(1)
    }
  })

  it('ends its wait with the signal', async () => {
    const stop = new AbortController()
    const send = answering(throttled('1'))
    const stopping: Send = (request, signal) => {
      stop.abort(new Error('stopped'))
      return send(request, signal)
    }
    await expect(retrying(stopping).send(REQUEST, stop.signal)).rejects.toThrow('stopped')
  })

  it('reads Retry-After as seconds or as a date by the server’s own clock', () => {
    expect(retryAfterMs({ 'retry-after': '12' }, 0)).toBe(12_000)
    const date = 'Wed, 21 Oct 2026 07:28:10 GMT'
    expect(retryAfterMs({ 'retry-after': date, date: 'Wed, 21 Oct 2026 07:28:00 GMT' }, 0)).toBe(10_000)
    expect(retryAfterMs({ 'retry-after': date }, Date.parse(date) - 5_000)).toBe(5_000)
    expect(retryAfterMs({ 'retry-after': date }, Date.parse(date) + 5_000)).toBe(0)
    expect(retryAfterMs({ 'retry-after': 'soon' }, 0)).toBeUndefined()
    expect(retryAfterMs({}, 0)).toBeUndefined()
  })
})

describe('freshness', () => {
  it('§7 a request is not sent after its last moment', async () => {
    const clock = countingClock()
    const inner = answering(OK)
    const send = withFreshness(inner, clock)
    const perishable = { ...REQUEST, notAfterMs: 1_000 }
    await clock.sleep(1_000)
    expect((await send(perishable, running())).status).toBe(204)
    await clock.sleep(1)
    const late = await send(perishable, running()).catch((error: unknown) => error)
    expect(late).toMatchObject({ name: 'TooLate', sent: false })
    expect(inner.count()).toBe(1)
  })
})

describe('addresses', () => {
  const root = parseApiRoot('https://acme.crm4.dynamics.com/api/data/v9.2')

  it.each([
    ['contacts?$select=a', '/api/data/v9.2/contacts?$select=a'],
    ['$batch', '/api/data/v9.2/$batch'],
    [
      'https://acme.crm4.dynamics.com/api/data/v9.2/contacts?$skiptoken=%3Ca%20b%3D%22%2F%3E',
      '/api/data/v9.2/contacts?$skiptoken=%3Ca%20b%3D%22%2F%3E',
    ],
    ['https://ACME.crm4.dynamics.com:443/x?y', '/x?y'],
    ['contacts?a=\r\nHost: x', '/api/data/v9.2/contacts?a=%0D%0AHost:%20x'],
  ])('a link is kept verbatim: %j', (path, target) => {
    expect(requestTarget(root, path)).toBe(target)
  })

  it.each([
    'https://evil.example.com/api/data/v9.2/contacts',
    'http://acme.crm4.dynamics.com/api/data/v9.2/contacts',
    'https://acme.crm4.dynamics.com@evil.example.com/',
    'https://acme.crm4.dynamics.com',
    'file:///etc/passwd',
  ])('a link to elsewhere is refused: %s', (link) => {
    expect(() => requestTarget(root, link)).toThrow(CodedError)
  })

  it.each([
    'http://acme.crm4.dynamics.com/api/data/v9.2/',
    'ftp://x/',
    'nonsense',
    'https://u:p@x.example.com/',
    'https://x.example.com/?a=1',
  ])('only TLS, except to loopback: %s is refused', (text) => {
    expect(() => parseApiRoot(text)).toThrow(/config-invalid/)
  })

  it('accepts on-premises roots and loopback', () => {
    expect(parseApiRoot('https://crm.example.com/org/api/data/v9.1/').path).toBe('/org/api/data/v9.1/')
    expect(parseApiRoot('http://127.0.0.1:8080/api/data/v9.2/').origin).toBe('http://127.0.0.1:8080')
    expect(parseApiRoot('http://[::1]:8080/').path).toBe('/')
  })

  it('derives the authority of sovereign clouds', () => {
    expect(authorityFor('acme.crm4.dynamics.com', 't')).toBe('https://login.microsoftonline.com/t')
    expect(authorityFor('acme.crm9.dynamics.com', 't')).toBe('https://login.microsoftonline.com/t')
    expect(authorityFor('acme.crm.microsoftdynamics.us', 't')).toBe('https://login.microsoftonline.us/t')
    expect(authorityFor('acme.crm.dynamics.cn', 't')).toBe('https://login.partner.microsoftonline.cn/t')
  })
})

describe('In filters (Dataverse: filter rows)', () => {
  const query = (values: readonly string[], guids = false) =>
    inTargets('/api/data/v9.2/', {
      set: 'contacts',
      primaryId: 'contactid',
      select: ['contactid'],
      column: 'emailaddress1',
      values,
      guids,
      what: 'test',
    })
  const sent = (target: string): unknown => JSON.parse(decodeURIComponent(/@p2=(.*)$/.exec(target)?.[1] ?? ''))

  it('sends a double-quoted JSON array, percent-encoded', () => {
    const hostile = ["o'neil+x@example.com", 'a/b#c%d&e?f*g', 'line\r\nbreak', '😀é', '"quoted"\\', ' x ']
    const [target = ''] = query(hostile)
    expect(target).toMatch(/^\/api\/data\/v9\.2\/contacts\?\$select=contactid&\$filter=[\x21-\x7e]+$/)
    expect(/@p2=(.*)$/.exec(target)?.[1]).toMatch(/^[\w.~%-]+$/)
    expect(sent(target)).toEqual(hostile)
  })

  it('sends each value once, well-formed, and none that In refuses', () => {
    expect(sent(query(['a', 'a', `\ud800b`, 'x'.repeat(851), 'nul\0'])[0] ?? '')).toEqual(['a', '\ufffdb'])
    expect(query([])).toEqual([])
    expect(query(['x'.repeat(851)])).toEqual([])
  })

  it('sends GUIDs alone to GUID columns, in lower case', () => {
    const id = 'ABCDEF00-0000-4000-8000-000000000001'
    expect(sent(query(['not-a-guid', id], true)[0] ?? '')).toEqual([id.toLowerCase()])
  })

  it('bounds a part to 200 values and 32,000 characters', () => {
    const short = query(Array.from({ length: 401 }, (_, n) => `user-${n}@example.com`))
    expect(short.map((target) => (sent(target) as string[]).length)).toEqual([200, 200, 1])
    const long = query(Array.from({ length: 50 }, (_, n) => `${n}${'é'.repeat(800)}`))
    expect(long.length).toBeGreaterThan(5)
    for (const target of long) expect(target.length).toBeLessThanOrEqual(32_000)
    expect(long.flatMap(sent)).toHaveLength(50)
  })

  it('refuses a column that is no name', () => {
    expect(() =>
      inTargets('/', {
        set: 'contacts',
        primaryId: 'x',
        select: ['x'],
        column: "a'",
        values: ['a'],
        guids: false,
        what: 't',
      }),
    ).toThrow(CodedError)
  })
})
