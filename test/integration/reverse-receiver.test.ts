/** The receiver at its door: who may come in, what is taken, what is cut off, and how it ends. Real HTTP on loopback. */

import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as connectSecurely } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/config/secret.ts'
import type { WebhookSettings } from '../../src/config/settings.ts'
import { openLog } from '../../src/lib/log.ts'
import type { TouchedRow } from '../../src/reverse/inbox.ts'
import { openReceiver, type Receiver, type ReceiverParts } from '../../src/reverse/receiver.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'

const KEY = 'a-secret-that-nobody-would-guess-01'
const NEXT = 'another-secret-for-the-time-after-it'
const ROW = '00000000-0000-4000-8000-000000000001'
const EVENT = { PrimaryEntityName: 'contact', PrimaryEntityId: ROW, MessageName: 'Update' }
const CERTIFICATE = loopbackCertificate()

const opened: Receiver[] = []
let added: TouchedRow[] = []
let logged = ''

async function open(
  changes: Partial<WebhookSettings> = {},
  parts: Partial<Omit<ReceiverParts, 'settings'>> = {},
): Promise<Receiver> {
  added = []
  logged = ''
  const settings = {
    host: '127.0.0.1',
    port: 0,
    path: '/webhook',
    header: 'x-key',
    secrets: [new Secret(KEY), new Secret(NEXT)] as const,
    ingress: false,
    maxBodyBytes: 100_000,
    connections: 16,
    requestTimeoutMs: 5_000,
    ownUsers: [],
    ...changes,
  }
  const receiver = await openReceiver({
    inbox: { add: async (rows) => void added.push(...rows) },
    writable: async () => {},
    settings,
    tables: new Set(['contact']),
    log: openLog('debug', {
      write: (line) => {
        logged += line
      },
    }),
    monotonic: () => performance.now(),
    ...parts,
  })
  opened.push(receiver)
  return receiver
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((receiver) => receiver.drain()))
})

interface Call {
  readonly method?: string
  readonly path?: string
  readonly key?: string | null
  readonly body?: string | Uint8Array
}

async function call(receiver: Receiver, { method = 'POST', path = '/webhook', key = KEY, body }: Call = {}) {
  const headers = key === null ? {} : { 'x-key': key }
  const content = body ?? (method === 'POST' ? JSON.stringify(EVENT) : undefined)
  const answer = await fetch(`http://127.0.0.1:${receiver.port}${path}`, {
    method,
    headers,
    ...(content === undefined ? {} : { body: content as string }),
  })
  expect(await answer.text()).toBe('')
  return answer.status
}

describe('who comes in', () => {
  it('either of two secrets, and nobody else', async () => {
    const receiver = await open()
    const keys = [KEY, NEXT, null, '', 'x', `${KEY}x`, KEY.slice(1), KEY.toUpperCase(), `${KEY}, ${NEXT}`]
    const statuses = []
    for (const key of keys) statuses.push(await call(receiver, { key }))
    expect(statuses).toEqual([204, 204, 401, 401, 401, 401, 401, 401, 401])
    expect(added).toHaveLength(2)
  })

  it('only POST, only its path; health and readiness without a secret', async () => {
    const receiver = await open()
    expect(await call(receiver, { method: 'GET' })).toBe(405)
    expect(await call(receiver, { method: 'PUT', body: '{}' })).toBe(405)
    expect(await call(receiver, { path: '/webhook/' })).toBe(404)
    expect(await call(receiver, { path: '/healthz' })).toBe(404)
    expect(await call(receiver, { path: '/webhook?code=x' })).toBe(204)
    for (const path of ['/healthz', '/readyz'])
      expect(await call(receiver, { method: 'GET', path, key: null })).toBe(200)
  })

  it('a strange secret is refused before its body has come', async () => {
    const receiver = await open()
    const request = httpRequest({
      port: receiver.port,
      method: 'POST',
      path: '/webhook',
      headers: { 'x-key': 'wrong' },
    })
    request.write('{')
    const [response] = await once(request, 'response')
    expect(response.statusCode).toBe(401)
    request.destroy()
  })
})

describe('what is taken', () => {
  it('the row alone, its id in lower case; tables that no target maps are answered and dropped', async () => {
    const receiver = await open()
    const upper = { ...EVENT, PrimaryEntityId: ROW.toUpperCase(), PrimaryEntityName: 'Contact', Depth: { a: [1] } }
    expect(await call(receiver, { body: `\uFEFF${JSON.stringify(upper)}` })).toBe(204)
    expect(await call(receiver, { body: JSON.stringify({ ...EVENT, PrimaryEntityName: 'account' }) })).toBe(204)
    expect(added).toEqual([{ table: 'contact', rowId: ROW }])
    expect(receiver.counts).toMatchObject({ accepted: 1, strange: 1 })
  })

  it('our own writes are dropped only where both users are ours for certain', async () => {
    const [ours, theirs] = ['0c000000-0000-4000-8000-000000000001', '0c000000-0000-4000-8000-000000000002']
    const receiver = await open({ ownUsers: [ours] })
    const users = [
      { InitiatingUserId: ours, UserId: ours.toUpperCase() },
      { InitiatingUserId: ours, UserId: theirs },
      { InitiatingUserId: theirs, UserId: ours },
      { InitiatingUserId: ours },
      { UserId: ours },
      { InitiatingUserId: 7, UserId: 7 },
      {},
    ]
    for (const each of users) expect(await call(receiver, { body: JSON.stringify({ ...EVENT, ...each }) })).toBe(204)
    expect(receiver.counts).toMatchObject({ own: 1, accepted: 6 })
  })

  it('anything else is 400, and nothing of it is logged or kept', async () => {
    const receiver = await open()
    const person = 'nora.newcomer@example.com'
    const bodies = [
      '',
      person,
      '[]',
      'null',
      '"x"',
      '{',
      `${'['.repeat(50_000)}`,
      JSON.stringify({ ...EVENT, PrimaryEntityId: person }),
      JSON.stringify({ ...EVENT, PrimaryEntityId: `${ROW}'` }),
      JSON.stringify({ ...EVENT, PrimaryEntityName: "contact'; DROP TABLE touched; --" }),
      JSON.stringify({ ...EVENT, PrimaryEntityName: '__proto__\u0000' }),
      JSON.stringify({ ...EVENT, PrimaryEntityName: { toString: person } }),
      JSON.stringify({ ...EVENT, MessageName: undefined }),
      new Uint8Array([0xff, 0xfe, 0x00, 0x80]),
    ]
    const statuses = []
    for (const body of bodies) statuses.push(await call(receiver, { body }))
    expect(statuses).toEqual(bodies.map(() => 400))
    expect(added).toEqual([])
    await receiver.drain()
    for (const word of [person, 'DROP', ROW, KEY]) expect(logged).not.toContain(word)
    expect(receiver.counts.malformed).toBe(bodies.length)
  })

  it('an inbox that fails is 503, without a word of the row; ready again once it can be written', async () => {
    let broken = true
    const trouble = async () => {
      if (broken) throw new Error(`no room for ${ROW}`)
    }
    let nowMs = 0
    const receiver = await open({}, { inbox: { add: trouble }, writable: trouble, monotonic: () => nowMs })
    const ready = () => call(receiver, { method: 'GET', path: '/readyz' })
    expect([await call(receiver), await call(receiver), await ready()]).toEqual([503, 503, 503])
    expect(logged.match(/the inbox does not take events/g)).toHaveLength(1)
    expect(logged).not.toContain(ROW)
    broken = false
    nowMs += 10_000
    expect([await ready(), await call(receiver)]).toEqual([200, 204])
  })
})

describe('what is cut off', () => {
  it('a body above the bound is 413, told at once or found out on the way; the largest that is allowed passes', async () => {
    const receiver = await open()
    const event = (bytes: number) => {
      const bare = JSON.stringify({ ...EVENT, x: '' })
      return JSON.stringify({ ...EVENT, x: 'x'.repeat(bytes - bare.length) })
    }
    expect(await call(receiver, { body: event(100_000) })).toBe(204)
    expect(await call(receiver, { body: event(100_001) })).toBe(413)
    const chunked = httpRequest({ port: receiver.port, method: 'POST', path: '/webhook', headers: { 'x-key': KEY } })
    for (let n = 0; n < 15; n++) chunked.write('x'.repeat(10_000))
    const [response] = await once(chunked, 'response')
    expect(response.statusCode).toBe(413)
    chunked.destroy()
    expect(receiver.counts).toMatchObject({ tooLarge: 2, accepted: 1 })
  })

  it('who goes on and on after that is disconnected', async () => {
    const receiver = await open({ requestTimeoutMs: 600_000 })
    const socket = connect(receiver.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`POST /webhook HTTP/1.1\r\nhost: x\r\nx-key: ${KEY}\r\ncontent-length: 1000000000\r\n\r\n`)
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 413/)
    const timer = setInterval(() => socket.write('x'.repeat(50_000)), 2)
    await once(socket, 'close')
    clearInterval(timer)
    expect(receiver.counts.tooLarge).toBe(1)
  })

  it('who sends a request slowly runs out of time', async () => {
    const receiver = await open({ requestTimeoutMs: 300 })
    const socket = connect(receiver.port, '127.0.0.1')
    const answer = text(socket)
    socket.write(`POST /webhook HTTP/1.1\r\nhost: x\r\nx-key: ${KEY}\r\ncontent-length: 9\r\n\r\n{`)
    expect(await answer).toMatch(/^HTTP\/1\.1 408/)
    expect(added).toEqual([])
  })

  it('more connections than allowed are not let in', async () => {
    const receiver = await open({ connections: 2 })
    const held: Socket[] = []
    for (let n = 0; n < 2; n++) {
      const socket = connect(receiver.port, '127.0.0.1')
      held.push(socket)
      socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
      await once(socket, 'data')
    }
    const third = connect(receiver.port, '127.0.0.1')
    third.on('error', () => {})
    await once(third, 'close')
    for (const socket of held) socket.destroy()
  })
})

describe('how it ends', () => {
  it('what is under way is answered, then nothing is taken any more', async () => {
    let go = () => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    let arrive = () => {}
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve
    })
    const add = () => {
      arrive()
      return gate
    }
    const receiver = await open({}, { inbox: { add } })
    const underWay = call(receiver)
    await arrived
    const drained = receiver.drain()
    await expect(call(receiver)).rejects.toThrow()
    go()
    expect(await underWay).toBe(204)
    await drained
    expect(receiver.counts.accepted).toBe(1)
  })
})

describe('TLS', () => {
  it.skipIf(CERTIFICATE === undefined)('with a certificate only TLS is spoken', async () => {
    const { certificate = '', key = '' } = CERTIFICATE ?? {}
    const receiver = await open({}, { tls: { cert: certificate, key } })
    const request = httpsRequest({
      ...{ host: '127.0.0.1', port: receiver.port, method: 'POST', path: '/webhook', ca: certificate },
      ...{ headers: { 'x-key': KEY }, agent: false },
    })
    request.end(JSON.stringify(EVENT))
    const [response] = await once(request, 'response')
    expect(response.statusCode).toBe(204)
    await expect(call(receiver)).rejects.toThrow()
  })

  it.skipIf(CERTIFICATE === undefined)(
    'a new certificate is shown from then on; an unusable one changes nothing',
    async () => {
      const certificates = [CERTIFICATE, loopbackCertificate()].map((each) => ({
        cert: each?.certificate ?? '',
        key: each?.key ?? '',
      }))
      const [first = { cert: '', key: '' }, second = { cert: '', key: '' }] = certificates
      const receiver = await open({}, { tls: first })
      const shown = async () => {
        const socket = connectSecurely({ host: '127.0.0.1', port: receiver.port, rejectUnauthorized: false })
        await once(socket, 'secureConnect')
        const { raw } = socket.getPeerCertificate()
        socket.destroy()
        return new X509Certificate(raw).fingerprint256
      }
      const [old, fresh] = certificates.map(({ cert }) => new X509Certificate(cert).fingerprint256)
      expect(await shown()).toBe(old)
      receiver.renew(second)
      expect(await shown()).toBe(fresh)
      expect(() => receiver.renew({ cert: second.cert, key: first.key })).toThrow(/config-invalid/)
      expect(await shown()).toBe(fresh)
    },
  )

  it('a key that does not belong to its certificate, and a port that is taken, are the configuration’s', async () => {
    await expect(open({}, { tls: { cert: 'no PEM', key: 'no PEM' } })).rejects.toMatchObject({ code: 'config-invalid' })
    const { port } = await open()
    await expect(open({ port })).rejects.toMatchObject({ code: 'config-invalid' })
  })
})
