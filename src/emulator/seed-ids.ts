/** The identifiers of what every emulated environment starts with. */

/** The one organization. */
export const ORGANIZATION_ID = '0a000000-0000-4000-8000-000000000001'
/** The root business unit. */
export const DEFAULT_BUSINESS_UNIT_ID = '0b000000-0000-4000-8000-000000000001'
/** A business unit below the root. */
export const SECOND_BUSINESS_UNIT_ID = '0b000000-0000-4000-8000-000000000002'
/** Our application user. */
export const APPLICATION_USER_ID = '0c000000-0000-4000-8000-000000000001'
/** A person who works in the default business unit; the default author of foreign edits. */
export const HUMAN_USER_ID = '0c000000-0000-4000-8000-000000000002'
/** A person who works in the second business unit. */
export const SECOND_USER_ID = '0c000000-0000-4000-8000-000000000003'
/** The default team of the root business unit. */
export const DEFAULT_TEAM_ID = '0d000000-0000-4000-8000-000000000001'
/** Commercial, restrictive, owned by a person of the default business unit; its id is well known. */
export const COMMERCIAL_PURPOSE_ID = '10000000-0000-0000-0000-000000000003'
/** Commercial, owned by a person of the second business unit. */
export const SECOND_PURPOSE_ID = '0e000000-0000-4000-8000-000000000002'
/** Tracking. */
export const TRACKING_PURPOSE_ID = '0e000000-0000-4000-8000-000000000003'
/** Commercial, deactivated. */
export const INACTIVE_PURPOSE_ID = '0e000000-0000-4000-8000-000000000004'
/** A topic of the commercial purpose. */
export const NEWSLETTER_TOPIC_ID = '0f000000-0000-4000-8000-000000000001'
/** A topic of the second purpose. */
export const SECOND_TOPIC_ID = '0f000000-0000-4000-8000-000000000002'
/** The one compliance profile; its id is well known. */
export const COMPLIANCE_PROFILE_ID = '7f4a6355-1811-4cde-bde3-fee8c85f56b1'

/** The role of our application user. */
export const WRITER_ROLE_ID = '0d000000-0000-4000-8000-000000000002'
/** The System Administrator, which nobody has at the start. */
export const ADMINISTRATOR_ROLE_ID = '0d000000-0000-4000-8000-000000000003'
/** The template that every System Administrator is made from. */
export const ADMINISTRATOR_TEMPLATE_ID = '627090ff-40a3-4053-8790-584edc5be201'

/** Client id that the token endpoint knows unless the options name another. */
export const DEFAULT_APP_ID = '0c0ffee0-0000-4000-8000-000000000001'
/** Its secret: it opens nothing but an emulator. */
export const DEFAULT_SECRET = 'emulator-secret'
