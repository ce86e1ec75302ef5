/** What holds for every bulk message: types, tables, bad columns; where it exists; elastic tables. */
import type { ConformanceCase } from '../case.ts'
import { batch, bulk, citing, control, DONE, get, holds, part, post, refused, remove, step } from './make.ts'

const SECTION = 'Dataverse: bulk messages, 3.4'
const bulkOnly = { needs: ['bulk'] } as const
const documented = citing('bulk', SECTION, 'documented')
const inferred = citing('bulk', SECTION, 'inferred')
const unknown = citing('bulk', 'Dataverse: open questions, 10', 'unknown')

const TWO = { needs: ['bulk'], given: [{ jobtitle: 'old' }, { jobtitle: 'old' }] } as const
const ONE = { needs: ['bulk'], given: [{ jobtitle: 'old' }] } as const
const MESSAGES = ['CreateMultiple', 'UpdateMultiple', 'UpsertMultiple'] as const
const path = (message: string) => `contacts/Microsoft.Dynamics.CRM.${message}`
const probe = (message: string) =>
  get('sdkmessagefilters', {
    $select: 'sdkmessagefilterid',
    $filter: `sdkmessageid/name eq '${message}' and primaryobjecttypecode eq 'contact'`,
  })

const inBatch = (message: string) =>
  part('POST', path(message), {
    Targets: [
      {
        '@odata.type': 'Microsoft.Dynamics.CRM.contact',
        contactid: message === 'CreateMultiple' ? '{id2}' : '{id1}',
        lastname: '{p}',
      },
    ],
  })

/** The cases of this topic. */
export const BULK_MESSAGE_CASES: readonly ConformanceCase[] = [
  ...MESSAGES.flatMap((message) => [
    documented(
      `${message}/type-missing`,
      `${message}: @odata.type is required on every row`,
      { needs: ['bulk'], given: 1 },
      step(post(path(message), { Targets: [{ contactid: '{id1}', jobtitle: 'new' }] }), { status: 400 }),
      holds(1, { jobtitle: null }),
    ),
    documented(
      `${message}/other-table`,
      `${message}: rows of another table are refused`,
      { needs: ['bulk'], given: 1 },
      step(
        post(path(message), {
          Targets: [{ '@odata.type': 'Microsoft.Dynamics.CRM.account', accountid: '{id1}', name: 'x' }],
        }),
        { status: 400 },
      ),
    ),
    inferred(
      `${message}/no-targets`,
      `${message}: a body without Targets is refused`,
      bulkOnly,
      step(post(path(message), {}), { status: 400 }),
    ),
    inferred(
      `${message}/unknown-column`,
      `${message}: an unknown column is refused`,
      ONE,
      step(
        bulk(message, [{ contactid: message === 'CreateMultiple' ? '{id2}' : '{id1}', new_nosuchcolumn: 1 }]),
        refused(400, ['0x80048d19', '0x80060888']),
      ),
    ),
    inferred(
      `${message}/unknown-option`,
      `${message}: an unknown option is refused`,
      ONE,
      step(
        bulk(message, [{ contactid: message === 'CreateMultiple' ? '{id2}' : '{id1}', gendercode: 7 }]),
        refused(400, '0x8004431a'),
      ),
    ),
    inferred(
      `${message}/batch`,
      `${message} may be a part of a batch`,
      ONE,
      step(batch([inBatch(message)]), { status: 200, parts: [{ status: message === 'CreateMultiple' ? 200 : 204 }] }),
    ),
  ]),
  inferred(
    'type-with-hash',
    'the type may be written with a hash',
    ONE,
    step(
      post(path('UpdateMultiple'), {
        Targets: [{ '@odata.type': '#Microsoft.Dynamics.CRM.contact', contactid: '{id1}', jobtitle: 'new' }],
      }),
      DONE,
    ),
    holds(1, { jobtitle: 'new' }),
  ),
  inferred(
    'bind',
    'lookups are bound in bulk',
    TWO,
    step(
      bulk('UpdateMultiple', [{ contactid: '{id2}', 'parentcustomerid_contact@odata.bind': '/contacts({id1})' }]),
      DONE,
    ),
    holds(2, { _parentcustomerid_value: '{id1}' }),
  ),
  documented(
    'thousand',
    'a request takes hundreds of rows',
    bulkOnly,
    step(
      bulk(
        'CreateMultiple',
        Array.from({ length: 200 }, (_, n) => ({ lastname: '{p}', jobtitle: String(n) })),
      ),
      { status: 200, body: { Ids: { $length: 200 } } },
    ),
  ),
  citing('bulk', 'Dataverse: error table, 4.5', 'inferred')(
    'method',
    'a bulk message is posted, not read',
    bulkOnly,
    step(get(path('UpdateMultiple')), { status: [400, 404, 405] }),
  ),
  documented(
    'probe/update',
    'the probe lists UpdateMultiple',
    bulkOnly,
    step(probe('UpdateMultiple'), { status: 200, body: { value: { $length: 1 } } }),
  ),
  documented(
    'probe/create',
    'the probe lists CreateMultiple',
    bulkOnly,
    step(probe('CreateMultiple'), { status: 200, body: { value: { $length: 1 } } }),
  ),
  documented(
    'probe/upsert',
    'the probe never lists UpsertMultiple',
    bulkOnly,
    step(probe('UpsertMultiple'), { status: 200, body: { value: [] } }),
  ),
  documented(
    'elastic/partial',
    'on an elastic table the good rows are kept, and the bad ones told',
    { needs: ['emulator', 'bulk'], after: [remove('accounts({id2})')] },
    step(control('POST', 'seed', { elastic: ['account'] }), { status: 204 }),
    step(
      post(
        'accounts/Microsoft.Dynamics.CRM.CreateMultiple',
        {
          Targets: [
            { '@odata.type': 'Microsoft.Dynamics.CRM.account', accountid: '{id2}', name: 'x' },
            { '@odata.type': 'Microsoft.Dynamics.CRM.account', accountid: '{id3}', name: 'x'.repeat(161) },
          ],
        },
        { Prefer: 'odata.include-annotations="*"' },
      ),
      { status: 400 },
    ),
    step(get('accounts({id2})?$select=name'), { status: 200 }),
    step(get('accounts({id3})?$select=name'), { status: 404 }),
  ),
  documented(
    'elastic/rows',
    'an elastic table takes 100 rows at once',
    { needs: ['emulator', 'bulk'] },
    step(control('POST', 'seed', { elastic: ['account'] }), { status: 204 }),
    step(
      post('accounts/Microsoft.Dynamics.CRM.CreateMultiple', {
        Targets: Array.from({ length: 101 }, () => ({ '@odata.type': 'Microsoft.Dynamics.CRM.account', name: 'x' })),
      }),
      { status: 400 },
    ),
  ),
  unknown(
    'update/by-key',
    'whether UpdateMultiple finds rows by @odata.id',
    { ...ONE, switch: 'updateMultipleByKey' },
    {
      request: bulk('UpdateMultiple', [{ '@odata.id': "contacts({key}='{key1}')", jobtitle: 'new' }]),
      either: { accepted: DONE, refused: { status: [400, 404] } },
    },
  ),
  unknown(
    'upsert/special',
    'whether @odata.id takes values that a URL cannot hold',
    { needs: ['bulk'], switch: 'specialInReferences' },
    {
      request: bulk('UpsertMultiple', [{ '@odata.id': "contacts({key}='{p}a+b')", lastname: '{p}' }]),
      either: { accepted: DONE, refused: { status: [400, 404] } },
    },
  ),
]
