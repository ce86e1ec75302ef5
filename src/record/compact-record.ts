/** A record in the form in which millions of them are carried: names as numbers, choices and attributes as texts. */

import { parseSet } from '../consent/choice.ts'
import type { Instant, Span } from '../consent/time.ts'
import type { JsonValue, Stated, UserRecord } from './record.ts'

/** Pairs of a name's number and a text: a key and its choice, or an attribute and its canonical JSON. */
export class Pairs {
  readonly names: number[] = []
  readonly texts: string[] = []

  get length(): number {
    return this.names.length
  }

  add(name: number, text: string): void {
    this.names.push(name)
    this.texts.push(text)
  }

  clear(): void {
    this.names.length = 0
    this.texts.length = 0
  }
}

/** An event that counts (semantics §2.5); it may state nothing. */
export interface CompactEvent extends Span {
  readonly id: string
  readonly stated: Pairs
}

/** A parsed line: the same as a `UserRecord`, with its names in a table. */
export interface CompactRecord {
  readonly ouid: string
  readonly userId: string
  readonly asOf: Instant
  readonly version: number
  readonly stated: Pairs
  readonly attributes: Pairs
  readonly events: readonly CompactEvent[]
}

/** The record that a compact one stands for; `names` by number. */
export function expanded(record: CompactRecord, names: readonly string[]): UserRecord {
  const { stated, attributes, events, ...rest } = record
  return {
    ...rest,
    statements: statedOf(stated, names),
    attributes: attributes.names.map((name, index) => [
      names[name] ?? '',
      JSON.parse(attributes.texts[index] ?? 'null') as JsonValue,
    ]),
    events: events
      .filter((event) => event.stated.length > 0)
      .map(({ stated: pairs, id, lo, hi }) => ({ id, lo, hi, statements: statedOf(pairs, names) })),
  }
}

function statedOf({ names: numbers, texts }: Pairs, names: readonly string[]): Stated {
  return numbers.map((number, index) => {
    const key = names[number] ?? ''
    const text = texts[index] ?? ''
    return [key, key.startsWith('set/') ? parseSet(text) : text === 'true']
  })
}
