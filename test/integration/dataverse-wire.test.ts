import { generateKeyPairSync } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import type { AuthenticationSettings } from '../../src/dataverse/authentication.ts'
import { type OpenDataverse, openDataverse } from '../../src/dataverse/open.ts'
import { CodedError } from '../../src/lib/errors.ts'
import { authenticationAt, contactTable, countingClock, guid, optionsFor } from '../support/dataverse-options.ts'
import { odataError, reply, type Script, startScripted } from '../support/scripted-dataverse.ts'

const WHO = {
  UserId: guid(1).toUpperCase(),
  BusinessUnitId: guid(2),
  OrganizationId: guid(3),
}

const opened: Array<{ close(): Promise<void> }> = []
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})

async function open(script: Script, more: Parameters<typeof optionsFor>[1] = {}) {
  const server = await startScripted(script)
  const dataverse = openDataverse(optionsFor(server.origin, more))
  opened.push(server, dataverse)
  return { server, dataverse }
}

const running = () => new AbortController().signal
const who = async (dataverse: OpenDataverse) => (await dataverse.whoAreWe(running()))[0]
const refusalOf = async (work: Promise<unknown>): Promise<CodedError> => {
  const error = await work.catch((reason: unknown) => reason)
  if (error instanceof CodedError) return error
  throw new Error('expected a CodedError')
}

describe('the wire', () => {
  it('Dataverse: OData headers, our name, a new request id each time, and never a cookie', async () => {
    const { server, dataverse } = await open((_, response) =>
      reply(response, 200, WHO, { 'set-cookie': 'ARRAffinity=1; path=/' }),
    )
    expect(await who(dataverse)).toEqual({ userId: guid(1), businessUnitId: guid(2), organizationId: guid(3) })
    await who(dataverse)
    for (const { method, url, headers } of server.seen) {
      expect([method, url]).toEqual(['GET', '/api/data/v9.2/WhoAmI'])
      expect(headers).toMatchObject({
        accept: 'application/json',
        'odata-version': '4.0',
        'odata-maxversion': '4.0',
        'user-agent': 'didomi-dataverse/test',
        authorization: 'Bearer t1',
      })
      expect(headers.cookie).toBeUndefined()
    }
    const ids = server.seen.map(({ headers }) => headers['x-ms-client-request-id'])
    expect(new Set(ids).size).toBe(2)
  })

  it('works below an on-premises root', async () => {
    const server = await startScripted((_, response) => reply(response, 200, WHO))
    const dataverse = openDataverse({ ...optionsFor(server.origin), apiRoot: `${server.origin}/org/api/data/v9.1` })
    opened.push(server, dataverse)
    await who(dataverse)
    expect(server.seen[0]?.url).toBe('/org/api/data/v9.1/WhoAmI')
  })

  it('unpacks gzip, and repeats after a packed answer that was cut off', async () => {
    const packed = gzipSync(JSON.stringify(WHO))
    const { server, dataverse } = await open((_, response, index) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      response.end(index === 0 ? packed.subarray(0, -10) : packed)
    })
    expect((await who(dataverse)).userId).toBe(guid(1))
    expect(server.seen).toHaveLength(2)
  })

  it('an answer above the bound, packed or not, is no answer', async () => {
    const long = JSON.stringify({ ...WHO, padding: 'x'.repeat(10_000) })
    for (const headers of [{}, { 'content-encoding': 'gzip' }]) {
      const { dataverse } = await open(
        (_, response) => {
          response.writeHead(200, headers)
          response.end('content-encoding' in headers ? gzipSync(long) : long)
        },
        { maxReplyBytes: 5_000, retry: { attempts: 2 } },
      )
      expect((await refusalOf(who(dataverse))).code).toBe('dataverse-unavailable')
    }
  })

  it('repeats a read after a connection that broke before or inside the answer', async () => {
    const { server, dataverse } = await open((_, response, index) => {
      if (index === 0) return response.destroy()
      if (index === 1) {
        response.writeHead(200, { 'content-length': '1000' })
        response.write('{"UserId"')
        return setImmediate(() => response.destroy())
      }
      return reply(response, 200, WHO)
    })
    expect((await who(dataverse)).userId).toBe(guid(1))
    expect(server.seen).toHaveLength(3)
  })

  it('a server out of reach is deferred work, after the bounded number of attempts', async () => {
    const clock = countingClock()
    const { server, dataverse } = await open((_, response) => reply(response, 200, WHO), {
      clock,
      retry: { attempts: 3 },
    })
    await who(dataverse)
    await server.close()
    opened.splice(opened.indexOf(server), 1)
    expect((await refusalOf(who(dataverse))).next).toBe('deferred')
    expect(clock.slept).toHaveLength(2)
  })

  it('HTML, half JSON and other JSON are never an answer', async () => {
    for (const body of ['<html>Sign in</html>', '{"UserId":', '[]', 'null', '', '{"UserId":"x"}']) {
      const { dataverse } = await open((_, response) => reply(response, 200, body))
      expect((await refusalOf(who(dataverse))).code).toBe('dataverse-unavailable')
    }
  })

  it('names refusals by what happens next, without what they quote', async () => {
    const cases = [
      [403, odataError('0x80040220', 'user is missing prvReadContact for jeanne@example.com'), 'forbidden'],
      [400, odataError('0x80060888', 'Could not find a property'), 'dataverse-rejects-request'],
      [404, '<html>jeanne@example.com</html>', 'dataverse-rejects-request'],
      [302, '', 'dataverse-rejects-request'],
      [503, '<html>', 'dataverse-unavailable'],
      [429, odataError('0x80072322', 'Number of requests'), 'dataverse-unavailable'],
    ] as const
    for (const [status, body, code] of cases) {
      const { dataverse } = await open((_, response) => reply(response, status, body), { retry: { attempts: 2 } })
      const error = await refusalOf(who(dataverse))
      expect(error.code).toBe(code)
      expect(error.message).not.toContain('jeanne')
      expect(error.message).toContain(`HTTP ${status}`)
    }
  })

  it('gives up an attempt after its time, and stops with the caller’s reason', async () => {
    const { server, dataverse } = await open(
      (_, response, index) => {
        if (index > 0) reply(response, 200, WHO)
      },
      { requestTimeoutMs: 100 },
    )
    expect((await who(dataverse)).userId).toBe(guid(1))
    expect(server.seen).toHaveLength(2)

    const stop = new AbortController()
    const silent = await open(() => stop.abort(new Error('stopped')))
    await expect(silent.dataverse.whoAreWe(stop.signal)).rejects.toThrow('stopped')
  })
})

describe('tokens', () => {
  it('a cold cache and many callers make one token request', async () => {
    const { server, dataverse } = await open((_, response) => reply(response, 200, WHO))
    await Promise.all(Array.from({ length: 20 }, () => who(dataverse)))
    expect(server.tokensIssued()).toBe(1)
  })

  it('a 401 brings one fresh token for all, and each request is tried once more', async () => {
    const { server, dataverse } = await open((seen, response) =>
      seen.headers.authorization === 'Bearer t1' ? reply(response, 401, '') : reply(response, 200, WHO),
    )
    await Promise.all(Array.from({ length: 8 }, () => who(dataverse)))
    expect(server.tokensIssued()).toBe(2)
    expect(server.seen.filter(({ headers }) => headers.authorization === 'Bearer t2')).toHaveLength(8)
  })

  it('a second 401 is final', async () => {
    const { server, dataverse } = await open((_, response) => reply(response, 401, ''))
    const error = await refusalOf(who(dataverse))
    expect(error.code).toBe('unauthenticated')
    expect(server.seen).toHaveLength(2)
    expect(server.tokensIssued()).toBe(2)
  })

  it('a refusal names Entra’s code, and neither secret nor ids', async () => {
    const { server, dataverse } = await open(() => {}, {})
    server.tokenScript = (_, response) =>
      reply(response, 401, {
        error: 'invalid_client',
        error_description:
          'AADSTS7000215: Invalid client secret not-a-secret. Trace ID: 5f1d7a84-0c3e-4c7e-9d5b-1c2d3e4f5a6b',
      })
    const error = await refusalOf(who(dataverse))
    expect(error.code).toBe('token-refused')
    expect(error.message).toContain('AADSTS7000215')
    expect(`${error.message}${String(error.cause)}`).not.toMatch(/not-a-secret|5f1d7a84/)
    expect(server.seen).toHaveLength(0)
  })

  it('a token endpoint that is away is waited for, then deferred', async () => {
    const { server, dataverse } = await open((_, response) => reply(response, 200, WHO), { retry: { attempts: 3 } })
    let away = 2
    server.tokenScript = (_, response) => {
      away -= 1
      if (away >= 0) return reply(response, 503, '<html>')
      return reply(response, 200, { token_type: 'Bearer', expires_in: 3_600, access_token: 'late' })
    }
    expect((await who(dataverse)).userId).toBe(guid(1))

    const lost = await open(() => {}, { retry: { attempts: 2 } })
    lost.server.tokenScript = (_, response) => response.destroy()
    expect((await refusalOf(who(lost.dataverse))).next).toBe('deferred')
  })

  it('an http authority is refused, whatever the server', async () => {
    const authentication = authenticationAt('http://127.0.0.1:1/token')
    const authority = authentication.authority?.replace('https:', 'http:') ?? ''
    const { server, dataverse } = await open(() => {}, { authentication: [{ ...authentication, authority }] })
    expect((await refusalOf(who(dataverse))).code).toBe('token-refused')
    expect(server.tokensIssued()).toBe(0)
  })

  it('an http token endpoint that is not loopback gets no secret', async () => {
    const { dataverse } = await open(() => {}, {
      authentication: [authenticationAt('http://login.example.com/token')],
      retry: { attempts: 1 },
    })
    expect((await refusalOf(who(dataverse))).code).toBe('token-refused')
  })

  it('a certificate signs the token request; a broken one is refused', async () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2_048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const server = await startScripted((_, response) => reply(response, 200, WHO))
    opened.push(server)
    const withKey = (key: string) => {
      const authentication: AuthenticationSettings = {
        ...authenticationAt(`${server.origin}/token`),
        credential: { kind: 'certificate', thumbprintSha256: 'AB'.repeat(32), privateKey: { reveal: () => key } },
      }
      const dataverse = openDataverse(
        optionsFor(server.origin, { authentication: [authentication], retry: { attempts: 1 } }),
      )
      opened.push(dataverse)
      return dataverse
    }
    let asked = ''
    server.tokenScript = (seen, response) => {
      asked = seen.body
      reply(response, 200, { token_type: 'Bearer', expires_in: 3_600, access_token: 'signed' })
    }
    await who(withKey(privateKey))
    expect(asked).toContain('client_assertion=')
    expect(server.seen[0]?.headers.authorization).toBe('Bearer signed')
    const error = await refusalOf((async () => who(withKey('not a key')))())
    expect(error.code).toBe('token-refused')
  })
})

describe('reading', () => {
  const page = (rows: readonly unknown[], next?: string) => ({
    value: rows,
    ...(next === undefined ? {} : { '@odata.nextLink': next }),
  })

  it('a next link to another origin is refused and gets no token', async () => {
    const { server, dataverse } = await open((_, response) =>
      reply(response, 200, page([], 'https://evil.example.com/api/data/v9.2/contacts')),
    )
    const read = async () => {
      for await (const _ of dataverse.changes(contactTable(), ['lastname'], undefined, running()));
    }
    expect((await refusalOf(read())).code).toBe('config-invalid')
    expect(server.seen).toHaveLength(1)
  })

  it('§2.7 an expired delta link is told, whatever its status', async () => {
    const cases = [
      [410, ''],
      [400, odataError('0x80044352', 'Version stamp')],
      [400, odataError('', 'Version stamp associated with the client has expired. Please perform a full sync.')],
    ] as const
    for (const [status, body] of cases) {
      const { server, dataverse } = await open((_, response) => reply(response, status, body))
      const link = `${server.origin}/api/data/v9.2/contacts?$deltatoken=1`
      const pages: unknown[] = []
      for await (const each of dataverse.changes(contactTable(), ['lastname'], link, running())) pages.push(each)
      expect(pages).toEqual(['expired'])
    }
  })
})
