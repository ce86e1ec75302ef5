/** $batch: parts one after the other, up to the first failure or past it. */
import type { CaseRequest, ConformanceCase, Expectation, PartRequest } from '../case.ts'
import { batch, citing, gone, holds, part, refused, step } from './make.ts'

const SECTION = 'Dataverse: $batch exactly, 3.5'
const documented = citing('batch', SECTION, 'documented')
const inferred = citing('batch', SECTION, 'inferred')
const unknown = citing('batch', 'Dataverse: open questions, 10', 'unknown')

const CONTINUE = { Prefer: 'odata.continue-on-error' }
const ONE = { given: [{ jobtitle: 'old' }] } as const
const read = (number: number) => part('GET', `contacts({id${number}})?$select=jobtitle`)
const write = (number: number, jobtitle = 'new', headers: Readonly<Record<string, string>> = {}) =>
  part('PATCH', `contacts({id${number}})`, { jobtitle, lastname: '{p}' }, { headers })
const bad = (number: number) => part('PATCH', `contacts({id${number}})`, { emailaddress1: 'x'.repeat(101) })
const TOO_LONG = refused(400, '0x80044331')
const ok = (...parts: readonly Expectation[]): Expectation => ({ status: 200, parts })

/** A batch of our own making, for what the composer would write right. */
function raw(lines: readonly string[], end = '\r\n', type = 'multipart/mixed; boundary="batch_raw"'): CaseRequest {
  return { method: 'POST', path: '$batch', headers: { 'Content-Type': type }, text: lines.join(end) }
}
const HEAD = ['Content-Type: application/http', 'Content-Transfer-Encoding: binary']
const ASK = ['GET /api/data/v9.2/WhoAmI HTTP/1.1', 'Accept: application/json', '', '']
const END = ['--batch_raw--', '']

const PART_METHODS: readonly (readonly [string, PartRequest, Expectation])[] = [
  ['get', read(1), { status: 200, body: { jobtitle: 'old' } }],
  ['patch', write(1), { status: 204 }],
  ['post', part('POST', 'contacts', { contactid: '{id2}', lastname: '{p}' }), { status: 204 }],
  ['delete', part('DELETE', 'contacts({id1})'), { status: 204 }],
  [
    'query',
    part('GET', "contacts?$select=contactid&$filter=lastname%20eq%20'{p}'"),
    { status: 200, body: { value: { $length: 1 } } },
  ],
  ['function', part('GET', 'WhoAmI'), { status: 200, body: { UserId: { $length: 36 } } }],
  ['by-key', part('GET', "contacts({key}='{key1}')?$select=jobtitle"), { status: 200, body: { jobtitle: 'old' } }],
  [
    'metadata',
    part('GET', "EntityDefinitions(LogicalName='contact')?$select=EntitySetName"),
    { status: 200, body: { EntitySetName: 'contacts' } },
  ],
  [
    'representation',
    part(
      'PATCH',
      'contacts({id1})?$select=jobtitle',
      { jobtitle: 'new' },
      { headers: { Prefer: 'return=representation' } },
    ),
    { status: 200, body: { jobtitle: 'new' } },
  ],
  ['if-match', write(1, 'new', { 'If-Match': 'W/"1"' }), refused(412, ['0x80060882', ''])],
  ['absent', read(2), { status: 404 }],
  ['bad-value', bad(1), TOO_LONG],
]

/** The cases of this topic. */
export const BATCH_CASES: readonly ConformanceCase[] = [
  ...PART_METHODS.map(([id, request, expected]) =>
    documented(
      `part/${id}`,
      `a ${id} in a batch answers as it does alone`,
      ONE,
      step(batch([request], CONTINUE), ok(expected)),
    ),
  ),
  documented(
    'order',
    'answers come in the order of the requests',
    ONE,
    step(
      batch([read(1), write(1), read(1)]),
      ok({ body: { jobtitle: 'old' } }, { status: 204 }, { body: { jobtitle: 'new' } }),
    ),
  ),
  documented(
    'response-type',
    'the answer is multipart with a boundary of its own',
    ONE,
    step(batch([read(1)]), {
      status: 200,
      headers: { 'Content-Type': { $matches: '^multipart/mixed; ?boundary="?batchresponse_' } },
    }),
  ),
  documented(
    'absolute',
    'the URL of a part may be a full one',
    ONE,
    step(
      batch([part('GET', '{origin}/api/data/v9.2/contacts({id1})?$select=jobtitle')]),
      ok({ status: 200, body: { jobtitle: 'old' } }),
    ),
  ),
  documented(
    'stop',
    'the first failure stops a batch: the rest is not run',
    ONE,
    step(batch([bad(1), write(1)]), { status: 400, parts: [TOO_LONG] }),
    holds(1, { jobtitle: 'old' }),
  ),
  inferred(
    'stop/before',
    'what was done before the failure stays',
    ONE,
    step(batch([write(1), bad(1), write(2)]), { status: 400, parts: [{ status: 204 }, TOO_LONG] }),
    holds(1, { jobtitle: 'new' }),
    gone(2),
  ),
  documented(
    'stop/status',
    'the status of a stopped batch is that of the failure',
    {},
    step(batch([read(1)]), { status: 404, parts: [{ status: 404 }] }),
  ),
  documented(
    'continue',
    'with continue-on-error each part has its own answer, and the whole is 200',
    ONE,
    step(batch([bad(1), write(1), read(2)], CONTINUE), ok(TOO_LONG, { status: 204 }, { status: 404 })),
    holds(1, { jobtitle: 'new' }),
  ),
  inferred(
    'error-body',
    'a failing part carries a JSON error',
    {},
    step(batch([read(1)], CONTINUE), ok({ status: 404, body: { error: { message: { $type: 'string' } } } })),
  ),
  documented(
    'thousand',
    'a batch takes 1,000 requests',
    {},
    step(batch(Array.from({ length: 1_000 }, () => part('GET', 'WhoAmI'))), { status: 200 }),
  ),
  documented(
    'thousand-and-one',
    'a batch takes no more than 1,000 requests',
    {},
    step(batch(Array.from({ length: 1_001 }, () => part('GET', 'WhoAmI'))), { status: 400 }),
  ),
  documented('nested', 'a batch holds no batch', {}, step(batch([part('POST', '$batch', {})]), { status: 400 })),
  inferred(
    'malformed/json',
    'a malformed batch is answered with JSON',
    {},
    step(raw(['nothing']), { status: 400, headers: { 'Content-Type': { $matches: 'json' } } }),
  ),
  documented(
    'malformed/type',
    'a batch is multipart/mixed',
    {},
    step(raw(['--batch_raw', ...HEAD, '', ...ASK, ...END], '\r\n', 'application/json'), { status: [400, 415] }),
  ),
  documented(
    'malformed/boundary',
    'a batch tells its boundary',
    {},
    step(raw(['--batch_raw', ...HEAD, '', ...ASK, ...END], '\r\n', 'multipart/mixed'), { status: 400 }),
  ),
  inferred(
    'malformed/no-end',
    'a batch without its closing boundary is refused',
    {},
    step(raw(['--batch_raw', ...HEAD, '', ...ASK]), { status: 400 }),
  ),
  inferred(
    'malformed/line-ends',
    'lines end with CRLF',
    {},
    step(raw(['--batch_raw', ...HEAD, '', ...ASK, ...END], '\n'), { status: 400 }),
  ),
  documented(
    'malformed/encoding',
    'a part says that it is binary',
    {},
    step(raw(['--batch_raw', 'Content-Type: application/http', '', ...ASK, ...END]), { status: 400 }),
  ),
  documented(
    'well-formed',
    'the same batch, well-formed, is answered',
    {},
    step(raw(['--batch_raw', ...HEAD, '', ...ASK, ...END]), ok({ status: 200 })),
  ),
  documented(
    'boundary/bare',
    'a boundary needs no quotes',
    {},
    step(
      raw(['--batch_raw', ...HEAD, '', ...ASK, ...END], '\r\n', 'multipart/mixed; boundary=batch_raw'),
      ok({ status: 200 }),
    ),
  ),
  documented(
    'url/too-long',
    'the URL of a part may have no more than 65,536 characters',
    {},
    step(batch([part('GET', `contacts?$select=contactid&$filter=lastname%20eq%20'${'x'.repeat(65_600)}'`)]), {
      status: [400, 404, 414],
    }),
  ),
  inferred(
    'one-request',
    'a batch of one write writes once',
    ONE,
    step(batch([write(1)]), ok({ status: 204 })),
    holds(1, { jobtitle: 'new' }),
  ),
  inferred(
    'headers-inner',
    'a condition belongs on the part',
    ONE,
    step(
      batch([write(1, 'new', { 'If-None-Match': '*' }), write(2, 'new', { 'If-Match': '*' })], CONTINUE),
      ok(refused(412), refused(404)),
    ),
    holds(1, { jobtitle: 'old' }),
    gone(2),
  ),
  unknown(
    'headers-outer',
    'whether a preference of the batch holds for its parts',
    { ...ONE, switch: 'outerHeaders' },
    {
      request: batch([part('PATCH', 'contacts({id1})?$select=jobtitle', { jobtitle: 'new' })], {
        Prefer: 'return=representation',
      }),
      either: { ignored: ok({ status: 204 }), inherited: ok({ status: 200 }) },
    },
  ),
]
