/** Change tracking: delta links. Walks over the whole table need an environment that is ours. */
import type { CaseRequest, ConformanceCase } from '../case.ts'
import { citing, control, DONE, get, patch, post, remove, step } from './make.ts'

const SECTION = 'Dataverse: change tracking, 2.7'
const documented = citing('delta', SECTION, 'documented')
const inferred = citing('delta', SECTION, 'inferred')

const TRACK = { Prefer: 'odata.track-changes' }
const tracked = (query: Readonly<Record<string, string>> = {}): CaseRequest =>
  get('contacts', { $select: 'jobtitle', ...query }, TRACK)
const refusing = { needs: ['tracking'] } as const
const walking = { needs: ['emulator', 'tracking'] } as const
const WALK_ONE = { ...walking, given: [{ jobtitle: 'old' }] } as const
const link = { delta: 'body:@odata.deltaLink' }
const again = get('{delta}')

/** The cases of this topic. */
export const TRACKING_CASES: readonly ConformanceCase[] = [
  documented(
    'refuses/filter',
    '$filter is refused',
    refusing,
    step(tracked({ $filter: 'statecode eq 0' }), { status: 400 }),
  ),
  documented(
    'refuses/orderby',
    '$orderby is refused',
    refusing,
    step(tracked({ $orderby: 'jobtitle' }), { status: 400 }),
  ),
  documented('refuses/expand', '$expand is refused', refusing, step(tracked({ $expand: 'masterid' }), { status: 400 })),
  documented('refuses/top', '$top is refused', refusing, step(tracked({ $top: '1' }), { status: 400 })),
  documented(
    'first',
    'the first call shows every row and leads to the next',
    WALK_ONE,
    step(tracked(), {
      status: 200,
      body: {
        value: { $some: { contactid: '{id1}', jobtitle: 'old' } },
        '@odata.deltaLink': { $matches: '\\$deltatoken=' },
      },
    }),
  ),
  documented(
    'nothing',
    'without a change the next call shows nothing, and a link again',
    WALK_ONE,
    step(tracked(), { status: 200 }, link),
    step(again, { status: 200, body: { value: [], '@odata.deltaLink': { $type: 'string' } } }),
  ),
  documented(
    'update',
    'a changed row is shown as it is now',
    WALK_ONE,
    step(tracked(), { status: 200 }, link),
    step(patch('contacts({id1})', { jobtitle: 'new' }), DONE),
    step(again, { status: 200, body: { value: [{ contactid: '{id1}', jobtitle: 'new' }] } }),
  ),
  documented(
    'twice',
    'a row that changed twice is shown once',
    WALK_ONE,
    step(tracked(), { status: 200 }, link),
    step(patch('contacts({id1})', { jobtitle: 'a' }), DONE),
    step(patch('contacts({id1})', { jobtitle: 'b' }), DONE),
    step(again, { status: 200, body: { value: [{ jobtitle: 'b' }] } }),
  ),
  documented(
    'create',
    'a new row is shown',
    walking,
    step(tracked(), { status: 200 }, link),
    step(post('contacts', { contactid: '{id1}', lastname: '{p}' }), DONE),
    step(again, { status: 200, body: { value: [{ contactid: '{id1}' }] } }),
  ),
  documented(
    'delete',
    'a deleted row is told by its id, with the reason',
    WALK_ONE,
    step(tracked(), { status: 200 }, link),
    step(remove('contacts({id1})'), DONE),
    step(again, {
      status: 200,
      body: { value: [{ id: '{id1}', reason: 'deleted', '@odata.context': { $matches: '\\$deletedEntity$' } }] },
    }),
  ),
  documented(
    'came-and-went',
    'a row that came and went shows as deleted',
    walking,
    step(tracked(), { status: 200 }, link),
    step(post('contacts', { contactid: '{id1}', lastname: '{p}' }), DONE),
    step(remove('contacts({id1})'), DONE),
    step(again, { status: 200, body: { value: [{ id: '{id1}', reason: 'deleted' }] } }),
  ),
  documented(
    'order',
    'changes come by version, deletions last',
    { ...walking, given: 3 },
    step(tracked(), { status: 200 }, link),
    step(remove('contacts({id1})'), DONE),
    step(patch('contacts({id3})', { jobtitle: 'a' }), DONE),
    step(patch('contacts({id2})', { jobtitle: 'b' }), DONE),
    step(again, {
      status: 200,
      body: { value: [{ contactid: '{id3}' }, { contactid: '{id2}' }, { id: '{id1}', reason: 'deleted' }] },
    }),
  ),
  inferred(
    'other-column',
    'a change of a column that is not selected shows the row as well',
    WALK_ONE,
    step(tracked(), { status: 200 }, link),
    step(patch('contacts({id1})', { nickname: 'x' }), DONE),
    step(again, { status: 200, body: { value: [{ contactid: '{id1}', nickname: { $absent: true } }] } }),
  ),
  inferred(
    'refused-write',
    'a refused write is no change',
    WALK_ONE,
    step(tracked(), { status: 200 }, link),
    step(patch('contacts({id1})', { emailaddress1: 'x'.repeat(101) }), { status: 400 }),
    step(again, { status: 200, body: { value: [] } }),
  ),
  inferred(
    'link-kept',
    'a link may be followed again',
    WALK_ONE,
    step(tracked(), { status: 200 }, link),
    step(patch('contacts({id1})', { jobtitle: 'new' }), DONE),
    step(again, { status: 200 }),
    step(again, { status: 200, body: { value: { $length: 1 } } }),
  ),
  documented(
    'expired',
    'a link is good for seven days',
    { ...WALK_ONE, after: [control('POST', 'time', { shiftMs: -604_801_000 })] },
    step(tracked(), { status: 200 }, link),
    step(control('POST', 'time', { shiftMs: 604_801_000 }), { status: 200 }),
    step(again, { status: 400 }),
  ),
  documented(
    'not-expired',
    'a link is good for almost seven days',
    { ...WALK_ONE, after: [control('POST', 'time', { shiftMs: -604_700_000 })] },
    step(tracked(), { status: 200 }, link),
    step(control('POST', 'time', { shiftMs: 604_700_000 }), { status: 200 }),
    step(again, { status: 200 }),
  ),
  documented(
    'not-tracked',
    'a table that does not track changes refuses',
    { needs: ['emulator'] },
    step(get('teams', { $select: 'name' }, TRACK), { status: 400 }),
  ),
  documented(
    'depth',
    'reading changes needs organization depth',
    { needs: ['emulator', 'tracking'], after: [control('POST', 'seed', { privileges: { prvReadContact: 'Global' } })] },
    step(control('POST', 'seed', { privileges: { prvReadContact: 'Local' } }), { status: 204 }),
    step(tracked(), { status: 403 }),
  ),
  inferred(
    'garbage',
    'a token that nobody gave is refused',
    refusing,
    step(get('contacts', { $select: 'jobtitle', $deltatoken: 'nonsense' }), { status: 400 }),
  ),
  documented(
    'enabled',
    'metadata tell whether a table tracks changes',
    refusing,
    step(get("EntityDefinitions(LogicalName='contact')", { $select: 'ChangeTrackingEnabled' }), {
      status: 200,
      body: { ChangeTrackingEnabled: true },
    }),
  ),
]
