/** Set membership (`In`), and pages. */
import type { CaseRequest, ConformanceCase } from '../case.ts'
import { batch, citing, found, get, part, refused, rows, step } from './make.ts'

const documented = citing('in', 'Dataverse: filters, 2.3', 'documented')
const inferred = citing('in', 'Dataverse: filters, 2.3', 'inferred')
const paging = citing('paging', 'Dataverse: paging, 2.4', 'documented')
const order = citing('paging', 'Dataverse: paging, 2.4', 'inferred')

const IN = 'Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)'
const NOT_IN = 'Microsoft.Dynamics.CRM.NotIn(PropertyName=@p1,PropertyValues=@p2)'

/** `In` through aliases; the array is written as it stands. */
function inside(column: string, values: string, filter = IN): CaseRequest {
  return get('contacts', {
    $select: 'contactid',
    $filter: `lastname eq '{p}' and ${filter}`,
    '@p1': `'${column}'`,
    '@p2': values,
  })
}

const JOBS = { given: [{ jobtitle: 'a' }, { jobtitle: "O'Hara" }, { jobtitle: 'c', numberofchildren: 3 }] } as const
const list = (values: readonly string[]) => JSON.stringify(values)

const FIVE = { given: [4, 2, 5, 1, 3].map((numberofchildren) => ({ numberofchildren })) } as const
/** Rows 1 to 5 hold 4, 2, 5, 1, 3 children. */
const BY_CHILDREN = [4, 2, 5, 1, 3]
const PAGE = { Prefer: 'odata.maxpagesize=2' }
const all = (query: Readonly<Record<string, string>> = {}, headers?: Readonly<Record<string, string>>): CaseRequest =>
  found('statecode eq 0', { $select: 'numberofchildren', ...query }, headers)
const children = (...numbers: readonly number[]) => numbers.map((numberofchildren) => ({ numberofchildren }))
const link = { next: 'body:@odata.nextLink' }

/** The cases of these topics. */
export const SET_CASES: readonly ConformanceCase[] = [
  documented(
    'text',
    'In finds the rows with one of some texts',
    JOBS,
    step(inside('jobtitle', list(['a', 'c'])), rows(1, 3)),
  ),
  documented('casing', 'In compares without case', JOBS, step(inside('jobtitle', list(['A'])), rows(1))),
  documented(
    'apostrophe',
    'a double-quoted value may hold an apostrophe',
    JOBS,
    step(inside('jobtitle', list(["O'Hara"])), rows(2)),
  ),
  documented(
    'apostrophe/single',
    'a single-quoted value with an apostrophe breaks the array',
    JOBS,
    step(inside('jobtitle', "['O'Hara']"), { status: 400 }),
  ),
  documented('single', 'single-quoted values are taken', JOBS, step(inside('jobtitle', "['a','c']"), rows(1, 3))),
  documented('guid', 'In takes GUIDs', JOBS, step(inside('contactid', list(['{id1}', '{id2}'])), rows(1, 2))),
  documented(
    'number',
    'In takes numbers, written as texts',
    JOBS,
    step(inside('numberofchildren', list(['3', '4'])), rows(3)),
  ),
  documented('none', 'In may find nothing', JOBS, step(inside('jobtitle', list(['z'])), rows())),
  documented('not-in', 'NotIn finds the others', JOBS, step(inside('jobtitle', list(['a', 'c']), NOT_IN), rows(2))),
  documented(
    'inline',
    'In takes its values in the filter itself',
    JOBS,
    step(found('Microsoft.Dynamics.CRM.In(PropertyName=\'jobtitle\',PropertyValues=["a"])'), rows(1)),
  ),
  documented(
    'one-condition',
    'In counts as one condition: 600 values are taken',
    JOBS,
    step(
      batch([
        part(
          'GET',
          `contacts?$select=contactid&$filter=${encodeURIComponent(`lastname eq '{p}' and ${IN}`).replaceAll('%7Bp%7D', '{p}')}&@p1='jobtitle'&@p2=${encodeURIComponent(list(['a', ...Array.from({ length: 599 }, (_, n) => `x${n}`)]))}`,
        ),
      ]),
      { status: 200, parts: [{ status: 200, body: { value: [{ contactid: '{id1}' }] } }] },
    ),
  ),
  documented(
    '850',
    'In takes texts of 850 characters',
    JOBS,
    step(inside('jobtitle', list(['x'.repeat(850), 'a'])), rows(1)),
  ),
  documented('851', 'In takes no longer text', {}, step(inside('jobtitle', list(['x'.repeat(851)])), { status: 400 })),
  inferred(
    'unknown-column',
    'In of an unknown column is refused',
    {},
    step(inside('new_nosuchcolumn', list(['a'])), { status: 400 }),
  ),
  inferred(
    'no-alias',
    'a parameter without a value is refused',
    {},
    step(get('contacts', { $filter: IN, '@p1': "'jobtitle'" }), { status: 400 }),
  ),

  paging(
    'page-size',
    'a page holds as many rows as are preferred, and leads on',
    FIVE,
    step(all({}, PAGE), {
      status: 200,
      body: { value: { $length: 2 }, '@odata.nextLink': { $matches: '\\$skiptoken=' } },
    }),
  ),
  paging(
    'walk',
    'three pages of two hold five rows, and the last leads nowhere',
    FIVE,
    step(all({ $orderby: 'numberofchildren asc' }, PAGE), { status: 200, body: { value: children(1, 2) } }, link),
    step({ ...get('{next}'), headers: PAGE }, { status: 200, body: { value: children(3, 4) } }, link),
    step(
      { ...get('{next}'), headers: PAGE },
      { status: 200, body: { value: children(5), '@odata.nextLink': { $absent: true } } },
    ),
  ),
  paging(
    'size-repeated',
    'the size is said again on each page, else the page is as large as it may be',
    FIVE,
    step(all({ $orderby: 'numberofchildren asc' }, PAGE), { status: 200 }, link),
    step(get('{next}'), { status: 200, body: { value: children(3, 4, 5) } }),
  ),
  paging(
    'fits',
    'what fits on one page leads nowhere',
    FIVE,
    step(all({}, { Prefer: 'odata.maxpagesize=5' }), {
      status: 200,
      body: { value: { $length: 5 }, '@odata.nextLink': { $absent: true } },
    }),
  ),
  paging(
    'default',
    'without a preference a page holds up to 5,000 rows',
    FIVE,
    step(all(), { status: 200, body: { value: { $length: 5 }, '@odata.nextLink': { $absent: true } } }),
  ),
  paging(
    'altered',
    'a link that was altered is refused',
    FIVE,
    step(all({}, PAGE), { status: 200 }, link),
    step({ ...get('{next}'), padding: { text: 'x', times: 8 }, headers: PAGE }, { status: 400 }),
  ),
  paging(
    'top',
    '$top ends without a link',
    FIVE,
    step(all({ $top: '2' }), { status: 200, body: { value: { $length: 2 }, '@odata.nextLink': { $absent: true } } }),
  ),
  paging(
    'top/beside-size',
    '$top is ignored beside a page size',
    FIVE,
    step(all({ $top: '1' }, { Prefer: 'odata.maxpagesize=3' }), { status: 200, body: { value: { $length: 3 } } }),
  ),
  paging(
    'top/more',
    '$top may be more than there is',
    FIVE,
    step(all({ $top: '50' }), { status: 200, body: { value: { $length: 5 } } }),
  ),
  order('top/word', '$top must be a number', {}, step(all({ $top: 'two' }), { status: 400 })),
  citing('paging', 'Dataverse: paging, 2.4', 'documented')(
    'count',
    '$count tells how many match',
    FIVE,
    step(all({ $count: 'true' }), { status: 200, body: { '@odata.count': 5 } }),
  ),
  paging(
    'count/paged',
    '$count tells all, not those of the page',
    FIVE,
    step(all({ $count: 'true' }, PAGE), { status: 200, body: { '@odata.count': 5, value: { $length: 2 } } }),
  ),
  paging(
    'count/not-asked',
    'the count is told only where asked for',
    FIVE,
    step(all(), { status: 200, body: { '@odata.count': { $absent: true } } }),
  ),
  order(
    'order/asc',
    'rows are ordered, ascending unless told otherwise',
    FIVE,
    step(all({ $orderby: 'numberofchildren' }), { status: 200, body: { value: children(1, 2, 3, 4, 5) } }),
  ),
  order(
    'order/desc',
    'rows are ordered descending',
    FIVE,
    step(all({ $orderby: 'numberofchildren desc' }), { status: 200, body: { value: children(5, 4, 3, 2, 1) } }),
  ),
  order(
    'order/two',
    'a second column orders what the first leaves equal',
    {
      given: [
        { jobtitle: 'b', numberofchildren: 1 },
        { jobtitle: 'a', numberofchildren: 2 },
        { jobtitle: 'a', numberofchildren: 1 },
      ],
    },
    step(all({ $orderby: 'jobtitle,numberofchildren desc' }), {
      status: 200,
      body: { value: [{ contactid: '{id2}' }, { contactid: '{id3}' }, { contactid: '{id1}' }] },
    }),
  ),
  order(
    'order/null',
    'nulls come first',
    { given: [{ numberofchildren: 1 }, {}] },
    step(all({ $orderby: 'numberofchildren asc' }), {
      status: 200,
      body: { value: [{ contactid: '{id2}' }, { contactid: '{id1}' }] },
    }),
  ),
  order(
    'order/casing',
    'texts are ordered without case',
    { given: [{ jobtitle: 'b' }, { jobtitle: 'A' }, { jobtitle: 'C' }] },
    step(all({ $orderby: 'jobtitle' }), {
      status: 200,
      body: { value: [{ contactid: '{id2}' }, { contactid: '{id1}' }, { contactid: '{id3}' }] },
    }),
  ),
  order(
    'order/unknown',
    'an unknown column orders nothing',
    {},
    step(all({ $orderby: 'new_nosuchcolumn' }), refused(400, ['0x80060888', '0x0'])),
  ),
  order(
    'order/direction',
    'an unknown direction is refused',
    {},
    step(all({ $orderby: 'jobtitle upwards' }), { status: 400 }),
  ),
  order(
    'etags',
    'every row of a page carries its version',
    FIVE,
    step(all(), { status: 200, body: { value: { $each: { '@odata.etag': { $matches: '^W/"\\d+"$' } } } } }),
  ),
  order(
    'key-shown',
    'every row of a page carries its primary key',
    FIVE,
    step(all({ $select: 'numberofchildren' }), {
      status: 200,
      body: { value: { $each: { contactid: { $length: 36 } } } },
    }),
  ),
  order(
    'select',
    'rows of a page show the selected columns alone',
    FIVE,
    step(all({ $select: 'numberofchildren' }), {
      status: 200,
      body: { value: { $each: { lastname: { $absent: true } } } },
    }),
  ),
  order(
    'children',
    'rows hold what they were given',
    FIVE,
    step(all({ $orderby: 'contactid' }), { status: 200, body: { value: { $set: children(...BY_CHILDREN) } } }),
  ),
]
