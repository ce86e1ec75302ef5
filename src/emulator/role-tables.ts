/**
 * The tables of security roles: which there are, which privileges they hold, and which users have them. What a caller may
 * do is given to application users as it is: roles are not added up.
 */
import { column, integer, lookup, table, text } from './column-kinds.ts'
import type { TableSchema } from './schema.ts'

/** Definitions of the role tables, fresh each time. */
export function roleTables(): TableSchema[] {
  const templates = table({
    logicalName: 'roletemplate',
    schemaName: 'RoleTemplate',
    entitySetName: 'roletemplates',
    displayName: 'Role Template',
    objectTypeCode: 1037,
    primaryName: 'name',
    ownership: 'None',
    columns: [text('name', 100)],
  })
  const roles = table({
    logicalName: 'role',
    schemaName: 'Role',
    entitySetName: 'roles',
    displayName: 'Security Role',
    objectTypeCode: 1036,
    primaryName: 'name',
    ownership: 'BusinessOwned',
    columns: [
      text('name', 100),
      lookup('businessunitid', { businessunit: 'businessunitid' }),
      lookup('roletemplateid', { roletemplate: 'roletemplateid' }),
    ],
  })
  const held = table({
    logicalName: 'systemuserroles',
    schemaName: 'SystemUserRoles',
    entitySetName: 'systemuserrolescollection',
    displayName: 'System User Roles',
    objectTypeCode: 15,
    primaryName: 'systemuserrolesid',
    ownership: 'None',
    columns: [column('uniqueidentifier', 'systemuserid'), column('uniqueidentifier', 'roleid')],
  })
  return [templates, roles, held, ...privilegeTables()]
}

function privilegeTables(): TableSchema[] {
  const privileges = table({
    logicalName: 'privilege',
    schemaName: 'Privilege',
    entitySetName: 'privileges',
    displayName: 'Privilege',
    objectTypeCode: 1023,
    primaryName: 'name',
    ownership: 'None',
    columns: [text('name', 100)],
  })
  const given = table({
    logicalName: 'roleprivileges',
    schemaName: 'RolePrivileges',
    entitySetName: 'roleprivilegescollection',
    displayName: 'Role Privileges',
    objectTypeCode: 12,
    primaryName: 'roleprivilegesid',
    ownership: 'None',
    columns: [
      column('uniqueidentifier', 'roleid'),
      column('uniqueidentifier', 'privilegeid'),
      integer('privilegedepthmask'),
    ],
  })
  return [privileges, given]
}
