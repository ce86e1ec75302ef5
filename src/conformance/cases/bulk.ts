/** CreateMultiple, UpdateMultiple, UpsertMultiple: what they write, and all or nothing. */
import type { ConformanceCase } from '../case.ts'
import { bulk, citing, DONE, get, gone, holds, refused, step } from './make.ts'

const SECTION = 'Dataverse: bulk messages, 3.4'
const bulkOnly = { needs: ['bulk'] } as const
const documented = citing('bulk', SECTION, 'documented')
const inferred = citing('bulk', SECTION, 'inferred')

const TWO = { needs: ['bulk'], given: [{ jobtitle: 'old' }, { jobtitle: 'old' }] } as const
const ONE = { needs: ['bulk'], given: [{ jobtitle: 'old' }] } as const
const row = (number: number, jobtitle = 'new') => ({ contactid: `{id${number}}`, lastname: '{p}', jobtitle })
const keyed = (number: number, jobtitle = 'new') => ({
  '@odata.id': `contacts({key}='{key${number}}')`,
  lastname: '{p}',
  jobtitle,
})
const tooLong = { emailaddress1: 'x'.repeat(101) }

/** The cases of this topic. */
export const BULK_CASES: readonly ConformanceCase[] = [
  documented(
    'create',
    'CreateMultiple answers 200 with an id for each row',
    bulkOnly,
    step(bulk('CreateMultiple', [{ lastname: '{p}' }, { lastname: '{p}' }]), {
      status: 200,
      body: { Ids: { $length: 2 } },
    }),
  ),
  inferred(
    'create/order',
    'the ids come in the order of the rows',
    bulkOnly,
    step(bulk('CreateMultiple', [row(3), row(1), row(2)]), { status: 200, body: { Ids: ['{id3}', '{id1}', '{id2}'] } }),
  ),
  documented(
    'create/one',
    'one row is as good as many',
    bulkOnly,
    step(bulk('CreateMultiple', [row(1)]), { status: 200, body: { Ids: ['{id1}'] } }),
    holds(1, { jobtitle: 'new' }),
  ),
  documented(
    'create/key',
    'CreateMultiple takes the key column in the body',
    bulkOnly,
    step(bulk('CreateMultiple', [{ ...row(1), '{key}': '{key1}' }]), { status: 200 }),
    holds(1, { '{key}': '{key1}' }),
  ),
  documented(
    'create/id-taken',
    'an existing id fails all: none is created',
    ONE,
    step(bulk('CreateMultiple', [row(2), row(1)]), refused(412, ['0x80040237'])),
    gone(2),
  ),
  inferred(
    'create/key-taken',
    'an existing key value fails all',
    ONE,
    step(bulk('CreateMultiple', [row(2), { ...row(3), '{key}': '{key1}' }]), refused(412, '0x80060892')),
    gone(2),
  ),
  documented(
    'create/bad-value',
    'a bad value in one row fails all',
    bulkOnly,
    step(bulk('CreateMultiple', [row(1), { ...row(2), ...tooLong }]), refused(400, '0x80044331')),
    gone(1),
  ),
  documented(
    'create/defaults',
    'rows made in bulk have their defaults',
    bulkOnly,
    step(bulk('CreateMultiple', [row(1)]), { status: 200 }),
    holds(1, { donotemail: false, statecode: 0 }),
  ),
  documented(
    'update',
    'UpdateMultiple answers 204 without a body',
    TWO,
    step(bulk('UpdateMultiple', [row(1), row(2)]), DONE),
    holds(1, { jobtitle: 'new' }),
    holds(2, { jobtitle: 'new' }),
  ),
  documented(
    'update/absent',
    'a row that is not there fails all',
    ONE,
    step(bulk('UpdateMultiple', [row(1), row(2)]), { status: 404, message: 'With Ids = {id2} Do Not Exist' }),
    holds(1, { jobtitle: 'old' }),
    gone(2),
  ),
  documented(
    'update/bad-value',
    'a bad value in one row takes the others back',
    TWO,
    step(bulk('UpdateMultiple', [row(1), { ...row(2), ...tooLong }]), refused(400, '0x80044331')),
    holds(1, { jobtitle: 'old' }),
  ),
  inferred(
    'update/only-sent',
    'columns that are not sent keep their values',
    { needs: ['bulk'], given: [{ jobtitle: 'old', nickname: 'kept' }] },
    step(bulk('UpdateMultiple', [row(1)]), DONE),
    holds(1, { nickname: 'kept' }),
  ),
  inferred(
    'update/null',
    'null clears a column in bulk',
    ONE,
    step(bulk('UpdateMultiple', [{ contactid: '{id1}', jobtitle: null }]), DONE),
    holds(1, { jobtitle: null }),
  ),
  inferred(
    'update/key-taken',
    'an update to a taken key value fails all',
    TWO,
    step(bulk('UpdateMultiple', [{ ...row(1), '{key}': '{key2}' }]), refused(412, '0x80060892')),
    holds(1, { jobtitle: 'old' }),
  ),
  inferred(
    'update/inactive',
    'inactive rows are updated in bulk',
    { needs: ['bulk'], given: [{ statecode: 1 }] },
    step(bulk('UpdateMultiple', [row(1)]), DONE),
    holds(1, { jobtitle: 'new', statecode: 1 }),
  ),
  documented(
    'update/no-identity',
    'a row without id and address is refused',
    bulkOnly,
    step(bulk('UpdateMultiple', [{ jobtitle: 'new' }]), { status: 400 }),
  ),
  documented(
    'update/version',
    'a row updated in bulk has a new version',
    ONE,
    step(bulk('UpdateMultiple', [row(1)]), DONE),
    step(get('contacts({id1})?$select=contactid'), { status: 200, body: { '@odata.etag': { $not: '{etag1}' } } }),
  ),
  documented(
    'upsert',
    'UpsertMultiple answers 204, whatever it created or updated',
    ONE,
    step(bulk('UpsertMultiple', [row(1), row(2)]), DONE),
    holds(1, { jobtitle: 'new' }),
    holds(2, { jobtitle: 'new' }),
  ),
  documented(
    'upsert/key',
    'UpsertMultiple finds rows by @odata.id with an alternate key',
    ONE,
    step(bulk('UpsertMultiple', [keyed(1), keyed(2)]), DONE),
    holds(1, { jobtitle: 'new' }),
    step(get("contacts({key}='{key2}')?$select=jobtitle"), { status: 200, body: { jobtitle: 'new' } }),
  ),
  inferred(
    'upsert/key-copied',
    'a row that is created gets the key of its @odata.id',
    bulkOnly,
    step(bulk('UpsertMultiple', [keyed(1)]), DONE),
    step(get("contacts({key}='{key1}')?$select={key}"), { status: 200, body: { '{key}': '{key1}' } }),
  ),
  inferred(
    'upsert/key-in-body/create',
    'the key in the body as well fails a create with 0x80040216',
    bulkOnly,
    step(bulk('UpsertMultiple', [{ ...keyed(1), '{key}': '{key1}' }]), refused(400, '0x80040216')),
    step(get("contacts({key}='{key1}')?$select=contactid"), { status: 404 }),
  ),
  inferred(
    'upsert/key-in-body/update',
    'the key in the body as well is tolerated on an update',
    ONE,
    step(bulk('UpsertMultiple', [{ ...keyed(1), '{key}': '{key1}' }]), DONE),
    holds(1, { jobtitle: 'new' }),
  ),
  documented(
    'upsert/bad-value',
    'a bad value in one row takes creates and updates back',
    ONE,
    step(bulk('UpsertMultiple', [row(1), row(2), { ...row(3), ...tooLong }]), refused(400, '0x80044331')),
    holds(1, { jobtitle: 'old' }),
    gone(2),
  ),
  inferred(
    'upsert/guid-in-id',
    '@odata.id may hold the GUID',
    ONE,
    step(bulk('UpsertMultiple', [{ '@odata.id': 'contacts({id1})', jobtitle: 'new' }]), DONE),
    holds(1, { jobtitle: 'new' }),
  ),
  inferred(
    'upsert/unknown-key',
    'an @odata.id with a column that is no key is refused',
    bulkOnly,
    step(bulk('UpsertMultiple', [{ '@odata.id': "contacts(jobtitle='x')", lastname: '{p}' }]), { status: 400 }),
  ),
  inferred(
    'upsert/pending-key',
    'an @odata.id with a key that is not active is refused',
    bulkOnly,
    step(
      bulk('UpsertMultiple', [{ '@odata.id': "contacts({pending}='{p}')", lastname: '{p}' }]),
      refused(400, '0x80060888'),
    ),
  ),
  inferred(
    'upsert/composite',
    'an @odata.id may hold a composite key',
    { needs: ['bulk'], given: [{ '{branch}': '{p}', '{branchNumber}': 4 }] },
    step(bulk('UpsertMultiple', [{ '@odata.id': "contacts({branch}='{p}',{branchNumber}=4)", jobtitle: 'new' }]), DONE),
    holds(1, { jobtitle: 'new' }),
  ),
]
