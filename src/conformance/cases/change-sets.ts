/** Change sets: all or nothing, and references between their parts. */
import type { BatchPart, ConformanceCase, Expectation, PartRequest } from '../case.ts'
import { batch, citing, DONE, get, gone, holds, member, part, refused, step } from './make.ts'

const SECTION = 'Dataverse: $batch exactly, 3.5'
const sets = citing('change-sets', SECTION, 'documented')
const setsInferred = citing('change-sets', SECTION, 'inferred')

const CONTINUE = { Prefer: 'odata.continue-on-error' }
const ONE = { given: [{ jobtitle: 'old' }] } as const
const read = (number: number) => part('GET', `contacts({id${number}})?$select=jobtitle`)
const write = (number: number, jobtitle = 'new', headers: Readonly<Record<string, string>> = {}) =>
  part('PATCH', `contacts({id${number}})`, { jobtitle, lastname: '{p}' }, { headers })
const inSet = (id: string, number: number, jobtitle = 'new', headers: Readonly<Record<string, string>> = {}) =>
  member(id, 'PATCH', `contacts({id${number}})`, { jobtitle, lastname: '{p}' }, headers)
const badInSet = (id: string, number: number) =>
  member(id, 'PATCH', `contacts({id${number}})`, { emailaddress1: 'x'.repeat(101) })
const TOO_LONG = refused(400, '0x80044331')
const ok = (...parts: readonly Expectation[]): Expectation => ({ status: 200, parts })

const set = (...changeSet: readonly PartRequest[]): BatchPart => ({ changeSet })

/** The cases of this topic. */
export const CHANGE_SET_CASES: readonly ConformanceCase[] = [
  sets(
    'commit',
    'a change set commits as one',
    ONE,
    step(
      batch([set(inSet('1', 1), inSet('2', 2))]),
      ok({ status: 204, contentId: '1' }, { status: 204, contentId: '2' }),
    ),
    holds(1, { jobtitle: 'new' }),
    holds(2, { jobtitle: 'new' }),
  ),
  sets(
    'roll-back',
    'one failure takes the whole change set back',
    ONE,
    step(batch([set(inSet('1', 1), inSet('2', 2), badInSet('3', 3))]), { status: 400, parts: [TOO_LONG] }),
    holds(1, { jobtitle: 'old' }),
    gone(2),
  ),
  sets(
    'roll-back/first',
    'a failure in front takes the later ones back as well',
    ONE,
    step(batch([set(badInSet('1', 3), inSet('2', 1))]), { status: 400, parts: [TOO_LONG] }),
    holds(1, { jobtitle: 'old' }),
  ),
  sets(
    'roll-back/delete',
    'a deleted row comes back',
    ONE,
    step(batch([set(member('1', 'DELETE', 'contacts({id1})'), badInSet('2', 3))]), { status: 400 }),
    holds(1, { jobtitle: 'old' }),
  ),
  sets(
    'roll-back/condition',
    'a failing condition takes the change set back',
    ONE,
    step(batch([set(inSet('1', 2), inSet('2', 1, 'new', { 'If-Match': 'W/"1"' }))]), { status: 412 }),
    holds(1, { jobtitle: 'old' }),
    gone(2),
  ),
  sets(
    'roll-back/key',
    'a violated key takes the change set back',
    ONE,
    step(batch([set(inSet('1', 2), member('2', 'POST', 'contacts', { contactid: '{id3}', '{key}': '{key1}' }))]), {
      status: 412,
      parts: [refused(412, '0x80060892')],
    }),
    gone(2),
  ),
  sets(
    'continue',
    'beside a failed change set the other parts go on',
    ONE,
    step(batch([set(inSet('1', 2), badInSet('2', 3)), write(1)], CONTINUE), ok(TOO_LONG, { status: 204 })),
    gone(2),
    holds(1, { jobtitle: 'new' }),
  ),
  sets(
    'two',
    'one change set may fail and the next succeed',
    ONE,
    step(batch([set(badInSet('1', 3)), set(inSet('2', 1))], CONTINUE), ok(TOO_LONG, { status: 204 })),
    holds(1, { jobtitle: 'new' }),
  ),
  sets(
    'mixed',
    'a batch may mix change sets and single requests',
    ONE,
    step(batch([set(inSet('1', 1)), read(1)]), ok({ status: 204 }, { status: 200, body: { jobtitle: 'new' } })),
  ),
  sets(
    'no-get',
    'a change set holds no GET',
    ONE,
    step(batch([set(member('1', 'GET', 'contacts({id1})'))]), { status: 400 }),
  ),
  sets(
    'content-id',
    'every part of a change set needs a Content-ID: 400 0x80060888',
    ONE,
    step(batch([{ changeSet: [part('PATCH', 'contacts({id1})', { jobtitle: 'new' })] }]), refused(400, '0x80060888')),
    holds(1, { jobtitle: 'old' }),
  ),
  setsInferred(
    'content-id/message',
    'the refusal says that the Content-ID is not there',
    ONE,
    step(batch([{ changeSet: [part('PATCH', 'contacts({id1})', { jobtitle: 'new' })] }]), {
      status: 400,
      message: 'Content-ID',
    }),
  ),
  setsInferred(
    'content-id/twice',
    'a Content-ID is unique in its batch',
    ONE,
    step(batch([set(inSet('1', 1), inSet('1', 2))]), { status: 400 }),
    gone(2),
  ),
  sets(
    'reference/body',
    'a bind may refer to a row made in the same change set',
    {},
    step(
      batch([
        set(
          member('1', 'POST', 'contacts', { contactid: '{id1}', lastname: '{p}' }),
          member('2', 'POST', 'contacts', {
            contactid: '{id2}',
            lastname: '{p}',
            'parentcustomerid_contact@odata.bind': '$1',
          }),
        ),
      ]),
      ok({ status: 204 }, { status: 204 }),
    ),
    holds(2, { _parentcustomerid_value: '{id1}' }),
  ),
  sets(
    'reference/url',
    'a URL may refer to a row made in the same change set',
    {},
    step(
      batch([
        set(
          member('1', 'POST', 'contacts', { contactid: '{id1}', lastname: '{p}' }),
          member('2', 'PATCH', '$1', { jobtitle: 'new' }),
        ),
      ]),
      ok({ status: 204 }, { status: 204 }),
    ),
    holds(1, { jobtitle: 'new' }),
  ),
  sets(
    'reference/undeclared',
    'a reference to what was not made is refused',
    {},
    step(batch([set(member('1', 'PATCH', '$7', { jobtitle: 'new' }))]), {
      status: 400,
      parts: [{ status: 400, message: 'Content-ID Reference.*does not exist' }],
    }),
  ),
  sets(
    'reference/too-early',
    'a reference must come after what it refers to',
    {},
    step(
      batch([
        set(
          member('1', 'PATCH', '$2', { jobtitle: 'new' }),
          member('2', 'POST', 'contacts', { contactid: '{id1}', lastname: '{p}' }),
        ),
      ]),
      { status: 400 },
    ),
    gone(1),
  ),
  sets(
    'bulk',
    'a bulk message of a change set shares its fate',
    { needs: ['bulk'], ...ONE },
    step(
      batch([
        set(
          member('1', 'POST', 'contacts/Microsoft.Dynamics.CRM.UpdateMultiple', {
            Targets: [{ '@odata.type': 'Microsoft.Dynamics.CRM.contact', contactid: '{id1}', jobtitle: 'new' }],
          }),
          badInSet('2', 3),
        ),
      ]),
      { status: 400 },
    ),
    holds(1, { jobtitle: 'old' }),
  ),
  setsInferred(
    'own-writes',
    'a later part sees what an earlier one wrote',
    {},
    step(
      batch([set(inSet('1', 1, 'first'), inSet('2', 1, 'second', { 'If-Match': '*' }))]),
      ok({ status: 204 }, { status: 204 }),
    ),
    holds(1, { jobtitle: 'second' }),
  ),
  sets(
    'alone',
    'what a change set made is seen by everybody afterwards',
    {},
    step(batch([set(inSet('1', 1))]), ok(DONE)),
    step(get('contacts({id1})?$select=jobtitle'), { status: 200 }),
  ),
]
