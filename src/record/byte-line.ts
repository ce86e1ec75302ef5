/** One line in its bytes, as the scanner found it: nothing is parsed but what counts. */

import { formatInstant, type Instant } from '../consent/time.ts'
import { type Ahead, nothingAhead } from './ahead.ts'
import { instantAt, scalarAt } from './byte-text.ts'
import { type EntryBytes, EntryWriter } from './entry-writer.ts'
import type { Counted } from './line.ts'
import { LineScanner, type Scanner } from './line-scanner.ts'
import type { EventView, LineView } from './line-view.ts'
import { type Names, NO_NUMBER } from './names.ts'
import type { ReadingSettings } from './record.ts'

/** A member that stands as nearly always: the scanner's `USUAL`. */
const USUAL = -2

/** Members as `assembly/members.ts` numbers them. */
const USER = { id: 0, organizationUserId: 1, version: 2, updatedAt: 3, regulation: 4 } as const
const EVENT = { id: 0, status: 1, regulation: 2, createdAt: 3, updatedAt: 4, place: 5 } as const

/** Ranges of members in the scanner's memory, from one place on. */
class Members {
  readonly #scanner: Scanner
  /** Index of the first start. */
  readonly #at: number
  readonly #instantsAt: number

  constructor(scanner: Scanner, at: number) {
    this.#scanner = scanner
    this.#at = at
    this.#instantsAt = at / 2 + scanner.module.INSTANTS.value / 8
  }

  scalar(member: number, usual?: string): unknown {
    const start = this.start(member)
    if (start >= 0) return scalarAt(this.#scanner.bytes, start, this.end(member))
    return start === USUAL ? usual : undefined
  }

  /** The instant of a member; `number` says which of the instants kept it is. */
  instant(member: number, number: number): Instant | undefined {
    const start = this.start(member)
    if (start < 0) return undefined
    const instant = this.usualInstant(number)
    return Number.isNaN(instant) ? instantAt(this.#scanner.bytes, start, this.end(member)) : instant
  }

  /** An instant in the form in which it nearly always stands; NaN for one in any other. */
  usualInstant(number: number): number {
    return this.#scanner.doubles[this.#instantsAt + number] as number
  }

  start(member: number): number {
    return this.#scanner.words[this.#at + member * 2] as number
  }

  end(member: number): number {
    return this.#scanner.words[this.#at + member * 2 + 1] as number
  }
}

/** One event of the line that was read last. */
class ByteEvent implements EventView {
  readonly #members: Members

  constructor(scanner: Scanner, at: number) {
    this.#members = new Members(scanner, at)
  }

  get id(): unknown {
    return this.#members.scalar(EVENT.id)
  }

  get status(): unknown {
    return this.#members.scalar(EVENT.status, 'confirmed')
  }

  get regulation(): unknown {
    return this.#members.scalar(EVENT.regulation, 'gdpr')
  }

  get createdAt(): Instant | undefined {
    return this.#members.instant(EVENT.createdAt, 0)
  }

  get updatedAt(): Instant | undefined {
    return this.#members.instant(EVENT.updatedAt, 1)
  }

  /** Where it stands in the content. */
  get place(): number {
    return this.#members.start(EVENT.place)
  }
}

/** Reads one line at a time; what it gives belongs to the line that was read last. */
export class ByteLine implements LineView<ByteEvent> {
  readonly #lines: LineScanner
  readonly #scanner: Scanner
  readonly #user: Members
  readonly #updatedAt: number
  readonly #writer = new EntryWriter()
  #eventCount = 0
  /** Kept from line to line; the first `#eventCount` are of this one. */
  readonly #everyEvent: ByteEvent[] = []
  readonly hasUser = true

  constructor(settings: ReadingSettings, names: Names) {
    this.#lines = new LineScanner(settings, names)
    this.#scanner = this.#lines.scanner
    this.#user = new Members(this.#scanner, this.#scanner.module.USER.value / 4)
    this.#updatedAt = names.numberOf('updated_at')
  }

  /** Whether this range is a line of the common shape, every byte of it checked; else it is to be parsed. */
  read(bytes: Buffer, start: number, end: number): boolean {
    // Names that were full from the beginning leave every line to the plain way.
    if (this.#updatedAt === NO_NUMBER) return false
    this.#eventCount = this.#lines.read(bytes, start, end)
    return this.#eventCount >= 0
  }

  /** Reads lines ahead as long as there is nothing to decide on them (`LineScanner.readAhead`). */
  readAhead(bytes: Buffer, start: number, end: number, latest: Instant, take: (entry: EntryBytes) => void): Ahead {
    if (this.#updatedAt === NO_NUMBER) return nothingAhead(start)
    return this.#lines.readAhead(bytes, start, end, latest, take)
  }

  /** The entry of a line on which there is nothing to decide; `undefined` for any other. */
  usualEntry(latest: Instant): EntryBytes | undefined {
    return this.#lines.usualEntry(this.#eventCount, latest)
  }

  get events(): readonly ByteEvent[] {
    const events: ByteEvent[] = []
    for (let number = 0; number < this.#eventCount; number += 1) events.push(this.#event(number))
    return events
  }

  get userId(): unknown {
    return this.#user.scalar(USER.id)
  }

  get organizationUserId(): unknown {
    return this.#user.scalar(USER.organizationUserId)
  }

  get version(): unknown {
    return this.#user.scalar(USER.version)
  }

  get updatedAt(): Instant | undefined {
    return this.#user.instant(USER.updatedAt, 0)
  }

  get regulation(): unknown {
    return this.#user.scalar(USER.regulation, 'gdpr')
  }

  /** The entry of a line that counts. */
  entry({ identity: { ouid, userId }, version, asOf, updatedAt, events }: Counted<ByteEvent>): EntryBytes {
    const { module, content } = this.#scanner
    for (const { event, hi, lo } of events) module.dateEvent(event.place, hi, lo)
    if (updatedAt !== undefined) this.#addUpdatedAt(updatedAt)
    return this.#writer.compact({ ouid, userId, asOf, version }, content, module.contentLength())
  }

  #addUpdatedAt(updatedAt: Instant): void {
    const { module, bytes } = this.#scanner
    const { place } = this.#lines
    // Where the line begins, which is longer: nothing of it is read any more.
    const length = bytes.write(`"${formatInstant(updatedAt)}"`, place, 'latin1')
    module.addAttribute(this.#updatedAt, place, place + length)
  }

  #event(number: number): ByteEvent {
    const known = this.#everyEvent[number]
    if (known !== undefined) return known
    const { EVENTS, EVENT_BYTES } = this.#scanner.module
    const event = new ByteEvent(this.#scanner, (EVENTS.value + number * EVENT_BYTES.value) / 4)
    this.#everyEvent[number] = event
    return event
  }
}
