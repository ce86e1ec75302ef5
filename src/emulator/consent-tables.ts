/** The tables of Customer Insights – Journeys that hold consent: contact point consents, purposes, topics, profiles. */
import { boolean, choice, column, datetime, integer, lookup, options, table, text } from './column-kinds.ts'
import type { ChoiceOption, TableSchema } from './schema.ts'

const APP = { required: 'ApplicationRequired' } as const

const CONSENT_VALUES = options([534120000, 'Not Set'], [534120001, 'Opted In'], [534120002, 'Opted Out'])
const CHANNELS = options([534120000, 'Email'], [534120001, 'Text Message'], [534120002, 'Custom'], [534120003, 'Voice'])
const REASONS = options(
  [534119999, 'No reasons'],
  [534120000, 'Opt-in – Advertisement'],
  [534120001, 'Opt-in – Landing page'],
  [534120002, 'Opt-in – Events'],
  [534120003, 'Opt-out – Content was irrelevant'],
  [534120004, 'Opt-out – Received too frequently'],
  [534120005, "Opt-out – Didn't recall signing up"],
  [534120006, 'Opt-out – Privacy concerns'],
  [534120007, 'Opt-out – One-click unsubscribe'],
)
const SOURCES = options(
  [534120000, 'Internal'],
  [534120001, 'Preference page'],
  [534120002, 'Text message'],
  [534120003, 'Loaded'],
  [534120004, 'Preference Center'],
  [534120005, 'Realtime Marketing Form'],
  [534120006, 'Subscription Center'],
  [534120007, 'Email – list-unsubscribe'],
)

/** One row per address, channel, and purpose or topic. */
export function consentTable(): TableSchema {
  return table({
    logicalName: 'msdynmkt_contactpointconsent4',
    entitySetName: 'msdynmkt_contactpointconsent4s',
    displayName: 'Contact Point Consent',
    objectTypeCode: 10_504,
    primaryName: 'msdynmkt_contactpointvalue',
    ownership: 'UserOwned',
    changeTracking: true,
    bulk: true,
    columns: [
      text('msdynmkt_contactpointvalue', 400, APP),
      choice('msdynmkt_contactpointtype', CHANNELS, { ...APP, globalChoice: 'msdynmkt_contactpointtype' }),
      choice('msdynmkt_contactpointconsenttype', options([534120000, 'Purpose'], [534120001, 'Topic']), {
        globalChoice: 'msdynmkt_consentlevel',
      }),
      choice('msdynmkt_value', CONSENT_VALUES, { ...APP, globalChoice: 'msdynmkt_consentvalue' }),
      choice('msdynmkt_uionly_value_tracking', CONSENT_VALUES, {
        defaultValue: 534120000,
        globalChoice: 'msdynmkt_consentvalue',
      }),
      choice('msdynmkt_logicalreason', REASONS, { ...APP, globalChoice: 'msdynmkt_reason' }),
      choice('msdynmkt_source', SOURCES, { ...APP, globalChoice: 'msdynmkt_consentsource' }),
      lookup('msdynmkt_purposeid', { msdynmkt_purpose: 'msdynmkt_purposeId' }, APP),
      lookup('msdynmkt_topicid', { msdynmkt_topic: 'msdynmkt_topicId' }),
      // The table of e-mails is not emulated: the lookup can be read and cleared.
      lookup('msdynmkt_messageid', { email: 'email_msdynmkt_messageid' }),
      text('msdynmkt_reason', 500),
      text('msdynmkt_modifiedonbehalf', 500),
      datetime('msdynmkt_migrationtimestamp'),
    ],
  })
}

const MODELS = options([534120000, 'Restrictive'], [534120001, 'Non-restrictive'], [534120002, 'Disabled'])

function enforcement(name: string, defaultValue: ChoiceOption['value'] | null) {
  return choice(name, MODELS, { defaultValue, globalChoice: 'msdynmkt_purposeenforcementmodel' })
}

/** What consent is given for; never deleted, only deactivated. */
export function purposeTable(): TableSchema {
  return table({
    logicalName: 'msdynmkt_purpose',
    entitySetName: 'msdynmkt_purposes',
    displayName: 'Purpose',
    objectTypeCode: 10_505,
    primaryName: 'msdynmkt_name',
    ownership: 'UserOwned',
    columns: [
      text('msdynmkt_name', 100, APP),
      text('msdynmkt_description', 100),
      choice(
        'msdynmkt_type',
        options([534120000, 'Commercial'], [534120001, 'Transactional'], [534120002, 'Tracking']),
        { ...APP, globalChoice: 'msdynmkt_purposetype' },
      ),
      enforcement('msdynmkt_enforcementmodel', null),
      enforcement('msdynmkt_smsenforcementmodel', 534120000),
      enforcement('msdynmkt_customenforcementmodel', 534120000),
      enforcement('msdynmkt_voiceenforcementmodel', 534120000),
      integer('msdynmkt_topiccount'),
    ],
  })
}

/** A narrower subject below exactly one purpose. */
export function topicTable(): TableSchema {
  return table({
    logicalName: 'msdynmkt_topic',
    entitySetName: 'msdynmkt_topics',
    displayName: 'Topic',
    objectTypeCode: 10_506,
    primaryName: 'msdynmkt_name',
    ownership: 'UserOwned',
    columns: [
      text('msdynmkt_name', 100, APP),
      text('msdynmkt_description', 100),
      lookup('msdynmkt_purposeid', { msdynmkt_purpose: 'msdynmkt_purposeId' }, APP),
    ],
  })
}

/** A compliance profile ties purposes to a consent page. */
export function complianceProfileTable(): TableSchema {
  return table({
    logicalName: 'msdynmkt_compliancesettings4',
    entitySetName: 'msdynmkt_compliancesettings4s',
    displayName: 'Compliance profile',
    objectTypeCode: 10_507,
    primaryName: 'msdynmkt_name',
    ownership: 'UserOwned',
    columns: [
      text('msdynmkt_name', 100, APP),
      text('msdynmkt_legaladdress', 300),
      choice(
        'msdynmkt_consentlinktype',
        options(
          [534120000, 'Preference page'],
          [534120001, 'Subscription center'],
          [534120002, 'External link'],
          [534120003, 'Preference center'],
        ),
      ),
      lookup('msdynmkt_trackingconsentpurpose', { msdynmkt_purpose: 'msdynmkt_TrackingConsentPurpose' }),
      boolean('msdynmkt_globaldoienabled'),
    ],
  })
}

/** Which columns are recipients of which messages: the audience configuration. */
export function contactPointSettingsTable(): TableSchema {
  return table({
    logicalName: 'msdynmkt_contactpointsettings',
    entitySetName: 'msdynmkt_contactpointsettingses',
    displayName: 'Contact Point Settings',
    objectTypeCode: 10_508,
    primaryName: 'msdynmkt_entityname',
    ownership: 'UserOwned',
    columns: [
      text('msdynmkt_entityname', 100),
      column('memo', 'msdynmkt_contactablefields', { maxLength: 2_000 }),
      column('memo', 'msdynmkt_emailaddressfields', { maxLength: 2_000 }),
      column('memo', 'msdynmkt_phonenumberfields', { maxLength: 2_000 }),
    ],
  })
}
