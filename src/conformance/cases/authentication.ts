/** Tokens and who may enter. */
import type { CaseRequest, ConformanceCase } from '../case.ts'
import { batch, citing, get, gone, part, patch, step } from './make.ts'

const documented = citing('authentication', 'Dataverse: client credentials, 1.1', 'documented')
const inferred = citing('authentication', 'Dataverse: client credentials, 1.1', 'inferred')
const member = citing('authentication', 'Dataverse: application user, 1.3', 'documented')

const CHALLENGE = { status: 401, headers: { 'WWW-Authenticate': { $matches: '^Bearer .*authorization_uri=' } } }

/** A token request to the emulator's own identity provider. */
function token(fields: Readonly<Record<string, string>>): CaseRequest {
  const form = { grant_type: 'client_credentials', scope: '{origin}/.default', ...fields }
  const text = Object.entries(form)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const headers = { Authorization: '', 'Content-Type': 'application/x-www-form-urlencoded' }
  return { method: 'POST', path: '/conformance.example/oauth2/v2.0/token', headers, text }
}

const KNOWN = { client_id: '0c0ffee0-0000-4000-8000-000000000001', client_secret: 'emulator-secret' }
const STRANGER = { client_id: '0c0ffee0-0000-4000-8000-000000000002', client_secret: 'stranger-secret' }
const ONLY_EMULATOR = { needs: ['emulator'] } as const

/** The cases of this topic. */
export const AUTHENTICATION_CASES: readonly ConformanceCase[] = [
  inferred(
    'missing',
    'a call without a token is 401 with a challenge that names the authority',
    {},
    step(get('WhoAmI', {}, { Authorization: '' }), CHALLENGE),
  ),
  inferred(
    'garbage',
    'a token that nobody issued is 401 with a challenge',
    {},
    step(get('WhoAmI', {}, { Authorization: 'Bearer bm90LWEtdG9rZW4' }), CHALLENGE),
  ),
  documented(
    'basic',
    'another scheme than OAuth is 401',
    {},
    step(get('WhoAmI', {}, { Authorization: 'Basic bm9ib2R5Om5vdGhpbmc=' }), { status: 401 }),
  ),
  inferred(
    'batch',
    'a batch without a token is refused as a whole, not with a multipart body',
    {},
    step(batch([part('GET', 'WhoAmI')], { Authorization: '' }), {
      status: 401,
      headers: { 'Content-Type': { $not: { $matches: '^multipart' } } },
    }),
  ),
  documented(
    'write',
    'a write without a token writes nothing',
    {},
    step(patch('contacts({id1})', { lastname: '{p}' }, { Authorization: '' }), { status: 401 }),
    gone(1),
  ),
  documented(
    'token/form',
    'the token endpoint tells type and lifetime',
    ONLY_EMULATOR,
    step(token(KNOWN), {
      status: 200,
      body: { token_type: 'Bearer', expires_in: { $atLeast: 1 }, access_token: { $type: 'string' } },
    }),
  ),
  documented(
    'token/use',
    'a token of the environment’s own scope opens the service',
    ONLY_EMULATOR,
    step(token(KNOWN), { status: 200 }, { bearer: 'body:access_token' }),
    step(get('WhoAmI', {}, { Authorization: 'Bearer {bearer}' }), { status: 200, body: { UserId: { $length: 36 } } }),
  ),
  documented(
    'token/other-resource',
    'a token for another resource is 401',
    ONLY_EMULATOR,
    step(
      token({ ...KNOWN, scope: 'https://other.crm4.dynamics.com/.default' }),
      { status: 200 },
      { bearer: 'body:access_token' },
    ),
    step(get('WhoAmI', {}, { Authorization: 'Bearer {bearer}' }), { status: 401 }),
  ),
  documented(
    'token/wrong-secret',
    'a wrong secret gets no token',
    ONLY_EMULATOR,
    step(token({ ...KNOWN, client_secret: 'wrong' }), { status: 401, body: { error: 'invalid_client' } }),
  ),
  inferred(
    'token/unknown-app',
    'an unknown application gets no token',
    ONLY_EMULATOR,
    step(token({ ...KNOWN, client_id: 'nobody' }), { status: 400, body: { error: 'unauthorized_client' } }),
  ),
  inferred(
    'token/grant',
    'another grant than client credentials gets no token',
    ONLY_EMULATOR,
    step(token({ ...KNOWN, grant_type: 'password' }), { status: 400, body: { error: 'unsupported_grant_type' } }),
  ),
  documented(
    'token/scope',
    'a confidential client must ask for the default scope',
    ONLY_EMULATOR,
    step(token({ ...KNOWN, scope: '{origin}/user_impersonation' }), { status: 400, body: { error: 'invalid_scope' } }),
  ),
  member(
    'stranger',
    'a valid token of an app without an application user is 403 0x80072560',
    ONLY_EMULATOR,
    step(token(STRANGER), { status: 200 }, { bearer: 'body:access_token' }),
    step(get('WhoAmI', {}, { Authorization: 'Bearer {bearer}' }), {
      status: 403,
      code: '0x80072560',
      message: 'not a member of the organization',
    }),
  ),
  member(
    'stranger/rows',
    'an app without an application user reads no rows',
    ONLY_EMULATOR,
    step(token(STRANGER), { status: 200 }, { bearer: 'body:access_token' }),
    step(get('contacts?$top=1', {}, { Authorization: 'Bearer {bearer}' }), { status: 403, code: '0x80072560' }),
  ),
]
