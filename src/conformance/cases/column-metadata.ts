/** What metadata tell of columns: types, bounds, options, and how they are filtered. */
import type { ConformanceCase } from '../case.ts'
import { citing, get, step } from './make.ts'

const documented = citing('metadata', 'Dataverse: metadata, 5', 'documented')
const inferred = citing('metadata', 'Dataverse: metadata, 5', 'inferred')

const CONTACT = "EntityDefinitions(LogicalName='contact')"
const ATTRIBUTES = `${CONTACT}/Attributes`
const cast = (type: string) => `${ATTRIBUTES}/Microsoft.Dynamics.CRM.${type}`
const named = (name: string) => `LogicalName eq '${name}'`
const CODE = 'Microsoft.Dynamics.CRM.AttributeTypeCode'

const TYPES: readonly (readonly [column: string, type: string, name: string])[] = [
  ['{text}', 'String', 'StringType'],
  ['{boolean}', 'Boolean', 'BooleanType'],
  ['{choice}', 'Picklist', 'PicklistType'],
  ['{choices}', 'Virtual', 'MultiSelectPicklistType'],
  ['{datetime}', 'DateTime', 'DateTimeType'],
  ['{integer}', 'Integer', 'IntegerType'],
  ['{decimal}', 'Decimal', 'DecimalType'],
  ['contactid', 'Uniqueidentifier', 'UniqueidentifierType'],
  ['parentcustomerid', 'Customer', 'CustomerType'],
  ['ownerid', 'Owner', 'OwnerType'],
]

/** The cases of this topic. */
export const COLUMN_METADATA_CASES: readonly ConformanceCase[] = [
  ...TYPES.map(([column, type, name]) =>
    inferred(
      `type/${name}`,
      `a column of ${name} is ${type}`,
      {},
      step(get(ATTRIBUTES, { $select: 'LogicalName,AttributeType,AttributeTypeName', $filter: named(column) }), {
        status: 200,
        body: { value: [{ AttributeType: type, AttributeTypeName: { Value: name } }] },
      }),
    ),
  ),
  documented(
    'filter/enum',
    'an enumeration is filtered with its type',
    {},
    step(get(ATTRIBUTES, { $select: 'LogicalName', $filter: `AttributeType eq ${CODE}'Boolean'` }), {
      status: 200,
      body: { value: { $some: { LogicalName: 'donotbulkemail' } } },
    }),
  ),
  documented(
    'filter/enum/bare',
    'an enumeration without its type is refused',
    {},
    step(get(ATTRIBUTES, { $select: 'LogicalName', $filter: "AttributeType eq 'Boolean'" }), { status: 400 }),
  ),
  documented(
    'filter/managed',
    'a managed property is filtered by its value',
    {},
    step(
      get(ATTRIBUTES, {
        $select: 'LogicalName',
        $filter: "RequiredLevel/Value eq Microsoft.Dynamics.CRM.AttributeRequiredLevel'SystemRequired'",
      }),
      { status: 200, body: { value: { $some: { LogicalName: 'contactid' } } } },
    ),
  ),
  documented(
    'cast/text',
    'a text tells its length through its cast',
    {},
    step(get(cast('StringAttributeMetadata'), { $select: 'LogicalName,MaxLength', $filter: named('{text}') }), {
      status: 200,
      body: { value: [{ MaxLength: 50 }] },
    }),
  ),
  documented(
    'cast/missing',
    'without the cast the length is no property',
    {},
    step(get(ATTRIBUTES, { $select: 'MaxLength' }), { status: 400 }),
  ),
  documented(
    'cast/enum',
    'one cannot cast to the base of all choices',
    {},
    step(get(cast('EnumAttributeMetadata'), { $select: 'LogicalName' }), { status: [400, 404] }),
  ),
  documented(
    'cast/integer',
    'a whole number tells its bounds',
    {},
    step(
      get(cast('IntegerAttributeMetadata'), { $select: 'LogicalName,MinValue,MaxValue', $filter: named('{integer}') }),
      { status: 200, body: { value: [{ MinValue: 0, MaxValue: 100 }] } },
    ),
  ),
  documented(
    'cast/choice',
    'a choice tells its options',
    {},
    step(
      get(cast('PicklistAttributeMetadata'), {
        $select: 'LogicalName',
        $filter: named('{choice}'),
        $expand: 'OptionSet,GlobalOptionSet',
      }),
      {
        status: 200,
        body: { value: [{ OptionSet: { Options: { $set: [{ Value: 1 }, { Value: 2 }, { Value: 3 }] } } }] },
      },
    ),
  ),
  documented(
    'cast/choices',
    'a choices column tells its options',
    {},
    step(
      get(cast('MultiSelectPicklistAttributeMetadata'), {
        $select: 'LogicalName',
        $filter: named('{choices}'),
        $expand: 'OptionSet',
      }),
      {
        status: 200,
        body: { value: [{ OptionSet: { Options: { $set: [{ Value: 1 }, { Value: 2 }, { Value: 9 }] } } }] },
      },
    ),
  ),
  inferred(
    'cast/boolean',
    'a flag tells its two options',
    {},
    step(
      get(cast('BooleanAttributeMetadata'), {
        $select: 'LogicalName',
        $filter: named('{boolean}'),
        $expand: 'OptionSet',
      }),
      { status: 200, body: { value: [{ OptionSet: { TrueOption: { Value: 1 }, FalseOption: { Value: 0 } } }] } },
    ),
  ),
  documented(
    'cast/datetime',
    'a date tells its format and behaviour',
    {},
    step(
      get(cast('DateTimeAttributeMetadata'), {
        $select: 'LogicalName,Format,DateTimeBehavior',
        $filter: named('{dateonly}'),
      }),
      { status: 200, body: { value: [{ Format: 'DateOnly' }] } },
    ),
  ),
  documented(
    'cast/lookup',
    'a lookup tells its tables',
    {},
    step(get(cast('LookupAttributeMetadata'), { $select: 'LogicalName,Targets', $filter: named('parentcustomerid') }), {
      status: 200,
      body: { value: [{ Targets: { $set: ['account', 'contact'] } }] },
    }),
  ),
  citing('metadata', 'Contact point consent: option sets, 1.3', 'documented')(
    'global-choice',
    'the values of a consent are a global choice',
    { needs: ['consent'] },
    step(
      get(
        "EntityDefinitions(LogicalName='msdynmkt_contactpointconsent4')/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata",
        { $select: 'LogicalName', $filter: named('msdynmkt_value'), $expand: 'OptionSet,GlobalOptionSet' },
      ),
      {
        status: 200,
        body: {
          value: [
            {
              GlobalOptionSet: {
                Options: { $set: [{ Value: 534120000 }, { Value: 534120001 }, { Value: 534120002 }] },
              },
            },
          ],
        },
      },
    ),
  ),
]
