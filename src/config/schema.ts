/** The one schema of our settings: every key, its meaning and its default, written once. */

import * as z from 'zod'
import { migrationSchema } from './migration-schema.ts'
import { DURATION, SIZE } from './quantity.ts'
import { reportSchema } from './report-schema.ts'
import { closed, formed, list, reference, share, text, whole, word } from './schema-parts.ts'
import { archiveSchema, didomiSchema, retentionSchema, sourceSchema } from './source-schema.ts'
import { DEFAULT_STORE, storeSchema } from './store-schema.ts'
import { targetSchema } from './target-schema.ts'
import { credentialsSchema, heartbeatSchema, metricsSchema, notifySchema } from './watch-schema.ts'
import { webhookSchema } from './webhook-schema.ts'

const catalogue = closed({
  purposes: list(
    closed({
      id: text.describe('Purpose id.'),
      preferences: list(
        closed({
          id: text.describe('Preference id.'),
          values: list(text, 'value ids').default([]).describe('Its value ids.'),
        }),
        'preferences {id, values}',
      )
        .default([])
        .describe('Its preferences.'),
      channels: list(text, 'channel ids').default([]).describe('Channel ids below the purpose.'),
    }),
    'purposes {id, preferences, channels}',
  )
    .default([])
    .describe('Purposes.'),
  channels: list(text, 'channel ids').default([]).describe('Channel ids.'),
})

/** The settings as written; what parsing gives has every default filled in. */
export const settingsSchema = closed({
  $schema: z.string().optional().describe('Path of the JSON Schema, for editors; not read.'),
  source: sourceSchema.describe('Where the export is read.'),
  archive: archiveSchema
    .optional()
    .describe('Copies every object byte for byte, under the same key, before it is ingested.'),
  didomi: didomiSchema.optional().describe("How Didomi's API is reached; without it, it is not."),
  store: storeSchema.prefault(DEFAULT_STORE).describe('Where state is kept.'),
  report: reportSchema.prefault({}).describe('The reports that runs leave.'),
  identity: closed({
    normalise: word(['none', 'lowercase', 'email'])
      .default('none')
      .describe('How an organization_user_id is normalised (§2.3). A change needs a rebuild.'),
  })
    .prefault({})
    .describe('Who a person is.'),
  regulations: list(text, 'regulations')
    .min(1, { error: 'at least one regulation' })
    .default(['gdpr'])
    .describe('Regulations that count (§2.2). A change needs a rebuild.'),
  clockSkew: formed(DURATION, 'a duration such as 24h')
    .default('24h')
    .describe("How far past the partition's date a time may lie (§2.4). A change needs a rebuild."),
  maxLineBytes: formed(SIZE, 'a size such as 8MiB, below 100MiB')
    .default('8MiB')
    .describe('The longest line that is read (§2.1).'),
  events: word(['complete', 'sparse'])
    .default('complete')
    .describe('Whether the export holds every event; if not, a refusal counts up to its line (§3).'),
  rejects: closed({
    maxRatio: share.default(0.01).describe("Rejects above this share of a partition's lines: exit 5 (§9)."),
  })
    .prefault({})
    .describe('Lines that cannot be read.'),
  quarantine: closed({ max: whole(0, 1_000_000_000).default(0).describe('Quarantined rows above this: exit 5 (§9).') })
    .prefault({})
    .describe('Rows that Dataverse refuses.'),
  retention: retentionSchema.prefault({}).describe("The source's deletion clock."),
  evidence: closed({
    days: whole(1, 36_500).describe('Age at which an entry of the evidence log goes, with the next `sync`.'),
  })
    .optional()
    .describe('The evidence log; without it, entries stay for ever.'),
  catalogue: catalogue.prefault({}).describe('Known ids, beside every id ever ingested (§4).'),
  lookup: z
    .record(z.string(), reference, { error: 'a map of widget entity ids to references' })
    .default({})
    .describe('Widget entity id → `{purpose, preference, value}` (§4).'),
  migration: migrationSchema.prefault({}).describe('How `migrate` reads legacy columns.'),
  reverse: closed({
    webhook: webhookSchema
      .optional()
      .describe('The receiver of what Dataverse tells of; without it, changes are found by change tracking alone.'),
    brake: closed({
      share: share
        .default(0.2)
        .describe('Choices that one run may tell, as a share of the records in the store (§11.4).'),
      atLeast: whole(0, 1_000_000_000).default(1_000).describe('Choices that one run may always tell (§11.4).'),
    })
      .prefault({})
      .describe('When a run of `reverse` stops before its first event.'),
  })
    .prefault({})
    .describe('The way back, from Dataverse to Didomi, of targets with `reverse.enabled`.'),
  metrics: metricsSchema.prefault({}).describe('Metrics as a file; over OTLP they go where `OTEL_*` says.'),
  heartbeat: heartbeatSchema
    .optional()
    .describe('A service that misses a `sync` that did not run; without it, none is told.'),
  credentials: credentialsSchema.prefault({}).describe('Credentials that end.'),
  notify: notifySchema.default([]).describe('Webhooks that are told what needs somebody.'),
  targets: list(targetSchema, 'targets')
    .min(1, { error: 'at least one target' })
    .describe('Where consents are delivered.'),
})

/** The settings as a schema-valid file holds them, defaults filled in, quantities still text. */
export type WrittenSettings = z.output<typeof settingsSchema>
export type WrittenTarget = WrittenSettings['targets'][number]

/** The JSON Schema of the settings file, for editors: what it accepts the program accepts, but for the rules of `file-rules.ts` and `rules.ts`. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(settingsSchema, { io: 'input' }) }
}
