/** The schema of `report`: where runs leave what they have to say. */

import * as z from 'zod'
import { locationSchema } from './location-schema.ts'
import { closed, flag, text, whole } from './schema-parts.ts'

/** `report`. */
export const reportSchema = closed({
  directory: text
    .optional()
    .describe(
      'Folder in which every run leaves its report, as JSON and as a page; without it, `reports` beside the store.',
    ),
  page: flag.default(true).describe('Whether the page is drawn; the JSON is left in any case.'),
  keep: whole(1, 100_000).default(100).describe('Runs whose reports stay in that folder; those of older runs go.'),
  to: locationSchema('Folder that takes copies of them.')
    .optional()
    .describe('Where every report is put besides; nothing is ever deleted there.'),
  prefix: z.string().default('reports/').describe('Path below that place.'),
})
