/** Retrieve: one row by GUID or by alternate key. */
import type { ConformanceCase } from '../case.ts'
import { citing, get, refused, step } from './make.ts'

const byKey = citing('reading', 'Dataverse: by key, 2.2', 'documented')
const byKeyInferred = citing('reading', 'Dataverse: by key, 2.2', 'inferred')
const etags = citing('reading', 'Dataverse: single PATCH = upsert, 3.1', 'documented')
const columns = citing('reading', 'Dataverse: column values, 3.3', 'inferred')
const headers = citing('reading', 'Dataverse: HTTP requests, 2.1', 'documented')

/** The code seen in the field, and the one of the vendor's troubleshooting article. */
const UNKNOWN = ['0x80060888', '0x0']
const ONE = { given: [{ jobtitle: 'Countess', nickname: null, numberofchildren: 3 }] } as const

/** The cases of this topic. */
export const READING_CASES: readonly ConformanceCase[] = [
  citing('reading', 'Dataverse: error body, 4.4', 'unknown')(
    'absent/guid/code',
    'whether a missing id tells a code',
    { switch: 'conditionCodes' },
    {
      request: get('contacts({id1})?$select=contactid'),
      either: { told: refused(404, '0x80040217'), empty: refused(404, '') },
    },
  ),
  byKey(
    'guid',
    'a row is read by its GUID',
    ONE,
    step(get('contacts({id1})?$select=jobtitle'), { status: 200, body: { jobtitle: 'Countess', contactid: '{id1}' } }),
  ),
  byKeyInferred(
    'guid/upper',
    'the case of the GUID does not matter',
    ONE,
    step(get('contacts({ID1})?$select=jobtitle'), { status: 200, body: { contactid: '{id1}' } }),
  ),
  byKeyInferred(
    'guid/named',
    'the primary key may be named',
    ONE,
    step(get('contacts(contactid={id1})?$select=jobtitle'), { status: 200, body: { jobtitle: 'Countess' } }),
  ),
  byKey(
    'key',
    'a row is read by its alternate key',
    ONE,
    step(get("contacts({key}='{key1}')?$select=jobtitle"), { status: 200, body: { contactid: '{id1}' } }),
  ),
  byKey(
    'key/quote',
    'a quote inside a key value is doubled',
    { given: [{ '{key}': "{p}O'Hara" }] },
    step(get("contacts({key}='{p}O''Hara')?$select=contactid"), { status: 200, body: { contactid: '{id1}' } }),
  ),
  byKey(
    'key/blank',
    'a key value may hold a blank, percent-encoded',
    { given: [{ '{key}': '{p} a b' }] },
    step(get("contacts({key}='{p}%20a%20b')?$select=contactid"), { status: 200, body: { contactid: '{id1}' } }),
  ),
  byKey(
    'key/composite',
    'a composite key takes all its columns',
    { given: [{ '{branch}': '{p}', '{branchNumber}': 7 }] },
    step(get("contacts({branch}='{p}',{branchNumber}=7)?$select=contactid"), {
      status: 200,
      body: { contactid: '{id1}' },
    }),
  ),
  byKey(
    'key/composite/partial',
    'half of a composite key is no key',
    { given: [{ '{branch}': '{p}', '{branchNumber}': 7 }] },
    step(get("contacts({branch}='{p}')?$select=contactid"), refused(400, '0x80060888')),
  ),
  byKey(
    'key/unknown-column',
    'an unknown column is no key: 400 0x80060888',
    {},
    step(get("contacts(new_nosuchcolumn='x')"), refused(400, '0x80060888')),
  ),
  byKey(
    'key/no-key',
    'a column without a key is no key: 400 0x80060888',
    {},
    step(get("contacts(jobtitle='x')"), refused(400, '0x80060888')),
  ),
  byKey(
    'key/message',
    'the refusal of an unknown key says that the key is not valid',
    {},
    step(get("contacts(jobtitle='x')"), {
      status: 400,
      message: 'The key in the request URI is not valid for resource',
    }),
  ),
  byKey(
    'key/pending',
    'a key that is not active is no key: 400 0x80060888',
    { given: [{ '{pending}': '{p}' }] },
    step(get("contacts({pending}='{p}')?$select=contactid"), refused(400, '0x80060888')),
  ),
  byKeyInferred(
    'absent/guid',
    'no row with a GUID is 404 0x80040217',
    {},
    step(get('contacts({id1})?$select=contactid'), refused(404, ['0x80040217', ''])),
  ),
  byKey(
    'absent/guid/message',
    'the refusal names table and id',
    {},
    step(get('contacts({id1})?$select=contactid'), {
      status: 404,
      message: '[Cc]ontact With Id = {id1} Does Not Exist',
    }),
  ),
  byKeyInferred(
    'absent/key',
    'no row with a key is 404 0x80060891',
    {},
    step(get("contacts({key}='{key1}')?$select=contactid"), refused(404, '0x80060891')),
  ),
  byKeyInferred(
    'absent/key/message',
    'the refusal says that no record has these key values',
    {},
    step(get("contacts({key}='{key1}')?$select=contactid"), {
      status: 404,
      message: '[Rr]ecord with the specified key values does not exist in contact entity',
    }),
  ),
  byKeyInferred(
    'syntax',
    'an address that does not close is refused',
    {},
    step(get('contacts({id1}'), refused([400, 404])),
  ),
  citing('reading', 'Dataverse: alternate keys, 3.2', 'unknown')(
    'key/casing',
    'whether a key in the URL matches without regard to case',
    { given: [{ '{key}': '{p}Abc' }], switch: 'keyCasing' },
    {
      request: get("contacts({key}='{p}aBC')?$select=contactid"),
      either: { insensitive: { status: 200, body: { contactid: '{id1}' } }, sensitive: refused(404, '0x80060891') },
    },
  ),
  citing('reading', 'Dataverse: alternate keys, 3.2', 'unknown')(
    'key/trailing-blank',
    'whether a blank at the end of a key in the URL counts',
    { given: [{ '{key}': '{p}abc' }], switch: 'keyCasing' },
    {
      request: get("contacts({key}='{p}abc%20')?$select=contactid"),
      either: { insensitive: { status: 200, body: { contactid: '{id1}' } }, sensitive: refused(404, '0x80060891') },
    },
  ),
  columns(
    'select',
    'the selected columns and the primary key are shown, no other',
    ONE,
    step(get('contacts({id1})?$select=jobtitle'), {
      status: 200,
      body: { jobtitle: 'Countess', contactid: '{id1}', lastname: { $absent: true } },
    }),
  ),
  columns(
    'select/null',
    'an empty column is shown as null',
    ONE,
    step(get('contacts({id1})?$select=nickname'), { status: 200, body: { nickname: null } }),
  ),
  columns(
    'select/lookup',
    'a lookup is shown under its lookup property',
    ONE,
    step(get('contacts({id1})?$select=_ownerid_value'), { status: 200, body: { _ownerid_value: { $length: 36 } } }),
  ),
  columns(
    'select/unknown',
    'an unknown column in $select is 400',
    ONE,
    step(get('contacts({id1})?$select=new_nosuchcolumn'), refused(400, UNKNOWN)),
  ),
  columns(
    'select/unknown/message',
    'the refusal of an unknown column names it',
    ONE,
    step(get('contacts({id1})?$select=new_nosuchcolumn'), {
      status: 400,
      message: "Could not find a property named 'new_nosuchcolumn'",
    }),
  ),
  columns(
    'select/all',
    'without $select every column is shown',
    ONE,
    step(get('contacts({id1})'), {
      status: 200,
      body: { jobtitle: 'Countess', lastname: '{p}', statecode: 0, versionnumber: { $type: 'number' } },
    }),
  ),
  etags(
    'etag/body',
    'a row carries its weak version',
    ONE,
    step(get('contacts({id1})?$select=jobtitle'), { status: 200, body: { '@odata.etag': { $matches: '^W/"\\d+"$' } } }),
  ),
  etags(
    'etag/unmodified',
    'a read with If-None-Match of the row’s version is 304',
    ONE,
    step(get('contacts({id1})?$select=jobtitle', {}, { 'If-None-Match': '{etag1}' }), { status: 304, empty: true }),
  ),
  etags(
    'etag/modified',
    'a read with If-None-Match of another version answers the row',
    ONE,
    step(get('contacts({id1})?$select=jobtitle', {}, { 'If-None-Match': 'W/"1"' }), {
      status: 200,
      body: { jobtitle: 'Countess' },
    }),
  ),
  headers(
    'context',
    'an answer names its context',
    ONE,
    step(get('contacts({id1})?$select=jobtitle'), {
      status: 200,
      body: { '@odata.context': { $matches: '\\$metadata#contacts' } },
    }),
  ),
  columns(
    'annotations/none',
    'annotations are shown only where asked for',
    ONE,
    step(get('contacts({id1})?$select=statecode'), {
      status: 200,
      body: { statecode: 0, 'statecode@OData.Community.Display.V1.FormattedValue': { $absent: true } },
    }),
  ),
  columns(
    'annotations/formatted',
    'the label of a choice is an annotation',
    ONE,
    step(
      get(
        'contacts({id1})?$select=statecode',
        {},
        { Prefer: 'odata.include-annotations="OData.Community.Display.V1.FormattedValue"' },
      ),
      { status: 200, body: { 'statecode@OData.Community.Display.V1.FormattedValue': { $type: 'string' } } },
    ),
  ),
  columns(
    'annotations/lookup',
    'the table behind a lookup is an annotation',
    ONE,
    step(get('contacts({id1})?$select=_ownerid_value', {}, { Prefer: 'odata.include-annotations="*"' }), {
      status: 200,
      body: { '_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname': 'systemuser' },
    }),
  ),
]
