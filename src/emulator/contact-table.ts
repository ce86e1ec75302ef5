/** The contact table: the columns a consent mapping may meet, with their real types, lengths and navigation names. */
import {
  boolean,
  choice,
  column,
  datetime,
  integer,
  lookup,
  lookupTargets,
  options,
  table,
  text,
} from './column-kinds.ts'
import type { Column, TableSchema } from './schema.ts'

/** Named in the negative: "Do Not Allow" is true; false on every new row. */
const DO_NOT_COLUMNS = [
  'donotbulkemail',
  'donotbulkpostalmail',
  'donotemail',
  'donotfax',
  'donotphone',
  'donotpostalmail',
  'donotsendmm',
]

const TEXTS: readonly (readonly [string, number, ('Email' | 'Phone')?])[] = [
  ['firstname', 50],
  ['middlename', 50],
  ['lastname', 50],
  ['emailaddress1', 100, 'Email'],
  ['emailaddress2', 100, 'Email'],
  ['emailaddress3', 100, 'Email'],
  ['mobilephone', 50, 'Phone'],
  ['telephone1', 50, 'Phone'],
  ['telephone2', 50, 'Phone'],
  ['telephone3', 50, 'Phone'],
  ['externaluseridentifier', 50],
  ['employeeid', 50],
  ['governmentid', 50],
  ['jobtitle', 100],
  ['nickname', 100],
  ['address1_country', 80],
  ['address1_city', 80],
  ['address1_postalcode', 20],
]

function columns(): Column[] {
  return [
    ...TEXTS.map(([name, length, format]) => text(name, length, format === undefined ? {} : { format })),
    text('fullname', 160, { readOnly: true }),
    column('memo', 'description', { maxLength: 2000 }),
    ...DO_NOT_COLUMNS.map((name) => boolean(name)),
    boolean('msgdpr_donottrack', null),
    boolean('creditonhold'),
    boolean('merged', false, { readOnly: true }),
    lookup('masterid', { contact: 'masterid' }, { readOnly: true }),
    column('customer', 'parentcustomerid', {
      targets: lookupTargets({ account: 'parentcustomerid_account', contact: 'parentcustomerid_contact' }),
    }),
    choice('preferredcontactmethodcode', options([1, 'Any'], [2, 'Email'], [3, 'Phone'], [4, 'Fax'], [5, 'Mail']), {
      defaultValue: 1,
    }),
    choice('gendercode', options([1, 'Male'], [2, 'Female'])),
    integer('numberofchildren', { minValue: 0, maxValue: 1_000_000_000 }),
    column('dateonly', 'birthdate'),
    datetime('lastonholdtime'),
  ]
}

/** A fresh definition each time, because seeds add columns and keys to it. */
export function contactTable(): TableSchema {
  return table({
    logicalName: 'contact',
    schemaName: 'Contact',
    entitySetName: 'contacts',
    displayName: 'Contact',
    objectTypeCode: 2,
    primaryName: 'fullname',
    ownership: 'UserOwned',
    changeTracking: true,
    bulk: true,
    columns: columns(),
  })
}

/** Only as the other target of a contact's parent customer. */
export function accountTable(): TableSchema {
  return table({
    logicalName: 'account',
    schemaName: 'Account',
    entitySetName: 'accounts',
    displayName: 'Account',
    objectTypeCode: 1,
    primaryName: 'name',
    ownership: 'UserOwned',
    bulk: true,
    columns: [text('name', 160), text('emailaddress1', 100)],
  })
}
