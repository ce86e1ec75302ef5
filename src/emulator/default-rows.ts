/** Rows that every emulated environment starts with and nothing else is made of: roles, the audience configuration. */
import * as ids from './seed-ids.ts'

const unit = { businessunitid: ids.DEFAULT_BUSINESS_UNIT_ID }

/** What a caller may do is seeded apart (`privileges`): the emulator adds no roles up. */
export const DEFAULT_ROWS: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> = {
  roletemplates: [{ roletemplateid: ids.ADMINISTRATOR_TEMPLATE_ID, name: 'System Administrator' }],
  roles: [
    { roleid: ids.WRITER_ROLE_ID, name: 'Consent Writer', ...unit },
    {
      roleid: ids.ADMINISTRATOR_ROLE_ID,
      name: 'System Administrator',
      roletemplateid: ids.ADMINISTRATOR_TEMPLATE_ID,
      ...unit,
    },
  ],
  systemuserrolescollection: [{ systemuserid: ids.APPLICATION_USER_ID, roleid: ids.WRITER_ROLE_ID }],
  msdynmkt_contactpointsettingses: [
    {
      msdynmkt_entityname: 'contact',
      msdynmkt_emailaddressfields: '["emailaddress1"]',
      msdynmkt_phonenumberfields: '["mobilephone"]',
    },
  ],
}
