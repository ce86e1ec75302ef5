/**
 * Lines as nobody's serialiser would write them: the text is made here, so that keys repeat, escape and nest at will.
 * Made from a seed by a small generator of its own: a line of chained arbitraries takes a thousand times as long.
 */

import fc from 'fast-check'

/** Chance by a seed (mulberry32): enough for test data. */
class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** Below 1. */
  share(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  below(count: number): number {
    return Math.floor(this.share() * count)
  }

  one<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0]
  }

  times<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make)
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, place: this.share() }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item)
  }
}

const UNITS = [
  'a',
  'b',
  ',',
  ' ',
  '"',
  '\\',
  '/',
  'é',
  '\u{1f600}',
  '\ud800',
  '\u0000',
  '\u007f',
  '\u2028',
  '\t',
] as const
const SCALARS = ['null', 'true', 'false', '0', '-0', '7', '-1.5e3', '1e999', '1E-2', '""', '"a,b"', '"gdpr"'] as const
const BROKEN = ['01', '1.', '.5', '+1', 'nul', 'NaN', "'a'", '"\\x"', '"\\u12"', '"\t"', '', '{', ']'] as const
const NAMES = ['id', 'user', 'events', '__proto__', 'value', 'a', 'consents'] as const
const INSTANTS = [
  '2026-10-20T18:41:07.512Z',
  '2026-10-20T18:41:07.512Z',
  '2026-10-20T18:41:07Z',
  '2026-10-20T18:41:07.5Z',
  '2026-10-20T18:41:07.123456Z',
  '2026-10-20T18:41:07.1234567Z',
  '2026-10-20T20:41:07+02:00',
  '2026-10-20t18:41:07z',
  '2026-10-20T23:59:60Z',
  '2026-10-20T24:00:00Z',
  '2026-02-30T00:00:00Z',
  '2026-10-20 18:41:07Z',
  '2026-10-20T18:41:07.Z',
  '2026-1a-20T18:41:07.512Z',
  '1600-10-20T18:41:07Z',
  '2026-10-23T18:41:07Z',
  '9999-12-31T23:59:59Z',
] as const

type Make = () => string

/** Writes one line. */
class LineWriter {
  readonly #chance: Chance

  constructor(seed: number) {
    this.#chance = new Chance(seed)
  }

  /** A line in the layout of an export, in all the ways JSON can write it and a few it cannot. */
  line(): string {
    const user = () => this.#object(USER(this))
    const events = () => this.list(() => this.object(EVENT(this)))
    const rest = this.#rarely() ? this.#chance.one([' ', '\t', '\r', 'x', '{}', '\u00a0']) : ''
    return (this.#object({ user: () => this.or(user), events: () => this.or(events) }) + rest).replaceAll('\n', ' ')
  }

  json(depth = 0): string {
    const kind = this.#chance.below(depth > 3 ? 3 : 6)
    if (kind === 3)
      return this.#listed(
        '[',
        ']',
        this.#chance.times(4, () => this.json(depth + 1)),
      )
    if (kind > 3)
      return this.#listed(
        '{',
        '}',
        this.#chance.times(4, () => this.#member(this.#chance.one(NAMES), this.json(depth + 1))),
      )
    if (kind === 2) return this.text()
    return this.#chance.below(20) === 0 ? this.#chance.one(BROKEN) : this.#chance.one(SCALARS)
  }

  /** A string of anything, in one of the ways JSON can write it. */
  text(): string {
    return this.written(this.#chance.times(6, () => this.#chance.one(UNITS)).join(''), 4)
  }

  /** One in `oneIn` units is escaped by its number. */
  written(text: string, oneIn: number): string {
    const units = [...text].map((unit) =>
      this.#chance.below(oneIn) === 0
        ? [...Array(unit.length).keys()].map((at) => `\\u${unit.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')
        : JSON.stringify(unit).slice(1, -1),
    )
    return `"${units.join('')}"`
  }

  one(...values: readonly [string, ...string[]]): string {
    return this.written(this.#chance.one(values), 200)
  }

  bare(...values: readonly [string, ...string[]]): string {
    return this.#chance.one(values)
  }

  instant(): string {
    return this.or(() => this.one(...INSTANTS))
  }

  /** Usually the one, rarely anything. */
  or(make: Make): string {
    return this.#rarely() ? this.json() : make()
  }

  list(make: Make): string {
    return this.or(() => this.#listed('[', ']', this.#chance.times(3, make)))
  }

  object(members: Readonly<Record<string, Make>>): string {
    return this.or(() => this.#object(members))
  }

  /** Members of any name, as in `values`. */
  dictionary(make: Make): string {
    const names = ['f', 'g', '__proto__', '7'] as const
    return this.or(() =>
      this.#listed(
        '{',
        '}',
        this.#chance.times(2, () => this.#member(this.#chance.one(names), make())),
      ),
    )
  }

  /** The members in any order, some missing, some twice, some unknown ones between. */
  #object(members: Readonly<Record<string, Make>>): string {
    const known = Object.entries(members).flatMap(([name, make]) => {
      const count = this.#rarely() ? this.#chance.one([0, 0, 2]) : 1
      return Array.from({ length: count }, () => this.#member(name, make()))
    })
    const unknown = this.#rarely() ? [this.#member(this.#chance.one(['proofs_id', '__proto__', 'x']), this.json())] : []
    const all = [...known, ...unknown]
    return this.#listed('{', '}', this.#chance.below(3) === 0 ? this.#chance.shuffled(all) : all)
  }

  #member(name: string, value: string): string {
    return `${this.written(name, 400)}${this.#space()}:${this.#space()}${value}`
  }

  #listed(open: string, close: string, items: readonly string[]): string {
    return `${open}${this.#space()}${items.join(`${this.#space()},${this.#space()}`)}${this.#space()}${close}`
  }

  #space(): string {
    return this.#chance.below(40) === 0 ? this.#chance.one([' ', '\t', '\r', '  ']) : ''
  }

  #rarely(): boolean {
    return this.#chance.below(30) === 0
  }
}

const ID = (write: LineWriter) => () =>
  write.or(() => write.bare(write.one('p', 'f', 'sports-a1', '__proto__', 'é', ''), write.text()))
const CHOICE = (write: LineWriter) => () => write.or(() => write.bare('true', 'false', 'null'))
const REGULATION = (write: LineWriter) => () =>
  write.or(() => write.bare('null', '"gdpr"', '"GDPR"', '"gdpr"', '"cpra"'))
const SWITCHES = (write: LineWriter) => () => write.list(() => write.object({ id: ID(write), enabled: CHOICE(write) }))
const VALUES = (write: LineWriter) => () =>
  write.dictionary(() =>
    write.object({ value: () => write.or(() => write.bare('"a,b"', '" b , a"', '","', 'null', '"c"')) }),
  )
const CONSENTS = (write: LineWriter) => () =>
  write.object({
    purposes: () =>
      write.list(() =>
        write.object({
          id: ID(write),
          enabled: CHOICE(write),
          enabled_li: CHOICE(write),
          values: VALUES(write),
          preferences: SWITCHES(write),
          channels: SWITCHES(write),
        }),
      ),
    channels: SWITCHES(write),
  })
const EVENT = (write: LineWriter): Readonly<Record<string, Make>> => ({
  id: ID(write),
  status: () => write.or(() => write.bare('null', '"confirmed"', '"confirmed"', '"pending_approval"')),
  created_at: () => write.instant(),
  updated_at: () => write.instant(),
  consents: CONSENTS(write),
  regulation: REGULATION(write),
})
const USER = (write: LineWriter): Readonly<Record<string, Make>> => ({
  id: ID(write),
  organization_user_id: () =>
    write.or(() =>
      write.bare('"jane.roe@example.com"', '"x"', '" x "', '"\u00a0"', '"é\\u0000"', 'null', write.text()),
    ),
  version: () => write.or(() => write.bare('7', '-1', '1.5', '1e400')),
  updated_at: () => write.instant(),
  regulation: REGULATION(write),
  country: () => write.or(() => write.bare('"FR"', '"É"', 'null')),
  metadata: () => write.object({ crm_id: () => write.json(), tags: () => write.json() }),
  consents: CONSENTS(write),
})

const seed = fc.integer({ min: 0, max: 0x7fff_ffff })

export const exportLine: fc.Arbitrary<string> = seed.map((number) => new LineWriter(number).line())

/** JSON text, almost always valid. */
export const rawJson: fc.Arbitrary<string> = seed.map((number) => new LineWriter(number).json().replaceAll('\n', ' '))

/** What may befall the bytes of a line. */
export const corruptions: fc.Arbitrary<(line: Buffer) => Buffer> = seed.map((number) => (line) => {
  const chance = new Chance(number)
  let bytes = line
  for (let left = chance.below(3) + 1; left > 0; left -= 1) {
    const at = chance.below(bytes.length)
    const kind = chance.one(['cut', 'double', 'replace'])
    const byte = chance.one([0x22, 0x5c, 0x7b, 0x7d, 0x2c, 0x3a, 0xff, 0xc3, chance.below(256)])
    const repeated = kind === 'double' ? bytes.subarray(at, at + 5) : Buffer.of(byte === 0x0a ? 0x20 : byte)
    const from = kind === 'double' ? at : at + 1
    bytes = Buffer.concat([bytes.subarray(0, at), kind === 'cut' ? Buffer.alloc(0) : repeated, bytes.subarray(from)])
  }
  return bytes
})
