/** One line in its bytes: its structure checked and what counts picked out in a single pass, nothing parsed but that. */

import { OPEN_ARRAY, OPEN_OBJECT } from '../consent/json-byte.ts'
import { formatInstant, type Instant } from '../consent/time.ts'
import { ByteAttributes } from './byte-attributes.ts'
import { ByteConsents } from './byte-consents.ts'
import { readArray, readObject } from './byte-object.ts'
import { Shape } from './byte-shape.ts'
import { isAt } from './byte-table.ts'
import { instantAt, isFormatted, isPlainText, scalarAt } from './byte-text.ts'
import { CompactWriter, LONGEST_COMPACT } from './compact-bytes.ts'
import type { CompactRecord } from './compact-record.ts'
import { asId } from './json.ts'
import { DOUBT, skipSpace, skipValue } from './json-scan.ts'
import type { Counted } from './line.ts'
import type { EventView, LineView } from './line-view.ts'
import type { Names } from './names.ts'

const USER_MEMBERS = [
  'id',
  'organization_user_id',
  'version',
  'updated_at',
  'regulation',
  'country',
  'metadata',
  'consents',
]
const EVENT_MEMBERS = ['id', 'status', 'regulation', 'created_at', 'updated_at', 'consents']

/** Ranges of scalar members, by the index of their name: start and end, −1 where it is missing. */
class Scalars {
  readonly #ranges: Int32Array
  bytes: Buffer = Buffer.alloc(0)

  constructor(count: number) {
    this.#ranges = new Int32Array(count * 2)
  }

  begin(bytes: Buffer): void {
    this.bytes = bytes
    this.#ranges.fill(-1)
  }

  /** Keeps the member's range; false where it was there before: which of the two counts is the parser's affair. */
  keep(index: number, start: number, end: number): boolean {
    if (this.start(index) >= 0) return false
    this.#ranges[index * 2] = start
    this.#ranges[index * 2 + 1] = end
    return true
  }

  scalar(index: number): unknown {
    const start = this.start(index)
    return start < 0 ? undefined : scalarAt(this.bytes, start, this.end(index))
  }

  /** The scalar, without making the text it usually is. */
  usually(index: number, usual: Buffer, text: string): unknown {
    const start = this.start(index)
    return start >= 0 && isAt(this.bytes, start, this.end(index), usual) ? text : this.scalar(index)
  }

  instant(index: number): Instant | undefined {
    const start = this.start(index)
    return start < 0 ? undefined : instantAt(this.bytes, start, this.end(index))
  }

  start(index: number): number {
    return this.#ranges[index * 2] as number
  }

  end(index: number): number {
    return this.#ranges[index * 2 + 1] as number
  }
}

const CONFIRMED = Buffer.from('"confirmed"')
const GDPR = Buffer.from('"gdpr"')

/** One event of the line that was read last. */
class ByteEvent implements EventView {
  readonly members = new Scalars(EVENT_MEMBERS.length)
  /** Where it stands in the content. */
  place = 0

  get id(): unknown {
    return this.members.scalar(0)
  }

  get status(): unknown {
    return this.members.usually(1, CONFIRMED, 'confirmed')
  }

  get regulation(): unknown {
    return this.members.usually(2, GDPR, 'gdpr')
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
  readonly #attributes: ByteAttributes
  readonly #updatedAt: number
  readonly #shape = Shape.of('user', 'events')
  readonly #userShape = Shape.of(...USER_MEMBERS)
  readonly #eventShape = Shape.of(...EVENT_MEMBERS)
  readonly #user = new Scalars(USER_MEMBERS.length)
  readonly #content = new CompactWriter()
  /** Kept from line to line; the first `events.length` are of this one. */
  readonly #everyEvent: ByteEvent[] = []
  readonly events: ByteEvent[] = []
  readonly hasUser = true
  #event = new ByteEvent()
  #membersMet = 0

  constructor(names: Names) {
    this.#consents = new ByteConsents(names, this.#content)
    this.#attributes = new ByteAttributes(names, this.#content)
    this.#updatedAt = names.numberOf('updated_at')
  }

  /** Whether this range is a line of the common shape, every byte of it checked; else it is to be parsed. */
  read(bytes: Buffer, start: number, end: number): boolean {
    if (bytes[start] !== OPEN_OBJECT) return false
    this.events.length = 0
    this.#content.begin()
    this.#membersMet = 0
    const at = readObject(bytes, start, this.#shape, this.#readMember)
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
    return this.#user.usually(4, GDPR, 'gdpr')
  }

  /** The record of a line that counts. */
  record({ identity, version, asOf, updatedAt, events }: Counted<ByteEvent>): CompactRecord {
    for (const { event, hi, lo } of events) this.#content.date(event.place, hi, lo)
    if (updatedAt !== undefined) this.#addUpdatedAt(updatedAt)
    const { bytes, length } = this.#content
    return { ouid: identity.ouid, userId: identity.userId, asOf, version, bytes, length }
  }

  #addUpdatedAt(updatedAt: Instant): void {
    const [start, end] = [this.#user.start(3), this.#user.end(3)]
    if (isFormatted(this.#user.bytes, start, end, updatedAt)) {
      this.#content.attribute(this.#updatedAt, this.#user.bytes, start, end)
    } else {
      this.#content.attributeText(this.#updatedAt, `"${formatInstant(updatedAt)}"`)
    }
  }

  readonly #readMember = (bytes: Buffer, member: number, at: number): number => {
    if (member < 0) return skipValue(bytes, at)
    if ((this.#membersMet & (1 << member)) !== 0) return DOUBT
    this.#membersMet |= 1 << member
    if (member === 1) return bytes[at] === OPEN_ARRAY ? readArray(bytes, at, this.#readEvent) : DOUBT
    if (bytes[at] !== OPEN_OBJECT) return DOUBT
    this.#user.begin(bytes)
    return readObject(bytes, at, this.#userShape, this.#readUserMember)
  }

  readonly #readUserMember = (bytes: Buffer, member: number, at: number): number => {
    const end = this.#readUserValue(bytes, member, at)
    return end === DOUBT || member < 0 || this.#user.keep(member, at, end) ? end : DOUBT
  }

  #readUserValue(bytes: Buffer, member: number, at: number): number {
    switch (member) {
      case 5:
        return this.#attributes.readCountry(bytes, at)
      case 6:
        return this.#attributes.readMetadata(bytes, at)
      case 7:
        return this.#consents.read(bytes, at)
      default:
        return skipValue(bytes, at)
    }
  }

  readonly #readEvent = (bytes: Buffer, at: number): number => {
    if (bytes[at] !== OPEN_OBJECT) return DOUBT
    this.#event = this.#everyEvent[this.events.length] ?? new ByteEvent()
    this.#everyEvent[this.events.length] = this.#event
    this.events.push(this.#event)
    const { members } = this.#event
    members.begin(bytes)
    this.#event.place = this.#content.beginEvent()
    const end = readObject(bytes, at, this.#eventShape, this.#readEventMember)
    return end !== DOUBT && this.#content.endItems(this.#event.place) && this.#addId(members) ? end : DOUBT
  }

  #addId(members: Scalars): boolean {
    const [start, end] = [members.start(0), members.end(0)]
    if (start >= 0 && isPlainText(members.bytes, start, end) && end - start <= LONGEST_COMPACT) {
      this.#content.id(members.bytes, start + 1, end - 1)
      return true
    }
    return this.#content.idText(asId(members.scalar(0)) ?? '')
  }

  readonly #readEventMember = (bytes: Buffer, member: number, at: number): number => {
    const end = member === 5 ? this.#consents.read(bytes, at) : skipValue(bytes, at)
    return end === DOUBT || member < 0 || this.#event.members.keep(member, at, end) ? end : DOUBT
  }
}
