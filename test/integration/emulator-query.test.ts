/** Queries, pages, change tracking and metadata (items 13, 14 and 20). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMMERCIAL_PURPOSE_ID, HUMAN_USER_ID } from '../../src/emulator/seed-ids.ts'
import { type Caller, id, openCaller } from './emulator-caller.ts'

let caller: Caller

beforeEach(async () => {
  caller = await openCaller({
    metadataLagMs: 30_000,
    seed: {
      rows: {
        contacts: Array.from({ length: 12 }, (_, n) => ({
          contactid: id(n + 1),
          emailaddress1: `p${n + 1}@example.com`,
          lastname: n % 2 === 0 ? "O'Hara" : null,
          numberofchildren: n,
          donotemail: n === 3,
          modifiedon: `2026-01-${String(n + 1).padStart(2, '0')}T00:00:00Z`,
        })),
      },
    },
  })
})
afterEach(() => caller.emulator.close())

async function numbers(filter: string, rest = ''): Promise<number[]> {
  const answer = await caller.get(`contacts?$select=contactid&$filter=${encodeURIComponent(filter)}${rest}`)
  expect(answer.json.error).toBeUndefined()
  return answer.json.value.map((row: { contactid: string }) => Number(row.contactid.slice(-12)))
}

describe('13: filters', () => {
  const filters: [string, number[]][] = [
    ["emailaddress1 eq 'P3@example.com'", [3]],
    ["emailaddress1 eq 'p1@example.com' or emailaddress1 eq 'p2@example.com'", [1, 2]],
    ["lastname eq 'O''Hara' and numberofchildren lt 3", [1, 3]],
    ['lastname eq null and numberofchildren ge 9', [10, 12]],
    ["lastname ne 'other' and numberofchildren le 1", [1, 2]],
    ['not (numberofchildren gt 0)', [1]],
    ['donotemail eq true', [4]],
    [`contactid eq ${id(5)}`, [5]],
    ['modifiedon gt 2026-01-10T23:59:59Z', [11, 12]],
    ['modifiedon le 2026-01-02', [1, 2]],
    ["startswith(emailaddress1,'p1@')", [1]],
    ["endswith(emailaddress1,'2@example.com')", [2, 12]],
    ["contains(emailaddress1,'p_@')", [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ["Microsoft.Dynamics.CRM.In(PropertyName='numberofchildren',PropertyValues=['0','1'])", [1, 2]],
    [`_ownerid_value eq ${HUMAN_USER_ID} and numberofchildren eq 0`, [1]],
  ]
  it.each(filters)('%s', async (filter, expected) => expect(await numbers(filter)).toEqual(expected))

  it('In takes aliases and a double-quoted array, and asks no more of the filter than one condition', async () => {
    const values = JSON.stringify(Array.from({ length: 600 }, (_, n) => `P${n + 11}@EXAMPLE.com`))
    const found = await numbers(
      'Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)',
      `&@p1='emailaddress1'&@p2=${encodeURIComponent(values)}`,
    )
    expect(found).toEqual([11, 12])
  })

  it('an apostrophe breaks a single-quoted array', async () => {
    const filter = "Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=['O'Hara'])"
    expect((await caller.get(`contacts?$filter=${encodeURIComponent(filter)}`)).status).toBe(400)
  })

  it('more than 500 conditions are 0x8004430C', async () => {
    const many = (count: number) => Array.from({ length: count }, () => 'donotemail eq true').join(' or ')
    const refused = await caller.get(`contacts?$filter=${encodeURIComponent(many(501))}`)
    expect([refused.status, refused.json.error.code]).toEqual([400, '0x8004430C'])
    expect(await numbers(many(500))).toEqual([4])
  })

  it('an unencoded plus is a blank', async () => {
    caller.emulator.world.edit('contacts', id(1), { emailaddress1: 'a+b@example.com' })
    expect((await caller.get("contacts?$filter=emailaddress1 eq 'a+b@example.com'")).json.value).toHaveLength(0)
    expect((await caller.get("contacts?$filter=emailaddress1 eq 'a%2Bb@example.com'")).json.value).toHaveLength(1)
  })

  it.each(['nosuch eq 1', 'donotemail eq 1', "contactid eq 'x'", "_ownerid_value eq 'x'", 'ownerid eq null'])(
    'refuses %s',
    async (filter) => {
      const answer = await caller.get(`contacts?$filter=${encodeURIComponent(filter)}`)
      expect([answer.status, answer.json.error.code]).toEqual([400, '0x80060888'])
    },
  )

  it('shows the primary key with every select, nulls, lookups and annotations', async () => {
    const path = `contacts?$select=lastname,_ownerid_value,statecode&$filter=contactid eq ${id(2)}`
    const [row] = (await caller.get(path, { Prefer: 'odata.include-annotations="*"' })).json.value
    expect(row).toMatchObject({
      contactid: id(2),
      lastname: null,
      _ownerid_value: HUMAN_USER_ID,
      '_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname': 'systemuser',
      'statecode@OData.Community.Display.V1.FormattedValue': 'Active',
    })
    expect((await caller.get('contacts?$select=nosuch')).json.error.code).toBe('0x80060888')
  })

  it('reads purposes with their type and owner', async () => {
    const { json } = await caller.get(
      `msdynmkt_purposes(${COMMERCIAL_PURPOSE_ID})?$select=msdynmkt_type,_ownerid_value`,
    )
    expect(json).toMatchObject({ msdynmkt_type: 534120000, _ownerid_value: HUMAN_USER_ID })
  })
})

describe('13: pages', () => {
  const paged = { Prefer: 'odata.maxpagesize=5' }

  it('walks every row once, in order, following the link as it is', async () => {
    const seen: number[] = []
    let path: string | undefined = 'contacts?$select=numberofchildren&$orderby=numberofchildren desc'
    while (path !== undefined) {
      const { json } = await caller.get(path, paged)
      seen.push(...json.value.map((row: { numberofchildren: number }) => row.numberofchildren))
      path = json['@odata.nextLink']
    }
    expect(seen).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
  })

  it('a link that was altered or re-encoded is refused', async () => {
    const { json } = await caller.get('contacts?$select=lastname', paged)
    const link: string = json['@odata.nextLink']
    expect((await caller.get(link.replace('lastname', 'fullname'), paged)).status).toBe(400)
    expect((await caller.get(link.replace('%22', '%2522'), paged)).status).toBe(400)
    expect((await caller.get(link, paged)).json.value).toHaveLength(5)
  })

  it('the page size must be asked for again on each page', async () => {
    const { json } = await caller.get('contacts?$select=lastname', paged)
    expect((await caller.get(json['@odata.nextLink'])).json.value).toHaveLength(7)
  })

  it('$top ends without a link, and is ignored beside a page size; $count counts; $skip is refused', async () => {
    const top = await caller.get('contacts?$top=3&$count=true')
    expect([top.json.value.length, top.json['@odata.nextLink'], top.json['@odata.count']]).toEqual([3, undefined, 12])
    expect((await caller.get('contacts?$top=3', paged)).json.value).toHaveLength(5)
    expect((await caller.get('contacts?$skip=3')).status).toBe(400)
  })
})

describe('14: change tracking', () => {
  const track = { Prefer: 'odata.track-changes,odata.maxpagesize=5' }

  async function walk(start: string): Promise<{ rows: Record<string, unknown>[]; link: string }> {
    const rows: Record<string, unknown>[] = []
    let path = start
    for (;;) {
      const { json, status } = await caller.get(path, track)
      expect(status).toBe(200)
      rows.push(...json.value)
      if (json['@odata.deltaLink'] !== undefined) return { rows, link: json['@odata.deltaLink'] }
      path = json['@odata.nextLink']
    }
  }

  it('first everything, then only changes and deletions, also of rows that came and went', async () => {
    const first = await walk('contacts?$select=lastname')
    expect(first.rows).toHaveLength(12)
    await caller.patch(`contacts(${id(3)})`, { lastname: 'New' })
    caller.emulator.world.delete('contacts', id(4))
    await caller.post('contacts', { contactid: id(50) })
    await caller.send('DELETE', `contacts(${id(50)})`)
    const second = await walk(first.link)
    expect(second.rows).toMatchObject([
      { contactid: id(3), lastname: 'New' },
      { id: id(4), reason: 'deleted' },
      { id: id(50), reason: 'deleted' },
    ])
    expect(second.rows[1]?.['@odata.context']).toMatch(/\$deletedEntity$/)
    expect((await walk(second.link)).rows).toEqual([])
  })

  it.each(['$filter=donotemail eq true', '$orderby=lastname', '$top=1', '$expand=ownerid'])(
    'refuses %s',
    async (option) => {
      expect((await caller.get(`contacts?${option}`, track)).status).toBe(400)
    },
  )

  it('a token older than seven days is refused', async () => {
    const { link } = await walk('contacts?$select=lastname')
    await caller.control('POST', 'time', { shiftMs: 7 * 86_400_000 + 1_000 })
    const answer = await caller.get(link, track)
    expect([answer.status, answer.json.error.code]).toEqual([400, '0x80044352'])
  })

  it('needs a tracked table and read of organization depth', async () => {
    expect((await caller.get('msdynmkt_purposes', track)).status).toBe(400)
    caller.emulator.world.seed({ privileges: { prvReadContact: 'Local' } })
    expect((await caller.get('contacts', track)).status).toBe(403)
  })
})

describe('20: metadata', () => {
  const contact = "EntityDefinitions(LogicalName='contact')"

  it('tells the table', async () => {
    const names =
      'LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled,IsOptimisticConcurrencyEnabled,TableType'
    expect((await caller.get(`${contact}?$select=${names}`)).json).toMatchObject({
      EntitySetName: 'contacts',
      PrimaryIdAttribute: 'contactid',
      ChangeTrackingEnabled: true,
      IsOptimisticConcurrencyEnabled: true,
      TableType: 'Standard',
      MetadataId: expect.any(String),
    })
    expect((await caller.get("EntityDefinitions(LogicalName='nosuch')")).status).toBe(404)
  })

  it('tells columns, with details through casts alone', async () => {
    const attributes = `${contact}/Attributes`
    const filter = "AttributeType eq Microsoft.Dynamics.CRM.AttributeTypeCode'Boolean'"
    const booleans = await caller.get(
      `${attributes}?$select=LogicalName,AttributeType&$filter=${encodeURIComponent(filter)}`,
    )
    expect(booleans.json.value.map((each: { LogicalName: string }) => each.LogicalName)).toContain('donotbulkemail')
    expect((await caller.get(`${attributes}?$filter=AttributeType eq 'Boolean'`)).status).toBe(400)
    expect((await caller.get(`${attributes}?$select=MaxLength`)).status).toBe(400)
    const texts = await caller.get(
      `${attributes}/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=LogicalName,MaxLength`,
    )
    const email = texts.json.value.find((each: { LogicalName: string }) => each.LogicalName === 'emailaddress1')
    expect(email.MaxLength).toBe(100)
    expect((await caller.get(`${attributes}/Microsoft.Dynamics.CRM.EnumAttributeMetadata`)).status).toBe(400)
  })

  it('tells options, local and global', async () => {
    const consent = "EntityDefinitions(LogicalName='msdynmkt_contactpointconsent4')/Attributes"
    const path = `${consent}/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet,GlobalOptionSet`
    const value = (await caller.get(path)).json.value.find(
      (each: { LogicalName: string }) => each.LogicalName === 'msdynmkt_value',
    )
    expect(value.OptionSet).toBeNull()
    expect(value.GlobalOptionSet.Options.map((option: { Value: number }) => option.Value)).toEqual([
      534120000, 534120001, 534120002,
    ])
  })

  it('tells navigation names and lookup targets', async () => {
    const path = "EntityDefinitions(LogicalName='msdynmkt_contactpointconsent4')/ManyToOneRelationships"
    const select = 'ReferencingAttribute,ReferencingEntityNavigationPropertyName,ReferencedEntity'
    const { json } = await caller.get(`${path}?$select=${select}&$filter=ReferencingAttribute eq 'msdynmkt_purposeid'`)
    expect(json.value).toMatchObject([
      { ReferencingEntityNavigationPropertyName: 'msdynmkt_purposeId', ReferencedEntity: 'msdynmkt_purpose' },
    ])
  })

  it('cached metadata lags behind; Consistency: Strong does not', async () => {
    caller.emulator.world.seed({
      columns: { contact: [{ type: 'boolean', name: 'new_flag' }] },
      keys: [{ table: 'contact', schemaName: 'new_Key', columns: ['employeeid'] }],
    })
    const path = `${contact}?$select=LogicalName&$expand=Keys($select=KeyAttributes,EntityKeyIndexStatus)`
    expect((await caller.get(path)).json.Keys).toEqual([])
    expect((await caller.get(path, { Consistency: 'Strong' })).json.Keys).toMatchObject([
      { KeyAttributes: ['employeeid'], EntityKeyIndexStatus: 'Active' },
    ])
    const flag = `${contact}/Attributes(LogicalName='new_flag')?$select=LogicalName`
    expect((await caller.get(flag)).status).toBe(404)
    await caller.control('POST', 'time', { shiftMs: 31_000 })
    expect((await caller.get(flag)).status).toBe(200)
  })

  it('tells which privileges are held, in their exact casing', async () => {
    caller.emulator.world.seed({ withoutPrivileges: ['prvWriteContact'] })
    const { UserId } = (await caller.get('WhoAmI')).json
    const names = encodeURIComponent('["prvReadContact","prvWriteContact","prvreadcontact"]')
    const bound = `systemusers(${UserId})/Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNames(PrivilegeNames=@p1)`
    const { json } = await caller.get(`${bound}?@p1=${names}`)
    expect(json.RolePrivileges).toMatchObject([{ PrivilegeName: 'prvReadContact', Depth: 'Global' }])
  })
})
