/** The platform's own tables that a client reads: users, teams, business units, organization, messages, event pipeline. */
import { boolean, integer, lookup, table, text } from './column-kinds.ts'
import { hookTables } from './hook-tables.ts'
import { roleTables } from './role-tables.ts'
import type { TableSchema } from './schema.ts'

/** Definitions of the platform's tables, fresh each time. */
export function platformTables(): TableSchema[] {
  return [...peopleTables(), ...roleTables(), ...serviceTables(), ...hookTables()]
}

function peopleTables(): TableSchema[] {
  return [
    table({
      logicalName: 'systemuser',
      schemaName: 'SystemUser',
      entitySetName: 'systemusers',
      displayName: 'User',
      objectTypeCode: 8,
      primaryName: 'fullname',
      ownership: 'BusinessOwned',
      columns: [
        text('fullname', 200),
        text('domainname', 1024),
        text('internalemailaddress', 100),
        text('applicationid', 36),
        boolean('isdisabled'),
        lookup('businessunitid', { businessunit: 'businessunitid' }),
      ],
    }),
    table({
      logicalName: 'team',
      schemaName: 'Team',
      entitySetName: 'teams',
      displayName: 'Team',
      objectTypeCode: 9,
      primaryName: 'name',
      ownership: 'BusinessOwned',
      columns: [text('name', 160), boolean('isdefault'), lookup('businessunitid', { businessunit: 'businessunitid' })],
    }),
    table({
      logicalName: 'businessunit',
      schemaName: 'BusinessUnit',
      entitySetName: 'businessunits',
      displayName: 'Business Unit',
      objectTypeCode: 10,
      primaryName: 'name',
      ownership: 'BusinessOwned',
      columns: [text('name', 160), lookup('parentbusinessunitid', { businessunit: 'parentbusinessunitid' })],
    }),
  ]
}

function serviceTables(): TableSchema[] {
  return [
    table({
      logicalName: 'organization',
      schemaName: 'Organization',
      entitySetName: 'organizations',
      displayName: 'Organization',
      objectTypeCode: 1019,
      primaryName: 'name',
      ownership: 'None',
      columns: [text('name', 160), integer('expirechangetrackingindays', { defaultValue: 7 }), integer('languagecode')],
    }),
    table({
      logicalName: 'sdkmessage',
      schemaName: 'SdkMessage',
      entitySetName: 'sdkmessages',
      displayName: 'Sdk Message',
      objectTypeCode: 4606,
      primaryName: 'name',
      ownership: 'OrganizationOwned',
      columns: [text('name', 256)],
    }),
    table({
      logicalName: 'sdkmessagefilter',
      schemaName: 'SdkMessageFilter',
      entitySetName: 'sdkmessagefilters',
      displayName: 'Sdk Message Filter',
      objectTypeCode: 4607,
      primaryName: 'name',
      ownership: 'OrganizationOwned',
      columns: [
        text('name', 256),
        text('primaryobjecttypecode', 64),
        boolean('iscustomprocessingstepallowed', true),
        lookup('sdkmessageid', { sdkmessage: 'sdkmessageid' }),
      ],
    }),
  ]
}
