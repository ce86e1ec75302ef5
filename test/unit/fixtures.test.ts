/** The fixtures are what `fixtures/make.mjs` writes, and every oddity that fixtures/README.md promises is in them. */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packExport } from '../../fixtures/pack.mjs'
import { parseDay, parseInstant } from '../../src/consent/time.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { DEFAULT_BUSINESS_UNIT_ID } from '../../src/emulator/seed-ids.ts'

const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url))
const MAIN = 'data/export-id=c0ffee00-1a2b-4c3d-8e4f-5a6b7c8d9e0f'
const SHOP = 'data/export-id=5409e000-2b3c-4d4e-9f5a-6b7c8d9e0f1a'
const DATES = ['2026-10-19', '2026-10-20', '2026-10-21', '2026-10-22', '2026-10-23']
const TWO_DAYS = 2 * 86_400_000_000

interface Line {
  readonly user?: {
    readonly id: string
    readonly organization_user_id?: string | null
    readonly updated_at?: string
    readonly regulation?: string
    readonly metadata?: Readonly<Record<string, string>>
    readonly consents: Consents
  }
  readonly events: ReadonlyArray<{
    readonly created_at: string
    readonly status: string
    readonly regulation: string
    readonly delegate?: { readonly id: string }
    readonly consents: Consents
  }>
}

interface Consents {
  readonly channels?: ReadonlyArray<{ readonly id: string }>
  readonly purposes: ReadonlyArray<{
    readonly id: string
    readonly enabled: boolean | null
    readonly values?: Readonly<Record<string, { readonly value: string | null }>>
    readonly preferences?: ReadonlyArray<{ readonly id: string; readonly enabled: boolean }>
  }>
}

interface Partition {
  readonly date: string
  readonly texts: readonly string[]
  readonly lines: readonly Line[]
  readonly damaged: number
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

const exported = await filesBelow(join(FIXTURES, 'export'))
const contentOf = (path: string): string => readFileSync(join(FIXTURES, 'export', path), 'utf8')

function partition(date: string): Partition {
  const parts = exported.filter((path) => path.startsWith(`${MAIN}/date=${date}/users/`) && path.endsWith('.ndjson'))
  const texts = parts
    .flatMap((path) =>
      contentOf(path)
        .replace(/^\uFEFF/, '')
        .split(/\r?\n/),
    )
    .filter((text) => text !== '')
  const lines = texts.flatMap((text): Line[] => {
    try {
      return [JSON.parse(text)]
    } catch {
      return []
    }
  })
  return { date, texts, lines, damaged: texts.length - lines.length }
}

const partitions = DATES.map(partition)
const lines = partitions.flatMap((part) => part.lines)
const events = lines.flatMap((line) => line.events)
const ouids = lines.map((line) => line.user?.organization_user_id).filter((ouid) => typeof ouid === 'string')
const devicesOf = new Map<string, Set<string>>()
for (const { user } of lines) {
  const ouid = user?.organization_user_id?.trim() ?? ''
  if (user !== undefined && ouid !== '') devicesOf.set(ouid, (devicesOf.get(ouid) ?? new Set()).add(user.id))
}
const valuesOf = (preference: string) =>
  lines.flatMap(({ user }) => user?.consents.purposes.flatMap(({ values }) => values?.[preference] ?? []) ?? [])

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fixtures-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the maker', () => {
  it('writes the committed files again, byte for byte', { timeout: 120_000 }, async () => {
    const made = join(folder, 'made')
    await promisify(execFile)(process.execPath, [join(FIXTURES, 'make.mjs'), made])
    const paths = await filesBelow(made)
    expect(paths).toEqual([...exported.map((path) => `export/${path}`), 'world.json'].sort())
    for (const path of paths) {
      expect((await readFile(join(made, path))).equals(await readFile(join(FIXTURES, path))), path).toBe(true)
    }
  })

  it('packs parts as .json.gz, keeps their bytes, and writes the markers last', async () => {
    const packed = join(folder, 'packed')
    const written = await packExport(join(FIXTURES, 'export'), packed)
    expect([...written].sort()).toEqual(exported.map((path) => path.replace(/\.ndjson$/, '.json.gz')).sort())
    const firstMarker = written.findIndex((path) => path.endsWith('_SUCCESS'))
    expect(written.slice(firstMarker).every((path) => path.endsWith('_SUCCESS'))).toBe(true)
    for (const path of exported.filter((name) => name.endsWith('.ndjson'))) {
      const bytes = gunzipSync(await readFile(join(packed, path.replace(/\.ndjson$/, '.json.gz'))))
      expect(bytes.equals(await readFile(join(FIXTURES, 'export', path))), path).toBe(true)
    }
  })
})

describe('the layout', () => {
  it('§1 four days are sealed, one of them beside users/, and the fifth is not', () => {
    const markers = exported.filter((path) => path.startsWith(MAIN) && path.endsWith('_SUCCESS'))
    expect(markers).toEqual([
      `${MAIN}/date=2026-10-19/users/_SUCCESS`,
      `${MAIN}/date=2026-10-20/users/_SUCCESS`,
      `${MAIN}/date=2026-10-21/_SUCCESS`,
      `${MAIN}/date=2026-10-22/users/_SUCCESS`,
    ])
    expect(partitions.every(({ texts }) => texts.length > 50)).toBe(true)
  })

  it('a second export has two partitions, and an analytics folder has no users/', () => {
    const parts = exported.filter((path) => path.endsWith('.ndjson') && !path.startsWith(MAIN))
    expect(parts.filter((path) => path.startsWith(SHOP))).toHaveLength(2)
    expect(parts.filter((path) => !path.startsWith(SHOP)).every((path) => path.includes('/cmp_hourly_metrics/'))).toBe(
      true,
    )
  })

  it('parts hold a byte-order mark, CRLF, a blank line, no last line end, and nothing at all', () => {
    const parts = exported.filter((path) => path.startsWith(MAIN) && path.endsWith('.ndjson')).map(contentOf)
    expect(parts.filter((part) => part.startsWith('\uFEFF') && part.endsWith('\r\n\r\n'))).toHaveLength(1)
    expect(parts.filter((part) => part !== '' && !part.endsWith('\n'))).toHaveLength(1)
    expect(parts.filter((part) => part === '')).toHaveLength(1)
  })

  it('stays small, and names invented people only', () => {
    const all = exported.map(contentOf).join('') + readFileSync(join(FIXTURES, 'world.json'), 'utf8')
    expect(Buffer.byteLength(all)).toBeLessThan(1_200_000)
    const domains = new Set([...all.matchAll(/@([\w.-]+)/g)].map((match) => match[1]?.toLowerCase()))
    expect([...domains].sort()).toEqual(['example.com', 'example.net', 'example.org'])
    const phones = new Set([...all.matchAll(/\+44\d+/g)].map((match) => match[0].slice(0, 10)))
    expect([...phones]).toEqual(['+447700900'])
  })
})

describe('the people', () => {
  it('at least 300, many with several records', () => {
    expect(devicesOf.size).toBeGreaterThanOrEqual(300)
    expect([...devicesOf.values()].filter(({ size }) => size > 1).length).toBeGreaterThan(50)
  })

  it('§2.3 identities are mixed-case, padded, tagged, with an apostrophe, phone-like, CRM-like', () => {
    for (const form of [/[A-Z].*@/, /^\s.*@.*\s$/, /\+news@/, /'/, /^\+44/, /^C-\d+$/, /ë/]) {
      expect(
        ouids.some((ouid) => form.test(ouid)),
        String(form),
      ).toBe(true)
    }
  })

  it('§2.3 guests are missing, null, blank, or without a user, every day', () => {
    for (const { lines: day } of partitions) {
      expect(day.filter(({ user }) => user === undefined)).toHaveLength(1)
      const identified = day.flatMap(({ user }) => user ?? [])
      expect(identified.filter((user) => !('organization_user_id' in user))).toHaveLength(1)
      expect(identified.filter((user) => user.organization_user_id === null)).toHaveLength(1)
      expect(identified.filter((user) => user.organization_user_id?.trim() === '')).toHaveLength(1)
    }
  })

  it('§6.4 two persons give one family address in their metadata', () => {
    const family = lines.filter(({ user }) => user?.metadata?.['email'] === 'family.home@example.net')
    expect(new Set(family.map(({ user }) => user?.organization_user_id)).size).toBe(2)
  })
})

describe('the choices', () => {
  it('§2.6 both generations are there: values, and preferences with channels', () => {
    expect(valuesOf('topics-k3Jd').length).toBeGreaterThan(100)
    expect(valuesOf('frequency-P9x').length).toBeGreaterThan(20)
    const old = lines.filter(({ user }) => user?.consents.purposes.some(({ preferences }) => preferences !== undefined))
    expect(old.length).toBeGreaterThan(50)
    expect(old.filter(({ user }) => user?.consents.channels?.some(({ id }) => id === 'sms')).length).toBeGreaterThan(10)
  })

  it('§2.6 preferences are cleared by an empty text and by null, and purposes never chosen are null', () => {
    const topics = valuesOf('topics-k3Jd').map(({ value }) => value)
    expect(topics).toContain('')
    expect(topics).toContain(null)
    const purposes = lines.flatMap(({ user }) => user?.consents.purposes ?? [])
    expect(purposes.some(({ id, enabled }) => id === 'geolocation_data' && enabled === null)).toBe(true)
    expect(new Set(purposes.map(({ id }) => id)).size).toBe(5)
  })

  it('§2.2, §2.5 some lines and events are of another regulation, some events wait for approval', () => {
    expect(lines.filter(({ user }) => user?.regulation?.toLowerCase() === 'cpra').length).toBeGreaterThanOrEqual(5)
    expect(new Set(events.map(({ regulation }) => regulation))).toEqual(new Set(['gdpr', 'cpra', 'CPRA']))
    expect(events.some(({ status }) => status === 'pending_approval')).toBe(true)
    expect(events.some(({ delegate }) => delegate?.id === 'didomi-dataverse')).toBe(true)
  })

  it('§3 some events are newer than their line', () => {
    const newer = lines.filter(({ user, events: own }) =>
      own.some((event) => (parseInstant(event.created_at) ?? 0) > (parseInstant(user?.updated_at) ?? Infinity)),
    )
    expect(newer.length).toBeGreaterThanOrEqual(3)
  })
})

describe('the order', () => {
  it('§3 one day repeats lines of two days before, another repeats its own', () => {
    const [first, , third, fourth] = partitions
    const repeated = third?.texts.filter((text) => first?.texts.includes(text)) ?? []
    expect(repeated.length).toBeGreaterThanOrEqual(10)
    expect(new Set(fourth?.texts).size).toBeLessThan(fourth?.texts.length ?? 0)
  })

  it('§3 late lines arrive after newer ones of the same record', () => {
    const late = partitions[3]?.lines.filter(({ user }) => {
      const at = parseInstant(user?.updated_at)
      const newer = partitions[2]?.lines.find((line) => line.user?.id === user?.id)?.user?.updated_at
      const gap = (parseDay('2026-10-22') ?? 0) - (at ?? 0)
      return gap > TWO_DAYS && (parseInstant(newer) ?? 0) > (at ?? Infinity)
    })
    expect(late?.length).toBeGreaterThanOrEqual(8)
  })

  it('§2.4 times are written with and without fractions and with offsets; `events` sometimes stands first', () => {
    const times = lines.flatMap(({ user }) => user?.updated_at ?? [])
    for (const form of [/:\d\dZ$/, /\.\d{3}Z$/, /\.\d{6}Z$/, /\+02:00$/]) {
      expect(times.filter((time) => form.test(time)).length, String(form)).toBeGreaterThan(5)
    }
    expect(lines.filter((line) => Object.keys(line)[0] === 'events').length).toBeGreaterThan(5)
  })

  it('§2.1, §2.4 damaged lines: no JSON, the future, no time; each day well under 1 %', () => {
    const broken = partitions.map(({ date, texts, lines: day, damaged }) => {
      const end = (parseDay(date) ?? 0) + TWO_DAYS
      const future = day.filter(({ user }) => (parseInstant(user?.updated_at) ?? 0) > end).length
      const timeless = day.filter(
        ({ user, events: own }) => user?.consents && !user.updated_at && own.length === 0,
      ).length
      expect((damaged + future + timeless) / texts.length).toBeLessThan(0.006)
      return { damaged, future, timeless }
    })
    expect(broken).toEqual([
      { damaged: 0, future: 0, timeless: 0 },
      { damaged: 1, future: 0, timeless: 0 },
      { damaged: 0, future: 1, timeless: 0 },
      { damaged: 0, future: 0, timeless: 1 },
      { damaged: 0, future: 0, timeless: 0 },
    ])
  })
})

describe('the world', () => {
  const seed = JSON.parse(readFileSync(join(FIXTURES, 'world.json'), 'utf8'))
  const { rows: tables, columns } = seed
  const addressOf = (contact: { emailaddress1: string }) => contact.emailaddress1.toLowerCase()

  it('matches most identities by address, and leaves some without a contact', () => {
    const known = new Set<string>(tables.contact.map(addressOf))
    const matched = [...devicesOf.keys()].filter((ouid) => known.has(ouid.toLowerCase()))
    expect(tables.contact.length).toBeGreaterThan(270)
    expect(matched.length / devicesOf.size).toBeGreaterThan(0.8)
    expect(devicesOf.size - matched.length).toBeGreaterThan(20)
  })

  it('§5.1 holds duplicates, other casing, a merged row with its master, an inactive contact, an accent that differs', () => {
    const addresses: string[] = tables.contact.map(addressOf)
    expect(addresses.length - new Set(addresses).size).toBe(3)
    expect(tables.contact.some(({ emailaddress1 }: { emailaddress1: string }) => /[A-Z]/.test(emailaddress1))).toBe(
      true,
    )
    const merged = tables.contact.filter((contact: { merged?: boolean }) => contact.merged)
    expect(merged).toHaveLength(1)
    const ids = new Set(tables.contact.map(({ contactid }: { contactid: string }) => contactid))
    expect(ids.has(merged[0]._masterid_value)).toBe(true)
    const inactive = tables.contact.filter(({ statecode }: { statecode: number }) => statecode === 1)
    expect(inactive).toHaveLength(2)
    expect(addresses).toContain('zoe.accent@example.com')
  })

  it('every row has a primary key of its own, and every lookup leads to a row of the seed', () => {
    // The emulated environment has this business unit before any seed.
    const ids = new Set([DEFAULT_BUSINESS_UNIT_ID])
    for (const [table, rows] of Object.entries<Record<string, unknown>[]>(tables)) {
      for (const row of rows) {
        const id = String(row[`${table}id`])
        expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
        expect(ids.has(id)).toBe(false)
        ids.add(id)
      }
    }
    const lookups = Object.values<Record<string, unknown>[]>(tables)
      .flat()
      .flatMap((row) => Object.entries(row).filter(([name]) => /^_.*_value$/.test(name)))
    expect(lookups.length).toBeGreaterThan(20)
    for (const [name, id] of lookups) expect(ids.has(String(id)), name).toBe(true)
  })

  it('every custom column that a contact holds is defined', () => {
    const defined = new Set(columns.contact.map(({ name }: { name: string }) => name))
    const held = new Set<string>(tables.contact.flatMap((contact: object) => Object.keys(contact)))
    expect([...held].filter((name) => name.startsWith('new_') && !defined.has(name))).toEqual([])
    expect([...defined].sort()).toEqual(['new_newsletter', 'new_partneroffers', 'new_surveys', 'new_topics'])
  })

  it('is taken by the emulator as it is, with the times that its rows bring', async () => {
    const emulator = await startEmulator({ seed })
    try {
      const contacts = emulator.world.rows('contact')
      expect(contacts).toHaveLength(tables.contact.length)
      const held = contacts.find((row) => row['emailaddress1'] === 'uma.unsubscriber@example.com')
      expect(held).toMatchObject({ modifiedon: '2026-09-15T10:30:00Z', donotbulkemail: true, new_newsletter: false })
      expect(emulator.world.rows('msdynmkt_topic').length).toBeGreaterThanOrEqual(4)
    } finally {
      await emulator.close()
    }
  })

  it('§7 the unsubscribe in Dynamics is newer than the opt-in that the export repeats', () => {
    const address = 'uma.unsubscriber@example.com'
    const [consent] = tables.msdynmkt_contactpointconsent4.filter(
      (row: { msdynmkt_contactpointvalue: string }) => row.msdynmkt_contactpointvalue === address,
    )
    const optIn = partitions[0]?.lines.find(({ user }) => user?.organization_user_id === address)?.events[0]
    expect(consent.msdynmkt_value).toBe(534120002)
    expect(optIn?.consents.purposes.find(({ id }) => id === 'newsletter')?.enabled).toBe(true)
    expect(parseInstant(optIn?.created_at)).toBeLessThan(parseInstant(consent.modifiedon) ?? 0)
  })
})
