/** Statements as an event of Didomi (Didomi: `POST /consents/events`). Pure. */

import { setOf } from '../consent/choice.ts'
import { type Key, keyText, parseKey } from '../consent/key.ts'
import { formatInstant } from '../consent/time.ts'
import type { NewEvent } from '../didomi/didomi.ts'
import { MARKER } from '../projection/reason.ts'
import type { JsonValue } from '../record/record.ts'
import type { ToldStatement } from '../store/told.ts'

/** The set that a person has, by set key; what a value is taken from or added to. */
export type Sets = ReadonlyMap<string, readonly string[]>

type Node = { id: string; enabled?: boolean; enabled_li?: boolean; values?: Record<string, { value: string }> } & {
  preferences?: { id: string; enabled: boolean }[]
  channels?: { id: string; enabled: boolean }[]
}

/** One event: all its statements are of one person and one instant. */
export function eventOf(
  statements: readonly [ToldStatement, ...ToldStatement[]],
  user: Readonly<Record<string, string>>,
  sets: Sets,
): NewEvent {
  const [{ event: id, instant }] = statements
  const purposes = new Map<string, Node>()
  const channels: { id: string; enabled: boolean }[] = []
  const changed = new Map(sets)
  for (const { key: text, value } of statements) {
    const key = parseKey(text)
    if (key === undefined) continue
    if (key.kind === 'channel') channels.push({ id: key.channel, enabled: value === true })
    else {
      const node = purposes.get(key.purpose) ?? { id: key.purpose }
      purposes.set(key.purpose, node)
      state(node, key, value, changed)
    }
  }
  const consents = { channels, purposes: [...purposes.values()] }
  return {
    id,
    body: {
      created_at: formatInstant(instant),
      status: 'confirmed',
      user,
      consents: consents as unknown as JsonValue,
      delegate: { id: MARKER },
      metadata: { source: MARKER },
    },
  }
}

function state(
  node: Node,
  key: Exclude<Key, { kind: 'channel' }>,
  value: ToldStatement['value'],
  sets: Map<string, readonly string[]>,
): void {
  switch (key.kind) {
    case 'purpose':
      node.enabled = value === true
      return
    case 'purpose-li':
      node.enabled_li = value === true
      return
    case 'preference':
      node.preferences = [...(node.preferences ?? []), { id: key.preference, enabled: value === true }]
      return
    case 'purpose-channel':
      node.channels = [...(node.channels ?? []), { id: key.channel, enabled: value === true }]
      return
    case 'set':
      choose(node, key.preference, typeof value === 'boolean' ? [] : value)
      return
    case 'value': {
      // Didomi replaces a preference's values as a whole, so one value is told with all others as they are.
      const set = keyText({ ...key, kind: 'set' })
      const others = (sets.get(set) ?? []).filter((id) => id !== key.value)
      sets.set(set, setOf(value === true ? [...others, key.value] : others))
      choose(node, key.preference, sets.get(set) ?? [])
    }
  }
}

function choose(node: Node, preference: string, ids: readonly string[]): void {
  node.values = { ...node.values, [preference]: { value: ids.join(',') } }
}
