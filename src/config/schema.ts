/** The one schema of our settings: every key, its meaning and its default, written once. */

import * as z from 'zod'
import { DURATION, SIZE } from './quantity.ts'
import { closed, formed, formedKey, list, reference, share, text, whole, word } from './schema-parts.ts'
import { targetSchema } from './target-schema.ts'

const csv = closed({
  organizationUserId: text.describe('CSV column of the organization_user_id.'),
  updatedAt: text.describe('CSV column of the time of the choices (RFC 3339).'),
  userId: text.optional().describe('CSV column of the Didomi user id.'),
  choices: z
    .record(
      formedKey(
        /^((purpose|purpose-li|channel)\/[^/]+|(preference|set|channel)\/[^/]+\/[^/]+)$/,
        'purpose/P, purpose-li/P, preference/P/F, set/P/F, channel/C or channel/P/C',
      ),
      closed({
        column: text.describe('CSV column of the choice.'),
        true: list(z.string(), 'spellings').default(['true']).describe('Spellings of yes; unused for `set/…`.'),
        false: list(z.string(), 'spellings').default(['false']).describe('Spellings of no; unused for `set/…`.'),
      }),
      { error: 'a map of choices to columns' },
    )
    .describe('Key of a choice (`purpose/P`, `set/P/F`, …) → its column.'),
})

const source = closed({
  directory: text.describe('Folder that holds the export, or a copy of the bucket.'),
  prefix: z.string().default('data/').describe('Path below the folder or bucket at which the partitions lie.'),
  exportIds: list(text, 'export ids').optional().describe('Export ids to read; without it, all.'),
  successMarker: word(['auto', 'users', 'partition'])
    .default('auto')
    .describe('Where `_SUCCESS` lies: in `users/`, beside it, or either.'),
  csv: csv.optional().describe('Read CSV rows instead of JSON lines, with this column map (§2.7).'),
})

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
  source: source.describe('Where the export is read.'),
  store: closed({
    sqlite: text.default('./state/didomi-dataverse.db').describe('Path of the state store.'),
  })
    .prefault({})
    .describe('Where state is kept.'),
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
  retention: closed({
    alarmAfterDays: whole(1, 36_500)
      .default(5)
      .describe('Age at which an un-ingested partition raises an alarm (§8.5).'),
  })
    .prefault({})
    .describe("The source's deletion clock."),
  catalogue: catalogue.prefault({}).describe('Known ids, beside every id ever ingested (§4).'),
  lookup: z
    .record(z.string(), reference, { error: 'a map of widget entity ids to references' })
    .default({})
    .describe('Widget entity id → `{purpose, preference, value}` (§4).'),
  targets: list(targetSchema, 'targets')
    .min(1, { error: 'at least one target' })
    .describe('Where consents are delivered.'),
})

/** The settings as a schema-valid file holds them, defaults filled in, quantities still text. */
export type WrittenSettings = z.output<typeof settingsSchema>
export type WrittenTarget = WrittenSettings['targets'][number]

/** The JSON Schema of the settings file, for editors: what it accepts the program accepts, but for the rules of `rules.ts`. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(settingsSchema, { io: 'input' }) }
}
