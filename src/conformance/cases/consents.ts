/** The consent table: its columns, options, lookups and duplicates. */
import type { CaseRequest, ConformanceCase, Expectation, Json } from '../case.ts'
import { citing, DONE, get, patch, post, refused, remove, step } from './make.ts'

const columns = citing('consent', 'Contact point consent: columns, 1.2', 'documented')
const choices = citing('consent', 'Contact point consent: option sets, 1.3', 'documented')
const binding = citing('consent', 'Contact point consent: lookups, 1.4', 'documented')
const duplicates = citing('consent', 'Contact point consent: keys and duplicates, 1.5', 'documented')

const SET = 'msdynmkt_contactpointconsent4s'
const ROW = `${SET}({id1})`
const CONSENT = { needs: ['consent'] } as const
const UNDECLARED = refused(400, ['0x80048d19', '0x80060888'])

/** A complete consent row of the case, changed as given. */
function consent(changes: { readonly [name: string]: Json } = {}): CaseRequest {
  return post(SET, {
    msdynmkt_contactpointconsent4id: '{id1}',
    msdynmkt_contactpointvalue: '{p}@example.com',
    msdynmkt_contactpointtype: 534120000,
    msdynmkt_contactpointconsenttype: 534120000,
    msdynmkt_value: 534120001,
    msdynmkt_source: 534120000,
    msdynmkt_logicalreason: 534119999,
    'msdynmkt_purposeId@odata.bind': '/msdynmkt_purposes({purpose})',
    ...changes,
  })
}

const consentHolds = (body: { readonly [name: string]: Json }) =>
  step(get(ROW, { $select: Object.keys(body).join(',') }), { status: 200, body } satisfies Expectation)

const OPTIONS: readonly (readonly [column: string, ...codes: number[]])[] = [
  ['msdynmkt_contactpointtype', 534120000, 534120001, 534120002, 534120003],
  ['msdynmkt_contactpointconsenttype', 534120000, 534120001],
  ['msdynmkt_value', 534120000, 534120001, 534120002],
  ['msdynmkt_logicalreason', 534119999, 534120000, 534120007],
  ['msdynmkt_source', 534120000, 534120003, 534120007],
]
const BEYOND: readonly (readonly [column: string, code: number])[] = [
  ['msdynmkt_contactpointtype', 534120004],
  ['msdynmkt_contactpointconsenttype', 534120002],
  ['msdynmkt_value', 534120003],
  ['msdynmkt_logicalreason', 534120008],
  ['msdynmkt_source', 534120008],
]

/** The cases of this topic. */
export const CONSENT_CASES: readonly ConformanceCase[] = [
  columns(
    'create',
    'a consent row holds address, channel, type, value, reason, source and purpose',
    CONSENT,
    step(consent(), DONE),
    consentHolds({
      msdynmkt_contactpointvalue: '{p}@example.com',
      msdynmkt_value: 534120001,
      _msdynmkt_purposeid_value: '{purpose}',
      _msdynmkt_topicid_value: null,
    }),
  ),
  columns(
    'required',
    'columns that an application requires are not enforced',
    CONSENT,
    step(post(SET, { msdynmkt_contactpointconsent4id: '{id1}', msdynmkt_contactpointvalue: '{p}' }), DONE),
    consentHolds({ msdynmkt_value: null, _msdynmkt_purposeid_value: null }),
  ),
  columns(
    'address/400',
    'an address may have 400 characters',
    CONSENT,
    step(consent({ msdynmkt_contactpointvalue: `{p}${'x'.repeat(340)}` }), DONE),
  ),
  columns(
    'address/401',
    'an address may have no more than 400 characters',
    CONSENT,
    step(consent({ msdynmkt_contactpointvalue: 'x'.repeat(401) }), refused(400, '0x80044331')),
  ),
  columns(
    'reason/501',
    'a reason description may have no more than 500 characters',
    CONSENT,
    step(consent({ msdynmkt_reason: 'x'.repeat(501) }), refused(400, '0x80044331')),
  ),
  columns(
    'behalf',
    'who requested the change is a text',
    CONSENT,
    step(consent({ msdynmkt_modifiedonbehalf: '{p}' }), DONE),
    consentHolds({ msdynmkt_modifiedonbehalf: '{p}' }),
  ),
  columns(
    'ui-only',
    'the column for forms is Not Set unless written',
    CONSENT,
    step(consent(), DONE),
    consentHolds({ msdynmkt_uionly_value_tracking: 534120000 }),
  ),
  columns(
    'migration-timestamp',
    'the migration timestamp is an instant',
    CONSENT,
    step(consent({ msdynmkt_migrationtimestamp: '2026-01-31T10:15:00Z' }), DONE),
    consentHolds({ msdynmkt_migrationtimestamp: '2026-01-31T10:15:00Z' }),
  ),
  columns(
    'no-date',
    'there is no column for the date of a consent',
    CONSENT,
    step(consent({ msdynmkt_consentdate: '2026-01-31T10:15:00Z' }), UNDECLARED),
  ),
  columns(
    'message',
    'a consent row may point at the message that led to it',
    CONSENT,
    step(consent({ 'email_msdynmkt_messageid@odata.bind': null }), DONE),
    consentHolds({ _msdynmkt_messageid_value: null }),
  ),
  columns(
    'no-provider',
    'there is no consent provider on the row',
    CONSENT,
    step(get(SET, { $select: 'msdynmkt_consentproviderid', $top: '1' }), { status: 400 }),
  ),
  columns(
    'read-only',
    'a value for modifiedon is ignored',
    CONSENT,
    step(consent({ modifiedon: '2001-01-01T00:00:00Z' }), DONE),
    step(get(ROW, { $select: 'modifiedon' }), { status: 200, body: { modifiedon: { $not: { $matches: '^2001' } } } }),
  ),
  ...OPTIONS.flatMap(([column, ...codes]) =>
    codes.map((code) =>
      choices(
        `${column}/${code}`,
        `${column} takes ${code}`,
        CONSENT,
        step(consent({ [column]: code }), DONE),
        consentHolds({ [column]: code }),
      ),
    ),
  ),
  ...BEYOND.map(([column, code]) =>
    choices(
      `${column}/${code}`,
      `${column} does not take ${code}`,
      CONSENT,
      step(consent({ [column]: code }), refused(400, '0x8004431a')),
    ),
  ),
  binding(
    'purpose/casing',
    'the purpose is bound as msdynmkt_purposeId, in that casing',
    CONSENT,
    step(consent({ 'msdynmkt_purposeid@odata.bind': '/msdynmkt_purposes({purpose})' }), UNDECLARED),
  ),
  binding(
    'topic/casing',
    'the topic is bound as msdynmkt_topicId, in that casing',
    CONSENT,
    step(consent({ 'msdynmkt_topicid@odata.bind': null }), UNDECLARED),
  ),
  binding(
    'purpose/absent',
    'a purpose that is not there is 404',
    CONSENT,
    step(consent({ 'msdynmkt_purposeId@odata.bind': '/msdynmkt_purposes({id2})' }), { status: 404 }),
  ),
  binding(
    'purpose/name',
    'there are no columns without the ending id',
    CONSENT,
    step(get(SET, { $select: '_msdynmkt_purpose_value', $top: '1' }), { status: 400 }),
  ),
  duplicates(
    'two',
    'duplicates are tolerated',
    CONSENT,
    step(consent(), DONE),
    step(consent({ msdynmkt_contactpointconsent4id: '{id2}' }), DONE),
    step(get(SET, { $select: 'msdynmkt_value', $filter: "msdynmkt_contactpointvalue eq '{p}@example.com'" }), {
      status: 200,
      body: { value: { $length: 2 } },
    }),
  ),
  duplicates(
    'casing',
    'addresses are found without regard to case',
    CONSENT,
    step(consent(), DONE),
    step(get(SET, { $select: 'msdynmkt_value', $filter: "msdynmkt_contactpointvalue eq '{p}@EXAMPLE.com'" }), {
      status: 200,
      body: { value: { $length: 1 } },
    }),
  ),
  duplicates(
    'upsert',
    'a consent row is upserted under a GUID of our own',
    CONSENT,
    step(patch(ROW, { msdynmkt_contactpointvalue: '{p}', msdynmkt_value: 534120001 }), DONE),
    step(patch(ROW, { msdynmkt_value: 534120002 }), DONE),
    consentHolds({ msdynmkt_contactpointvalue: '{p}', msdynmkt_value: 534120002 }),
  ),
  duplicates(
    'create-only',
    'If-None-Match: * creates a consent row once',
    CONSENT,
    step(patch(ROW, { msdynmkt_contactpointvalue: '{p}' }, { 'If-None-Match': '*' }), DONE),
    step(patch(ROW, { msdynmkt_contactpointvalue: '{p}' }, { 'If-None-Match': '*' }), { status: 412 }),
  ),
  duplicates(
    'delete',
    'a consent row is deleted',
    CONSENT,
    step(consent(), DONE),
    step(remove(ROW), DONE),
    step(get(ROW), { status: 404 }),
  ),
]
