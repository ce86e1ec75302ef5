/** An independent Dataverse client, written by others and unmodified, works against the emulator over HTTP. */
import type { DynamicsWebApi } from 'dynamics-web-api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  APPLICATION_USER_ID,
  COMMERCIAL_PURPOSE_ID,
  DEFAULT_BUSINESS_UNIT_ID,
  HUMAN_USER_ID,
  ORGANIZATION_ID,
} from '../../src/emulator/seed-ids.ts'
import { openDynamicsWorld } from '../support/dynamics-client.ts'
import { type Caller, id } from './emulator-caller.ts'

let caller: Caller
let client: DynamicsWebApi
/** How many requests of a test the emulator is meant not to understand. */
let notUnderstood: number

type Shown = Record<string, unknown>

beforeEach(async () => {
  notUnderstood = 0
  ;({ caller, client } = await openDynamicsWorld())
})
afterEach(async () => {
  const { notUnderstood: counted } = caller.emulator.world.counters()
  await caller.emulator.close()
  expect(counted).toBe(notUnderstood)
})

const row = (number: number) => caller.emulator.world.row('contact', id(number))
const CONTACT = { '@odata.type': 'Microsoft.Dynamics.CRM.contact' }
const refusal = (status: number, code?: string) => expect.objectContaining({ status, ...(code && { code }) })

async function createMany(...numbers: number[]): Promise<void> {
  const action = {
    Targets: numbers.map((n) => ({ ...CONTACT, contactid: id(n), new_ouid: `u${n}`, jobtitle: 'many' })),
  }
  await client.callAction({ collection: 'contacts', actionName: 'Microsoft.Dynamics.CRM.CreateMultiple', action })
}

describe('dynamics-web-api writes rows', () => {
  it('creates, with a bind, and returns the representation', async () => {
    const created = await client.create<Shown>({
      collection: 'msdynmkt_contactpointconsent4s',
      data: {
        msdynmkt_contactpointvalue: 'ada@example.com',
        msdynmkt_value: 534120002,
        'msdynmkt_purposeId@odata.bind': `/msdynmkt_purposes(${COMMERCIAL_PURPOSE_ID})`,
      },
      returnRepresentation: true,
    })
    expect(created).toMatchObject({ msdynmkt_value: 534120002, _msdynmkt_purposeid_value: COMMERCIAL_PURPOSE_ID })
  })

  it('reads the id of a created row from its address, and meets the key of another', async () => {
    const created = await client.create({ collection: 'contacts', data: { new_ouid: 'u2' }, duplicateDetection: true })
    expect(caller.emulator.world.row('contact', String(created))).toMatchObject({ new_ouid: 'u2' })
    const again = client.create({ collection: 'contacts', data: { new_ouid: 'U2' } })
    await expect(again).rejects.toEqual(refusal(412, '0x80060892'))
  })

  it('updates an existing row and refuses to create with update', async () => {
    await client.update({ collection: 'contacts', key: id(1), data: { jobtitle: 'Countess' } })
    expect(row(1)).toMatchObject({ jobtitle: 'Countess' })
    await expect(client.update({ collection: 'contacts', key: id(9), data: { jobtitle: 'x' } })).rejects.toEqual(
      refusal(404, '0x80040217'),
    )
  })

  it('updates by a version, and learns that the row has moved on', async () => {
    const { '@odata.etag': etag } = await client.retrieve<Shown>({ collection: 'contacts', key: id(1) })
    const update = (jobtitle: string) =>
      client.update<Shown>({
        collection: 'contacts',
        key: id(1),
        data: { jobtitle },
        ifmatch: String(etag),
        returnRepresentation: true,
        select: ['jobtitle'],
      })
    expect(await update('first')).toMatchObject({ jobtitle: 'first' })
    // The client takes a failed precondition of its own for an answer.
    expect(await update('second')).toBe(false)
    expect(row(1)).toMatchObject({ jobtitle: 'first' })
  })

  it('upserts by id and by key, creating and updating', async () => {
    for (const jobtitle of ['new', 'known']) {
      await client.upsert({ collection: 'contacts', key: id(3), data: { jobtitle } })
      await client.upsert({ collection: 'contacts', key: "new_ouid='u2'", data: { jobtitle } })
      expect(row(3)).toMatchObject({ jobtitle })
      expect((await caller.get("contacts(new_ouid='u2')?$select=jobtitle")).json.jobtitle).toBe(jobtitle)
    }
    expect(await client.upsert({ collection: 'contacts', key: id(3), data: {}, ifnonematch: '*' })).toBe(null)
  })

  it('sets one column, points a lookup at a row and away again', async () => {
    await client.updateSingleProperty({ collection: 'contacts', key: id(1), fieldValuePair: { jobtitle: 'one' } })
    expect(row(1)).toMatchObject({ jobtitle: 'one' })
    await client.create({ collection: 'accounts', data: { accountid: id(50), name: 'Acme' } })
    const lookup = { collection: 'contacts', primaryKey: id(1), navigationProperty: 'parentcustomerid_account' }
    await client.associateSingleValued({ ...lookup, relatedCollection: 'accounts', relatedKey: id(50) })
    const read = { collection: 'contacts', key: id(1), select: ['fullname'] }
    const expand = [{ property: 'parentcustomerid_account', select: ['name'] }]
    const expanded = await client.retrieve({ ...read, expand })
    expect(expanded).toMatchObject({ parentcustomerid_account: { name: 'Acme', accountid: id(50) } })
    await client.disassociateSingleValued(lookup)
    expect(await client.retrieve({ ...read, expand })).toMatchObject({ parentcustomerid_account: null })
  })

  it('deletes', async () => {
    await client.deleteRecord({ collection: 'contacts', key: id(1) })
    expect(row(1)).toBeUndefined()
    await expect(client.deleteRecord({ collection: 'contacts', key: id(1) })).rejects.toEqual(refusal(404))
  })
})

describe('dynamics-web-api reads rows', () => {
  it('retrieves by id and by key, with annotations, and nothing where the version is known', async () => {
    const byId = await client.retrieve<Shown>({ collection: 'contacts', key: id(1), select: ['emailaddress1'] })
    expect(byId).toMatchObject({ contactid: id(1), emailaddress1: "o'hara@example.com" })
    const select = ['statecode', '_ownerid_value']
    const byKey = await client.retrieve({
      collection: 'contacts',
      key: "new_ouid='u1'",
      select,
      includeAnnotations: '*',
    })
    expect(byKey).toMatchObject({
      statecode: 0,
      statecode_Formatted: 'Active',
      _ownerid_value_LogicalName: 'systemuser',
    })
    const known = { collection: 'contacts', key: id(1), ifnonematch: String(byId['@odata.etag']) }
    expect(await client.retrieve(known)).toBeUndefined()
  })

  it('filters, orders, limits, counts', async () => {
    await createMany(2, 3, 4)
    const contacts = { collection: 'contacts', select: ['new_ouid'] }
    const mail = await client.retrieveMultiple({ ...contacts, filter: "emailaddress1 eq 'O''Hara@example.com'" })
    expect(mail.value).toHaveLength(1)
    const top = await client.retrieveMultiple<Shown>({ ...contacts, top: 2, orderBy: ['new_ouid desc'] })
    expect(top.value?.map((each) => each['new_ouid'])).toEqual(['u4', 'u3'])
    expect(await client.count({ collection: 'contacts' })).toBe(4)
    expect(await client.count({ collection: 'contacts', filter: "jobtitle eq 'many'" })).toBe(3)
    expect(await client.countAll({ collection: 'contacts', filter: "jobtitle eq 'many'", select: ['jobtitle'] })).toBe(
      3,
    )
    const counted = await client.retrieveMultiple({ ...contacts, count: true, maxPageSize: 1 })
    expect(counted.oDataCount).toBe(4)
  })

  it('pages, and walks all pages', async () => {
    await createMany(2, 3, 4, 5, 6, 7, 8)
    const contacts = { collection: 'contacts', select: ['contactid'], maxPageSize: 3 }
    const first = await client.retrieveMultiple(contacts)
    const second = await client.retrieveMultiple(contacts, first.oDataNextLink)
    expect([first.value?.length, second.value?.length]).toEqual([3, 3])
    const { value } = await client.retrieveAll<Shown>(contacts)
    expect(new Set(value?.map((each) => each['contactid'])).size).toBe(8)
  })

  it('finds rows by In, and sends a query too long for a URL as a batch of its own', async () => {
    await createMany(2, 3)
    const filter = 'Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)'
    const find = (names: readonly string[]) => {
      const queryParams = ["@p1='new_ouid'", `@p2=${encodeURIComponent(JSON.stringify(names))}`]
      return client.retrieveMultiple({ collection: 'contacts', select: ['new_ouid'], filter, queryParams })
    }
    expect((await find(['U1', 'u3', 'nobody'])).value).toHaveLength(2)
    const many = Array.from({ length: 400 }, (_, n) => `u${n}`)
    expect((await find(many)).value).toHaveLength(3)
    expect(caller.emulator.world.counters().operations['Batch']).toBe(1)
  })

  it('follows what changed', async () => {
    const contacts = { collection: 'contacts', select: ['jobtitle'] }
    const first = await client.retrieveMultiple({ ...contacts, trackChanges: true })
    await createMany(2)
    const changed = await client.retrieveMultiple<Shown>(contacts, first.oDataDeltaLink)
    expect(changed.value?.map((each) => each['contactid'])).toEqual([id(2)])
  })
})

describe('dynamics-web-api calls messages', () => {
  it('CreateMultiple, UpdateMultiple and UpsertMultiple', async () => {
    const call = <T>(name: string, ...Targets: Shown[]) =>
      client.callAction<T>({
        collection: 'contacts',
        actionName: `Microsoft.Dynamics.CRM.${name}`,
        action: { Targets: Targets.map((target) => ({ ...CONTACT, ...target })) },
      })
    expect(await call('CreateMultiple', { contactid: id(5) }, { contactid: id(6) })).toMatchObject({
      Ids: [id(5), id(6)],
    })
    await call('UpdateMultiple', { contactid: id(5), jobtitle: 'a' }, { contactid: id(1), jobtitle: 'b' })
    expect([row(5), row(1)]).toMatchObject([{ jobtitle: 'a' }, { jobtitle: 'b' }])
    const upserts = ['u1', 'u9'].map((name) => ({ '@odata.id': `contacts(new_ouid='${name}')`, jobtitle: 'c' }))
    await call('UpsertMultiple', ...upserts)
    expect(row(1)).toMatchObject({ jobtitle: 'c' })
    expect((await caller.get("contacts(new_ouid='u9')")).json.jobtitle).toBe('c')
    const missing = call('UpdateMultiple', { contactid: id(5), jobtitle: 'd' }, { contactid: id(40), jobtitle: 'd' })
    await expect(missing).rejects.toEqual(refusal(404))
    expect(row(5)).toMatchObject({ jobtitle: 'a' })
  })

  it('functions, unbound and bound, and actions that nobody knows', async () => {
    expect(await client.callFunction('WhoAmI')).toMatchObject({
      UserId: APPLICATION_USER_ID,
      BusinessUnitId: DEFAULT_BUSINESS_UNIT_ID,
      OrganizationId: ORGANIZATION_ID,
    })
    const total = { name: 'RetrieveTotalRecordCount', parameters: { EntityNames: ['contact'] } }
    expect(await client.callFunction(total)).toMatchObject({ EntityRecordCountCollection: { Values: [1] } })
    const held = await client.callFunction({
      collection: 'systemusers',
      key: APPLICATION_USER_ID,
      name: 'Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNames',
      parameters: { PrivilegeNames: ['prvReadContact', 'prvreadcontact'] },
    })
    expect(held).toMatchObject({ RolePrivileges: [{ PrivilegeName: 'prvReadContact' }] })
    await expect(client.callAction({ actionName: 'NobodyKnows' })).rejects.toEqual(refusal(404, '0x80060888'))
  })

  it('asks in the name of somebody else: not understood, and said so', async () => {
    notUnderstood = 1
    const impersonating = client.update({ collection: 'contacts', key: id(1), data: {}, impersonate: HUMAN_USER_ID })
    await expect(impersonating).rejects.toEqual(refusal(501))
  })
})

describe('dynamics-web-api sends batches', () => {
  it('with a change set that is kept together, and reads its parts', async () => {
    client.startBatch()
    void client.create({ collection: 'accounts', data: { accountid: id(50), name: 'Acme' }, contentId: '1' })
    void client.update({ collection: 'contacts', key: id(1), data: { jobtitle: 'batched' } })
    const data = { contactid: id(6), jobtitle: 'batched', 'parentcustomerid_account@odata.bind': '$1' }
    void client.create({ collection: 'contacts', data })
    void client.retrieve({ collection: 'contacts', key: id(1), select: ['jobtitle'] })
    const results = await client.executeBatch()
    expect(results).toHaveLength(4)
    expect(results[3]).toMatchObject({ jobtitle: 'batched' })
    expect(row(6)).toMatchObject({ jobtitle: 'batched', parentcustomerid: id(50) })
  })

  it('a change set with one bad request leaves nothing', async () => {
    client.startBatch()
    void client.update({ collection: 'contacts', key: id(1), data: { jobtitle: 'batched' } })
    void client.create({ collection: 'contacts', data: { contactid: id(1) } })
    await expect(client.executeBatch()).rejects.toBeDefined()
    expect(row(1)).toMatchObject({ jobtitle: null })
  })

  it('without change sets, going on after an error', async () => {
    client.startBatch()
    for (const number of [1, 9, 1]) {
      void client.update({ collection: 'contacts', key: id(number), data: { jobtitle: 'on' }, inChangeSet: false })
    }
    const results = await client.executeBatch({ inChangeSet: false, continueOnError: true }).catch((error) => error)
    expect(results).toHaveLength(3)
    expect(results[1]).toMatchObject({ status: 404 })
    expect(caller.emulator.world.counters().rowsUpdated).toBe(2)
  })
})
