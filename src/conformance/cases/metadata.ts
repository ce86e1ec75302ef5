/** Metadata of tables, columns and relationships. */
import type { ConformanceCase } from '../case.ts'
import { citing, get, step } from './make.ts'

const documented = citing('metadata', 'Dataverse: metadata, 5', 'documented')
const inferred = citing('metadata', 'Dataverse: metadata, 5', 'inferred')

const CONTACT = "EntityDefinitions(LogicalName='contact')"
const ATTRIBUTES = `${CONTACT}/Attributes`
const named = (name: string) => `LogicalName eq '${name}'`

/** The cases of this topic. */
export const METADATA_CASES: readonly ConformanceCase[] = [
  documented(
    'table',
    'a table tells its set, its key and its name column',
    {},
    step(get(CONTACT, { $select: 'LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute' }), {
      status: 200,
      body: {
        LogicalName: 'contact',
        EntitySetName: 'contacts',
        PrimaryIdAttribute: 'contactid',
        PrimaryNameAttribute: 'fullname',
      },
    }),
  ),
  documented(
    'table/id',
    'the metadata id is shown always',
    {},
    step(get(CONTACT, { $select: 'LogicalName' }), { status: 200, body: { MetadataId: { $length: 36 } } }),
  ),
  documented(
    'table/concurrency',
    'contact knows optimistic concurrency',
    {},
    step(get(CONTACT, { $select: 'IsOptimisticConcurrencyEnabled' }), {
      status: 200,
      body: { IsOptimisticConcurrencyEnabled: true },
    }),
  ),
  inferred(
    'table/type',
    'contact is a standard table',
    {},
    step(get(CONTACT, { $select: 'TableType,OwnershipType' }), {
      status: 200,
      body: { TableType: 'Standard', OwnershipType: 'UserOwned' },
    }),
  ),
  inferred(
    'table/unknown',
    'an unknown table is 404',
    {},
    step(get("EntityDefinitions(LogicalName='new_nosuchtable')", { $select: 'LogicalName' }), { status: 404 }),
  ),
  documented(
    'table/unknown-property',
    'an unknown property is refused',
    {},
    step(get(CONTACT, { $select: 'NoSuchProperty' }), { status: 400 }),
  ),
  documented(
    'table/strong',
    'Consistency: Strong reads metadata afresh',
    {},
    step(get(CONTACT, { $select: 'LogicalName' }, { Consistency: 'Strong' }), { status: 200 }),
  ),
  documented(
    'tables',
    'all tables are listed',
    {},
    step(get('EntityDefinitions', { $select: 'LogicalName' }), {
      status: 200,
      body: { value: { $some: { LogicalName: 'contact' } } },
    }),
  ),
  documented(
    'tables/keys',
    'all tables are listed with their keys',
    {},
    step(get('EntityDefinitions', { $select: 'SchemaName', $expand: 'Keys($select=KeyAttributes)' }), {
      status: 200,
      body: { value: { $some: { Keys: { $some: { KeyAttributes: ['{key}'] } } } } },
    }),
  ),
  documented(
    'column',
    'a column tells its common properties',
    {},
    step(
      get(ATTRIBUTES, {
        $select: 'LogicalName,AttributeType,IsValidForCreate,IsValidForUpdate,IsSecured,RequiredLevel',
        $filter: named('{text}'),
      }),
      {
        status: 200,
        body: { value: [{ LogicalName: '{text}', IsValidForCreate: true, IsValidForUpdate: true, IsSecured: false }] },
      },
    ),
  ),
  documented(
    'column/one',
    'one column is read by its name',
    {},
    step(get(`${ATTRIBUTES}(LogicalName='{text}')`, { $select: 'LogicalName' }), {
      status: 200,
      body: { LogicalName: '{text}' },
    }),
  ),
  inferred(
    'column/unknown',
    'an unknown column is 404',
    {},
    step(get(`${ATTRIBUTES}(LogicalName='new_nosuchcolumn')`, { $select: 'LogicalName' }), { status: 404 }),
  ),
  inferred(
    'column/read-only',
    'a read-only column says so',
    {},
    step(get(ATTRIBUTES, { $select: 'LogicalName,IsValidForUpdate', $filter: named('modifiedon') }), {
      status: 200,
      body: { value: [{ IsValidForUpdate: false }] },
    }),
  ),
  inferred(
    'relationships',
    'relationships tell the navigation property of a lookup',
    {},
    step(
      get(`${CONTACT}/ManyToOneRelationships`, {
        $select: 'ReferencingAttribute,ReferencingEntityNavigationPropertyName,ReferencedEntity',
        $filter: "ReferencingAttribute eq 'parentcustomerid'",
      }),
      {
        status: 200,
        body: {
          value: {
            $some: { ReferencingEntityNavigationPropertyName: 'parentcustomerid_contact', ReferencedEntity: 'contact' },
          },
        },
      },
    ),
  ),
  inferred(
    'relationships/consent',
    'the purpose of a consent is bound in the casing that relationships tell',
    { needs: ['consent'] },
    step(
      get("EntityDefinitions(LogicalName='msdynmkt_contactpointconsent4')/ManyToOneRelationships", {
        $select: 'ReferencingAttribute,ReferencingEntityNavigationPropertyName,ReferencedEntity',
        $filter: "ReferencingAttribute eq 'msdynmkt_purposeid'",
      }),
      {
        status: 200,
        body: {
          value: [
            { ReferencingEntityNavigationPropertyName: 'msdynmkt_purposeId', ReferencedEntity: 'msdynmkt_purpose' },
          ],
        },
      },
    ),
  ),
]
