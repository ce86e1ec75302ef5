/** The emulator's door: tokens, who may enter, versions, headers, cookies (what a Dataverse must do: items 1–3). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askToken, type Caller, openCaller } from './emulator-caller.ts'

let caller: Caller

describe('the door', () => {
  beforeEach(async () => {
    caller = await openCaller({ servers: 3, tokenSeconds: 3_600 })
  })
  afterEach(() => caller.emulator.close())

  it('1: without a token 401 with a challenge', async () => {
    const response = await fetch(`${caller.api}/WhoAmI`)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer authorization_uri=http/)
  })

  it('1: an expired token is 401, as is one for another resource', async () => {
    caller.emulator.world.tokens.expireAll()
    expect((await caller.get('WhoAmI')).status).toBe(401)
    const response = await askToken(caller.emulator.url, { scope: 'http://127.0.0.1:1/.default' })
    const { access_token: token } = (await response.json()) as { access_token: string }
    const answer = await caller.get('WhoAmI', { Authorization: `Bearer ${token}` })
    expect(answer.status).toBe(401)
  })

  it('1: an app without an application user is 403 0x80072560', async () => {
    caller.emulator.world.seed({ applications: [{ appId: 'stranger', secret: 's' }] })
    const response = await askToken(caller.emulator.url, { client_id: 'stranger', client_secret: 's' })
    const { access_token: token } = (await response.json()) as { access_token: string }
    const answer = await caller.get('WhoAmI', { Authorization: `Bearer ${token}` })
    expect([answer.status, answer.json.error.code]).toEqual([403, '0x80072560'])
  })

  it('1: a missing privilege is 403 0x80040220 and is named', async () => {
    caller.emulator.world.seed({ withoutPrivileges: ['prvCreateContact'] })
    const answer = await caller.post('contacts', { firstname: 'Ada' })
    expect([answer.status, answer.json.error.code]).toEqual([403, '0x80040220'])
    expect(answer.json.error.message).toContain('prvCreateContact')
    expect((await caller.get('contacts')).status).toBe(200)
  })

  it('2: the token endpoint counts calls, tells the lifetime, refuses a wrong secret', async () => {
    const good = await askToken(caller.emulator.url)
    expect(await good.json()).toMatchObject({ token_type: 'Bearer', expires_in: 3_600 })
    const bad = await askToken(caller.emulator.url, { client_secret: 'wrong' })
    expect(bad.status).toBe(401)
    expect(await bad.json()).toMatchObject({ error: 'invalid_client' })
    expect(caller.emulator.world.counters()).toMatchObject({ tokenCalls: 3, tokensIssued: 2 })
  })

  it('2: the token endpoint can be made to fail', async () => {
    caller.emulator.world.addFaults([
      { action: { kind: 'token-reject' } },
      { match: { message: 'Token' }, action: { kind: 'status', status: 503 } },
    ])
    expect((await askToken(caller.emulator.url)).status).toBe(401)
    expect((await askToken(caller.emulator.url)).status).toBe(503)
    expect((await askToken(caller.emulator.url)).status).toBe(200)
  })

  it('2: discovery names the token endpoint', async () => {
    const response = await fetch(`${caller.emulator.url}/acme/v2.0/.well-known/openid-configuration`)
    expect(await response.json()).toMatchObject({ token_endpoint: `${caller.emulator.url}/acme/oauth2/v2.0/token` })
    expect((await fetch(`${caller.emulator.url}/common/discovery/instance`)).status).toBe(200)
  })

  it('3: v9.0 to v9.2 are served, online and below an organization, v8.2 is not', async () => {
    for (const root of ['api/data/v9.0', 'api/data/v9.1', 'acme/api/data/v9.2']) {
      expect((await caller.get(`${caller.emulator.url}/${root}/WhoAmI`)).status).toBe(200)
    }
    expect((await caller.get(`${caller.emulator.url}/api/data/v8.2/WhoAmI`)).status).toBe(404)
  })

  it('3: answers carry the service headers, and Date follows the environment clock', async () => {
    await caller.control('POST', 'time', { freezeAt: '2026-03-01T12:00:00Z' })
    const { headers } = await caller.get('WhoAmI')
    expect(headers.get('odata-version')).toBe('4.0')
    expect(headers.get('x-ms-dop-hint')).toBe('4')
    expect(headers.get('date')).toBe('Sun, 01 Mar 2026 12:00:00 GMT')
    for (const name of ['x-ms-service-request-id', 'req_id', 'x-ms-ratelimit-burst-remaining-xrm-requests']) {
      expect(headers.get(name)).toBeTruthy()
    }
  })

  it('3: requests spread over the servers, but a returned affinity cookie pins the caller to one', async () => {
    for (let n = 0; n < 6; n++) await caller.get('WhoAmI')
    expect(Object.values(caller.emulator.world.counters().servers)).toEqual([2, 2, 2])
    caller.emulator.world.resetCounters()
    for (let n = 0; n < 6; n++) await caller.get('WhoAmI', { Cookie: 'ARRAffinity=1' })
    expect(caller.emulator.world.counters().servers).toEqual({ 1: 6 })
  })

  it('what is not understood is refused and counted', async () => {
    const statuses = [
      await caller.get('contacts?$apply=aggregate(x)'),
      await caller.get('contacts', { Prefer: 'odata.maxpagsize=5' }),
      await caller.get("contacts?$filter=substringof('a',fullname)"),
      await caller.get('contacts', { 'MSCRM.Unheard': 'of' }),
    ].map((answer) => answer.status)
    expect(statuses).toEqual([501, 501, 501, 501])
    expect(caller.emulator.world.counters().notUnderstood).toBe(4)
  })

  it('a bypass header needs its privilege', async () => {
    const headers = { 'MSCRM.BypassBusinessLogicExecution': 'CustomSync' }
    expect((await caller.post('contacts', {}, headers)).status).toBe(403)
    caller.emulator.world.seed({ privileges: { prvBypassCustomBusinessLogic: 'Global' } })
    expect((await caller.post('contacts', {}, headers)).status).toBe(204)
  })
})
