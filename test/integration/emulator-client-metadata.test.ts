/** The same independent client reads tables, columns, relationships and choices from the emulator. */
import type { DynamicsWebApi } from 'dynamics-web-api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDynamicsWorld } from '../support/dynamics-client.ts'
import { type Caller, id } from './emulator-caller.ts'

let caller: Caller
let client: DynamicsWebApi

type Shown = Record<string, unknown>

beforeEach(async () => {
  ;({ caller, client } = await openDynamicsWorld())
})
afterEach(async () => {
  const { notUnderstood } = caller.emulator.world.counters()
  await caller.emulator.close()
  expect(notUnderstood).toBe(0)
})

describe('dynamics-web-api reads metadata', () => {
  it('tables, with their keys', async () => {
    const { value } = await client.retrieveEntities({ select: ['LogicalName', 'EntitySetName'] })
    expect(value).toContainEqual(expect.objectContaining({ LogicalName: 'contact', EntitySetName: 'contacts' }))
    const table = await client.retrieveEntity({
      key: "LogicalName='contact'",
      select: ['SchemaName'],
      expand: [{ property: 'Keys', select: ['KeyAttributes', 'EntityKeyIndexStatus'] }],
    })
    expect(table).toMatchObject({ Keys: [{ KeyAttributes: ['new_ouid'], EntityKeyIndexStatus: 'Active' }] })
  })

  it('entity sets by logical name, where the client is told to resolve them', async () => {
    client.setConfig({ useEntityNames: true })
    expect(await client.retrieve({ collection: 'contact', key: id(1) })).toMatchObject({ contactid: id(1) })
  })

  it('columns, cast or one alone', async () => {
    const entityKey = "LogicalName='contact'"
    const castType = 'Microsoft.Dynamics.CRM.StringAttributeMetadata'
    const texts = await client.retrieveAttributes({ entityKey, castType, select: ['LogicalName', 'MaxLength'] })
    expect(texts.value).toContainEqual(expect.objectContaining({ LogicalName: 'emailaddress1', MaxLength: 100 }))
    const one = await client.retrieveAttribute<Shown>({ entityKey, castType, attributeKey: "LogicalName='new_ouid'" })
    expect(one).toMatchObject({ MaxLength: 50, IsCustomAttribute: true })
    const byId = await client.retrieveAttribute({ entityKey, attributeKey: String(one['MetadataId']) })
    expect(byId).toMatchObject({ LogicalName: 'new_ouid' })
  })

  it('relationships and global choices', async () => {
    const castType = 'Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata'
    const filter = "ReferencingEntity eq 'msdynmkt_contactpointconsent4' and ReferencedEntity eq 'msdynmkt_purpose'"
    const { value } = await client.retrieveRelationships<Shown>({ castType, filter })
    expect(value).toMatchObject([{ ReferencingEntityNavigationPropertyName: 'msdynmkt_purposeId' }])
    const one = await client.retrieveRelationship({ key: String(value?.[0]?.['MetadataId']), castType })
    expect(one).toMatchObject({ SchemaName: value?.[0]?.['SchemaName'] })
    const sets = await client.retrieveGlobalOptionSets<Shown>({ select: ['Name'] })
    const name = String(sets.value?.[0]?.['Name'])
    const optionsCast = 'Microsoft.Dynamics.CRM.OptionSetMetadata'
    const set = await client.retrieveGlobalOptionSet<Shown>({ key: `Name='${name}'`, castType: optionsCast })
    expect(set).toMatchObject({ Name: name, IsGlobal: true, Options: expect.arrayContaining([expect.anything()]) })
  })
})
