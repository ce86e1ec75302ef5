/** The emulator's identity provider: MSAL as it is, and every proof with one thing wrong (what a Dataverse must do: items 1, 2). */
import { constants, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfidentialClientApplication, type NodeAuthOptions } from '@azure/msal-node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/emulator.ts'
import type { ApplicationSeed } from '../../src/emulator/seed.ts'
import { APPLICATION_USER_ID, DEFAULT_APP_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import { type SelfSigned, selfSigned } from '../support/self-signed.ts'
import { type Answer, askToken } from './emulator-caller.ts'

const TENANT = 'acme.example.com'
const APP = 'a0000000-0000-4000-8000-00000000000a'
const NOW_MS = Date.UTC(2026, 9, 23, 2, 15)
const ISSUER = 'https://issuer.example.com'
const SUBJECT = 'system:serviceaccount:consent:sync'
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const first = selfSigned()
const second = selfSigned()

let emulator: Emulator
const opened: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

async function start(application: Omit<ApplicationSeed, 'appId'> = {}, options: EmulatorOptions = {}): Promise<void> {
  const app = { appId: APP, userId: APPLICATION_USER_ID, ...application }
  emulator = await startEmulator({ seed: { applications: [app] }, ...options })
  opened.push(emulator)
}

/** As the demo and the README point MSAL at an emulator: an https authority that is never asked. */
function msal(auth: Partial<NodeAuthOptions>, clientId = APP): ConfidentialClientApplication {
  const { url } = emulator
  const authorityMetadata = JSON.stringify({
    token_endpoint: `${url}/${TENANT}/oauth2/v2.0/token`,
    authorization_endpoint: `${url}/${TENANT}/oauth2/v2.0/authorize`,
    issuer: `${url}/${TENANT}/v2.0`,
    jwks_uri: `${url}/${TENANT}/discovery/v2.0/keys`,
  })
  return new ConfidentialClientApplication({
    auth: { clientId, authority: `https://login.microsoftonline.com/${TENANT}`, authorityMetadata, ...auth },
  })
}

async function statusWith(auth: Partial<NodeAuthOptions>, clientId = APP): Promise<number> {
  const scopes = [`${emulator.url}/.default`]
  const result = await msal(auth, clientId).acquireTokenByClientCredential({ scopes })
  return call(result?.accessToken ?? '')
}

async function call(token: string): Promise<number> {
  const answer = await fetch(`${emulator.url}/api/data/v9.2/WhoAmI`, { headers: { Authorization: `Bearer ${token}` } })
  return answer.status
}

describe('MSAL, unmodified', () => {
  it('gets a token by client secret, which opens the service', async () => {
    await start()
    expect(await statusWith({ clientSecret: DEFAULT_SECRET }, DEFAULT_APP_ID)).toBe(200)
  })

  it.each(['thumbprintSha256', 'thumbprint'] as const)('gets a token by certificate, named by its %s', async (by) => {
    await start({ certificates: [first, second] })
    const { privateKey, [by]: print } = second
    expect(await statusWith({ clientCertificate: { privateKey, [by]: print } })).toBe(200)
  })

  it('gets a token by the token of another issuer, read anew for each request', async () => {
    const issuer = issuerOf()
    await start({ federatedCredentials: [{ issuer: ISSUER, subject: SUBJECT, keys: [issuer.jwk] }] })
    const now = Date.now() / 1_000
    const clientAssertion = async () => jwt(issuer.privateKey, {}, { ...FEDERATED, exp: now + 60 })
    expect(await statusWith({ clientAssertion })).toBe(200)
  })

  it('N callers on a cold cache make N token requests: the endpoint tells by application', async () => {
    await start()
    const application = msal({ clientSecret: DEFAULT_SECRET }, DEFAULT_APP_ID)
    const ask = () => application.acquireTokenByClientCredential({ scopes: [`${emulator.url}/.default`] })
    await Promise.all([ask(), ask(), ask()])
    await ask()
    expect(emulator.world.tokens.figures()).toEqual({ [DEFAULT_APP_ID]: { asked: 3, issued: 3, refused: {} } })
  })

  it('is told why not, with the codes and ids of Entra', async () => {
    await start({ certificates: [first] })
    const clientCertificate = { thumbprintSha256: first.thumbprintSha256, privateKey: second.privateKey }
    const refused = await statusWith({ clientCertificate }).then(
      () => expect.unreachable('the key is not the registered one'),
      (error: unknown) => error as Record<string, unknown>,
    )
    expect(refused).toMatchObject({ errorCode: 'invalid_client', errorNo: 700027 })
    expect(String(refused['errorMessage'])).toMatch(/AADSTS700027: .* Trace ID: .* Correlation ID: .* Timestamp: /)
    expect(refused['correlationId']).toMatch(/^[\da-f-]{36}$/)
  })
})

/** A compact JWT; `RS256` unless the header says otherwise. */
function jwt(key: string, header: object, claims: object): string {
  const full = { alg: 'RS256', typ: 'JWT', ...header }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part(full)}.${part(claims)}`
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, ...(full.alg === 'PS256' ? pss : {}) }).toString('base64url')}`
}

function issuerOf(kid = 'k1') {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { privateKey, jwk: { ...createPublicKey(publicKey).export({ format: 'jwk' }), kid } }
}

const FEDERATED = { iss: ISSUER, sub: SUBJECT, aud: 'api://AzureADTokenExchange' }

async function ask(fields: Record<string, string>): Promise<Pick<Answer, 'status' | 'json'>> {
  const answer = await askToken(emulator.url, { client_id: APP, ...fields })
  return { status: answer.status, json: await answer.json() }
}

async function assert(assertion: string) {
  const { status, json } = await ask({
    client_secret: '',
    client_assertion: assertion,
    client_assertion_type: JWT_BEARER,
  })
  return [status, json.error, json.error_codes?.[0]]
}

const ISSUED = [200, undefined, undefined]

describe('secrets', () => {
  const clock = { tokenClock: () => NOW_MS }

  it('several hold side by side while they are rotated; one that has ended is 7000222, an unknown one 7000215', async () => {
    const endsAt = (ms: number) => new Date(ms).toISOString()
    const secrets = [
      { value: 'old', endsAt: endsAt(NOW_MS) },
      { value: 'next', endsAt: endsAt(NOW_MS + 1) },
    ]
    await start({ secret: 'present', secrets }, clock)
    const told = async (secret: string) => {
      const { status, json } = await ask({ client_secret: secret })
      return [status, json.error, json.error_codes?.[0]]
    }
    expect(await told('present')).toEqual(ISSUED)
    expect(await told('next')).toEqual(ISSUED)
    expect(await told('old')).toEqual([401, 'invalid_client', 7000222])
    expect(await told('never')).toEqual([401, 'invalid_client', 7000215])
    expect(await told('')).toEqual([401, 'invalid_client', 7000218])
    expect(emulator.world.tokens.figures()[APP]).toEqual({
      asked: 5,
      issued: 2,
      refused: { 7000215: 1, 7000218: 1, 7000222: 1 },
    })
  })

  it('a refusal repeats the correlation id of the client and is dated by the endpoint', async () => {
    await start({ secret: 'right' }, clock)
    const answer = await fetch(`${emulator.url}/${TENANT}/oauth2/v2.0/token`, {
      method: 'POST',
      headers: { 'client-request-id': 'c-1' },
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: APP, client_secret: 'wrong' }),
    })
    const body = (await answer.json()) as Record<string, unknown>
    expect(body).toMatchObject({
      error: 'invalid_client',
      error_codes: [7000215],
      correlation_id: 'c-1',
      timestamp: '2026-10-23 02:15:00Z',
      error_uri: expect.stringMatching(/7000215$/),
    })
    expect(String(body['error_description'])).toContain(
      ` Trace ID: ${body['trace_id']} Correlation ID: c-1 Timestamp: 2026-10-23 02:15:00Z`,
    )
    expect(JSON.stringify(body)).not.toMatch(/wrong|right/)
  })

  it('revocation ends the tokens of one application and no other', async () => {
    await start({ secret: 'own' })
    const token = async (fields: Record<string, string>) =>
      ((await (await askToken(emulator.url, fields)).json()) as { access_token: string }).access_token
    const [mine, other] = [await token({ client_id: APP, client_secret: 'own' }), await token({})]
    const answer = await fetch(`${emulator.url}/__emulator/tokens/revoke`, {
      method: 'POST',
      body: JSON.stringify({ appId: APP }),
    })
    expect(await answer.json()).toEqual({ revoked: 1 })
    expect([await call(mine), await call(other)]).toEqual([401, 200])
    expect(await call(await token({ client_id: APP, client_secret: 'own' }))).toBe(200)
  })
})

describe('certificate assertions', () => {
  const at = NOW_MS / 1_000
  let audience: string
  beforeEach(async () => {
    const past = selfSignedOnce()
    await start({ certificates: [first, past] }, { tokenClock: () => NOW_MS })
    audience = `${emulator.url}/${TENANT}/oauth2/v2.0/token`
  })

  let ended: SelfSigned | undefined
  const selfSignedOnce = () => (ended ??= selfSigned('2020-01-01T00:00:00Z', '2021-01-01T00:00:00Z'))
  const b64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')
  const header = (by: SelfSigned = first) => ({ 'x5t#S256': b64(by.thumbprintSha256) })
  const told = (claims: object = {}, head: object = header(), key = first.privateKey) =>
    assert(jwt(key, head, { iss: APP, sub: APP, aud: audience, nbf: at, exp: at + 600, jti: 'once', ...claims }))

  it('holds with RS256 and PS256, and again: MSAL shows one until it expires', async () => {
    expect(await told()).toEqual(ISSUED)
    expect(await told()).toEqual(ISSUED)
    expect(await told({}, { ...header(), alg: 'PS256' })).toEqual(ISSUED)
    expect(await told({}, { x5t: b64(first.thumbprint) })).toEqual(ISSUED)
  })

  it('holds for the endpoint, the older endpoint and the tenant’s issuer, here and at the cloud’s own address', async () => {
    for (const aud of [
      `${emulator.url}/${TENANT}/oauth2/token`,
      `${emulator.url}/${TENANT}/v2.0`,
      `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/token`,
    ]) {
      expect(await told({ aud })).toEqual(ISSUED)
    }
  })

  it.each([
    ['another tenant', { aud: 'https://login.microsoftonline.com/other/oauth2/v2.0/token' }, 700023],
    ['another service', { aud: 'https://login.example.com/acme.example.com/oauth2/v2.0/token' }, 700023],
    ['no audience', { aud: undefined }, 700023],
    ['an end five minutes ago', { exp: at - 300 }, 700024],
    ['a beginning more than five minutes ahead', { nbf: at + 301 }, 700024],
    ['no end', { exp: undefined }, 700024],
    ['another subject', { sub: DEFAULT_APP_ID }, 700021],
  ])('with %s are refused', async (_, claims, code) => {
    expect(await told(claims)).toEqual([401, 'invalid_client', code])
  })

  it('within five minutes a clock may be wrong', async () => {
    expect(await told({ exp: at - 299 })).toEqual(ISSUED)
    expect(await told({ nbf: at + 300 })).toEqual(ISSUED)
  })

  it('of a key that is not registered, not the one named, or expired are 700027', async () => {
    const refused = [401, 'invalid_client', 700027]
    expect(await told({}, header(second), second.privateKey)).toEqual(refused)
    expect(await told({}, header(), second.privateKey)).toEqual(refused)
    expect(await told({}, {})).toEqual(refused)
    expect(await told({}, header(selfSignedOnce()), selfSignedOnce().privateKey)).toEqual(refused)
  })

  it('that are no signed tokens are 50027', async () => {
    const refused = [400, 'invalid_request', 50027]
    for (const text of ['a.b.c', 'no token', '', 'e30.e30.', 'e30.e30.AA']) expect(await assert(text)).toEqual(refused)
    expect(await told({}, { ...header(), alg: 'none' })).toEqual(refused)
    expect(await told({}, { ...header(), alg: 'HS256' })).toEqual(refused)
  })

  it('that are of no declared type are refused', async () => {
    const { status } = await ask({ client_secret: '', client_assertion: 'a.b.c' })
    expect(status).toBe(400)
  })
})

describe('federated assertions', () => {
  const at = NOW_MS / 1_000
  const issuer = issuerOf()
  const clock = { tokenClock: () => NOW_MS }
  const trust = { issuer: ISSUER, subject: SUBJECT, keys: [issuer.jwk] }
  const told = (claims: object = {}, key = issuer.privateKey, header: object = { kid: 'k1' }) =>
    assert(jwt(key, header, { ...FEDERATED, exp: at + 3_600, ...claims }))

  it('hold where issuer, subject and audience are registered', async () => {
    await start({ federatedCredentials: [{ ...trust, subject: 'another' }, trust] }, clock)
    expect(await told()).toEqual(ISSUED)
    expect(await told({ aud: ['somebody', FEDERATED.aud] })).toEqual(ISSUED)
  })

  it.each([
    ['issuer', { iss: `${ISSUER}/` }, 700211],
    ['subject', { sub: SUBJECT.toUpperCase() }, 700213],
    ['audience', { aud: 'api://other' }, 700212],
    ['time', { exp: at - 300 }, 700024],
  ])('of another %s are refused', async (_, claims, code) => {
    await start({ federatedCredentials: [trust] }, clock)
    expect(await told(claims)).toEqual([401, 'invalid_client', code])
  })

  it('of another key are refused, of one that is not published too', async () => {
    await start({ federatedCredentials: [trust] }, clock)
    const { privateKey } = issuerOf()
    expect(await told({}, privateKey)).toEqual([400, 'invalid_request', 50027])
    expect(await told({}, privateKey, { kid: 'k2' })).toEqual([401, 'invalid_client', 7000272])
  })

  it('to an app that trusts no issuer are 70025', async () => {
    await start({ certificates: [first] }, clock)
    expect(await told()).toEqual([401, 'invalid_client', 70025])
  })

  it('are verified with the keys that their issuer publishes at that moment', async () => {
    const rotated = issuerOf('k2')
    let keys: object[] = [issuer.jwk]
    const server = createServer((_, response) => response.end(JSON.stringify({ keys }))).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
    await start({ federatedCredentials: [{ issuer: ISSUER, subject: SUBJECT, jwksUrl }] }, clock)
    expect(await told()).toEqual(ISSUED)
    keys = [rotated.jwk]
    expect(await told()).toEqual([401, 'invalid_client', 7000272])
    expect(await told({}, rotated.privateKey, { kid: 'k2' })).toEqual(ISSUED)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    expect(await told()).toEqual([400, 'invalid_request', 50166])
  })

  it('seeds that cannot work are refused at once', async () => {
    const bad = (seed: Omit<ApplicationSeed, 'appId'>) => start(seed)
    await expect(bad({ certificates: [{ certificate: 'no PEM' }] })).rejects.toThrow('X.509')
    await expect(bad({ federatedCredentials: [{ ...trust, keys: [{ kty: 'RSA' }] }] })).rejects.toThrow('JSON Web Key')
    await expect(bad({ federatedCredentials: [{ ...trust, jwksUrl: 'http://example.com/' }] })).rejects.toThrow(
      'loopback',
    )
    await expect(bad({ secrets: [{ value: 'x', endsAt: 'soon' }] })).rejects.toThrow('ISO date')
  })
})

describe('the endpoints', () => {
  it('the older one takes a resource and answers numbers as texts', async () => {
    await start({ secret: 's' }, { tokenClock: () => NOW_MS, tokenSeconds: 60 })
    const answer = await fetch(`${emulator.url}/${TENANT}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: APP,
        client_secret: 's',
        resource: emulator.url,
      }),
    })
    const body = (await answer.json()) as Record<string, string>
    expect(body).toMatchObject({
      token_type: 'Bearer',
      expires_in: '60',
      not_before: String(NOW_MS / 1_000),
      expires_on: String(NOW_MS / 1_000 + 60),
      resource: emulator.url,
    })
    expect(await call(body['access_token'] ?? '')).toBe(200)
  })

  it('AD FS is answered below /adfs/, whatever the tenant, without the numbers of Entra', async () => {
    await start({ secret: 's' }, { tenant: TENANT })
    const askAdfs = async (secret: string) => {
      const fields = { grant_type: 'client_credentials', client_id: APP, client_secret: secret, resource: emulator.url }
      const body = new URLSearchParams(fields)
      return (await (await fetch(`${emulator.url}/adfs/oauth2/token`, { method: 'POST', body })).json()) as object
    }
    expect(await askAdfs('s')).toMatchObject({ expires_in: 3_599, access_token: expect.any(String) })
    const refused = await askAdfs('x')
    expect(Object.keys(refused)).toEqual(['error', 'error_description'])
    expect(refused).toMatchObject({ error: 'invalid_client', error_description: expect.stringContaining('MSIS9622') })
  })

  it('refuse another tenant, another grant, another method and another scope', async () => {
    await start({ secret: 's' }, { tenant: 'elsewhere' })
    expect((await ask({ client_secret: 's' })).json.error_codes).toEqual([90002])
    expect((await ask({ grant_type: 'password' })).json).toMatchObject({
      error: 'unsupported_grant_type',
      error_codes: [70003],
    })
    const get = await fetch(`${emulator.url}/${TENANT}/oauth2/v2.0/token`)
    expect([get.status, ((await get.json()) as { error_codes: number[] }).error_codes]).toEqual([400, [900561]])
    await start({ secret: 's' })
    const scoped = await ask({ client_secret: 's', scope: `${emulator.url}/user_impersonation` })
    expect(scoped.json).toMatchObject({ error: 'invalid_scope', error_codes: [1002012] })
  })
})
