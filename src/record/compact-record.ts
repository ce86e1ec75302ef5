/** A record in the form in which millions of them are carried. */

import { parseSet } from '../consent/choice.ts'
import type { KeyText } from '../consent/key.ts'
import type { Instant } from '../consent/time.ts'
import { attributeJsonAt, setTextAt } from './byte-value.ts'
import { readCompact } from './compact-bytes.ts'
import type { JsonValue, RecordedEvent, UserRecord } from './record.ts'

/** A parsed line: the same as a `UserRecord`, with what it states as a compact content. */
export interface CompactRecord {
  readonly ouid: string
  readonly userId: string
  readonly asOf: Instant
  readonly version: number
  /** The content is the first `length` of these bytes. */
  readonly bytes: Buffer
  readonly length: number
}

/** The record that a compact one stands for; `names` by number. */
export function expanded(record: CompactRecord, names: readonly string[]): UserRecord {
  const { bytes, length, ouid, userId, asOf, version } = record
  const statements: [KeyText, boolean | readonly string[]][] = []
  const events: (RecordedEvent & { readonly statements: [KeyText, boolean | readonly string[]][] })[] = []
  const attributes: [string, JsonValue][] = []
  const nameOf = (name: number) => names[name] ?? ''
  const text = (start: number, end: number) => bytes.toString('utf8', start, end)
  const setOf = (start: number, end: number) => parseSet(end > start ? setTextAt(bytes, start, end) : '')
  readCompact(bytes, 0, length, {
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
  return { ouid, userId, asOf, version, statements, events: stating, attributes }
}
