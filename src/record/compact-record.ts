/** What a compact content stands for. */

import { parseSet } from '../consent/choice.ts'
import type { KeyText } from '../consent/key.ts'
import { attributeJsonAt, setTextAt } from './byte-value.ts'
import { readCompact } from './compact-bytes.ts'
import type { JsonValue, RecordedEvent, UserRecord } from './record.ts'

/** What a record states, of the content between two places; `names` by number. */
export function expandedContent(
  bytes: Buffer,
  from: number,
  to: number,
  names: readonly string[],
): Pick<UserRecord, 'statements' | 'events' | 'attributes'> {
  const statements: [KeyText, boolean | readonly string[]][] = []
  const events: (RecordedEvent & { readonly statements: [KeyText, boolean | readonly string[]][] })[] = []
  const attributes: [string, JsonValue][] = []
  const nameOf = (name: number) => names[name] ?? ''
  const text = (start: number, end: number) => bytes.toString('utf8', start, end)
  const setOf = (start: number, end: number) => parseSet(end > start ? setTextAt(bytes, start, end) : '')
  readCompact(bytes, from, to, {
    said: (name, yes) => statements.push([nameOf(name), yes]),
    saidSet: (name, start, end) => statements.push([nameOf(name), setOf(start, end)]),
    attribute: (name, start, end) => {
      const json = attributeJsonAt(bytes, start, end)
      if (json !== undefined) attributes.push([nameOf(name), JSON.parse(json) as JsonValue])
    },
    event: (hi, lo, start, end) => events.push({ hi, lo, id: text(start, end), statements: [] }),
    happened: (name, yes) => events.at(-1)?.statements.push([nameOf(name), yes]),
    happenedSet: (name, start, end) => events.at(-1)?.statements.push([nameOf(name), setOf(start, end)]),
  })
  const stating = events.filter((event) => event.statements.length > 0)
  return { statements, events: stating, attributes }
}
