/** What a column takes, keeps and refuses: one line per column type and value. */
import type { ConformanceCase, Json } from '../case.ts'
import { citing, DONE, holds, patch, refused, step } from './make.ts'

const SECTION = 'Dataverse: column values, 3.3'
const documented = citing('values', SECTION, 'documented')
const inferred = citing('values', SECTION, 'inferred')

type Line = readonly [id: string, column: string, sent: Json, kept: Json, title: string]

/** Documented: flags, choices as numbers, choices as a comma text, texts, null. */
const KEPT: readonly Line[] = [
  ['boolean/true', '{boolean}', true, true, 'a flag is true'],
  ['boolean/false', '{boolean}', false, false, 'a flag is false'],
  ['choice', '{choice}', 2, 2, 'a choice is a whole number'],
  ['choice/null', '{choice}', null, null, 'null clears a choice'],
  ['choices/one', '{choices}', '9', '9', 'a choices column with one option is its number as a text'],
  ['choices/several', '{choices}', '1,9', '1,9', 'a choices column is a comma text'],
  ['text', '{text}', 'Ünïcode ☃', 'Ünïcode ☃', 'a text is kept as it is'],
  ['text/null', '{text}', null, null, 'null clears a text'],
  ['text/longest', '{text}', 'x'.repeat(50), 'x'.repeat(50), 'a text may be as long as its column'],
  ['integer', '{integer}', 42, 42, 'a whole number is a number'],
  ['integer/least', '{integer}', 0, 0, 'a whole number may be the least'],
  ['integer/most', '{integer}', 100, 100, 'a whole number may be the most'],
  ['integer/null', '{integer}', null, null, 'null clears a whole number'],
  ['decimal', '{decimal}', 1.5, 1.5, 'a decimal is a number'],
  ['decimal/null', '{decimal}', null, null, 'null clears a decimal'],
]

const KEPT_INFERRED: readonly Line[] = [
  ['choices/null', '{choices}', null, null, 'null clears a choices column'],
  ['choices/unordered', '{choices}', '9,1', '1,9', 'choices are kept as a set, in ascending order'],
  ['choices/twice', '{choices}', '1,1', '1', 'an option selected twice is selected once'],
  ['text/empty', '{text}', '', null, 'an empty text is kept as null'],
  ['text/quote', '{text}', 'say "O\'Hara"', 'say "O\'Hara"', 'quotes inside a text are kept'],
  ['text/lines', '{text}', 'a\nb', 'a\nb', 'line ends inside a text are kept'],
  ['text/surrogates', '{text}', '😀'.repeat(25), '😀'.repeat(25), 'the length of a text is counted in UTF-16 units'],
  ['datetime/utc', '{datetime}', '2026-01-31T10:15:00Z', '2026-01-31T10:15:00Z', 'an instant is kept in UTC'],
  [
    'datetime/offset',
    '{datetime}',
    '2026-01-31T11:15:00+01:00',
    '2026-01-31T10:15:00Z',
    'an offset is turned into UTC',
  ],
  [
    'datetime/fraction',
    '{datetime}',
    '2026-01-31T10:15:00.999Z',
    '2026-01-31T10:15:00Z',
    'an instant has whole seconds',
  ],
  ['datetime/null', '{datetime}', null, null, 'null clears an instant'],
  ['dateonly', '{dateonly}', '2026-01-31', '2026-01-31', 'a day has no time'],
  ['dateonly/leap', '{dateonly}', '2024-02-29', '2024-02-29', 'a leap day is a day'],
  ['dateonly/null', '{dateonly}', null, null, 'null clears a day'],
  ['state', 'statecode', 1, 1, 'a state may be set without its reason'],
]

type Bad = readonly [id: string, column: string, sent: Json, code: string | readonly string[], title: string]

const REFUSED: readonly Bad[] = [
  ['text/too-long', '{text}', 'x'.repeat(51), '0x80044331', 'a text longer than its column'],
]

const REFUSED_INFERRED: readonly Bad[] = [
  ['text/number', '{text}', 1, '0x80048d19', 'a number for a text'],
  ['text/boolean', '{text}', true, '0x80048d19', 'a flag for a text'],
  ['text/array', '{text}', ['x'], '0x80048d19', 'an array for a text'],
  ['text/object', '{text}', { a: 1 }, '0x80048d19', 'an object for a text'],
  ['boolean/text', '{boolean}', 'true', '0x80048d19', 'a text for a flag'],
  ['boolean/number', '{boolean}', 1, '0x80048d19', 'a number for a flag'],
  ['choice/unknown', '{choice}', 4, '0x8004431a', 'an unknown option'],
  ['choice/text', '{choice}', 'One', '0x80048d19', 'a label for an option'],
  ['choice/fraction', '{choice}', 1.5, '0x80048d19', 'a fraction for an option'],
  ['choices/unknown', '{choices}', '1,7', '0x8004431a', 'an unknown option among several'],
  ['choices/array', '{choices}', [1, 9], '0x80048d19', 'an array for a choices column'],
  ['integer/below', '{integer}', -1, '0x8004432f', 'a whole number below the least'],
  ['integer/above', '{integer}', 101, '0x8004432f', 'a whole number above the most'],
  ['integer/not-int32', '{integer}', 3_000_000_000, '0x80048d19', 'a number that is no Int32'],
  ['integer/fraction', '{integer}', 1.5, '0x80048d19', 'a fraction for a whole number'],
  ['integer/text', '{integer}', '1', '0x80048d19', 'a text for a whole number'],
  ['decimal/above', '{decimal}', 11, '0x80044330', 'a decimal above the most'],
  ['decimal/text', '{decimal}', '1.5', '0x80048d19', 'a text for a decimal'],
  ['datetime/word', '{datetime}', 'yesterday', '0x80048d19', 'a word for an instant'],
  ['datetime/number', '{datetime}', 1_700_000_000, '0x80048d19', 'a number for an instant'],
  ['datetime/impossible', '{datetime}', '2026-13-01T00:00:00Z', '0x80048d19', 'a thirteenth month'],
  ['dateonly/time', '{dateonly}', '2026-01-31T00:00:00Z', '0x80048d19', 'a time part of a day'],
  ['dateonly/impossible', '{dateonly}', '2026-02-30', '0x80048d19', 'a thirtieth of February'],
  ['dateonly/word', '{dateonly}', 'today', '0x80048d19', 'a word for a day'],
  ['unknown-column', 'new_nosuchcolumn', 1, ['0x80060888', '0x80048d19'], 'an unknown column'],
  ['column-casing', 'JobTitle', 'x', ['0x80060888', '0x80048d19'], 'a column under another casing'],
  ['state/reason', 'statuscode', 2, '0x80048408', 'a reason that does not belong to the state'],
  ['state/unknown', 'statecode', 7, ['0x8004431a', '0x80048408'], 'an unknown state'],
  ['lookup/value', 'parentcustomerid', '{id1}', ['0x80060888', '0x80048d19'], 'a GUID for a lookup’s logical name'],
]

const kept = (make: typeof documented, lines: readonly Line[]) =>
  lines.map(([id, column, sent, value, title]) =>
    make(
      id,
      title,
      { given: 1 },
      step(patch('contacts({id1})', { [column]: sent }), DONE),
      holds(1, { [column]: value }),
    ),
  )

const bad = (make: typeof documented, lines: readonly Bad[]) =>
  lines.map(([id, column, sent, code, title]) =>
    make(
      `refused/${id}`,
      `${title} is refused, and nothing of the request is written`,
      { given: [{ nickname: 'old' }] },
      step(patch('contacts({id1})', { nickname: 'new', [column]: sent }), refused(400, code)),
      holds(1, { nickname: 'old' }),
    ),
  )

/** The cases of this topic. */
export const VALUE_CASES: readonly ConformanceCase[] = [
  ...kept(documented, KEPT),
  ...kept(inferred, KEPT_INFERRED),
  ...bad(documented, REFUSED),
  ...bad(inferred, REFUSED_INFERRED),
  documented(
    'system-required',
    'a column that the system requires cannot be cleared',
    { given: 1 },
    step(patch('contacts({id1})', { statecode: null }), { status: 400 }),
    holds(1, { statecode: 0 }),
  ),
  inferred(
    'choice/message',
    'the refusal of an option names the accepted ones',
    { given: 1 },
    step(patch('contacts({id1})', { '{choice}': 4 }), {
      status: 400,
      message: 'outside the valid range.*Accepted Values',
    }),
  ),
  documented(
    'text/message',
    'the refusal of a text names the longest length',
    { given: 1 },
    step(patch('contacts({id1})', { '{text}': 'x'.repeat(51) }), {
      status: 400,
      message: 'exceeded the maximum allowed length of .50',
    }),
  ),
  documented(
    'choices/replaced',
    'a choices column is replaced as a whole',
    { given: [{ '{choices}': '1,2' }] },
    step(patch('contacts({id1})', { '{choices}': '9' }), DONE),
    holds(1, { '{choices}': '9' }),
  ),
  inferred(
    'state/default-reason',
    'a state without a reason takes its default reason',
    { given: 1 },
    step(patch('contacts({id1})', { statecode: 1 }), DONE),
    holds(1, { statecode: 1, statuscode: 2 }),
  ),
  inferred(
    'state/back',
    'a row is activated again, with the reason of the active state',
    { given: [{ statecode: 1 }] },
    step(patch('contacts({id1})', { statecode: 0 }), DONE),
    holds(1, { statecode: 0, statuscode: 1 }),
  ),
  citing('values', 'Contact point consent: columns, 1.2', 'documented')(
    'read-only',
    'a value for a read-only column is ignored, not refused',
    { given: 1 },
    step(patch('contacts({id1})', { modifiedon: '2001-01-01T00:00:00Z', jobtitle: 'new' }), DONE),
    step(
      { method: 'GET', path: 'contacts({id1})?$select=modifiedon,jobtitle' },
      { status: 200, body: { jobtitle: 'new', modifiedon: { $not: { $matches: '^2001' } } } },
    ),
  ),
  inferred(
    'not-json',
    'a body that is not JSON is refused',
    { given: 1 },
    step(
      { method: 'PATCH', path: 'contacts({id1})', text: '{"jobtitle":' },
      refused(400, ['0x80048d19', '0x80060888']),
    ),
  ),
  inferred(
    'array-body',
    'a body that is an array is refused',
    { given: 1 },
    step(patch('contacts({id1})', [{ jobtitle: 'x' }]), refused(400, ['0x80048d19', '0x80060888'])),
  ),
  inferred(
    'content-type',
    'a body that is not called JSON is refused',
    { given: 1 },
    step(patch('contacts({id1})', { jobtitle: 'x' }, { 'Content-Type': 'text/plain' }), { status: [400, 415] }),
  ),
  inferred(
    'nothing',
    'an empty object changes no column',
    { given: [{ jobtitle: 'old' }] },
    step(patch('contacts({id1})', {}), DONE),
    holds(1, { jobtitle: 'old' }),
  ),
]
