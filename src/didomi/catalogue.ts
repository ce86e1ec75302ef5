/** What Didomi says its ids mean: the configuration tree, and the elements that widgets show of it. */

import * as z from 'zod'
import type { ExplicitReference } from '../config/settings.ts'
import type { Send } from './send.ts'
import { forbidden, unavailable } from './trouble.ts'

/** Ids that a mapping may hold, with the choice each stands for. */
export type WidgetIds = ReadonlyMap<string, ExplicitReference>

const page = z.union([z.array(z.unknown()), z.object({ data: z.array(z.unknown()) }).transform(({ data }) => data)])

const tree = z.object({
  selected_purposes: z.array(
    z.object({
      id: z.string(),
      purpose_id: z.string(),
      selected_preferences: z
        .array(
          z.object({
            id: z.string(),
            preference: z.object({ id: z.string(), values: z.array(z.object({ id: z.string() })).default([]) }),
          }),
        )
        .default([]),
    }),
  ),
})

const entity = z.object({
  id: z.string(),
  selected_purpose_id: z.string().nullish(),
  selected_preference_id: z.string().nullish(),
  preference_value_id: z.string().nullish(),
})

/** Didomi: general lists have pages of at most about a hundred. */
const PAGE = 100
/** More pages than any organization has; a server that never ends must not keep us. */
const MOST_PAGES = 200

/** Reads tree and widgets. Elements of another form are left out. @throws CodedError `didomi-forbidden`, `didomi-unavailable` */
export async function widgetIds(
  send: Send,
  root: URL,
  organizationId: string,
  signal: AbortSignal,
): Promise<WidgetIds> {
  const list = (path: string) => wholeList(send, root, path, organizationId, signal)
  const trees = (await list('config-trees')).flatMap((one) => tree.safeParse(one).data ?? [])
  const ids = new Map<string, ExplicitReference>()
  /** Node of the tree → what it stands for. */
  const nodes = new Map<string, ExplicitReference>()
  for (const { id, purpose_id: purpose, selected_preferences: preferences } of trees.flatMap(
    ({ selected_purposes: purposes }) => purposes,
  )) {
    nodes.set(id, { purpose })
    ids.set(id, { purpose })
    ids.set(purpose, { purpose })
    for (const { id: node, preference } of preferences) {
      nodes.set(node, { purpose, preference: preference.id })
      ids.set(node, { purpose, preference: preference.id })
      for (const { id: value } of preference.values) ids.set(value, { purpose, preference: preference.id, value })
    }
  }
  for (const one of (await list('widgets/preferences-centers/layout-entities')).flatMap(
    (raw) => entity.safeParse(raw).data ?? [],
  )) {
    const node = nodes.get(one.selected_preference_id ?? '') ?? nodes.get(one.selected_purpose_id ?? '')
    if (node !== undefined)
      ids.set(one.id, one.preference_value_id ? { ...node, value: one.preference_value_id } : node)
  }
  return ids
}

async function wholeList(send: Send, root: URL, path: string, organizationId: string, signal: AbortSignal) {
  const all: unknown[] = []
  for (let number = 0; number < MOST_PAGES; number += 1) {
    const url = new URL(path, root)
    const asked = { organization_id: organizationId, $limit: String(PAGE), $skip: String(all.length) }
    url.search = new URLSearchParams(asked).toString()
    const { status, json } = await send({ what: path, method: 'GET', url }, signal)
    if (status === 403) throw forbidden(path, 'HTTP 403')
    const rows = status < 300 ? page.safeParse(json).data : undefined
    if (rows === undefined) throw unavailable(path, `HTTP ${status} without a list`)
    all.push(...rows)
    // A bare list is whole (no page says whether it is cut); so is a page that is not full.
    if (Array.isArray(json) || rows.length < PAGE) break
  }
  return all
}
