/** $filter on rows. */
import type { ConformanceCase, Json } from '../case.ts'
import { citing, found, get, refused, rows, step } from './make.ts'

const documented = citing('filters', 'Dataverse: filters, 2.3', 'documented')
const inferred = citing('filters', 'Dataverse: filters, 2.3', 'inferred')

type Columns = { readonly [column: string]: Json }
/** Three rows that every operator can tell apart. */
const THREE: readonly Columns[] = [
  { jobtitle: 'Alpha', numberofchildren: 1, donotemail: true, birthdate: '1990-01-31', nickname: "O'Hara" },
  { jobtitle: 'beta', numberofchildren: 2, donotemail: false, birthdate: '2000-06-15' },
  { jobtitle: 'Gamma', numberofchildren: 3, donotemail: false, nickname: 'x' },
]

const OPERATORS: readonly (readonly [id: string, filter: string, ...numbers: number[]])[] = [
  ['eq/text', "jobtitle eq 'Alpha'", 1],
  ['eq/text/casing', "jobtitle eq 'ALPHA'", 1],
  ['eq/text/trailing-blank', "jobtitle eq 'Alpha '", 1],
  ['eq/text/whole', "jobtitle eq 'Alph'"],
  ['eq/text/no-wildcard', "jobtitle eq 'Al%'"],
  ['eq/quote', "nickname eq 'O''Hara'", 1],
  ['eq/number', 'numberofchildren eq 2', 2],
  ['eq/true', 'donotemail eq true', 1],
  ['eq/false', 'donotemail eq false', 2, 3],
  ['eq/null', 'nickname eq null', 2],
  ['eq/guid', 'contactid eq {id3}', 3],
  ['eq/guid/upper', 'contactid eq {ID3}', 3],
  ['eq/choice', 'statecode eq 0', 1, 2, 3],
  ['ne/text', "jobtitle ne 'Alpha'", 2, 3],
  ['ne/null', 'nickname ne null', 1, 3],
  ['ne/null-row', "nickname ne 'x'", 1, 2],
  ['ne/number', 'numberofchildren ne 2', 1, 3],
  ['gt/number', 'numberofchildren gt 1', 2, 3],
  ['ge/number', 'numberofchildren ge 2', 2, 3],
  ['lt/number', 'numberofchildren lt 2', 1],
  ['le/number', 'numberofchildren le 2', 1, 2],
  ['gt/negative', 'numberofchildren gt -1', 1, 2, 3],
  ['gt/text', "jobtitle gt 'beta'", 3],
  ['gt/null', "nickname gt 'a'", 1, 3],
  ['eq/date', 'birthdate eq 1990-01-31', 1],
  ['gt/date', 'birthdate gt 1990-01-31', 2],
  ['le/date', 'birthdate le 2000-06-15', 1, 2],
  ['ge/instant', 'createdon ge 2001-01-01T00:00:00Z', 1, 2, 3],
  ['lt/instant', 'createdon lt 2001-01-01T00:00:00Z'],
  ['and', "numberofchildren ge 2 and jobtitle eq 'beta'", 2],
  ['or', "jobtitle eq 'Alpha' or jobtitle eq 'Gamma'", 1, 3],
  ['precedence', "jobtitle eq 'Alpha' or jobtitle eq 'beta' and numberofchildren eq 3", 1],
  ['parentheses', "(jobtitle eq 'Alpha' or jobtitle eq 'Gamma') and numberofchildren eq 3", 3],
  ['not', "not (jobtitle eq 'Alpha')", 2, 3],
  ['not/function', "not startswith(jobtitle,'a')", 2, 3],
  ['startswith', "startswith(jobtitle,'alp')", 1],
  ['startswith/none', "startswith(jobtitle,'lph')"],
  ['endswith', "endswith(jobtitle,'MA')", 3],
  ['contains', "contains(jobtitle,'et')", 2],
  ['contains/null', "contains(nickname,'x')", 3],
  ['lookup', '_ownerid_value ne null', 1, 2, 3],
  ['lookup/null', '_parentcustomerid_value eq null', 1, 2, 3],
]
const SURE = /text|number|startswith|endswith|contains|quote|and|or$|not|parentheses/

const WILDCARDS: readonly (readonly [id: string, filter: string, ...numbers: number[]])[] = [
  ['wildcard/percent', "contains(jobtitle,'a%a')", 1, 3],
  ['wildcard/underscore', "startswith(jobtitle,'_eta')", 2],
  ['wildcard/bracket', "startswith(jobtitle,'[ab]')", 1, 2],
]

const BAD: readonly (readonly [id: string, filter: string, title: string, code: readonly string[]])[] = [
  ['unknown-property', 'new_nosuchcolumn eq 1', 'an unknown property', ['0x80060888', '0x0']],
  ['boolean-as-number', 'donotemail eq 1', 'a flag compared with a number', ['0x80060888']],
  ['number-as-text', "numberofchildren eq '1'", 'a number compared with a text', ['0x80060888']],
  ['text-as-number', 'jobtitle eq 1', 'a text compared with a number', ['0x80060888']],
  ['guid-as-text', "contactid eq 'x'", 'a GUID compared with a text', ['0x80060888']],
  ['lookup-by-logical-name', 'ownerid eq null', 'a lookup by its logical name', ['0x80060888']],
  ['unclosed', "(jobtitle eq 'x'", 'an open parenthesis', ['0x8006088a', '0x80060888']],
  ['no-operator', 'jobtitle', 'a property alone', ['0x8006088a', '0x80060888']],
  ['unknown-operator', "jobtitle is 'x'", 'an unknown operator', ['0x8006088a', '0x80060888']],
  ['unclosed-text', "jobtitle eq 'x", 'an open text', ['0x8006088a', '0x80060888']],
]

const many = (count: number) => Array.from({ length: count }, (_, n) => `numberofchildren eq ${n}`).join(' or ')

/** The cases of this topic. */
export const FILTER_CASES: readonly ConformanceCase[] = [
  ...OPERATORS.map(([id, filter, ...numbers]) =>
    (SURE.test(id) ? documented : inferred)(
      id,
      `${filter} finds ${numbers.length === 0 ? 'nothing' : `row ${numbers.join(' and ')}`}`,
      { given: THREE },
      step(found(filter), rows(...numbers)),
    ),
  ),
  ...WILDCARDS.map(([id, filter, ...numbers]) =>
    documented(
      id,
      `${filter}: the wildcards of SQL work in text functions`,
      { given: THREE },
      step(found(filter), rows(...numbers)),
    ),
  ),
  ...BAD.map(([id, filter, title, code]) =>
    inferred(
      `refused/${id}`,
      `${title} is refused`,
      {},
      step(get('contacts', { $filter: filter }), refused(400, code)),
    ),
  ),
  documented(
    'plus/bare',
    'an unencoded + in a query string is a blank',
    { given: [{ jobtitle: 'a+b' }, { jobtitle: 'a b' }] },
    step(get("contacts?$select=contactid&$filter=lastname%20eq%20'{p}'%20and%20jobtitle%20eq%20'a+b'"), rows(2)),
  ),
  documented(
    'plus/encoded',
    'a + in a value is percent-encoded',
    { given: [{ jobtitle: 'a+b' }, { jobtitle: 'a b' }] },
    step(found("jobtitle eq 'a+b'"), rows(1)),
  ),
  documented('conditions/500', '500 conditions are taken', { given: THREE }, step(found(many(499)), rows(1, 2, 3))),
  documented(
    'conditions/501',
    'more than 500 conditions are refused with 0x8004430C',
    {},
    step(get('contacts', { $select: 'contactid', $filter: many(501) }), refused(400, '0x8004430C')),
  ),
  documented(
    'inactive',
    'inactive rows are found as well',
    { given: [{ statecode: 1 }, {}] },
    step(found('statecode eq 1'), rows(1)),
  ),
  citing('filters', 'Contact point consent: keys and duplicates, 1.5', 'unknown')(
    'accents',
    'whether accents count: fixed when an environment is created',
    { given: [{ jobtitle: 'Zoé' }], switch: 'accents' },
    { request: found("jobtitle eq 'zoe'"), either: { insensitive: rows(1), sensitive: rows() } },
  ),
  citing('filters', 'Dataverse: paging, 2.4', 'documented')(
    'skip',
    '$skip does not exist',
    {},
    step(get('contacts', { $skip: '1' }), { status: 400 }),
  ),
  inferred('twice', 'an option given twice is refused', {}, step(get('contacts?$top=1&$top=2'), { status: 400 })),
]
