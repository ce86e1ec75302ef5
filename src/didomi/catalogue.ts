/** What Didomi says its ids mean: the configuration tree, and the elements that widgets show of it. */

import * as z from 'zod'
import type { ExplicitReference } from '../config/settings.ts'
import type { Send } from './send.ts'
import { forbidden, unavailable } from './trouble.ts'

/** Ids that a mapping may hold, with the choice each stands for. */
export type WidgetIds = ReadonlyMap<string, ExplicitReference>

const page = z.union([z.array(z.unknown()), z.object({ data: z.array(z.unknown()) }).transform(({ data }) => data)])

/** A text, or one for each language. (Didomi: descriptions of purposes, names of preferences and values.) */
const title = z
  .union([z.string().transform((text) => [text]), z.record(z.string(), z.string()).transform(titlesOf)])
  .catch([])

const value = z.object({
  id: z.string(),
  name: title,
  get selected_preferences() {
    return z.array(selectedPreference).default([])
  },
})
const selectedPreference = z.object({
  id: z.string(),
  preference: z.object({ id: z.string(), name: title, values: z.array(value).default([]) }),
  get selected_preferences() {
    return z.array(selectedPreference).default([])
  },
})
const tree = z.object({
  selected_purposes: z.array(
    z.object({
      id: z.string(),
      purpose_id: z.string(),
      purpose: z.object({ description: title }).optional().catch(undefined),
      selected_preferences: z.array(selectedPreference).default([]),
    }),
  ),
})

/** English first, since ids are made of it; none twice. */
function titlesOf({ en, ...others }: Readonly<Record<string, string>>): string[] {
  const titles = [...(en === undefined ? [] : [en]), ...Object.values(others)].map((text) => text.trim())
  return [...new Set(titles.filter((text) => text !== ''))]
}

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

/** What a choice can be about, in the tree's order: each purpose, then its preferences with their values, however deep. */
export interface TreeChoice {
  readonly reference: ExplicitReference
  /** The place in the tree, which has an id of its own; values have none. */
  readonly node?: string
  /** What people call it, one for each language. */
  readonly titles: readonly string[]
}

/** Reads the tree. Elements of another form are left out. @throws CodedError `didomi-forbidden`, `didomi-unavailable` */
export async function configurationTree(
  send: Send,
  root: URL,
  organizationId: string,
  signal: AbortSignal,
): Promise<TreeChoice[]> {
  const trees = await wholeList(send, root, 'config-trees', organizationId, signal)
  return trees
    .flatMap((one) => tree.safeParse(one).data?.selected_purposes ?? [])
    .flatMap(({ id: node, purpose_id: purpose, purpose: told, selected_preferences: preferences }) => [
      { reference: { purpose }, node, titles: told?.description ?? [] },
      ...preferences.flatMap((one) => preferenceChoices(purpose, one)),
    ])
}

/** Whatever lies below a preference or a value belongs to the purpose above all of them: records know no more levels. */
function preferenceChoices(purpose: string, selected: z.output<typeof selectedPreference>): TreeChoice[] {
  const { id: node, preference, selected_preferences: below } = selected
  return [
    { reference: { purpose, preference: preference.id }, node, titles: preference.name },
    ...preference.values.flatMap(({ id, name, selected_preferences: deeper }) => [
      { reference: { purpose, preference: preference.id, value: id }, titles: name },
      ...deeper.flatMap((one) => preferenceChoices(purpose, one)),
    ]),
    ...below.flatMap((one) => preferenceChoices(purpose, one)),
  ]
}

/** Reads tree and widgets. Elements of another form are left out. @throws CodedError `didomi-forbidden`, `didomi-unavailable` */
export async function widgetIds(
  send: Send,
  root: URL,
  organizationId: string,
  signal: AbortSignal,
): Promise<WidgetIds> {
  const ids = new Map<string, ExplicitReference>()
  /** Node of the tree → what it stands for. */
  const nodes = new Map<string, ExplicitReference>()
  for (const { reference, node } of await configurationTree(send, root, organizationId, signal)) {
    const { purpose, preference, value: ofPreference } = reference
    if (node !== undefined) nodes.set(node, reference)
    for (const id of [node, ofPreference ?? (preference === undefined ? purpose : undefined)])
      if (id !== undefined) ids.set(id, reference)
  }
  const elements = await wholeList(send, root, 'widgets/preferences-centers/layout-entities', organizationId, signal)
  for (const one of elements.flatMap((raw) => entity.safeParse(raw).data ?? [])) {
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
