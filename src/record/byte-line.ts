/** The view of a line in its bytes: nothing is parsed but what counts, and what is not plainly valid is left alone. */

import type { Instant } from '../consent/time.ts'
import { readAttributes } from './attributes.ts'
import { instantAt, scalarAt } from './byte-text.ts'
import { DOUBT, skipColon, skipName, skipSpace, skipValue } from './json-scan.ts'
import type { EventView, LineView } from './line-view.ts'
import type { Attributes, Stated } from './record.ts'
import type { StatedMemo } from './stated-memo.ts'

const LINE_NAMES = ['user', 'events'].map((name) => Buffer.from(name))
const USER_NAMES = [
  'id',
  'organization_user_id',
  'version',
  'updated_at',
  'regulation',
  'country',
  'metadata',
  'consents',
].map((name) => Buffer.from(name))
const EVENT_NAMES = ['id', 'status', 'regulation', 'created_at', 'updated_at', 'consents'].map((name) =>
  Buffer.from(name),
)

const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const COMMA = 0x2c
const QUOTE = 0x22

/** The ranges of the known members of one object: start and end of each, −1 where it is missing. */
class Members {
  readonly #names: readonly Buffer[]
  readonly #ranges: Int32Array
  #bytes: Buffer = Buffer.alloc(0)

  constructor(known: readonly Buffer[]) {
    this.#names = known
    this.#ranges = new Int32Array(known.length * 2)
  }

  /**
   * Reads the object whose brace stands before `from`. A known name twice, or one written with escapes, is a doubt:
   * which of them counts is the parser's affair.
   *
   * @param readValue skips the value of the member with this index (−1: an unknown one)
   */
  read(bytes: Buffer, from: number, readValue: (index: number, at: number) => number): number {
    this.#bytes = bytes
    this.#ranges.fill(-1)
    let at = skipSpace(bytes, from)
    if (bytes[at] === CLOSE_OBJECT) return at + 1
    for (;;) {
      if (bytes[at] !== QUOTE) return DOUBT
      const nameEnd = skipName(bytes, at + 1)
      if (nameEnd === DOUBT) return DOUBT
      const index = this.#indexOf(at + 1, nameEnd)
      const start = skipColon(bytes, nameEnd + 1)
      if (start === DOUBT) return DOUBT
      at = readValue(index, start)
      if (at === DOUBT || (index >= 0 && !this.#keep(index, start, at))) return DOUBT
      at = skipSpace(bytes, at)
      if (bytes[at] === CLOSE_OBJECT) return at + 1
      if (bytes[at] !== COMMA) return DOUBT
      at = skipSpace(bytes, at + 1)
    }
  }

  has(index: number): boolean {
    return this.start(index) >= 0
  }

  start(index: number): number {
    return this.#ranges[index * 2] ?? -1
  }

  end(index: number): number {
    return this.#ranges[index * 2 + 1] ?? -1
  }

  scalar(index: number): unknown {
    return this.has(index) ? scalarAt(this.#bytes, this.start(index), this.end(index)) : undefined
  }

  instant(index: number): Instant | undefined {
    return this.has(index) ? instantAt(this.#bytes, this.start(index), this.end(index)) : undefined
  }

  #keep(index: number, start: number, end: number): boolean {
    if (this.has(index)) return false
    this.#ranges[index * 2] = start
    this.#ranges[index * 2 + 1] = end
    return true
  }

  #indexOf(start: number, end: number): number {
    for (let index = 0; index < this.#names.length; index += 1) {
      const name = this.#names[index]
      if (name !== undefined && name.length === end - start && isAt(this.#bytes, start, name)) return index
    }
    return -1
  }
}

function isAt(bytes: Buffer, start: number, name: Buffer): boolean {
  for (let place = 0; place < name.length; place += 1) if (bytes[start + place] !== name[place]) return false
  return true
}

/** One line at a time; what it gives belongs to the line that was read last. */
export class ByteLine implements LineView {
  readonly #memo: StatedMemo
  readonly #line = new Members(LINE_NAMES)
  readonly #user = new Members(USER_NAMES)
  /** Kept from line to line. */
  readonly #everyEvent: ByteEvent[] = []
  #bytes: Buffer = Buffer.alloc(0)
  events: ByteEvent[] = []

  constructor(memo: StatedMemo) {
    this.#memo = memo
  }

  /** Whether this range is a line of the common shape, every byte of it checked; else it is to be parsed. */
  read(bytes: Buffer, start: number, end: number): boolean {
    this.#bytes = bytes
    this.events.length = 0
    if (bytes[start] !== OPEN_OBJECT) return false
    const at = this.#line.read(bytes, start + 1, this.#readMember)
    return at !== DOUBT && this.#line.has(0) && skipSpace(bytes, at) >= end
  }

  readonly #readMember = (index: number, at: number): number => {
    switch (index) {
      case 0:
        return this.#bytes[at] === OPEN_OBJECT ? this.#user.read(this.#bytes, at + 1, this.#skip) : DOUBT
      case 1:
        return this.#bytes[at] === OPEN_ARRAY ? this.#readEvents(at + 1) : DOUBT
      default:
        return skipValue(this.#bytes, at)
    }
  }

  readonly #skip = (_index: number, at: number): number => skipValue(this.#bytes, at)

  #readEvents(from: number): number {
    this.events.length = 0
    let at = skipSpace(this.#bytes, from)
    if (this.#bytes[at] === CLOSE_ARRAY) return at + 1
    for (;;) {
      if (this.#bytes[at] !== OPEN_OBJECT) return DOUBT
      const event = this.#everyEvent[this.events.length] ?? new ByteEvent(this.#memo)
      this.#everyEvent[this.events.length] = event
      this.events.push(event)
      at = event.read(this.#bytes, at + 1, this.#skip)
      if (at === DOUBT) return DOUBT
      at = skipSpace(this.#bytes, at)
      if (this.#bytes[at] === CLOSE_ARRAY) return at + 1
      if (this.#bytes[at] !== COMMA) return DOUBT
      at = skipSpace(this.#bytes, at + 1)
    }
  }

  readonly hasUser = true

  get userId(): unknown {
    return this.#user.scalar(0)
  }

  get organizationUserId(): unknown {
    return this.#user.scalar(1)
  }

  get version(): unknown {
    return this.#user.scalar(2)
  }

  get updatedAt(): Instant | undefined {
    return this.#user.instant(3)
  }

  get regulation(): unknown {
    return this.#user.scalar(4)
  }

  attributes(): Attributes {
    const [start, end] = [this.#user.start(6), this.#user.end(6)]
    const metadata: unknown = start < 0 ? undefined : JSON.parse(this.#bytes.toString('utf8', start, end))
    return readAttributes(this.#user.scalar(5), metadata)
  }

  statements(): Stated {
    return this.#memo.statedAt(this.#bytes, this.#user.start(7), this.#user.end(7))
  }
}

/** One event of the line. */
class ByteEvent implements EventView {
  readonly #memo: StatedMemo
  readonly #members = new Members(EVENT_NAMES)
  #bytes: Buffer = Buffer.alloc(0)

  constructor(memo: StatedMemo) {
    this.#memo = memo
  }

  read(bytes: Buffer, from: number, readValue: (index: number, at: number) => number): number {
    this.#bytes = bytes
    return this.#members.read(bytes, from, readValue)
  }

  get id(): unknown {
    return this.#members.scalar(0)
  }

  get status(): unknown {
    return this.#members.scalar(1)
  }

  get regulation(): unknown {
    return this.#members.scalar(2)
  }

  get createdAt(): Instant | undefined {
    return this.#members.instant(3)
  }

  get updatedAt(): Instant | undefined {
    return this.#members.instant(4)
  }

  statements(): Stated {
    return this.#memo.statedAt(this.#bytes, this.#members.start(5), this.#members.end(5))
  }
}
