/** Binding lookups. */
import type { ConformanceCase } from '../case.ts'
import { citing, DONE, get, holds, patch, refused, step } from './make.ts'

const documented = citing('lookups', 'Dataverse: column values, 3.3', 'documented')
const inferred = citing('lookups', 'Dataverse: column values, 3.3', 'inferred')

const PARENT = 'parentcustomerid_contact@odata.bind'
const UNDECLARED = refused(400, ['0x80048d19', '0x80060888'])

/** The cases of this topic. */
export const LOOKUP_CASES: readonly ConformanceCase[] = [
  documented(
    'bind/guid',
    'a lookup is bound by GUID',
    { given: 2 },
    step(patch('contacts({id2})', { [PARENT]: '/contacts({id1})' }), DONE),
    holds(2, { _parentcustomerid_value: '{id1}' }),
  ),
  documented(
    'bind/key',
    'a lookup is bound by alternate key',
    { given: 2 },
    step(patch('contacts({id2})', { [PARENT]: "/contacts({key}='{key1}')" }), DONE),
    holds(2, { _parentcustomerid_value: '{id1}' }),
  ),
  inferred(
    'bind/relative',
    'the slash before a bind may be left out',
    { given: 2 },
    step(patch('contacts({id2})', { [PARENT]: 'contacts({id1})' }), DONE),
    holds(2, { _parentcustomerid_value: '{id1}' }),
  ),
  inferred(
    'bind/absolute',
    'a bind may be a full URL',
    { given: 2 },
    step(patch('contacts({id2})', { [PARENT]: '{origin}/api/data/v9.2/contacts({id1})' }), DONE),
    holds(2, { _parentcustomerid_value: '{id1}' }),
  ),
  inferred(
    'bind/clear',
    'null clears a lookup',
    { given: [{}, { [PARENT]: '/contacts({id1})' }] },
    step(patch('contacts({id2})', { [PARENT]: null }), DONE),
    holds(2, { _parentcustomerid_value: null }),
  ),
  inferred(
    'bind/absent/guid',
    'a bind to a GUID that is not there is 404',
    { given: 1 },
    step(patch('contacts({id1})', { [PARENT]: '/contacts({id2})', jobtitle: 'x' }), { status: 404 }),
    holds(1, { jobtitle: null }),
  ),
  inferred(
    'bind/absent/key',
    'a bind to a key that is not there is 404 0x80060891',
    { given: 1 },
    step(patch('contacts({id1})', { [PARENT]: "/contacts({key}='{key2}')" }), refused(404, '0x80060891')),
  ),
  inferred(
    'bind/encoded',
    'a percent-encoded key in a bind is taken literally',
    { given: [{ '{key}': '{p}a b' }, {}] },
    step(patch('contacts({id2})', { [PARENT]: "/contacts({key}='{p}a%20b')" }), refused(404, '0x80060891')),
  ),
  documented(
    'casing',
    'navigation properties are case-sensitive',
    { given: 2 },
    step(patch('contacts({id2})', { 'ParentCustomerId_Contact@odata.bind': '/contacts({id1})' }), UNDECLARED),
  ),
  documented(
    'logical-name',
    'the logical name is not the navigation property',
    { given: 2 },
    step(patch('contacts({id2})', { 'parentcustomerid@odata.bind': '/contacts({id1})' }), UNDECLARED),
  ),
  inferred(
    'polymorphic/other',
    'a polymorphic lookup has one navigation property per table',
    { given: 2 },
    step(patch('contacts({id2})', { 'parentcustomerid_account@odata.bind': '/contacts({id1})' }), {
      status: [400, 404],
    }),
  ),
  inferred(
    'polymorphic/shown',
    'the table behind a polymorphic lookup is an annotation',
    { given: [{}, { [PARENT]: '/contacts({id1})' }] },
    step(get('contacts({id2})?$select=_parentcustomerid_value', {}, { Prefer: 'odata.include-annotations="*"' }), {
      status: 200,
      body: { '_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname': 'contact' },
    }),
  ),
  inferred(
    'not-a-text',
    'a bind is a text',
    { given: 1 },
    step(patch('contacts({id1})', { [PARENT]: 1 }), { status: 400 }),
  ),
  inferred(
    'not-an-address',
    'a bind is the address of a row',
    { given: 1 },
    step(patch('contacts({id1})', { [PARENT]: '/contacts' }), { status: [400, 404] }),
  ),
  inferred(
    'owner',
    'the owner is bound like a lookup',
    { given: 1 },
    step(get('WhoAmI'), { status: 200 }, { user: 'body:UserId' }),
    step(patch('contacts({id1})', { 'ownerid@odata.bind': '/systemusers({user})' }), DONE),
    holds(1, { _ownerid_value: '{user}' }),
  ),
  inferred(
    'filter',
    'rows are found by a lookup',
    { given: [{}, { [PARENT]: '/contacts({id1})' }] },
    step(get('contacts', { $select: 'contactid', $filter: '_parentcustomerid_value eq {id1}' }), {
      status: 200,
      body: { value: [{ contactid: '{id2}' }] },
    }),
  ),
]
