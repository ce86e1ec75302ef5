/** The schema of where exports come from: the source, its archive, its deletion clock and Didomi's API. */

import * as z from 'zod'
import { LOCATION_KEYS, locationSchema, locationShape } from './location-schema.ts'
import { closed, exactlyOne, filledIn, flag, formed, formedKey, list, text, whole, word } from './schema-parts.ts'
import { SECURE_URL_EXPECTED, SECURE_URL_FORM } from './secure-url.ts'

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

/** `source`. */
export const sourceSchema = exactlyOne(
  closed({
    ...locationShape('Folder that holds the export, or a copy of the bucket.'),
    prefix: z.string().default('data/').describe('Path below the folder or bucket at which the partitions lie.'),
    exportIds: list(text, 'export ids').optional().describe('Export ids to read; without it, all.'),
    successMarker: word(['auto', 'users', 'partition'])
      .default('auto')
      .describe('Where `_SUCCESS` lies: in `users/`, beside it, or either.'),
    csv: csv.optional().describe('Read CSV rows instead of JSON lines, with this column map (§2.7).'),
    workers: whole(1, 64)
      .optional()
      .describe('Parts read at once, each on a thread of its own; without it, as many as there are cores, at most 4.'),
    maxExpansion: whole(1, 1_000_000)
      .default(1_000)
      .describe('How many times its stored size an object may have once decompressed.'),
  }),
  LOCATION_KEYS,
)

/** `archive`. */
export const archiveSchema = closed({
  to: locationSchema('Folder that takes the copies.').describe('Where the copies go.'),
})

/** `retention`. */
export const retentionSchema = closed({
  alarmAfterDays: whole(1, 36_500).default(5).describe('Age at which an un-ingested partition raises an alarm (§8.5).'),
  days: whole(1, 36_500)
    .optional()
    .describe('Age at which the source deletes a partition; without it 7 for an `s3` source, never for another.'),
})

/** `didomi`. */
export const didomiSchema = closed({
  organizationId: filledIn.describe("The organisation's id at Didomi."),
  key: filledIn.describe('Id of a private API key (console: Settings, Private API keys).'),
  secret: text.describe('Its secret, as a reference.'),
  apiRoot: formed(SECURE_URL_FORM, SECURE_URL_EXPECTED)
    .default('https://api.didomi.io/v1')
    .describe('Where the API is.'),
  exportLogPath: formed(
    new RegExp(`${SECURE_URL_FORM.source}|^\\/(?!\\/)[^\\s?#<>\\\\]*$`),
    'a path that starts with one slash, or a URL; both without query and fragment',
  )
    .default('/marketplace/exports/logs')
    .describe("Where the export log is: a path on the API's host, or a URL."),
  checkExportLog: flag
    .default(false)
    .describe("Whether the lines of a partition are compared with the count in Didomi's export log."),
})
