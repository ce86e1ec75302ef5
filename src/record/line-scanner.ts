/** The scanner of lines: the WebAssembly module of `assembly/scan.ts`, with a memory of its own. */

import { openAssembly } from '../lib/assembly.ts'
import type { Ahead } from './ahead.ts'
import { textAt } from './byte-text.ts'
import { TEXTS } from './entry-layout.ts'
import { type EntryBytes, writePerson } from './entry-writer.ts'
import { LINE_FEED } from './json-byte.ts'
import { type Names, NO_NUMBER } from './names.ts'
import type { ReadingSettings } from './record.ts'
import { ScannedNames } from './scanned-names.ts'
import { aligned, WORD_BYTES, type WordMemory, wordMemory } from './word-memory.ts'

/** What the module gives; places and lengths are in bytes of its memory. */
interface ScanModule {
  readonly memory: WebAssembly.Memory
  readonly LINE: WebAssembly.Global
  readonly LONGEST_LINE: WebAssembly.Global
  readonly CONTENT: WebAssembly.Global
  readonly LONGEST_CONTENT: WebAssembly.Global
  readonly USER: WebAssembly.Global
  readonly EVENTS: WebAssembly.Global
  readonly EVENT_BYTES: WebAssembly.Global
  readonly INSTANTS: WebAssembly.Global
  readonly PAIRS: WebAssembly.Global
  readonly ENTRIES: WebAssembly.Global
  readonly LONGEST_OUID: WebAssembly.Global
  /** Forgets every name; `country` is the number of that attribute's. Longer lines are never read ahead. */
  begin(country: number, longestLine: number): void
  /** `updatedAt` is the number of that attribute's; the settings say whether the GDPR counts, and OUIDs are lowered. */
  beginEntries(updatedAt: number, gdpr: boolean, lowered: boolean): void
  /** Reads the line of so many bytes; answers the number of its events, or less than 0 for a doubt. */
  read(length: number): number
  /** Reads usual lines from one place up to another; answers the place of the first that is none. */
  readAhead(from: number, end: number, latest: number): number
  /** How many entries that kept, one behind the other from `ENTRIES` on. */
  keptEntries(): number
  /** The events of the line it ended at; less than 0 where that is out of the common shape. */
  eventsLeft(): number
  /** Did it end only because there was no room for more entries? */
  isFull(): number
  /** The place of the entry of a line of so many events, on which there is nothing to decide; 0 for any other. */
  onlyEntry(events: number, latest: number): number
  contentLength(): number
  addAttribute(name: number, start: number, end: number): boolean
  dateEvent(place: number, hi: number, lo: number): void
}

const DOUBT = -1
/** Lines are read ahead in windows of so many bytes: what was copied is then still in the processor's cache. */
const WINDOW_BYTES = 128 * 1024

/** The module with its memory, in bytes, words and doubles; it never grows, so that these views hold. */
export interface Scanner extends WordMemory {
  readonly module: ScanModule
  readonly doubles: Float64Array
  /** The memory from the content's first byte on. */
  readonly content: Buffer
  /** Where a line is put, and the length that it must not reach. */
  readonly lineAt: number
  readonly longestLine: number
  readonly entriesAt: number
  readonly longestOuid: number
}

/** Which lines stand in the scanner's memory: those of this range. */
interface Window {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** Reads lines, their names numbered by a table. What it found belongs to the line that was read last, by any of them. */
export class LineScanner {
  /** One for all of a thread, since a memory is dear to make: it knows the names of one of them at a time. */
  static #shared: Scanner | undefined
  static #user: LineScanner | undefined

  readonly scanner: Scanner
  readonly #settings: ReadingSettings
  readonly #names: Names
  #scanned: ScannedNames
  #window: Window | undefined
  /** The line at which reading ahead ended, already scanned: its place in the window's bytes, and its events. */
  #left: { readonly start: number; readonly events: number } | undefined
  #place = 0

  constructor(settings: ReadingSettings, names: Names) {
    LineScanner.#shared ??= openScanner((kind, within, text) => LineScanner.#numberOf(kind, within, text))
    this.scanner = LineScanner.#shared
    this.#settings = settings
    this.#names = names
    this.#scanned = this.#begin()
  }

  /** Where the line that was read last stands in the scanner's memory. */
  get place(): number {
    return this.#place
  }

  /** Reads the line in this range; answers the number of its events, or less than 0 where it is out of the common shape. */
  read(bytes: Buffer, start: number, end: number): number {
    this.#use()
    const { module, bytes: memory, lineAt, longestLine } = this.scanner
    const [window, left] = [this.#window, this.#left]
    this.#left = undefined
    if (window?.bytes === bytes && left?.start === start) {
      this.#place = lineAt + start - window.start
      return left.events
    }
    this.#window = undefined
    const length = end - start
    if (length >= longestLine) return DOUBT
    bytes.copy(memory, lineAt, start, end)
    memory[lineAt + length] = LINE_FEED
    this.#place = lineAt
    return module.read(length)
  }

  /**
   * Reads lines of this range, which ends behind a line feed, as long as there is nothing to decide on them.
   *
   * @param latest the latest believable instant
   * @param take is given their entries, each of which holds until it returns
   */
  readAhead(bytes: Buffer, start: number, end: number, latest: number, take: (entry: EntryBytes) => void): Ahead {
    this.#use()
    const { module, lineAt } = this.scanner
    this.#left = undefined
    let at = start
    let lines = 0
    while (at < end) {
      const window = this.#windowAt(bytes, at, end)
      if (window === undefined) break
      const from = lineAt + at - window.start
      at += module.readAhead(from, lineAt + window.end - window.start, latest) - from
      lines += this.#takeEntries(take)
      if (at < window.end && module.isFull() === 0) {
        this.#left = { start: at, events: module.eventsLeft() }
        break
      }
    }
    return { at, lines }
  }

  /** The entry of the line that was read last, of so many events, on which there is nothing to decide; `undefined` for any other. */
  usualEntry(events: number, latest: number): EntryBytes | undefined {
    const place = this.scanner.module.onlyEntry(events, latest)
    return place === 0 ? undefined : this.#entryAt(place)
  }

  /** Sees to it that the lines from this place on stand in memory; `undefined` where the first of them is too long. */
  #windowAt(bytes: Buffer, start: number, end: number): Window | undefined {
    const known = this.#window
    if (known?.bytes === bytes && start >= known.start && start < known.end) return known
    const cut = Math.min(end, start + WINDOW_BYTES)
    const windowEnd = cut === end ? end : bytes.lastIndexOf(LINE_FEED, cut - 1) + 1
    if (windowEnd <= start) return undefined
    bytes.copy(this.scanner.bytes, this.scanner.lineAt, start, windowEnd)
    this.#window = { bytes, start, end: windowEnd }
    return this.#window
  }

  #takeEntries(take: (entry: EntryBytes) => void): number {
    const { module, entriesAt } = this.scanner
    const count = module.keptEntries()
    let start = entriesAt
    for (let number = 0; number < count; number += 1) {
      const entry = this.#entryAt(start)
      take(entry)
      start = aligned(entry.end)
    }
    return count
  }

  /** The entry that the module has kept at this place; the person of a long OUID is left to us. */
  #entryAt(start: number): EntryBytes {
    const { bytes, words, longestOuid } = this.scanner
    if ((words[(start + TEXTS) / WORD_BYTES] as number) > longestOuid) writePerson(bytes, start)
    return { bytes, words, start, end: start + (words[start / WORD_BYTES] as number) }
  }

  #use(): void {
    if (LineScanner.#user !== this) this.#scanned = this.#begin()
  }

  static #numberOf(kind: number, within: number, text: string): number {
    const user = LineScanner.#user
    return user === undefined ? NO_NUMBER : user.#scanned.numberOf(kind, within, text)
  }

  #begin(): ScannedNames {
    LineScanner.#user = this
    this.#window = undefined
    this.#left = undefined
    const { module, words } = this.scanner
    const { regulations, normalise, maxLineBytes } = this.#settings
    module.begin(this.#names.numberOf('country'), maxLineBytes)
    module.beginEntries(this.#names.numberOf('updated_at'), regulations.includes('gdpr'), normalise !== 'none')
    const pairs = module.PAIRS.value / 4
    return new ScannedNames(this.#names, (pair, numbers) => words.set(numbers, pairs + pair * 2))
  }
}

type NumberOf = (kind: number, within: number, text: string) => number

function openScanner(numberOf: NumberOf): Scanner {
  const askNumber = (kind: number, within: number, start: number, end: number) =>
    numberOf(kind, within, textAt(bytes, start, end))
  const module = openAssembly('scan', { names: { askNumber } }) as ScanModule
  const { memory, LINE, LONGEST_LINE, CONTENT, LONGEST_CONTENT, ENTRIES, LONGEST_OUID } = module
  const { bytes, words } = wordMemory(memory.buffer)
  return {
    module,
    bytes,
    words,
    doubles: new Float64Array(memory.buffer),
    content: Buffer.from(memory.buffer, CONTENT.value, LONGEST_CONTENT.value),
    lineAt: LINE.value,
    longestLine: LONGEST_LINE.value,
    entriesAt: ENTRIES.value,
    longestOuid: LONGEST_OUID.value,
  }
}
