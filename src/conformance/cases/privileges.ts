/** Privileges, and the headers that need some. */
import type { ConformanceCase } from '../case.ts'
import { bulk, citing, control, get, gone, holds, patch, post, remove, step } from './make.ts'

const privileges = citing('privileges', 'Dataverse: application user, 1.3', 'documented')
const names = citing('privileges', 'Dataverse: privileges to grant, 1.4', 'inferred')
const bypass = citing('privileges', 'Dataverse: headers that change behaviour, 3.6', 'documented')

const CONTACT = "EntityDefinitions(LogicalName='contact')"

const held = (name: string) => control('POST', 'seed', { privileges: { [name]: 'Global' } })
const taken = (name: string) => step(control('POST', 'seed', { withoutPrivileges: [name] }), { status: 204 })
const without = (name: string) => ({ needs: ['emulator'], given: 1, after: [held(name)] }) as const
const denied = (name: string) => ({ status: 403, code: ['0x80040220', '0x80040299'], message: name })

/** The cases of this topic. */
export const PRIVILEGE_CASES: readonly ConformanceCase[] = [
  names(
    'casing',
    'a privilege in another casing is not held',
    {},
    step(get('WhoAmI'), { status: 200 }, { user: 'body:UserId' }),
    step(
      get('systemusers({user})/Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNames(PrivilegeNames=@p1)', {
        '@p1': '["prvreadcontact"]',
      }),
      { status: 200, body: { RolePrivileges: [] } },
    ),
  ),
  privileges(
    'create',
    'creating needs prvCreateContact, which the refusal names',
    without('prvCreateContact'),
    taken('prvCreateContact'),
    step(post('contacts', { contactid: '{id2}' }), denied('prvCreateContact')),
    gone(2),
  ),
  privileges(
    'read',
    'reading needs prvReadContact',
    without('prvReadContact'),
    taken('prvReadContact'),
    step(get('contacts({id1})?$select=contactid'), denied('prvReadContact')),
  ),
  privileges(
    'read/many',
    'a query needs prvReadContact',
    without('prvReadContact'),
    taken('prvReadContact'),
    step(get('contacts?$select=contactid&$top=1'), denied('prvReadContact')),
  ),
  privileges(
    'write',
    'updating needs prvWriteContact',
    without('prvWriteContact'),
    taken('prvWriteContact'),
    step(patch('contacts({id1})', { jobtitle: 'x' }), denied('prvWriteContact')),
    holds(1, { jobtitle: null }),
  ),
  privileges(
    'delete',
    'deleting needs prvDeleteContact',
    without('prvDeleteContact'),
    taken('prvDeleteContact'),
    step(remove('contacts({id1})'), denied('prvDeleteContact')),
    holds(1, { lastname: '{p}' }),
  ),
  names(
    'upsert/create',
    'an upsert that creates needs prvCreateContact',
    without('prvCreateContact'),
    taken('prvCreateContact'),
    step(patch('contacts({id2})', { lastname: '{p}' }), denied('prvCreateContact')),
  ),
  names(
    'upsert/update',
    'an upsert that updates does not need prvCreateContact',
    without('prvCreateContact'),
    taken('prvCreateContact'),
    step(patch('contacts({id1})', { jobtitle: 'x' }), { status: 204 }),
  ),
  names(
    'append',
    'binding a lookup needs prvAppendContact',
    { ...without('prvAppendContact'), given: 2 },
    taken('prvAppendContact'),
    step(
      patch('contacts({id1})', { 'parentcustomerid_contact@odata.bind': '/contacts({id2})' }),
      denied('prvAppendContact'),
    ),
  ),
  names(
    'append-to',
    'what is bound needs prvAppendToContact',
    { ...without('prvAppendToContact'), given: 2 },
    taken('prvAppendToContact'),
    step(
      patch('contacts({id1})', { 'parentcustomerid_contact@odata.bind': '/contacts({id2})' }),
      denied('prvAppendToContact'),
    ),
  ),
  names(
    'assign',
    'binding an owner needs prvAssignContact',
    without('prvAssignContact'),
    step(get('WhoAmI'), { status: 200 }, { user: 'body:UserId' }),
    taken('prvAssignContact'),
    step(patch('contacts({id1})', { 'ownerid@odata.bind': '/systemusers({user})' }), denied('prvAssignContact')),
  ),
  names(
    'metadata',
    'reading metadata needs prvReadEntity',
    without('prvReadEntity'),
    taken('prvReadEntity'),
    step(get(CONTACT, { $select: 'LogicalName' }), denied('prvReadEntity')),
  ),
  citing('privileges', 'Dataverse: bulk messages, 3.4', 'documented')(
    'bulk',
    'a bulk update needs prvWriteContact',
    { ...without('prvWriteContact'), needs: ['emulator', 'bulk'] },
    taken('prvWriteContact'),
    step(bulk('UpdateMultiple', [{ contactid: '{id1}', jobtitle: 'x' }]), denied('prvWriteContact')),
    holds(1, { jobtitle: null }),
  ),
  bypass(
    'bypass',
    'bypassing custom logic needs a privilege that nobody has at first',
    { needs: ['emulator'], given: 1 },
    step(patch('contacts({id1})', { jobtitle: 'x' }, { 'MSCRM.BypassBusinessLogicExecution': 'CustomSync' }), {
      status: 403,
    }),
  ),
  bypass(
    'bypass/held',
    'with the privilege it is done',
    {
      needs: ['emulator'],
      given: 1,
      after: [control('POST', 'seed', { withoutPrivileges: ['prvBypassCustomBusinessLogic'] })],
    },
    step(held('prvBypassCustomBusinessLogic'), { status: 204 }),
    step(patch('contacts({id1})', { jobtitle: 'x' }, { 'MSCRM.BypassBusinessLogicExecution': 'CustomSync' }), {
      status: 204,
    }),
  ),
  bypass(
    'suppress-flows',
    'suppressing flows needs no privilege',
    { given: 1 },
    step(patch('contacts({id1})', { jobtitle: 'x' }, { 'MSCRM.SuppressCallbackRegistrationExpanderJob': 'true' }), {
      status: 204,
    }),
  ),
  bypass(
    'duplicate-detection',
    'duplicate detection may be asked for',
    { given: 1 },
    step(patch('contacts({id1})', { jobtitle: 'x' }, { 'MSCRM.SuppressDuplicateDetection': 'true' }), { status: 204 }),
  ),
  bypass(
    'tag',
    'a write may carry a tag',
    { given: 1 },
    step(patch('contacts({id1})?tag=conformance', { jobtitle: 'x' }), { status: 204 }),
    holds(1, { jobtitle: 'x' }),
  ),
]
