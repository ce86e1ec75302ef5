/** The truth table of PATCH: by GUID and by key, absent and present, under every condition, with and without answer. */
import type { ConformanceCase, Expectation, Step } from '../case.ts'
import { citing, DONE, gone, holds, patch, refused, step } from './make.ts'

type Address = 'guid' | 'key'
type Condition = 'none' | 'if-match-any' | 'if-match-right' | 'if-match-stale' | 'if-none-match-any'

const ADDRESSES: readonly Address[] = ['guid', 'key']
const HEADERS: Readonly<Record<Condition, Readonly<Record<string, string>>>> = {
  none: {},
  'if-match-any': { 'If-Match': '*' },
  'if-match-right': { 'If-Match': '{etag1}' },
  'if-match-stale': { 'If-Match': 'W/"1"' },
  'if-none-match-any': { 'If-None-Match': '*' },
}

const NO_SUCH: Readonly<Record<Address, Expectation>> = {
  guid: refused(404, ['0x80040217', '']),
  key: refused(404, '0x80060891'),
}

const WORDS: Readonly<Record<Condition, string>> = {
  none: 'without a condition',
  'if-match-any': 'with If-Match: *',
  'if-match-right': 'with If-Match of its version',
  'if-match-stale': 'with If-Match of another version',
  'if-none-match-any': 'with If-None-Match: *',
}

/** What the answer is, apart from the choice between 204 and a representation; `undefined` is a success. */
function refusal(address: Address, present: boolean, condition: Condition): Expectation | undefined {
  if (!present) {
    if (condition === 'none' || (condition === 'if-none-match-any' && address === 'guid')) return undefined
    return NO_SUCH[address]
  }
  if (condition === 'if-match-stale') return refused(412, ['0x80060882', ''])
  if (condition === 'if-none-match-any') return refused(412, address === 'guid' ? ['0x80040237', ''] : undefined)
  return undefined
}

function cell(address: Address, present: boolean, condition: Condition, representation: boolean): ConformanceCase {
  const set = address === 'guid' ? 'contacts({id1})' : "contacts({key}='{key1}')"
  const refusing = refusal(address, present, condition)
  const success: Expectation = representation
    ? { status: present ? 200 : 201, body: { jobtitle: 'Countess', '@odata.etag': { $matches: '^W/"' } } }
    : DONE
  const headers = { ...HEADERS[condition], ...(representation ? { Prefer: 'return=representation' } : {}) }
  const path = representation ? `${set}?$select=jobtitle` : set
  const after: Step =
    address === 'key' && !present
      ? step(
          { method: 'GET', path: set, query: { $select: 'jobtitle' } },
          refusing === undefined ? { status: 200, body: { jobtitle: 'Countess' } } : { status: 404 },
        )
      : present
        ? holds(1, { jobtitle: refusing === undefined ? 'Countess' : 'old' })
        : refusing === undefined
          ? holds(1, { jobtitle: 'Countess' })
          : gone(1)
  const inferred = address === 'key' && condition !== 'none' && condition !== 'if-match-any'
  const make = citing('patch', 'Dataverse: single PATCH = upsert, 3.1', inferred ? 'inferred' : 'documented')
  const id = [address, present ? 'present' : 'absent', condition, representation ? 'representation' : 'minimal']
  const outcome = refusing === undefined ? (present ? 'updates' : 'creates') : `is refused with ${refusing.status}`
  const title = `by ${address === 'guid' ? 'GUID' : 'alternate key'}, ${present ? 'present' : 'absent'}, ${WORDS[condition]}: ${outcome}${representation ? ', representation asked for' : ''}`
  return make(
    id.join('/'),
    title,
    { given: present ? [{ jobtitle: 'old' }] : [] },
    step(patch(path, { jobtitle: 'Countess', lastname: '{p}' }, headers), refusing ?? success),
    after,
  )
}

const TABLE = ADDRESSES.flatMap((address) =>
  [true, false].flatMap((present) =>
    (Object.keys(HEADERS) as Condition[])
      .filter((condition) => present || condition !== 'if-match-right')
      .flatMap((condition) => [false, true].map((representation) => cell(address, present, condition, representation))),
  ),
)

const documented = citing('patch', 'Dataverse: single PATCH = upsert, 3.1', 'documented')
const inferred = citing('patch', 'Dataverse: single PATCH = upsert, 3.1', 'inferred')

/** The cases of this topic. */
export const PATCH_CASES: readonly ConformanceCase[] = [
  ...TABLE,
  documented(
    'key-in-body/update',
    'a key column in the body is dropped on an update through that key',
    { given: [{ jobtitle: 'old' }] },
    step(patch("contacts({key}='{key1}')", { '{key}': '{key2}', jobtitle: 'new' }), DONE),
    holds(1, { '{key}': '{key1}', jobtitle: 'new' }),
  ),
  documented(
    'key-in-body/create',
    'a key column in the body wins over the URL on a create',
    {},
    step(patch("contacts({key}='{key1}')", { '{key}': '{key2}', lastname: '{p}' }), DONE),
    step({ method: 'GET', path: "contacts({key}='{key2}')?$select=lastname" }, { status: 200 }),
    step({ method: 'GET', path: "contacts({key}='{key1}')?$select=lastname" }, { status: 404 }),
  ),
  documented(
    'key-copied-from-url',
    'a create through a key copies the key from the URL',
    {},
    step(patch("contacts({key}='{key1}')", { lastname: '{p}' }), DONE),
    step(
      { method: 'GET', path: "contacts({key}='{key1}')?$select={key}" },
      { status: 200, body: { '{key}': '{key1}' } },
    ),
  ),
  documented(
    'entity-id/key',
    'the address of the answer to a keyed PATCH is the key, not the GUID',
    { given: 1 },
    step(patch("contacts({key}='{key1}')", { jobtitle: 'x' }), {
      status: 204,
      headers: { 'OData-EntityId': { $matches: "contacts\\({key}=(%27|'){key1}(%27|')\\)$" } },
    }),
  ),
  documented(
    'entity-id/guid',
    'the address of the answer to a PATCH by GUID is the GUID',
    { given: 1 },
    step(patch('contacts({id1})', { jobtitle: 'x' }), {
      status: 204,
      headers: { 'OData-EntityId': { $matches: 'contacts\\({id1}\\)$' } },
    }),
  ),
  documented(
    'only-what-is-sent',
    'columns that are not sent keep their values',
    { given: [{ jobtitle: 'old', nickname: 'kept' }] },
    step(patch('contacts({id1})', { jobtitle: 'new' }), DONE),
    holds(1, { jobtitle: 'new', nickname: 'kept' }),
  ),
  documented(
    'unchanged-counts',
    'an unchanged value still counts as a change: the version grows',
    { given: [{ jobtitle: 'old' }] },
    step(patch('contacts({id1})', { jobtitle: 'old' }), DONE),
    step(
      { method: 'GET', path: 'contacts({id1})?$select=jobtitle' },
      { status: 200, body: { '@odata.etag': { $not: '{etag1}' } } },
    ),
  ),
  documented(
    'client-guid',
    'a PATCH creates a row under a GUID of the client’s choosing',
    {},
    step(patch('contacts({id1})', { lastname: '{p}' }), DONE),
    holds(1, { contactid: '{id1}', lastname: '{p}' }),
  ),
  inferred(
    'guid-upper-case',
    'the case of a GUID in the URL does not matter',
    { given: 1 },
    step(patch('contacts({ID1})', { jobtitle: 'new' }, { 'If-Match': '*' }), DONE),
    holds(1, { jobtitle: 'new' }),
  ),
  inferred(
    'inactive-row',
    'an inactive row takes updates',
    { given: 1 },
    step(patch('contacts({id1})', { statecode: 1 }), DONE),
    step(patch('contacts({id1})', { jobtitle: 'new' }), DONE),
    holds(1, { jobtitle: 'new', statecode: 1 }),
  ),
  documented(
    'representation/select',
    'a representation holds the selected columns and the key alone',
    { given: [{ jobtitle: 'old' }] },
    step(patch('contacts({id1})?$select=jobtitle', { jobtitle: 'new' }, { Prefer: 'return=representation' }), {
      status: 200,
      body: { contactid: '{id1}', jobtitle: 'new', lastname: { $absent: true } },
      headers: { 'Preference-Applied': { $matches: 'return=representation' } },
    }),
  ),
  documented(
    'composite/create',
    'a composite key upserts with both values from the URL',
    {},
    step(patch("contacts({branch}='{p}',{branchNumber}=5)", { lastname: '{p}' }), DONE),
    step(
      { method: 'GET', path: "contacts({branch}='{p}',{branchNumber}=5)?$select={branch},{branchNumber}" },
      { status: 200, body: { '{branch}': '{p}', '{branchNumber}': 5 } },
    ),
  ),
  documented(
    'composite/update',
    'a composite key finds its row whatever the order of its columns',
    { given: [{ '{branch}': '{p}', '{branchNumber}': 5 }] },
    step(patch("contacts({branchNumber}=5,{branch}='{p}')", { jobtitle: 'new' }, { 'If-Match': '*' }), DONE),
    holds(1, { jobtitle: 'new' }),
  ),
]
