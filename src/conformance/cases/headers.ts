/** Versions, paths, and the headers of every answer. */
import type { ConformanceCase } from '../case.ts'
import { batch, citing, get, part, remove, step } from './make.ts'

const routing = citing('headers', 'Dataverse: HTTP requests, 2.1', 'documented')
const seen = citing('headers', 'Dataverse: HTTP requests, 2.1', 'inferred')
const limits = citing('headers', 'Dataverse: service protection limits, 4.1', 'documented')
const cookies = citing('headers', 'Dataverse: service protection limits, 4.1', 'inferred')
const lengths = citing('headers', 'Dataverse: URL length, 2.5', 'inferred')

const WHOLE_NUMBER = { $matches: '^\\d+$' }

/** The cases of this topic. */
export const HEADER_CASES: readonly ConformanceCase[] = [
  ...['v9.0', 'v9.1', 'v9.2'].map((version) =>
    routing(
      `version/${version}`,
      `the service answers below ${version}`,
      {},
      step(get(`/api/data/${version}/WhoAmI`), { status: 200, body: { UserId: { $length: 36 } } }),
    ),
  ),
  routing(
    'odata-version',
    'an answer says OData-Version 4.0',
    {},
    step(get('WhoAmI'), { status: 200, headers: { 'OData-Version': '4.0' } }),
  ),
  routing(
    'json',
    'an answer is JSON',
    {},
    step(get('WhoAmI'), { status: 200, headers: { 'Content-Type': { $matches: '^application/json' } } }),
  ),
  seen(
    'request-id',
    'an answer carries the id of the request',
    {},
    step(get('WhoAmI'), { status: 200, headers: { 'x-ms-service-request-id': { $length: 36 } } }),
  ),
  seen(
    'req-id',
    'an answer carries REQ_ID',
    {},
    step(get('WhoAmI'), { status: 200, headers: { REQ_ID: { $length: 36 } } }),
  ),
  seen(
    'client-request-id',
    'a correlation id of the client is taken without complaint',
    {},
    step(get('WhoAmI', {}, { 'x-ms-client-request-id': '{id1}' }), { status: 200 }),
  ),
  limits(
    'dop-hint',
    'an answer recommends a degree of parallelism',
    {},
    step(get('WhoAmI'), { status: 200, headers: { 'x-ms-dop-hint': WHOLE_NUMBER } }),
  ),
  limits(
    'burst',
    'an answer tells how many requests are left',
    {},
    step(get('WhoAmI'), { status: 200, headers: { 'x-ms-ratelimit-burst-remaining-xrm-requests': WHOLE_NUMBER } }),
  ),
  limits(
    'time',
    'an answer tells how much execution time is left',
    {},
    step(get('WhoAmI'), {
      status: 200,
      headers: { 'x-ms-ratelimit-time-remaining-xrm-requests': { $matches: '^[\\d.,]+$' } },
    }),
  ),
  cookies(
    'affinity',
    'an answer sets an affinity cookie',
    {},
    step(get('WhoAmI'), { status: 200, headers: { 'Set-Cookie': { $matches: 'ARRAffinity=' } } }),
  ),
  seen(
    'if-none-match-null',
    'If-None-Match: null does nothing to a server',
    {},
    step(get('WhoAmI', {}, { 'If-None-Match': 'null' }), { status: 200 }),
  ),
  routing(
    'strong',
    'Consistency: Strong is taken on any read',
    { given: 1 },
    step(get('contacts({id1})?$select=contactid', {}, { Consistency: 'Strong' }), { status: 200 }),
  ),
  seen(
    'unknown-set',
    'an unknown entity set is 404',
    {},
    step(get('nosuchthings'), { status: 404, code: ['0x80060888', '', '0x8006088a'] }),
  ),
  seen('logical-name', 'the logical name is not the entity set', {}, step(get('contact?$top=1'), { status: 404 })),
  seen('set-casing', 'entity set names are case-sensitive', {}, step(get('CONTACTS?$top=1'), { status: 404 })),
  citing('headers', 'Dataverse: error table, 4.5', 'documented')(
    'method',
    'a wrong method is 405',
    {},
    step(remove('contacts'), { status: [404, 405] }),
  ),
  lengths(
    'url/long',
    'a URL of more than 32,768 characters is refused',
    {},
    step(
      { ...get("contacts?$select=contactid&$filter=lastname eq '"), padding: { text: 'x', times: 32_800 } },
      { status: [400, 404, 414] },
    ),
  ),
  lengths(
    'url/fits',
    'a URL of 30,000 characters is taken',
    {},
    step({ ...get('WhoAmI?@unused='), padding: { text: 'x', times: 30_000 } }, { status: 200 }),
  ),
  citing('headers', 'Dataverse: URL length, 2.5', 'documented')(
    'url/batch',
    'inside a batch a URL may be longer than 32,768 characters',
    {},
    step(
      batch([
        part(
          'GET',
          `contacts?$select=contactid&$filter=Microsoft.Dynamics.CRM.In(PropertyName=@a,PropertyValues=@b)&@a='lastname'&@b=%5B${Array.from({ length: 90 }, (_, n) => `%22{p}${'y'.repeat(390)}${n}%22`).join(',')}%5D`,
        ),
      ]),
      { status: 200, parts: [{ status: 200, body: { value: [] } }] },
    ),
  ),
  seen(
    'affinity-off',
    'a client may ask to be spread over servers',
    {},
    step(get('WhoAmI', {}, { 'Arr-Disable-Session-Affinity': 'true' }), { status: 200 }),
  ),
]
