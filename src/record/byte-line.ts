/** One line in its bytes: its structure checked and what counts picked out in a single pass, nothing parsed but that. */

import type { Instant } from '../consent/time.ts'
import { ByteAttributes } from './byte-attributes.ts'
import { ByteConsents } from './byte-consents.ts'
import { memberNames, nameAt, OPEN_ARRAY, OPEN_OBJECT, readArray, readObject } from './byte-object.ts'
import { instantAt, instantJsonAt, scalarAt } from './byte-text.ts'
import { type CompactRecord, Pairs } from './compact-record.ts'
import { asId } from './json.ts'
import { DOUBT, skipSpace, skipValue } from './json-scan.ts'
import type { Counted } from './line.ts'
import type { EventView, LineView } from './line-view.ts'
import type { Names } from './names.ts'

const LINE = memberNames('user', 'events')
const USER = memberNames(
  'id',
  'organization_user_id',
  'version',
  'updated_at',
  'regulation',
  'country',
  'metadata',
  'consents',
)
const EVENT = memberNames('id', 'status', 'regulation', 'created_at', 'updated_at', 'consents')

/** Ranges of scalar members, by the index of their name: start and end, −1 where it is missing. */
class Scalars {
  readonly #ranges: Int32Array
  #bytes: Buffer = Buffer.alloc(0)

  constructor(count: number) {
    this.#ranges = new Int32Array(count * 2)
  }

  begin(bytes: Buffer): void {
    this.#bytes = bytes
    this.#ranges.fill(-1)
  }

  /** Keeps the member's range; false where it was there before: which of the two counts is the parser's affair. */
  keep(index: number, start: number, end: number): boolean {
    if (this.#start(index) >= 0) return false
    this.#ranges[index * 2] = start
    this.#ranges[index * 2 + 1] = end
    return true
  }

  scalar(index: number): unknown {
    const start = this.#start(index)
    return start < 0 ? undefined : scalarAt(this.#bytes, start, this.#end(index))
  }

  instant(index: number): Instant | undefined {
    const start = this.#start(index)
    return start < 0 ? undefined : instantAt(this.#bytes, start, this.#end(index))
  }

  instantJson(index: number, instant: Instant): string {
    return instantJsonAt(this.#bytes, this.#start(index), this.#end(index), instant)
  }

  #start(index: number): number {
    return this.#ranges[index * 2] ?? -1
  }

  #end(index: number): number {
    return this.#ranges[index * 2 + 1] ?? -1
  }
}

/** One event of the line that was read last. */
class ByteEvent implements EventView {
  readonly members = new Scalars(EVENT.length)
  readonly stated = new Pairs()

  get id(): unknown {
    return this.members.scalar(0)
  }

  get status(): unknown {
    return this.members.scalar(1)
  }

  get regulation(): unknown {
    return this.members.scalar(2)
  }

  get createdAt(): Instant | undefined {
    return this.members.instant(3)
  }

  get updatedAt(): Instant | undefined {
    return this.members.instant(4)
  }
}

/** Reads one line at a time; what it gives belongs to the line that was read last. */
export class ByteLine implements LineView<ByteEvent> {
  readonly #consents: ByteConsents
  readonly #attributeReader: ByteAttributes
  readonly #updatedAt: number
  readonly #user = new Scalars(USER.length)
  readonly #stated = new Pairs()
  readonly #attributes = new Pairs()
  /** Kept from line to line; the first `events.length` are of this one. */
  readonly #everyEvent: ByteEvent[] = []
  readonly events: ByteEvent[] = []
  readonly hasUser = true
  #event = new ByteEvent()
  #membersMet = 0

  constructor(names: Names) {
    this.#consents = new ByteConsents(names)
    this.#attributeReader = new ByteAttributes(names)
    this.#updatedAt = names.numberOf('updated_at')
  }

  /** Whether this range is a line of the common shape, every byte of it checked; else it is to be parsed. */
  read(bytes: Buffer, start: number, end: number): boolean {
    if (bytes[start] !== OPEN_OBJECT) return false
    this.events.length = 0
    this.#stated.clear()
    this.#attributes.clear()
    this.#membersMet = 0
    const at = readObject(bytes, start, this.#readMember)
    return at !== DOUBT && (this.#membersMet & 1) !== 0 && skipSpace(bytes, at) >= end
  }

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

  /** The record of a line that counts. */
  record({ identity, version, asOf, updatedAt, events }: Counted<ByteEvent>): CompactRecord {
    if (updatedAt !== undefined) this.#attributes.add(this.#updatedAt, this.#user.instantJson(3, updatedAt))
    return {
      ouid: identity.ouid,
      userId: identity.userId,
      asOf,
      version,
      stated: this.#stated,
      attributes: this.#attributes,
      events: events.map(({ event, lo, hi }) => ({ id: asId(event.id) ?? '', lo, hi, stated: event.stated })),
    }
  }

  readonly #readMember = (bytes: Buffer, nameStart: number, nameEnd: number, at: number): number => {
    const member = nameAt(bytes, nameStart, nameEnd, LINE)
    if (member < 0) return skipValue(bytes, at)
    if ((this.#membersMet & (1 << member)) !== 0) return DOUBT
    this.#membersMet |= 1 << member
    if (member === 1) return bytes[at] === OPEN_ARRAY ? readArray(bytes, at, this.#readEvent) : DOUBT
    if (bytes[at] !== OPEN_OBJECT) return DOUBT
    this.#user.begin(bytes)
    return readObject(bytes, at, this.#readUserMember)
  }

  readonly #readUserMember = (bytes: Buffer, nameStart: number, nameEnd: number, at: number): number => {
    const member = nameAt(bytes, nameStart, nameEnd, USER)
    const end = this.#readUserValue(bytes, member, at)
    return end === DOUBT || member < 0 || this.#user.keep(member, at, end) ? end : DOUBT
  }

  #readUserValue(bytes: Buffer, member: number, at: number): number {
    switch (member) {
      case 5:
        return this.#attributeReader.readCountry(bytes, at, this.#attributes)
      case 6:
        return this.#attributeReader.readMetadata(bytes, at, this.#attributes)
      case 7:
        return this.#consents.read(bytes, at, this.#stated)
      default:
        return skipValue(bytes, at)
    }
  }

  readonly #readEvent = (bytes: Buffer, at: number): number => {
    if (bytes[at] !== OPEN_OBJECT) return DOUBT
    this.#event = this.#everyEvent[this.events.length] ?? new ByteEvent()
    this.#everyEvent[this.events.length] = this.#event
    this.events.push(this.#event)
    this.#event.members.begin(bytes)
    this.#event.stated.clear()
    return readObject(bytes, at, this.#readEventMember)
  }

  readonly #readEventMember = (bytes: Buffer, nameStart: number, nameEnd: number, at: number): number => {
    const member = nameAt(bytes, nameStart, nameEnd, EVENT)
    const end = member === 5 ? this.#consents.read(bytes, at, this.#event.stated) : skipValue(bytes, at)
    return end === DOUBT || member < 0 || this.#event.members.keep(member, at, end) ? end : DOUBT
  }
}
