/** How a choice changes a status. (Didomi: events are partial updates that are merged into the user's status.) */
import { type JsonObject, objectIn, objectsIn, textsIn } from './didomi-json.ts'

/** How a preference reads of which no value is left. (Didomi: unknown.) */
export type ClearedPreference = 'empty-text' | 'null' | 'absent'

/** The status of somebody who never chose. */
export const NO_CONSENTS: JsonObject = {
  channels: [],
  purposes: [],
  vendors: { enabled: [], disabled: [], enabled_li: [], disabled_li: [] },
  tcfcs: null,
}

/**
 * The status after these choices. A purpose, preference or channel keeps its choice where the event has none or null
 * (Didomi: a purpose once chosen never becomes null again); the value list of a preference is replaced as a whole
 * (inferred). Marks of propagation do not enter a status.
 */
export function mergeConsents(status: JsonObject, said: JsonObject, cleared: ClearedPreference): JsonObject {
  return {
    ...status,
    channels: mergeNodes(status['channels'], said['channels'], cleared),
    purposes: mergeNodes(status['purposes'], said['purposes'], cleared),
    vendors: mergeVendors(objectIn(status['vendors']), objectIn(said['vendors'])),
    tcfcs: said['tcfcs'] ?? status['tcfcs'] ?? null,
  }
}

/** Purposes, preferences, channels: lists by id, in the order in which they were first spoken of. */
function mergeNodes(before: unknown, said: unknown, cleared: ClearedPreference): JsonObject[] {
  const nodes = new Map(objectsIn(before).map((node) => [node['id'], node]))
  for (const node of objectsIn(said)) {
    nodes.set(node['id'], mergeNode(nodes.get(node['id']) ?? { id: node['id'], enabled: null }, node, cleared))
  }
  return [...nodes.values()]
}

function mergeNode(before: JsonObject, said: JsonObject, cleared: ClearedPreference): JsonObject {
  const node: Record<string, unknown> = { ...before, enabled: said['enabled'] ?? before['enabled'] ?? null }
  if ('enabled_li' in said) node['enabled_li'] = said['enabled_li'] ?? before['enabled_li'] ?? null
  if ('metadata' in said) node['metadata'] = { ...objectIn(before['metadata']), ...objectIn(said['metadata']) }
  if ('values' in said) node['values'] = mergeValues(objectIn(before['values']), objectIn(said['values']), cleared)
  for (const children of ['preferences', 'channels']) {
    if (children in said) node[children] = mergeNodes(before[children], said[children], cleared)
  }
  return node
}

function mergeValues(before: JsonObject, said: JsonObject, cleared: ClearedPreference): JsonObject {
  const values = new Map(Object.entries(before))
  for (const [preference, choice] of Object.entries(said)) {
    const value = objectIn(choice)['value']
    if (typeof value === 'string' && value !== '') values.set(preference, { value })
    else if (cleared === 'absent') values.delete(preference)
    else values.set(preference, { value: cleared === 'null' ? null : '' })
  }
  return Object.fromEntries(values)
}

/** A vendor stands in one list of a pair: where it was named last. */
function mergeVendors(before: JsonObject, said: JsonObject): JsonObject {
  const pair = (yes: string, no: string) => {
    const now = { yes: textsIn(said[yes]), no: textsIn(said[no]) }
    const left = (name: string, other: string[]) => textsIn(before[name]).filter((vendor) => !other.includes(vendor))
    return {
      [yes]: [...new Set([...left(yes, now.no), ...now.yes])],
      [no]: [...new Set([...left(no, now.yes), ...now.no])],
    }
  }
  return { ...before, ...pair('enabled', 'disabled'), ...pair('enabled_li', 'disabled_li') }
}
