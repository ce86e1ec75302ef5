/** The scanner of lines: the WebAssembly module of `assembly/scan.ts`, with a memory of its own. */

import { openAssembly } from '../lib/assembly.ts'
import { textAt } from './byte-text.ts'
import { type Names, NO_NUMBER } from './names.ts'
import type { ReadingSettings } from './record.ts'
import { ScannedNames } from './scanned-names.ts'

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
  /** Forgets every name; `country` is the number of that attribute's. */
  begin(country: number): void
  /** `updatedAt` is the number of that attribute's; the settings say whether the GDPR counts, and OUIDs are lowered. */
  beginEntries(updatedAt: number, gdpr: boolean, lowered: boolean): void
  /** Reads the line of so many bytes; answers the number of its events, or less than 0 for a doubt. */
  read(length: number): number
  /** The place of the entry of a line of so many events, on which there is nothing to decide; 0 for any other. */
  usualEntry(events: number, latest: number): number
  contentLength(): number
  addAttribute(name: number, start: number, end: number): boolean
  dateEvent(place: number, hi: number, lo: number): void
}

const NEWLINE = 0x0a
const DOUBT = -1

/** The module with its memory, in bytes, words and doubles; it never grows, so that these views hold. */
export interface Scanner {
  readonly module: ScanModule
  readonly bytes: Buffer
  readonly words: Int32Array
  readonly doubles: Float64Array
  /** The memory from the content's first byte on. */
  readonly content: Buffer
  /** Where a line is put, and the length that it must not reach. */
  readonly lineAt: number
  readonly longestLine: number
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

  constructor(settings: ReadingSettings, names: Names) {
    LineScanner.#shared ??= openScanner((kind, within, text) => LineScanner.#numberOf(kind, within, text))
    this.scanner = LineScanner.#shared
    this.#settings = settings
    this.#names = names
    this.#scanned = this.#begin()
  }

  /** Reads the line in this range; answers the number of its events, or less than 0 where it is out of the common shape. */
  read(bytes: Buffer, start: number, end: number): number {
    if (LineScanner.#user !== this) this.#scanned = this.#begin()
    const { module, bytes: memory, lineAt, longestLine } = this.scanner
    const length = end - start
    if (length >= longestLine) return DOUBT
    bytes.copy(memory, lineAt, start, end)
    memory[lineAt + length] = NEWLINE
    return module.read(length)
  }

  static #numberOf(kind: number, within: number, text: string): number {
    const user = LineScanner.#user
    return user === undefined ? NO_NUMBER : user.#scanned.numberOf(kind, within, text)
  }

  #begin(): ScannedNames {
    LineScanner.#user = this
    const { module, words } = this.scanner
    const { regulations, normalise } = this.#settings
    module.begin(this.#names.numberOf('country'))
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
  const { memory, LINE, LONGEST_LINE, CONTENT, LONGEST_CONTENT } = module
  const bytes = Buffer.from(memory.buffer)
  return {
    module,
    bytes,
    words: new Int32Array(memory.buffer),
    doubles: new Float64Array(memory.buffer),
    content: Buffer.from(memory.buffer, CONTENT.value, LONGEST_CONTENT.value),
    lineAt: LINE.value,
    longestLine: LONGEST_LINE.value,
  }
}
