/** What Didomi's API answers, as far as we read it. Users stay as they came: `record/line.ts` parses them. */

import * as z from 'zod'
import type { ExportLogEntry } from './didomi.ts'

/** Didomi: `POST /sessions` answers with a JWT. */
export const sessionAnswer = z.object({ access_token: z.string().min(1) })

const page = z.object({
  data: z.array(z.unknown()),
  limit: z.number().int().positive().default(100),
  cursor: z.union([z.string(), z.number()]).nullish(),
})

/** The users of a page and the cursor of the next one. */
export interface ReadPage {
  readonly users: readonly unknown[]
  readonly cursor?: string
}

/**
 * Reads a page `{data, limit, cursor}`. The last one has `cursor: null`; one that names none at all is taken for the last only
 * if it is not full, since a bootstrap that ends early would look complete. `undefined` where it is no page.
 */
export function readPage(json: unknown): ReadPage | undefined {
  const { data } = page.safeParse(json)
  if (data === undefined || (data.cursor === undefined && data.data.length >= data.limit)) return undefined
  const cursor = data.cursor === undefined || data.cursor === null ? '' : String(data.cursor)
  return { users: data.data, ...(cursor === '' ? {} : { cursor }) }
}

const entries = z.union([z.array(z.unknown()), z.object({ data: z.array(z.unknown()) }).transform(({ data }) => data)])

const entry = z.object({
  id: z.string(),
  status: z.enum(['pending', 'completed', 'failed']),
  metrics: z.object({ users: z.number().int().nonnegative() }).nullish().catch(undefined),
})

/**
 * Reads the entries of an export log, bare or in an envelope (no page says which). Entries of another form are left
 * out: the log is an extra check and never a source. `undefined` where it is no list.
 */
export function readExportLog(json: unknown): readonly ExportLogEntry[] | undefined {
  return entries.safeParse(json).data?.flatMap((one) => {
    const { data } = entry.safeParse(one)
    if (data === undefined) return []
    const { id, status, metrics } = data
    return [{ id, status, ...(status === 'completed' && metrics ? { users: metrics.users } : {}) }]
  })
}
