import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseApiRoot } from '../../src/dataverse/api-root.ts'
import type { IdentityChoice } from '../../src/dataverse/application-user.ts'
import { openTokens } from '../../src/dataverse/authentication.ts'
import { isIdentityEndpoint } from '../../src/dataverse/token-network.ts'
import { type IdentityEndpoint, startIdentityEndpoint } from '../support/identity-endpoint.ts'

// MSAL finds the endpoint once for the whole process, so this file has one server, and each test an environment of its own.
let server: IdentityEndpoint
let tests = 0
const VARIABLES = ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER'] as const

beforeAll(async () => {
  server = await startIdentityEndpoint()
  process.env['IDENTITY_ENDPOINT'] = `${server.origin}/msi/token`
  process.env['IDENTITY_HEADER'] = server.identityHeader
})

beforeEach(() => {
  server.seen.length = 0
  server.script.length = 0
  tests += 1
})

afterAll(async () => {
  for (const variable of VARIABLES) delete process.env[variable]
  await server.close()
})

const origin = () => `https://acme-${tests}.crm4.dynamics.com`
const running = () => new AbortController().signal

function open(identity: IdentityChoice = 'system-assigned') {
  const root = parseApiRoot(`${origin()}/api/data/v9.2`)
  return openTokens({ credential: { kind: 'managed-identity', identity } }, root, 10_000)
}

describe('managed identity at the endpoint of App Service', () => {
  it('the system-assigned identity is asked for by the resource alone, with the header of the platform', async () => {
    expect(await open().token(running())).toMatch(/^m\d+$/)
    expect(server.seen).toEqual([
      {
        path: '/msi/token',
        query: { 'api-version': '2019-08-01', resource: origin() },
        header: server.identityHeader,
      },
    ])
  })

  it.each<[string, IdentityChoice, Record<string, string>]>([
    ['client id', { clientId: 'c1' }, { client_id: 'c1' }],
    ['resource id', { resourceId: '/subscriptions/s/x' }, { mi_res_id: '/subscriptions/s/x' }],
    ['object id', { objectId: 'o1' }, { object_id: 'o1' }],
  ])('a user-assigned identity is asked for by its %s', async (_, identity, query) => {
    await open(identity).token(running())
    expect(server.seen).toHaveLength(1)
    expect(server.seen[0]?.query).toEqual({ 'api-version': '2019-08-01', resource: origin(), ...query })
  })

  it('many callers on a cold cache make one request, and those after them none', async () => {
    const tokens = open()
    const given = await Promise.all(Array.from({ length: 20 }, () => tokens.token(running())))
    expect(await tokens.token(running())).toBe(given[0])
    expect(new Set(given).size).toBe(1)
    expect(server.seen).toHaveLength(1)
  })

  it('a token that Dataverse refused is replaced by a fresh one', async () => {
    const tokens = open()
    const first = await tokens.token(running())
    tokens.forget(first)
    expect(await tokens.token(running())).not.toBe(first)
    expect(server.seen).toHaveLength(2)
  })

  it('two identities of one machine have their own tokens', async () => {
    const [one, two] = [open({ clientId: 'c1' }), open({ clientId: 'c2' })]
    expect(await one.token(running())).not.toBe(await two.token(running()))
  })

  it('an identity that the machine does not have is refused, without what the endpoint said', async () => {
    server.script.push({
      status: 400,
      body: { statusCode: 400, message: 'Unable to load canary-identity.', correlationId: 'canary-correlation' },
    })
    const error = await open()
      .token(running())
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'token-refused' })
    expect(String(error)).toContain('HTTP 400')
    expect(String(error)).not.toContain('canary')
  })

  it('an answer without a token is a refusal', async () => {
    server.script.push({ status: 200, body: {} })
    await expect(open().token(running())).rejects.toMatchObject({ code: 'token-refused' })
  })

  it.each([404, 408, 410, 429, 500, 503])('HTTP %i passes: the run waits, and asks again', async (status) => {
    server.script.push({ status, body: {} })
    const tokens = open()
    await expect(tokens.token(running())).rejects.toMatchObject({ name: 'NoAnswer', sent: false })
    expect(await tokens.token(running())).toMatch(/^m\d+$/)
    expect(server.seen).toHaveLength(2)
  })
})

describe('plain http for identities of the machine', () => {
  it.each([
    ['https://identity.example.com/msi/token', true],
    ['http://127.0.0.1:41056/msi/token', true],
    ['http://localhost:42356/msi/token', true],
    ['http://169.254.169.254/metadata/identity/oauth2/token', true],
    ['http://169.254.169.253/metadata/identity/oauth2/token', false],
    ['http://169.254.169.254.example.com/', false],
    ['http://169.254.169.254@identity.example.com/', false],
    ['http://10.0.0.4/msi/token', false],
    ['ftp://169.254.169.254/', false],
  ])('%s: %s', (url, allowed) => {
    expect(isIdentityEndpoint(new URL(url))).toBe(allowed)
  })
})
