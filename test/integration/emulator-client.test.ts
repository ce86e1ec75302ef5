/** An independent Dataverse client, written by others, works against the emulator over HTTP. */
import { DynamicsWebApi } from 'dynamics-web-api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMMERCIAL_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import { askToken, type Caller, id, openCaller } from './emulator-caller.ts'

let caller: Caller
let client: DynamicsWebApi

beforeEach(async () => {
  caller = await openCaller({
    seed: {
      columns: { contacts: [{ type: 'text', name: 'new_ouid', maxLength: 50 }] },
      keys: [{ table: 'contact', schemaName: 'new_OuidKey', columns: ['new_ouid'] }],
      rows: { contacts: [{ contactid: id(1), emailaddress1: "o'hara@example.com", new_ouid: 'u1' }] },
    },
  })
  client = new DynamicsWebApi({
    serverUrl: caller.emulator.url,
    dataApi: { version: '9.2' },
    onTokenRefresh: async () => {
      const { access_token: token } = (await (await askToken(caller.emulator.url)).json()) as { access_token: string }
      return token
    },
  })
})
afterEach(async () => {
  expect(caller.emulator.world.counters().notUnderstood).toBe(0)
  await caller.emulator.close()
})

describe('dynamics-web-api', () => {
  it('creates, with a bind, and returns the representation', async () => {
    const created = await client.create<Record<string, unknown>>({
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

  it('retrieves by id and by key', async () => {
    const byId = await client.retrieve({ collection: 'contacts', key: id(1), select: ['emailaddress1'] })
    expect(byId).toMatchObject({ contactid: id(1), emailaddress1: "o'hara@example.com" })
    const byKey = await client.retrieve({ collection: 'contacts', key: "new_ouid='u1'", select: ['contactid'] })
    expect(byKey).toMatchObject({ contactid: id(1) })
  })

  it('filters, counts and pages', async () => {
    for (let n = 2; n < 9; n++)
      await client.create({ collection: 'contacts', data: { contactid: id(n), jobtitle: 'paged' } })
    const { value } = await client.retrieveMultiple({
      collection: 'contacts',
      select: ['contactid'],
      filter: "emailaddress1 eq 'O''Hara@example.com'",
    })
    expect(value).toHaveLength(1)
    const all = await client.retrieveAll({ collection: 'contacts', select: ['contactid'], maxPageSize: 3 })
    expect(all.value).toHaveLength(8)
  })

  it('updates an existing row and refuses to create with update', async () => {
    await client.update({ collection: 'contacts', key: id(1), data: { jobtitle: 'Countess' } })
    expect(caller.emulator.world.row('contact', id(1))).toMatchObject({ jobtitle: 'Countess' })
    await expect(client.update({ collection: 'contacts', key: id(9), data: { jobtitle: 'x' } })).rejects.toMatchObject({
      status: 404,
    })
  })

  it('upserts by key', async () => {
    await client.upsert({ collection: 'contacts', key: "new_ouid='u2'", data: { jobtitle: 'new' } })
    expect((await caller.get("contacts(new_ouid='u2')?$select=jobtitle")).json.jobtitle).toBe('new')
  })

  it('calls a bulk message', async () => {
    const result = await client.callAction<{ Ids: string[] }>({
      collection: 'contacts',
      actionName: 'Microsoft.Dynamics.CRM.CreateMultiple',
      action: { Targets: [{ '@odata.type': 'Microsoft.Dynamics.CRM.contact', contactid: id(5) }] },
    })
    expect(result).toMatchObject({ Ids: [id(5)] })
  })

  it('sends a batch with a change set and reads its parts', async () => {
    client.startBatch()
    void client.create({ collection: 'contacts', data: { contactid: id(6), jobtitle: 'batched' } })
    void client.update({ collection: 'contacts', key: id(1), data: { jobtitle: 'batched' } })
    void client.retrieve({ collection: 'contacts', key: id(1), select: ['jobtitle'] })
    const results = await client.executeBatch()
    expect(results).toHaveLength(3)
    expect(results[2]).toMatchObject({ jobtitle: 'batched' })
    expect(caller.emulator.world.row('contact', id(6))).toMatchObject({ jobtitle: 'batched' })
  })

  it('reads metadata', async () => {
    const attributes = await client.retrieveAttributes({
      entityKey: "LogicalName='contact'",
      castType: 'Microsoft.Dynamics.CRM.StringAttributeMetadata',
      select: ['LogicalName', 'MaxLength'],
    })
    expect(attributes.value).toContainEqual(expect.objectContaining({ LogicalName: 'emailaddress1', MaxLength: 100 }))
  })
})
