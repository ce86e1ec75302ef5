/** Create: ids, keys, defaults. */
import type { ConformanceCase } from '../case.ts'
import { citing, DONE, get, gone, holds, post, refused, step } from './make.ts'

const create = citing('create', 'Dataverse: single PATCH = upsert, 3.1', 'documented')
const createInferred = citing('create', 'Dataverse: single PATCH = upsert, 3.1', 'inferred')
const contact = citing('create', 'Dataverse: contact table, 7', 'documented')
const contactInferred = citing('create', 'Dataverse: contact table, 7', 'inferred')

const REPRESENTATION = { Prefer: 'return=representation' }

/** The cases of this topic. */
export const CREATE_CASES: readonly ConformanceCase[] = [
  createInferred(
    'post',
    'a POST creates a row and answers 204 with its address',
    {},
    step(post('contacts', { contactid: '{id1}', lastname: '{p}' }), {
      status: 204,
      empty: true,
      headers: { 'OData-EntityId': { $matches: '/contacts\\({id1}\\)$' } },
    }),
    holds(1, { lastname: '{p}' }),
  ),
  createInferred(
    'post/system-id',
    'without an id the system assigns one',
    {},
    step(post('contacts', { lastname: '{p}' }), {
      status: 204,
      headers: { 'OData-EntityId': { $matches: '/contacts\\([0-9a-f-]{36}\\)$' } },
    }),
  ),
  create(
    'post/representation',
    'a POST may answer with the row: 201',
    {},
    step(post('contacts?$select=lastname', { contactid: '{id1}', lastname: '{p}' }, REPRESENTATION), {
      status: 201,
      body: { contactid: '{id1}', lastname: '{p}' },
    }),
  ),
  createInferred(
    'post/minimal',
    'return=minimal answers without a body',
    {},
    step(post('contacts', { contactid: '{id1}', lastname: '{p}' }, { Prefer: 'return=minimal' }), DONE),
  ),
  createInferred(
    'post/id-taken',
    'a POST with an existing id is 412 0x80040237',
    { given: [{ jobtitle: 'old' }] },
    step(post('contacts', { contactid: '{id1}', jobtitle: 'new' }), refused(412, '0x80040237')),
    holds(1, { jobtitle: 'old' }),
  ),
  createInferred(
    'post/id-taken/message',
    'the refusal says that a record with matching key values exists',
    { given: 1 },
    step(post('contacts', { contactid: '{id1}' }), { status: 412, message: 'matching key values already exists' }),
  ),
  createInferred(
    'post/key',
    'a POST with the key column in the body creates',
    {},
    step(post('contacts', { contactid: '{id1}', '{key}': '{key1}' }), DONE),
    holds(1, { '{key}': '{key1}' }),
  ),
  createInferred(
    'post/key-taken',
    'a POST with an existing key value is 412 0x80060892',
    { given: [{ jobtitle: 'old' }] },
    step(post('contacts', { contactid: '{id2}', '{key}': '{key1}' }), refused(412, '0x80060892')),
    gone(2),
  ),
  createInferred(
    'post/key-taken/message',
    'the refusal says that the key is violated',
    { given: 1 },
    step(post('contacts', { contactid: '{id2}', '{key}': '{key1}' }), {
      status: 412,
      message: 'Entity Key .* violated',
    }),
  ),
  createInferred(
    'post/etag',
    'a new row has a version at once',
    {},
    step(post('contacts?$select=lastname', { contactid: '{id1}', lastname: '{p}' }, REPRESENTATION), {
      status: 201,
      body: { '@odata.etag': { $matches: '^W/"\\d+"$' } },
    }),
  ),
  contactInferred(
    'no-column-needed',
    'a contact needs no column at all',
    {},
    step(post('contacts', { contactid: '{id1}' }), DONE),
  ),
  contact(
    'do-not-defaults',
    'the columns named in the negative are false on a new contact',
    {},
    step(post('contacts', { contactid: '{id1}' }), DONE),
    holds(1, {
      donotbulkemail: false,
      donotemail: false,
      donotphone: false,
      donotfax: false,
      donotpostalmail: false,
      donotbulkpostalmail: false,
      donotsendmm: false,
    }),
  ),
  contact(
    'state-defaults',
    'a new contact is active',
    {},
    step(post('contacts', { contactid: '{id1}' }), DONE),
    holds(1, { statecode: 0, statuscode: 1 }),
  ),
  contact(
    'merged-default',
    'a new contact is not merged',
    {},
    step(post('contacts', { contactid: '{id1}' }), DONE),
    holds(1, { merged: false, _masterid_value: null }),
  ),
  contact(
    'fullname',
    'the full name is made of first and last name',
    {},
    step(post('contacts', { contactid: '{id1}', firstname: 'Ada', lastname: '{p}' }), DONE),
    holds(1, { fullname: 'Ada {p}' }),
  ),
  contactInferred(
    'owner',
    'a new contact belongs to the caller and its business unit',
    {},
    step(get('WhoAmI'), { status: 200 }, { user: 'body:UserId', unit: 'body:BusinessUnitId' }),
    step(post('contacts', { contactid: '{id1}' }), DONE),
    holds(1, { _ownerid_value: '{user}', _owningbusinessunit_value: '{unit}', _createdby_value: '{user}' }),
  ),
  contactInferred(
    'inactive',
    'a contact may be created inactive',
    {},
    step(post('contacts', { contactid: '{id1}', statecode: 1 }), DONE),
    holds(1, { statecode: 1, statuscode: 2 }),
  ),
  contact(
    'not-unique',
    'e-mail addresses are not unique',
    { given: [{ emailaddress1: '{p}@example.com' }] },
    step(post('contacts', { contactid: '{id2}', emailaddress1: '{p}@example.com' }), DONE),
    holds(2, { emailaddress1: '{p}@example.com' }),
  ),
  contact(
    'email-length',
    'an e-mail address holds 100 characters',
    {},
    step(
      post('contacts', { contactid: '{id1}', emailaddress1: `${'x'.repeat(89)}@example.com` }),
      refused(400, '0x80044331'),
    ),
    gone(1),
  ),
  contactInferred(
    'external-id-length',
    'the external user identifier holds 50 characters',
    {},
    step(post('contacts', { contactid: '{id1}', externaluseridentifier: 'x'.repeat(51) }), refused(400, '0x80044331')),
    gone(1),
  ),
  contactInferred(
    'default-false-flag',
    'a flag column that is left out is its default',
    {},
    step(post('contacts', { contactid: '{id1}' }), DONE),
    holds(1, { '{boolean}': false }),
  ),
  createInferred(
    'address-not-a-row',
    'a POST to a row is refused',
    { given: 1 },
    step(post('contacts({id1})', { jobtitle: 'x' }), { status: [400, 404, 405] }),
  ),
]
