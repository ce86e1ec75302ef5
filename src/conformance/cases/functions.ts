/** Functions, and the shape of errors. */
import type { ConformanceCase } from '../case.ts'
import { citing, get, patch, post, refused, step } from './make.ts'

const functions = citing('functions', 'Dataverse: metadata, 5', 'documented')
const functionsInferred = citing('functions', 'Dataverse: metadata, 5', 'inferred')
const totals = citing('functions', 'Dataverse: paging, 2.4', 'documented')
const errors = citing('errors', 'Dataverse: error body, 4.4', 'documented')

/** The cases of this topic. */
export const FUNCTION_CASES: readonly ConformanceCase[] = [
  functions(
    'who',
    'WhoAmI tells user, business unit and organization',
    {},
    step(get('WhoAmI'), {
      status: 200,
      body: { UserId: { $length: 36 }, BusinessUnitId: { $length: 36 }, OrganizationId: { $length: 36 } },
    }),
  ),
  functions(
    'who/parentheses',
    'WhoAmI may be called with parentheses',
    {},
    step(get('WhoAmI()'), { status: 200, body: { UserId: { $length: 36 } } }),
  ),
  functionsInferred(
    'who/row',
    'the caller is a row of the users',
    {},
    step(get('WhoAmI'), { status: 200 }, { user: 'body:UserId' }),
    step(get('systemusers({user})', { $select: 'systemuserid' }), { status: 200, body: { systemuserid: '{user}' } }),
  ),
  functionsInferred(
    'privileges',
    'the held ones of some privileges are told with their depth',
    {},
    step(get('WhoAmI'), { status: 200 }, { user: 'body:UserId' }),
    step(
      get('systemusers({user})/Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNames(PrivilegeNames=@p1)', {
        '@p1': '["prvReadContact","prvWriteContact"]',
      }),
      {
        status: 200,
        body: {
          RolePrivileges: {
            $set: [
              { PrivilegeName: 'prvReadContact', Depth: { $type: 'string' } },
              { PrivilegeName: 'prvWriteContact' },
            ],
          },
        },
      },
    ),
  ),
  citing('functions', 'Dataverse: error table, 4.5', 'inferred')(
    'who/method',
    'a function is read, not posted to',
    {},
    step(post('WhoAmI', {}), { status: [404, 405] }),
  ),
  totals(
    'totals',
    'the rows of a table are counted about',
    {},
    step(get('RetrieveTotalRecordCount(EntityNames=@p1)', { '@p1': '["contact"]' }), {
      status: 200,
      body: { EntityRecordCountCollection: { Count: 1, Keys: ['contact'], Values: [{ $atLeast: 0 }] } },
    }),
  ),
  errors(
    'shape',
    'an error is an object with code and message',
    {},
    step(get('contacts({id1})?$select=contactid'), {
      status: 404,
      body: { error: { code: { $type: 'string' }, message: { $type: 'string' } } },
    }),
  ),
  errors(
    'shape/400',
    'a refused write has the same shape',
    {},
    step(patch('contacts({id1})', { emailaddress1: 'x'.repeat(101) }), {
      status: 400,
      body: { error: { code: { $matches: '^0x[0-9a-fA-F]{8}$' }, message: { $type: 'string' } } },
    }),
  ),
  errors(
    'shape/412',
    'a failed condition has the same shape',
    { given: 1 },
    step(patch('contacts({id1})', { jobtitle: 'x' }, { 'If-None-Match': '*' }), {
      status: 412,
      body: { error: { message: { $type: 'string' } } },
    }),
  ),
  errors(
    'json',
    'an error is JSON',
    {},
    step(get('contacts({id1})?$select=contactid'), {
      status: 404,
      headers: { 'Content-Type': { $matches: 'application/json' } },
    }),
  ),
  errors(
    'odata-version',
    'an error says OData-Version 4.0 as well',
    {},
    step(get('contacts({id1})?$select=contactid'), { status: 404, headers: { 'OData-Version': '4.0' } }),
  ),
  citing('errors', 'Dataverse: HTTP requests, 2.1', 'inferred')(
    'request-id',
    'an error carries the id of the request',
    {},
    step(get('contacts({id1})?$select=contactid'), {
      status: 404,
      headers: { 'x-ms-service-request-id': { $length: 36 } },
    }),
  ),
  errors(
    'no-annotations',
    'details are told only where asked for',
    {},
    step(get('contacts({id1})?$select=contactid'), {
      status: 404,
      body: { error: { '@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus': { $absent: true } } },
    }),
  ),
  errors(
    'annotations',
    'with annotations an error tells the status of its operation',
    {},
    step(get('contacts({id1})?$select=contactid', {}, { Prefer: 'odata.include-annotations="*"' }), {
      status: 404,
      body: { error: { '@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus': { $type: 'string' } } },
    }),
  ),
  citing('errors', 'Dataverse: error table, 4.5', 'inferred')(
    'bad-url',
    'a bad URL is a bad request, not a defect',
    {},
    step(get('contacts(%zz)'), refused(400)),
  ),
]
