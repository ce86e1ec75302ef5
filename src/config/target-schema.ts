/** The schema of one target: an integration document and how its consents are delivered. */

import * as z from 'zod'
import { authenticationSchema } from './authentication-schema.ts'
import { documentSchema } from './document-schema.ts'
import { DURATION, WAIT } from './quantity.ts'
import {
  channel,
  closed,
  column,
  columnKey,
  entryOptions,
  flag,
  formed,
  formedKey,
  guid,
  list,
  scalar,
  share,
  text,
  whole,
  word,
} from './schema-parts.ts'

const contact = closed({
  matchAttribute: column
    .default('emailaddress1')
    .describe('Contact column that equals the organization_user_id (§5.1).'),
  duplicates: word(['all', 'refuse'])
    .default('all')
    .describe('Several contacts for one person: write them all, or refuse as `ambiguous-contact` (§5.1).'),
  template: z
    .record(columnKey, scalar, { error: 'a map of columns to values' })
    .default({})
    .describe('Columns and values of every contact that is created (§5.2).'),
  adopt: list(column, 'columns')
    .default([])
    .describe("Columns that a person's first delivery may overwrite whatever their age (§7)."),
  upsertOn: word(['statement', 'opt-in'])
    .default('statement')
    .describe('Who gets a new contact: everyone with a mapped statement, or only who said yes to something (§5.2).'),
  changeTracking: word(['auto', 'off'])
    .default('auto')
    .describe('Whether to read the contact changes where the table tracks them (§5.3).'),
})

const contactPoint = closed({
  channel: channel.describe('Channel of the contact point.'),
  from: formed(
    /^(contact\.[a-z][a-z0-9_]*|organization_user_id|user_metadata_.+)$/,
    'contact.<column>, organization_user_id or user_metadata_<key>',
  ).describe('Where the address comes from: `contact.<column>`, `organization_user_id` or `user_metadata_<key>`.'),
})

const delivery = {
  contactPoints: list(contactPoint, 'contact points {channel, from}')
    .min(1, { error: 'at least one contact point' })
    .default([{ channel: 'email', from: 'contact.emailaddress1' }])
    .describe('Addresses of a person by channel (§6.2).'),
  defaultCountry: formed(/^[A-Z]{2}$/, 'two capital letters, such as FR')
    .optional()
    .describe('Country of phone numbers written without one (§6.3).'),
  sharedAddress: word(['opt-out-wins', 'newest'])
    .default('opt-out-wins')
    .describe('Several persons behind one address or contact (§6.4, §5.4).'),
  addressOnly: flag.default(false).describe('Whether to write consents for persons without a contact (§6.2).'),
  owner: z
    .union([word(['purpose-owner', 'default']), closed({ team: guid }), closed({ user: guid })], {
      error: 'purpose-owner, default, {team: <guid>} or {user: <guid>}',
    })
    .default('purpose-owner')
    .describe('Owner of created consents (§6.5).'),
  businessUnit: word(['owner', 'any'])
    .default('owner')
    .describe("Whether opt-ins touch only rows of the purpose owner's business unit (§6.6)."),
  parentPurpose: word(['warn', 'ensure', 'off'])
    .default('warn')
    .describe('A topic opted in while its purpose is not (§6.7).'),
  conflict: word(['newest', 'didomi-wins', 'dataverse-wins'])
    .default('newest')
    .describe('Who wins where Didomi and Dataverse differ (§7).'),
  clockTolerance: formed(DURATION, 'a duration such as 5s')
    .default('5s')
    .describe("How far Dataverse's clock may be off (§7)."),
  freshness: formed(DURATION, 'a duration such as 30s')
    .default('30s')
    .describe('How old a read may be when an opt-in that follows it is sent in bulk (§7).'),
  strict: flag.default(false).describe('Whether every opt-in is sent with `If-Match` (§7).'),
}

const effort = {
  brake: closed({
    share: share.default(0.2).describe('Share of the known slots or columns that a run may flip (§8.7).'),
    atLeast: whole(0, 1_000_000_000).default(1_000).describe('Flips that are always allowed (§8.7).'),
  })
    .prefault({})
    .describe('When a run stops before its first write.'),
  park: closed({
    maxAgeDays: whole(1, 36_500).default(30).describe('Days after which an unmatched person is only counted (§5.2).'),
  })
    .prefault({})
    .describe('Persons without a contact.'),
  concurrency: whole(1, 52)
    .default(50)
    .describe('Requests of one application user under way at once, at most. How many are well is found out.'),
  batchRows: whole(1, 1_000)
    .default(1_000)
    .describe('Rows of one bulk request, at most. How many are well is found out.'),
  batchTarget: formed(WAIT, 'a time such as 5s')
    .default('5s')
    .describe('What one bulk request should take: its rows are locked so long.'),
  writes: z
    .enum(['auto', 'batch', 'single'])
    .default('auto')
    .describe(
      '`auto`: bulk messages where the environment has them. `batch`: only `$batch`. `single`: one row per request.',
    ),
  timeout: formed(WAIT, 'a waiting time such as 120s or 5m').default('120s').describe('Patience with one request.'),
  retries: whole(0, 100).default(8).describe('Attempts after the first one.'),
}

const reverse = closed({
  enabled: flag.default(false).describe('Whether `reverse` tells Didomi of choices made in Dataverse (§11).'),
  undated: word(['refusals', 'nothing'])
    .default('refusals')
    .describe(
      'What is told of a contact column that no run has written or compared yet, where a default looks like a choice (§11.2).',
    ),
})

const table = formed(/^[a-z][a-z0-9_]*$/, 'the logical name of a table: lower-case letters, digits and _')

/** One target as written. */
export const targetSchema = closed({
  name: formedKey(/^[a-z0-9-]+$/, 'a name of lower-case letters, digits and -').describe(
    'Name of the target, unique; the store keeps marks and ledger by it.',
  ),
  integration: z
    .union([text, documentSchema], { error: 'a path to an integration document, or the document itself' })
    .describe('The Didomi integration document: its path, or the document itself.'),
  authentication: authenticationSchema
    .prefault({})
    .describe(
      'Overrides and completes the credentials of the document; as a list, several application users of the environment.',
    ),
  contact: contact.prefault({}).describe('How contacts are found, created and written (§5).'),
  ...delivery,
  ...effort,
  reverse: reverse.prefault({}).describe('The way back: from Dataverse to Didomi.'),
  entryOptions: z
    .record(z.string(), closed(entryOptions), { error: 'a map of entry ids to options' })
    .default({})
    .describe("Options of mapping entries by the entry's id, so that the vendor's document stays as it is."),
  tables: closed({
    consent: table.default('msdynmkt_contactpointconsent4').describe('Table of the contact point consents.'),
    purpose: table.default('msdynmkt_purpose').describe('Table of the purposes.'),
    topic: table.default('msdynmkt_topic').describe('Table of the topics.'),
  })
    .prefault({})
    .describe('Names of the consent tables.'),
})
