/** Deletes, versions, and who wrote. */
import type { ConformanceCase } from '../case.ts'
import { citing, DONE, get, gone, holds, patch, post, refused, remove, step } from './make.ts'

const deletes = citing('delete', 'Dataverse: error table, 4.5', 'inferred')
const conditional = citing('conditional', 'Dataverse: single PATCH = upsert, 3.1', 'documented')
const conditionalInferred = citing('conditional', 'Dataverse: error table, 4.5', 'inferred')

const REPRESENTATION = { Prefer: 'return=representation' }

/** The cases of this topic. */
export const CONDITIONAL_CASES: readonly ConformanceCase[] = [
  deletes('guid', 'a row is deleted by GUID', { given: 1 }, step(remove('contacts({id1})'), DONE), gone(1)),
  deletes('key', 'a row is deleted by key', { given: 1 }, step(remove("contacts({key}='{key1}')"), DONE), gone(1)),
  deletes(
    'absent/guid',
    'deleting a row that is not there is 404 0x80040217',
    {},
    step(remove('contacts({id1})'), refused(404, ['0x80040217', ''])),
  ),
  deletes(
    'absent/key',
    'deleting by a key that is not there is 404 0x80060891',
    {},
    step(remove("contacts({key}='{key1}')"), refused(404, '0x80060891')),
  ),
  deletes(
    'twice',
    'a row is deleted once',
    { given: 1 },
    step(remove('contacts({id1})'), DONE),
    step(remove('contacts({id1})'), { status: 404 }),
  ),
  deletes(
    'key-free',
    'the key of a deleted row is free again',
    { given: 1 },
    step(remove('contacts({id1})'), DONE),
    step(post('contacts', { contactid: '{id2}', '{key}': '{key1}' }), DONE),
  ),
  deletes(
    'same-id',
    'the GUID of a deleted row may be used again',
    { given: [{ jobtitle: 'old' }] },
    step(remove('contacts({id1})'), DONE),
    step(patch('contacts({id1})', { lastname: '{p}' }), DONE),
    holds(1, { jobtitle: null }),
  ),
  conditional(
    'delete/stale',
    'a delete with another version is 412',
    { given: 1 },
    step(remove('contacts({id1})', { 'If-Match': 'W/"1"' }), refused(412, ['0x80060882', ''])),
    holds(1, { lastname: '{p}' }),
  ),
  conditional(
    'delete/right',
    'a delete with the right version deletes',
    { given: 1 },
    step(remove('contacts({id1})', { 'If-Match': '{etag1}' }), DONE),
    gone(1),
  ),
  conditionalInferred(
    'delete/any',
    'a delete with If-Match: * deletes what is there',
    { given: 1 },
    step(remove('contacts({id1})', { 'If-Match': '*' }), DONE),
    gone(1),
  ),
  conditionalInferred(
    'delete/any/absent',
    'a delete with If-Match: * of nothing is 404',
    {},
    step(remove('contacts({id1})', { 'If-Match': '*' }), { status: 404 }),
  ),
  conditional(
    'version-grows',
    'each write gives a new, greater version',
    { given: 1 },
    step(get('contacts({id1})?$select=versionnumber'), { status: 200 }, { before: 'body:versionnumber' }),
    step(patch('contacts({id1})', { jobtitle: 'a' }), DONE),
    step(get('contacts', { $select: 'contactid', $filter: "lastname eq '{p}' and versionnumber gt {before}" }), {
      status: 200,
      body: { value: { $length: 1 } },
    }),
  ),
  conditional(
    'second-writer',
    'of two writers with one version the second is refused',
    { given: 1 },
    step(patch('contacts({id1})', { jobtitle: 'first' }, { 'If-Match': '{etag1}' }), DONE),
    step(patch('contacts({id1})', { jobtitle: 'second' }, { 'If-Match': '{etag1}' }), refused(412, ['0x80060882', ''])),
    holds(1, { jobtitle: 'first' }),
  ),
  conditional(
    'second-writer/message',
    'the refusal says that the versions do not match',
    { given: 1 },
    step(patch('contacts({id1})', { jobtitle: 'x' }, { 'If-Match': 'W/"1"' }), {
      status: 412,
      message: "version of the existing record doesn't match",
    }),
  ),
  conditionalInferred(
    'new-etag',
    'the version of the answer fits the next write',
    { given: 1 },
    step(
      patch('contacts({id1})?$select=jobtitle', { jobtitle: 'a' }, REPRESENTATION),
      { status: 200 },
      { next: 'body:@odata.etag' },
    ),
    step(patch('contacts({id1})', { jobtitle: 'b' }, { 'If-Match': '{next}' }), DONE),
    holds(1, { jobtitle: 'b' }),
  ),
  conditionalInferred(
    'etag-is-version',
    'the version of a row is its version number',
    { given: 1 },
    step(get('contacts({id1})?$select=versionnumber'), { status: 200 }, { version: 'body:versionnumber' }),
    step(get('contacts({id1})?$select=contactid'), { status: 200, body: { '@odata.etag': 'W/"{version}"' } }),
  ),
  conditionalInferred(
    'modified',
    'a write keeps who modified',
    { given: 1 },
    step(get('WhoAmI'), { status: 200 }, { user: 'body:UserId' }),
    step(patch('contacts({id1})', { jobtitle: 'x' }), DONE),
    holds(1, { _modifiedby_value: '{user}' }),
  ),
  conditionalInferred(
    'modifiedon',
    'times of a row have whole seconds',
    { given: 1 },
    step(get('contacts({id1})?$select=createdon,modifiedon'), {
      status: 200,
      body: { createdon: { $matches: 'T\\d\\d:\\d\\d:\\d\\dZ$' }, modifiedon: { $matches: 'T\\d\\d:\\d\\d:\\d\\dZ$' } },
    }),
  ),
  conditionalInferred(
    'refused-keeps-version',
    'a refused write leaves the version as it was',
    { given: 1 },
    step(patch('contacts({id1})', { emailaddress1: 'x'.repeat(101) }), { status: 400 }),
    step(get('contacts({id1})?$select=contactid'), { status: 200, body: { '@odata.etag': '{etag1}' } }),
  ),
]
