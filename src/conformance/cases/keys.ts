/** Alternate keys: their unique index, their limits, their life. */
import type { CaseRequest, ConformanceCase, Json } from '../case.ts'
import { citing, control, DONE, get, gone, holds, patch, post, refused, remove, step } from './make.ts'

const documented = citing('keys', 'Dataverse: alternate keys, 3.2', 'documented')
const inferred = citing('keys', 'Dataverse: alternate keys, 3.2', 'inferred')
const metadata = citing('keys', 'Dataverse: metadata, 5', 'documented')

const KEYS = "EntityDefinitions(LogicalName='contact')/Keys"
const CONSENT_KEYS = "EntityDefinitions(LogicalName='msdynmkt_contactpointconsent4')/Keys"
const EMULATOR = { needs: ['emulator'] } as const
const DELETE_KEY: CaseRequest = remove(`${KEYS}({made})`)
const TRYING = { needs: ['emulator'], after: [DELETE_KEY] } as const

const make = (columns: readonly string[]): CaseRequest =>
  post(KEYS, { SchemaName: 'new_ConformanceTrialKey', KeyAttributes: columns })

/** The key's id from its list, so that it can be taken away again. */
const LISTED = get(KEYS, {
  $select: 'SchemaName,KeyAttributes,EntityKeyIndexStatus',
  $filter: "SchemaName eq 'new_ConformanceTrialKey'",
})

const longText = (name: string, maxLength: number): CaseRequest =>
  control('POST', 'seed', { columns: { contact: [{ type: 'text', name, maxLength }] } })

const ALLOWED: readonly (readonly [string, string])[] = [
  ['text', 'nickname'],
  ['integer', 'numberofchildren'],
  ['decimal', '{decimal}'],
  ['datetime', 'lastonholdtime'],
  ['choice', 'gendercode'],
]
const NOT_ALLOWED: readonly (readonly [string, string])[] = [
  ['boolean', 'donotemail'],
  ['memo', 'description'],
  ['choices', '{choices}'],
]

const taken = (columns: { readonly [name: string]: Json }): CaseRequest =>
  post('contacts', { contactid: '{id2}', lastname: '{p}', ...columns })

/** The cases of this topic. */
export const KEY_CASES: readonly ConformanceCase[] = [
  inferred(
    'inactive',
    'the unique index covers inactive rows',
    { given: [{ statecode: 1 }] },
    step(taken({ '{key}': '{key1}' }), refused(412, '0x80060892')),
    gone(2),
  ),
  inferred(
    'null',
    'rows whose key is null do not collide',
    { given: [{ '{key}': null }, { '{key}': null }] },
    holds(2, { '{key}': null }),
  ),
  inferred(
    'update',
    'an update to a taken key value is 412 0x80060892',
    { given: 2 },
    step(patch('contacts({id2})', { '{key}': '{key1}' }), refused(412, '0x80060892')),
    holds(2, { '{key}': '{key2}' }),
  ),
  inferred(
    'update/own',
    'a row may keep its own key value',
    { given: 1 },
    step(patch('contacts({id1})', { '{key}': '{key1}', jobtitle: 'x' }), DONE),
    holds(1, { jobtitle: 'x' }),
  ),
  inferred(
    'update/free',
    'a key value that is given up is free',
    { given: 1 },
    step(patch('contacts({id1})', { '{key}': '{key2}' }), DONE),
    step(taken({ '{key}': '{key1}' }), DONE),
  ),
  inferred(
    'update/clear',
    'a key value may be cleared by GUID',
    { given: 1 },
    step(patch('contacts({id1})', { '{key}': null }), DONE),
    step(get("contacts({key}='{key1}')?$select=contactid"), { status: 404 }),
  ),
  inferred(
    'upper',
    'two key values that differ by case collide',
    { given: [{ '{key}': '{p}abc' }] },
    step(taken({ '{key}': '{p}ABC' }), refused(412, '0x80060892')),
  ),
  inferred(
    'blank',
    'two key values that differ by a blank at their end collide',
    { given: [{ '{key}': '{p}abc' }] },
    step(taken({ '{key}': '{p}abc ' }), refused(412, '0x80060892')),
  ),
  documented(
    'special',
    'a value that cannot be addressed is unique all the same',
    { given: [{ '{key}': '{p}a+b' }] },
    step(taken({ '{key}': '{p}a+b' }), refused(412, '0x80060892')),
  ),
  inferred(
    'composite',
    'a composite key is unique as a whole',
    { given: [{ '{branch}': '{p}', '{branchNumber}': 1 }] },
    step(taken({ '{branch}': '{p}', '{branchNumber}': 1 }), refused(412, '0x80060892')),
  ),
  inferred(
    'composite/part',
    'a part of a composite key may be shared',
    { given: [{ '{branch}': '{p}', '{branchNumber}': 1 }] },
    step(taken({ '{branch}': '{p}', '{branchNumber}': 2 }), DONE),
  ),
  inferred(
    'composite/later',
    'an update may complete a taken composite key: it is refused',
    {
      given: [
        { '{branch}': '{p}', '{branchNumber}': 1 },
        { '{branch}': '{p}', '{branchNumber}': 2 },
      ],
    },
    step(patch('contacts({id2})', { '{branchNumber}': 1 }), refused(412, '0x80060892')),
  ),
  citing('keys', 'Dataverse: alternate keys, 3.2', 'unknown')(
    'composite/null',
    'whether a composite key with one part null is unique',
    { given: [{ '{branch}': '{p}', '{branchNumber}': null }], switch: 'keyWithNull' },
    { request: taken({ '{branch}': '{p}' }), either: { unique: refused(412, '0x80060892'), ignored: DONE } },
  ),
  documented(
    'pending',
    'a key that is not active constrains nothing yet',
    { given: [{ '{pending}': '{p}' }] },
    step(taken({ '{pending}': '{p}' }), DONE),
  ),
  documented(
    'pending/patch',
    'a key that is not active upserts nothing',
    {},
    step(patch("contacts({pending}='{p}')", { lastname: '{p}' }), refused(400, '0x80060888')),
  ),
  documented(
    'special/patch',
    'a value with a plus cannot be upserted by key',
    {},
    step(patch("contacts({key}='{p}a%2Bb')", { lastname: '{p}' }), refused([400, 404])),
    step(get('contacts', { $select: 'contactid', $filter: "lastname eq '{p}'" }), { status: 200, body: { value: [] } }),
  ),

  metadata(
    'list',
    'the keys of a table are listed with columns and status',
    {},
    step(get(KEYS, { $select: 'SchemaName,KeyAttributes,EntityKeyIndexStatus' }), {
      status: 200,
      body: { value: { $some: { KeyAttributes: ['{key}'], EntityKeyIndexStatus: 'Active' } } },
    }),
  ),
  metadata(
    'list/composite',
    'a composite key lists its columns',
    {},
    step(get(KEYS, { $select: 'SchemaName,KeyAttributes' }), {
      status: 200,
      body: { value: { $some: { KeyAttributes: { $set: ['{branch}', '{branchNumber}'] } } } },
    }),
  ),
  metadata(
    'expand',
    'a table is read together with its keys',
    {},
    step(
      get("EntityDefinitions(LogicalName='contact')", {
        $select: 'LogicalName',
        $expand: 'Keys($select=KeyAttributes)',
      }),
      { status: 200, body: { Keys: { $some: { KeyAttributes: ['{key}'] } } } },
    ),
  ),
  documented(
    'create/pending',
    'a new key is not active at once',
    TRYING,
    step(make(['employeeid']), { status: 204 }),
    step(
      LISTED,
      { status: 200, body: { value: [{ EntityKeyIndexStatus: { $oneOf: ['Pending', 'InProgress'] } }] } },
      { made: 'body:value/0/MetadataId' },
    ),
  ),
  ...ALLOWED.map(([type, column]) =>
    documented(
      `create/${type}`,
      `a ${type} column may be a key`,
      TRYING,
      step(make([column]), { status: 204 }),
      step(
        LISTED,
        { status: 200, body: { value: [{ KeyAttributes: [column] }] } },
        { made: 'body:value/0/MetadataId' },
      ),
    ),
  ),
  ...NOT_ALLOWED.map(([type, column]) =>
    documented(
      `create/${type}`,
      `a ${type} column may not be a key`,
      EMULATOR,
      step(make([column]), { status: 400 }),
      step(LISTED, { status: 200, body: { value: [] } }),
    ),
  ),
  documented(
    'create/unknown-column',
    'a key needs columns that exist',
    EMULATOR,
    step(make(['new_nosuchcolumn']), { status: 400 }),
  ),
  documented(
    'create/bytes',
    'a key of more than 900 bytes is refused',
    EMULATOR,
    step(longText('new_conformancelong', 451), { status: 204 }),
    step(make(['new_conformancelong']), { status: 400 }),
  ),
  inferred(
    'create/bytes/fits',
    'a text of 450 characters fits a key',
    TRYING,
    step(longText('new_conformancefits', 450), { status: 204 }),
    step(make(['new_conformancefits']), { status: 204 }),
    step(LISTED, { status: 200 }, { made: 'body:value/0/MetadataId' }),
  ),
  documented(
    'create/columns',
    'a key has at most 16 columns',
    EMULATOR,
    step(
      control('POST', 'seed', {
        columns: {
          contact: Array.from({ length: 17 }, (_, n) => ({ type: 'integer', name: `new_conformancepart${n}` })),
        },
      }),
      { status: 204 },
    ),
    step(make(Array.from({ length: 17 }, (_, n) => `new_conformancepart${n}`)), { status: 400 }),
  ),
  documented(
    'delete',
    'a key is deleted by its id',
    EMULATOR,
    step(make(['employeeid']), { status: 204 }),
    step(LISTED, { status: 200 }, { made: 'body:value/0/MetadataId' }),
    step(DELETE_KEY, { status: 204 }),
    step(LISTED, { status: 200, body: { value: [] } }),
  ),
  citing('keys', 'Dataverse: by key, 2.2', 'documented')(
    'lookup',
    'a lookup in a key is written with its lookup property',
    {
      needs: ['emulator', 'consent'],
      after: [remove(`${CONSENT_KEYS}({made})`), remove('msdynmkt_contactpointconsent4s({id1})')],
    },
    step(
      post('msdynmkt_contactpointconsent4s', {
        msdynmkt_contactpointconsent4id: '{id1}',
        msdynmkt_reason: '{p}',
        'msdynmkt_purposeId@odata.bind': '/msdynmkt_purposes({purpose})',
      }),
      DONE,
    ),
    step(
      control('POST', 'seed', {
        keys: [
          {
            table: 'msdynmkt_contactpointconsent4',
            schemaName: 'new_ConformanceLookupKey',
            columns: ['msdynmkt_purposeid', 'msdynmkt_migrationtimestamp'],
          },
        ],
      }),
      { status: 204 },
    ),
    step(get(CONSENT_KEYS, { $select: 'SchemaName' }), { status: 200 }, { made: 'body:value/0/MetadataId' }),
    step(patch('msdynmkt_contactpointconsent4s({id1})', { msdynmkt_migrationtimestamp: '2026-01-31T10:15:00Z' }), DONE),
    step(
      get(
        'msdynmkt_contactpointconsent4s(_msdynmkt_purposeid_value={purpose},msdynmkt_migrationtimestamp=2026-01-31T10%3A15%3A00Z)',
        { $select: 'msdynmkt_reason' },
      ),
      { status: 200, body: { msdynmkt_reason: '{p}' } },
    ),
  ),
]
