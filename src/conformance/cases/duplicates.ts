/** What each bulk message makes of two rows with one key. */
import type { ConformanceCase } from '../case.ts'
import { bulk, citing, DONE, gone, holds, refused, step } from './make.ts'

const SECTION = 'Dataverse: bulk messages, 3.4'
const bulkOnly = { needs: ['bulk'] } as const
const twice = citing('duplicates', SECTION, 'documented')
const twiceUnknown = citing('duplicates', 'Dataverse: open questions, 10', 'unknown')

const TWO = { needs: ['bulk'], given: [{ jobtitle: 'old' }, { jobtitle: 'old' }] } as const
const ONE = { needs: ['bulk'], given: [{ jobtitle: 'old' }] } as const
const row = (number: number, jobtitle = 'new') => ({ contactid: `{id${number}}`, lastname: '{p}', jobtitle })
const keyed = (number: number, jobtitle = 'new') => ({
  '@odata.id': `contacts({key}='{key${number}}')`,
  lastname: '{p}',
  jobtitle,
})

/** The cases of this topic. */
export const DUPLICATE_CASES: readonly ConformanceCase[] = [
  twice(
    'update',
    'UpdateMultiple applies the first of two rows with one id and ignores the other',
    ONE,
    step(bulk('UpdateMultiple', [row(1, 'first'), row(1, 'second')]), DONE),
    holds(1, { jobtitle: 'first' }),
  ),
  twice(
    'update/columns',
    'the columns of the ignored row are ignored as well',
    ONE,
    step(
      bulk('UpdateMultiple', [
        { contactid: '{id1}', jobtitle: 'first' },
        { contactid: '{id1}', nickname: 'second' },
      ]),
      DONE,
    ),
    holds(1, { jobtitle: 'first', nickname: null }),
  ),
  twice(
    'update/others',
    'the other rows are updated all the same',
    TWO,
    step(bulk('UpdateMultiple', [row(1, 'first'), row(1, 'second'), row(2, 'other')]), DONE),
    holds(1, { jobtitle: 'first' }),
    holds(2, { jobtitle: 'other' }),
  ),
  twice(
    'update/casing',
    'two casings of one id are one row',
    ONE,
    step(bulk('UpdateMultiple', [row(1, 'first'), { contactid: '{ID1}', jobtitle: 'second' }]), DONE),
    holds(1, { jobtitle: 'first' }),
  ),
  twice(
    'upsert/present',
    'UpsertMultiple refuses two rows with one id that is there',
    ONE,
    step(bulk('UpsertMultiple', [row(1, 'first'), row(1, 'second')]), { status: [400, 412, 500] }),
    holds(1, { jobtitle: 'old' }),
  ),
  twice(
    'upsert/absent',
    'UpsertMultiple refuses two rows with one id that is not there',
    bulkOnly,
    step(bulk('UpsertMultiple', [row(1, 'first'), row(1, 'second')]), { status: [400, 412, 500] }),
    gone(1),
  ),
  twice(
    'upsert/key',
    'UpsertMultiple refuses two rows with one key',
    ONE,
    step(bulk('UpsertMultiple', [keyed(1, 'first'), keyed(1, 'second')]), { status: [400, 412, 500] }),
    holds(1, { jobtitle: 'old' }),
  ),
  twiceUnknown(
    'upsert/answer',
    'what UpsertMultiple answers to two rows with one id',
    { ...ONE, switch: 'upsertDuplicates' },
    {
      request: bulk('UpsertMultiple', [row(1, 'first'), row(1, 'second')]),
      either: { exists: refused(412, '0x80040237'), unexpected: refused(400, '0x80040216') },
    },
  ),
  citing('duplicates', SECTION, 'inferred')(
    'create',
    'CreateMultiple refuses two rows with one id',
    bulkOnly,
    step(bulk('CreateMultiple', [row(1, 'first'), row(1, 'second')]), { status: 412 }),
    gone(1),
  ),
  citing('duplicates', SECTION, 'inferred')(
    'create/key',
    'CreateMultiple refuses two rows with one key value',
    bulkOnly,
    step(
      bulk('CreateMultiple', [
        { ...row(1), '{key}': '{key1}' },
        { ...row(2), '{key}': '{key1}' },
      ]),
      refused(412, '0x80060892'),
    ),
    gone(1),
  ),
]
