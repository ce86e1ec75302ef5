/** Single rows: keys, the truth table of conditional writes, versions, values (items 4–10). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  COMMERCIAL_PURPOSE_ID,
  HUMAN_USER_ID,
  SECOND_BUSINESS_UNIT_ID,
  SECOND_USER_ID,
} from '../../src/emulator/seed-ids.ts'
import { type Caller, id, openCaller } from './emulator-caller.ts'

let caller: Caller

const ADA = { contactid: id(1), emailaddress1: 'Ada@example.com', new_ouid: 'Ada', lastname: 'Lovelace' }
const BOB = { contactid: id(2), emailaddress1: 'bob@example.com', new_ouid: 'bob', statecode: 1 }

beforeEach(async () => {
  caller = await openCaller({
    seed: {
      columns: {
        contacts: [
          { type: 'text', name: 'new_ouid', maxLength: 50 },
          { type: 'text', name: 'new_long', maxLength: 500 },
          { type: 'boolean', name: 'new_newsletter' },
          {
            type: 'choice',
            name: 'new_choice',
            options: [
              { value: 1, label: 'Yes' },
              { value: 2, label: 'No' },
            ],
          },
          { type: 'choices', name: 'new_set', options: [1, 2, 9].map((value) => ({ value, label: `L${value}` })) },
          { type: 'datetime', name: 'new_at' },
          { type: 'integer', name: 'new_count', minValue: 0, maxValue: 10 },
        ],
      },
      keys: [
        { table: 'contact', schemaName: 'new_OuidKey', columns: ['new_ouid'] },
        { table: 'contact', schemaName: 'new_PendingKey', columns: ['employeeid'], status: 'Pending' },
      ],
      rows: { contacts: [ADA, BOB] },
    },
  })
})
afterEach(() => caller.emulator.close())

const row = (number: number) => caller.emulator.world.row('contacts', id(number))
const code = (answer: { status: number; json?: { error?: { code?: string } } }) => [
  answer.status,
  answer.json?.error?.code,
]

describe('keys', () => {
  it('4: keys and filters compare without case and trailing blanks', async () => {
    expect((await caller.get("contacts(new_ouid='ADA ')")).json.contactid).toBe(id(1))
    const found = await caller.get("contacts?$filter=emailaddress1 eq 'ada@EXAMPLE.com  '&$select=contactid")
    expect(found.json.value).toHaveLength(1)
  })

  it('4: accents do not count in most environments, and count in some', async () => {
    caller.emulator.world.edit('contacts', id(1), { emailaddress1: 'zoé@example.com' })
    const query = `contacts?$filter=${encodeURIComponent("emailaddress1 eq 'zoe@example.com'")}`
    expect((await caller.get(query)).json.value).toHaveLength(1)
    await caller.emulator.close()
    caller = await openCaller({
      seed: { accentInsensitive: false, rows: { contacts: [{ emailaddress1: 'zoé@example.com' }] } },
    })
    expect((await caller.get(query)).json.value).toHaveLength(0)
  })

  it('4: the unique index holds over inactive rows and not over nulls', async () => {
    expect(code(await caller.post('contacts', { new_ouid: 'BOB' }))).toEqual([412, '0x80060892'])
    expect((await caller.post('contacts', {})).status).toBe(204)
    expect((await caller.post('contacts', {})).status).toBe(204)
  })

  it('4: a key of more than 900 bytes cannot be made', async () => {
    const path = "EntityDefinitions(LogicalName='contact')/Keys"
    expect((await caller.post(path, { SchemaName: 'new_TooLong', KeyAttributes: ['new_long'] })).status).toBe(400)
    expect((await caller.post(path, { SchemaName: 'new_Good', KeyAttributes: ['nickname'] })).status).toBe(204)
    const listed = await caller.get(`${path}?$select=SchemaName,EntityKeyIndexStatus&$filter=SchemaName eq 'new_Good'`)
    expect(listed.json.value[0].EntityKeyIndexStatus).toBe('Pending')
  })

  it('5: a key that is not active, or is none, is 400 0x80060888', async () => {
    expect(code(await caller.get("contacts(employeeid='7')"))).toEqual([400, '0x80060888'])
    expect(code(await caller.get("contacts(jobtitle='x')"))).toEqual([400, '0x80060888'])
  })

  it.each(['/', '<', '>', '*', '%', '&', ':', '\\', '?', '+', '#'])(
    '6: %s in a keyed URL fails, in a filter it works',
    async (char) => {
      const value = `a${char}b`
      caller.emulator.world.edit('contacts', id(1), { new_ouid: value })
      const keyed = await caller.get(`contacts(new_ouid='${encodeURIComponent(value)}')`)
      expect(code(keyed)).toEqual([400, '0x8006088a'])
      const filtered = await caller.get(`contacts?$filter=new_ouid eq '${encodeURIComponent(value)}'`)
      expect(filtered.json.value).toHaveLength(1)
    },
  )
})

describe('7: the truth table of PATCH', () => {
  const cases: [string, string, Record<string, string>, number, string | undefined, boolean][] = [
    ['upsert, absent', `contacts(${id(9)})`, {}, 204, undefined, true],
    ['upsert, present', `contacts(${id(1)})`, {}, 204, undefined, true],
    ['update only, absent', `contacts(${id(9)})`, { 'If-Match': '*' }, 404, '0x80040217', false],
    ['update only by key, absent', "contacts(new_ouid='new')", { 'If-Match': '*' }, 404, '0x80060891', false],
    ['update only, present', "contacts(new_ouid='ada')", { 'If-Match': '*' }, 204, undefined, true],
    ['create only, present', `contacts(${id(1)})`, { 'If-None-Match': '*' }, 412, '0x80040237', false],
    ['create only, absent', `contacts(${id(9)})`, { 'If-None-Match': '*' }, 204, undefined, true],
    ['create only by key, absent', "contacts(new_ouid='new')", { 'If-None-Match': '*' }, 404, '0x80060891', false],
    ['create only by key, present', "contacts(new_ouid='ada')", { 'If-None-Match': '*' }, 412, '0x80040237', false],
    ['stale version', `contacts(${id(1)})`, { 'If-Match': 'W/"1"' }, 412, '0x80060882', false],
  ]
  it.each(cases)('%s', async (_, path, headers, status, error, written) => {
    const answer = await caller.patch(path, { jobtitle: 'Countess' }, headers)
    expect(code(answer)).toEqual([status, error])
    expect(caller.emulator.world.rows('contacts').some((each) => each['jobtitle'] === 'Countess')).toBe(written)
  })

  it('representation tells created from updated', async () => {
    const headers = { Prefer: 'return=representation' }
    const created = await caller.patch(`contacts(${id(9)})?$select=contactid`, { jobtitle: 'x' }, headers)
    const updated = await caller.patch(`contacts(${id(9)})?$select=contactid`, { jobtitle: 'y' }, headers)
    expect([created.status, updated.status]).toEqual([201, 200])
    expect(updated.json.contactid).toBe(id(9))
  })

  it('the address of the answer is the alternate key, not the GUID', async () => {
    const answer = await caller.patch("contacts(new_ouid='ada')", { jobtitle: 'x' })
    expect(answer.headers.get('odata-entityid')).toBe(`${caller.api}/contacts(new_ouid='ada')`)
  })

  it('key columns in the body: dropped on update, winning on create', async () => {
    await caller.patch("contacts(new_ouid='ada')", { new_ouid: 'other' })
    expect(row(1)?.['new_ouid']).toBe('Ada')
    await caller.patch("contacts(new_ouid='url')", { new_ouid: 'body' })
    expect((await caller.get("contacts(new_ouid='body')")).status).toBe(200)
  })

  it('8: POST with an existing id is 412 0x80040237, counted as repeated', async () => {
    expect(code(await caller.post('contacts', { contactid: id(1) }))).toEqual([412, '0x80040237'])
    expect(caller.emulator.world.counters()).toMatchObject({ rowsCreated: 0, repeatedWrites: 1 })
  })
})

describe('9: versions and times', () => {
  it('a write grows the version and keeps modifiedon and modifiedby', async () => {
    await caller.control('POST', 'time', { freezeAt: '2026-03-01T12:00:00.900Z' })
    const before = await caller.get(`contacts(${id(1)})?$select=versionnumber`)
    await caller.patch(`contacts(${id(1)})`, { jobtitle: 'x' }, { 'If-Match': before.json['@odata.etag'] })
    const after = await caller.get(`contacts(${id(1)})?$select=versionnumber,modifiedon,_modifiedby_value`)
    expect(after.json.versionnumber).toBeGreaterThan(before.json.versionnumber)
    expect(after.json['@odata.etag']).toBe(`W/"${after.json.versionnumber}"`)
    expect(after.json.modifiedon).toBe('2026-03-01T12:00:00Z')
    expect(after.json._modifiedby_value).toBe((await caller.get('WhoAmI')).json.UserId)
  })

  it('a foreign edit is somebody else’s and makes an old etag stale', async () => {
    const { '@odata.etag': etag } = (await caller.get(`contacts(${id(1)})`)).json
    await caller.control('PATCH', `rows/contacts/${id(1)}`, { jobtitle: 'by hand' })
    expect(row(1)).toMatchObject({ jobtitle: 'by hand', modifiedby: HUMAN_USER_ID })
    expect(code(await caller.patch(`contacts(${id(1)})`, { jobtitle: 'x' }, { 'If-Match': etag }))).toEqual([
      412,
      '0x80060882',
    ])
    expect(caller.emulator.world.counters().rowsUpdated).toBe(0)
  })

  it('read-only columns are ignored, not rejected', async () => {
    expect((await caller.patch(`contacts(${id(1)})`, { modifiedon: '2001-01-01T00:00:00Z' })).status).toBe(204)
    expect(row(1)?.['modifiedon']).not.toBe('2001-01-01T00:00:00Z')
  })

  it('an unchanged value is applied, and counted as a repeated write', async () => {
    await caller.patch(`contacts(${id(1)})`, { lastname: 'Lovelace' })
    expect(caller.emulator.world.counters()).toMatchObject({ rowsUpdated: 1, repeatedWrites: 1, billableRows: 1 })
    expect(caller.emulator.world.journal()).toMatchObject([
      { sequence: 1, columns: { lastname: 'Lovelace' }, changed: [] },
    ])
  })
})

describe('10: values', () => {
  const refused: [string, unknown, string][] = [
    ['new_ouid', 'x'.repeat(51), '0x80044331'],
    ['new_choice', 3, '0x8004431a'],
    ['new_set', '1,7', '0x8004431a'],
    ['new_count', 11, '0x8004432f'],
    ['new_count', 3_000_000_000, '0x80048d19'],
    ['new_newsletter', 'true', '0x80048d19'],
    ['new_at', 'yesterday', '0x80048d19'],
    ['birthdate', '2026-01-31T00:00:00Z', '0x80048d19'],
    ['new_unheard', 1, '0x80048d19'],
    ['statecode', null, '0x80048d19'],
  ]
  it.each(refused)('%s cannot hold %j: %s', async (column, value, error) => {
    expect(code(await caller.patch(`contacts(${id(1)})`, { [column]: value }))).toEqual([400, error])
    expect(caller.emulator.world.journal()).toEqual([])
  })

  it('choices are a comma text, replaced as a whole, cleared by null; dates have seconds', async () => {
    await caller.patch(`contacts(${id(1)})`, { new_set: '9,1', new_at: '2026-01-31T10:15:00.999+01:00' })
    expect(row(1)).toMatchObject({ new_set: '1,9', new_at: '2026-01-31T09:15:00Z' })
    await caller.patch(`contacts(${id(1)})`, { new_set: null })
    expect(row(1)?.['new_set']).toBeNull()
  })

  it('an inactive row takes updates; a state that does not fit its reason is 0x80048408', async () => {
    expect((await caller.patch(`contacts(${id(2)})`, { jobtitle: 'x' })).status).toBe(204)
    expect(code(await caller.patch(`contacts(${id(2)})`, { statuscode: 1 }))).toEqual([400, '0x80048408'])
    await caller.patch(`contacts(${id(2)})`, { statecode: 0 })
    expect(row(2)).toMatchObject({ statecode: 0, statuscode: 1 })
  })

  it('a new contact has false do-not flags and belongs to the caller', async () => {
    await caller.post('contacts', { contactid: id(5) })
    expect(row(5)).toMatchObject({ donotemail: false, statecode: 0, new_newsletter: false, merged: false })
    expect(row(5)?.['ownerid']).toBe((await caller.get('WhoAmI')).json.UserId)
  })

  it('navigation properties are case-sensitive, an unknown target is 404', async () => {
    const consent = { msdynmkt_contactpointvalue: 'ada@example.com' }
    const bind = `/msdynmkt_purposes(${COMMERCIAL_PURPOSE_ID})`
    const wrong = await caller.post('msdynmkt_contactpointconsent4s', {
      ...consent,
      'msdynmkt_purposeid@odata.bind': bind,
    })
    expect(code(wrong)).toEqual([400, '0x80048d19'])
    const right = await caller.post('msdynmkt_contactpointconsent4s', {
      ...consent,
      'msdynmkt_purposeId@odata.bind': bind,
    })
    expect(right.status).toBe(204)
    const gone = `/msdynmkt_purposes(${id(404)})`
    expect(
      (await caller.post('msdynmkt_contactpointconsent4s', { 'msdynmkt_purposeId@odata.bind': gone })).status,
    ).toBe(404)
    const unresolved = await caller.post('contacts', {
      'parentcustomerid_contact@odata.bind': "/contacts(new_ouid='nobody')",
    })
    expect(code(unresolved)).toEqual([404, '0x80060891'])
  })

  it('a bound owner decides the business unit', async () => {
    const owner = { 'ownerid@odata.bind': `/systemusers(${SECOND_USER_ID})` }
    await caller.post('msdynmkt_contactpointconsent4s', { msdynmkt_contactpointconsent4id: id(7), ...owner })
    const consent = await caller.get(
      `msdynmkt_contactpointconsent4s(${id(7)})?$select=_owningbusinessunit_value,_ownerid_value`,
    )
    expect(consent.json).toMatchObject({
      _ownerid_value: SECOND_USER_ID,
      _owningbusinessunit_value: SECOND_BUSINESS_UNIT_ID,
    })
  })
})
