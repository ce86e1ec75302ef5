/** The schema of `migration`: how choices in legacy contact columns become contact point consents. */

import type * as z from 'zod'
import { closed, column, filledIn, formed, GUID_SOURCE, list } from './schema-parts.ts'

const consentId = formed(new RegExp(`^(purpose|topic):${GUID_SOURCE}$`), 'purpose:<guid> or topic:<guid>')

const pair = closed({
  column: column.describe('Contact column of the legacy document.'),
  to: list(consentId, 'ids purpose:<guid> or topic:<guid>').describe(
    'What its choice is carried to, ids of the current document; an empty list leaves the column out.',
  ),
  value: filledIn.optional().describe('For a column that holds a set: the value id that stands for yes.'),
  asOfColumn: column.optional().describe("Contact column with the date of this column's choice."),
})

/** `migration`. */
export const migrationSchema = closed({
  asOfColumn: column
    .optional()
    .describe(
      'Contact column with the date of the choices; without it, and where it is empty, they are only known to be no younger than `modifiedon`.',
    ),
  pairs: list(pair, 'pairs {column, to}')
    .default([])
    .describe('Columns that are not paired by the reference they share with a purpose or topic.'),
})

/** `migration` as parsed. */
export type WrittenMigration = z.output<typeof migrationSchema>
