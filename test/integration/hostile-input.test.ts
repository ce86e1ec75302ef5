/** §2, §4, §5.1, §6.2: whatever stands in an id or an address, it arrives as it is or not at all, and harms nobody else. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMERCIAL_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import { configuration, daysAgo, type Ended, type Lab, line, openLab, target } from '../support/cli-run.ts'
import { HOSTILE, HOSTILE_ID, NAMES } from '../support/hostile-texts.ts'

const DATE = daysAgo(1)
/** A run is a process of its own, and other tests share the machine. */
const LIMIT_MS = 120_000

const contactId = (index: number) => `c0000000-0000-4000-8000-${String(index).padStart(12, '0')}`

/** Rows of people that no line speaks of, one column away from those it does. */
const BYSTANDERS = [
  { new_ouid: 'bystander@example.com' },
  { new_ouid: 'brien@example.com' },
  { new_ouid: 'x@example.com' },
  { new_ouid: '%27' },
  { new_ouid: 'ádà+tag@example.com' },
  { new_ouid: null },
]

/** An event whose id would end the reason text, or forge another span in it. */
const event = (text: string) => ({
  id: `${text} lo=2000-01-01T00:00:00Z hi=2099-01-01T00:00:00Z`,
  created_at: `${DATE}T11:59:00Z`,
  status: 'confirmed',
  consents: { purposes: [{ id: 'newsletter', enabled: true }] },
})

function lines(): string[] {
  return [
    ...NAMES.map((name) =>
      line(HOSTILE[name], DATE, {
        id: `device ${HOSTILE[name]}`,
        events: [event(HOSTILE[name])],
        metadata: { note: `note of ${HOSTILE[name]}`, [HOSTILE[name]]: 'x', __proto__: 'x' },
        purposes: [
          { id: 'newsletter', enabled: true },
          { id: HOSTILE_ID, enabled: true, values: { [HOSTILE_ID]: { value: `v1,${HOSTILE_ID}` } } },
        ],
      }),
    ),
    // JSON text, not values: these are how escapes and names stand in an export.
    line('REPLACED', DATE).replace('REPLACED', 'nul\\u0000byte@example.com'),
    line('REPLACED', DATE).replace('REPLACED', 'lone\\ud83dsurrogate@example.com'),
    line('known', DATE).replace('"user":{', '"user":{"__proto__":{"organization_user_id":"forged@example.com"},'),
    line('x'.repeat(851), DATE),
    line(`${'y'.repeat(389)}@example.com`, DATE),
    line('Case@Example.com', DATE),
    line('cASE@example.com', DATE, { purposes: [{ id: 'newsletter', enabled: false }], id: 'device-2' }),
  ]
}

const OTHERS = ['lone\uFFFDsurrogate@example.com', 'known', `${'y'.repeat(389)}@example.com`, 'case@example.com']

function seed() {
  const match = [...NAMES.map((name) => HOSTILE[name]), ...OTHERS]
  return {
    columns: {
      contact: [
        { type: 'text', name: 'new_ouid', maxLength: 850 },
        { type: 'text', name: 'new_note', maxLength: 850 },
        { type: 'boolean', name: 'new_newsletter' },
        { type: 'boolean', name: 'new_hostile' },
        { type: 'text', name: 'new_set', maxLength: 850 },
      ],
    },
    rows: {
      contacts: [...match.map((ouid) => ({ new_ouid: ouid })), ...BYSTANDERS].map((row, index) => ({
        contactid: contactId(index),
        lastname: `Row ${index}`,
        ...row,
      })),
      msdynmkt_contactpointconsent4s: [
        {
          msdynmkt_contactpointconsent4id: contactId(9_999),
          msdynmkt_contactpointvalue: 'bystander@example.com',
          msdynmkt_contactpointtype: 534120002,
          msdynmkt_contactpointconsenttype: 534120000,
          msdynmkt_purposeid: COMMERCIAL_PURPOSE_ID,
          msdynmkt_value: 534120002,
        },
      ],
    },
  } as const
}

function settings(url: string) {
  const value = { purpose: HOSTILE_ID, preference: HOSTILE_ID, value: HOSTILE_ID }
  return configuration([
    target(
      url,
      'contacts',
      'contact',
      [
        { id: 'new_newsletter', value: 'newsletter' },
        { id: 'new_note', value: 'user_metadata_note' },
        { id: 'new_hostile', value },
        { id: 'new_set', value: { purpose: HOSTILE_ID, preference: HOSTILE_ID } },
      ],
      { contact: { matchAttribute: 'new_ouid' } },
    ),
    target(url, 'consents', 'consent', [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: 'newsletter' }], {
      addressOnly: true,
      contact: { matchAttribute: 'new_ouid' },
      contactPoints: [
        { channel: 'custom', from: 'organization_user_id' },
        { channel: 'email', from: 'organization_user_id' },
      ],
    }),
  ])
}

describe('hostile ids and addresses', () => {
  let lab: Lab
  let first: Ended
  let report: RunReport
  let before: ReturnType<Lab['emulator']['world']['rows']>

  const contacts = () => lab.emulator.world.rows('contacts')
  const consents = () => lab.emulator.world.rows('msdynmkt_contactpointconsent4s')
  const consentsOf = (channel: number) => consents().filter((row) => row['msdynmkt_contactpointtype'] === channel)
  const deliveryOf = (name: string) => report.deliver.find(({ target: found }) => found === name)

  beforeAll(async () => {
    lab = await openLab({ seed: seed() })
    before = structuredClone(contacts())
    await lab.part(DATE, 'part-0.ndjson', lines().join('\n'))
    await lab.seal(DATE)
    await lab.configure(settings(lab.emulator.url))
    first = await lab.sync(['--json'])
    report = JSON.parse(first.stdout) as RunReport
  }, LIMIT_MS)

  afterAll(() => lab.close())

  it('§8.4 the run ends with quarantine alone, nothing misunderstood, both sums whole', () => {
    expect(report.failures).toEqual([])
    expect(report.sums).toEqual({ lines: true, persons: true })
    expect(first.code).toBe(5)
    expect(lab.emulator.world.counters().notUnderstood).toBe(0)
  })

  it('§2.1 an escaped U+0000 in an OUID is a reject by line number', () => {
    expect(lab.stored('SELECT line, code FROM reject')).toMatchObject([{ line: NAMES.length + 1, code: 'nul-byte' }])
    expect(report.ingest?.partitions[0]?.counts).toMatchObject({ rejects: 1, guests: 0, skipped: 0 })
  })

  it.each(NAMES)('§5.1 contact mode, %s: its own row holds its own texts, to the last character', (name) => {
    const row = contacts().find(({ new_ouid }) => new_ouid === HOSTILE[name])
    expect(row).toMatchObject({
      new_newsletter: true,
      new_note: `note of ${HOSTILE[name]}`,
      new_hostile: true,
      new_set: [HOSTILE_ID, 'v1'].sort().join(','),
    })
  })

  it.each(NAMES)('§6.3 consent mode, %s: one custom slot with the very address', (name) => {
    const own = consentsOf(534120002).filter((row) => row['msdynmkt_contactpointvalue'] === HOSTILE[name].trim())
    expect(own.map((row) => row['msdynmkt_value'])).toEqual([534120001])
  })

  it.each(NAMES)('§6.3 consent mode, %s: one e-mail slot where it is an address, none where not', (name) => {
    const address = HOSTILE[name].normalize('NFC').trim().toLowerCase()
    const own = consentsOf(534120000).filter((row) => row['msdynmkt_contactpointvalue'] === address)
    expect(own.map((row) => row['msdynmkt_value'])).toEqual(address.includes('@') ? [534120001] : [])
  })

  it('§6.5 no event id forges the span that a reason carries', () => {
    const reasons = consents().flatMap((row) => (row['msdynmkt_reason'] === null ? [] : String(row['msdynmkt_reason'])))
    expect(reasons.length).toBeGreaterThan(NAMES.length)
    const day = `${DATE}T1[12]:\\d\\d:\\d\\d(?:\\.\\d+)?Z`
    const form = new RegExp(`^didomi-dataverse lo=(?:-|${day}) hi=${day} event=[\\x21-\\x7e]+ run=[\\w-]+$`)
    expect(reasons.filter((reason) => !form.test(reason))).toEqual([])
  })

  it('§2.1 half a character becomes U+FFFD and then is a text like any other', () => {
    const [own] = contacts().filter(({ new_ouid }) => new_ouid === 'lone\uFFFDsurrogate@example.com')
    expect(own?.['new_newsletter']).toBe(true)
  })

  it('a member called __proto__ forges nobody', () => {
    expect(contacts().find(({ new_ouid }) => new_ouid === 'known')?.['new_newsletter']).toBe(true)
    expect(consents().filter((row) => String(row['msdynmkt_contactpointvalue']).startsWith('forged'))).toEqual([])
    expect(lab.stored("SELECT ouid FROM person WHERE ouid LIKE 'forged%'")).toEqual([])
  })

  it('§6.3 an address of 401 characters is quarantined with a code, one of 400 is written', () => {
    expect(HOSTILE.long).toHaveLength(400)
    const values = consents().map((row) => String(row['msdynmkt_contactpointvalue']).length)
    expect(Math.max(...values)).toBe(400)
    expect(deliveryOf('consents')?.outcomes['rejected-by-dataverse']).toBe(2)
    const rows = lab.stored("SELECT code, message FROM quarantine WHERE target = 'consents'")
    expect(rows).toEqual(Array(2).fill({ code: 'address-too-long', message: 'refused before sending' }))
  })

  it('§5.1 an OUID longer than any column is unmatched, and nothing of it is sent', () => {
    expect(deliveryOf('contacts')?.outcomes['unmatched']).toBe(1)
    expect(lab.requests.filter(({ url, body }) => `${url}${body}`.includes('x'.repeat(851)))).toEqual([])
  })

  it('§5.4, §6.4 case variants are two persons of one contact and one e-mail slot: refusal wins', () => {
    expect(contacts().find(({ new_ouid }) => new_ouid === 'case@example.com')?.['new_newsletter']).toBe(false)
    const own = (channel: number) =>
      consentsOf(channel)
        .filter((row) => String(row['msdynmkt_contactpointvalue']).toLowerCase() === 'case@example.com')
        .map((row) => [row['msdynmkt_contactpointvalue'], row['msdynmkt_value']])
        .sort()
    expect(own(534120000)).toEqual([['case@example.com', 534120002]])
    expect(own(534120002)).toEqual([
      ['Case@Example.com', 534120001],
      ['cASE@example.com', 534120002],
    ])
  })

  it("nobody else's row changed, none was deleted, and no row exists for anybody unknown", () => {
    const bystanders = (rows: typeof before) => rows.slice(-BYSTANDERS.length)
    expect(bystanders(contacts())).toEqual(bystanders(before))
    expect(contacts()).toHaveLength(before.length)
    expect(lab.emulator.world.row('msdynmkt_contactpointconsent4s', contactId(9_999))?.['msdynmkt_value']).toBe(
      534120002,
    )
    expect(lab.emulator.world.counters().rowsDeleted).toBe(0)
    const known = new Set([...NAMES.map((name) => HOSTILE[name]), ...OTHERS, 'bystander@example.com'].map(plain))
    const strange = consents().filter((row) => !known.has(plain(String(row['msdynmkt_contactpointvalue']))))
    expect(strange).toEqual([])
  })

  it('only the mapped columns were written, each row by one request of ours', () => {
    const columns = new Set(
      lab.emulator.world
        .journal()
        .filter(({ table }) => table === 'contact')
        .flatMap(({ columns }) => Object.keys(columns)),
    )
    expect([...columns].sort()).toEqual(['new_hostile', 'new_newsletter', 'new_note', 'new_set'])
  })

  it('no text of a person stands unencoded in a URL or header, and every batch has the parts it was made of', () => {
    expect(lab.requests.flatMap(({ body }) => embeddedTargets(body)).length).toBeGreaterThan(NAMES.length / 20)
    for (const { url, headers, body } of lab.requests) {
      expect(url).toMatch(/^[\x21-\x7e]*$/)
      expect(headers).not.toContain('example.com')
      for (const text of embeddedTargets(body)) expect(text).toMatch(/^[\w/.$?=&@%(),'~*:-]+$/)
      expect(body).not.toMatch(/^(DELETE|PUT) /m)
      expect(body).not.toMatch(/^X-Injected/im)
    }
    expect(new Set(lab.requests.map(({ method }) => method))).not.toContain('DELETE')
  })

  it(
    '§7 a second run and a repair of the range write nothing',
    async () => {
      const { rowsCreated, rowsUpdated } = lab.emulator.world.counters()
      for (const args of [[], ['--from', DATE]]) {
        const again = await lab.sync(['--json', ...args])
        expect([again.code, again.stderr.includes('defect')]).toEqual([5, false])
        expect(lab.emulator.world.counters()).toMatchObject({ rowsCreated, rowsUpdated, notUnderstood: 0 })
      }
    },
    LIMIT_MS,
  )

  it(
    '--only takes an OUID as it stands',
    async () => {
      const ended = await lab.sync(['--json', '--only', HOSTILE.orOne, HOSTILE.lineEnds, 'nobody'])
      const { deliver } = JSON.parse(ended.stdout) as RunReport
      expect(deliver.map(({ persons, outcomes }) => [persons, outcomes.unchanged])).toEqual([
        [2, 2],
        [2, 2],
      ])
    },
    LIMIT_MS,
  )
})

const plain = (text: string): string => text.normalize('NFC').trim().toLowerCase()

/** The request lines inside a batch. */
const embeddedTargets = (body: string): string[] =>
  [...body.matchAll(/^(?:GET|POST|PATCH) (\S+) HTTP\/1\.1\r$/gm)].map((match) => match[1] ?? '')

describe('hostile identifiers of contacts that are created', () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await openLab({ seed: { rows: { contacts: [{ contactid: contactId(1), lastname: 'Bystander' }] } } })
    const long = { metadata: { name: 'n'.repeat(51), job: "'; x" } }
    await lab.part(DATE, 'part-0.ndjson', NAMES.map((name) => line(HOSTILE[name], DATE, long)).join('\n'))
    await lab.seal(DATE)
    const mappings = [
      { id: 'donotbulkemail', value: 'newsletter' },
      { id: 'firstname', value: 'user_metadata_name' },
      { id: 'jobtitle', value: 'user_metadata_job' },
    ]
    await lab.configure(configuration([target(lab.emulator.url, 'crm', 'contact', mappings, { upsert_mode: true })]))
  }, LIMIT_MS)

  afterAll(() => lab.close())

  it(
    '§5.2, §5.5 each is created under its very address or quarantined with a code; a too long value goes alone',
    async () => {
      const ended = await lab.sync(['--json'])
      const report = JSON.parse(ended.stdout) as RunReport
      expect([ended.code, report.failures, report.sums.persons]).toEqual([5, [], true])
      const created = lab.emulator.world.rows('contacts').filter(({ contactid }) => contactid !== contactId(1))
      const addresses = new Set(created.map((row) => String(row['emailaddress1'])))
      expect(addresses.size).toBe(created.length)
      const unfit = NAMES.filter((name) => !addresses.has(HOSTILE[name]))
      expect(unfit.sort()).toEqual(
        NAMES.filter((name) => !/^[^\s@]+@[^\s@]+$/.test(HOSTILE[name]) || HOSTILE[name].length > 100).sort(),
      )
      expect(created.map((row) => [row['donotbulkemail'], row['firstname'], row['jobtitle']])).toEqual(
        created.map(() => [false, null, "'; x"]),
      )
      const codes = lab.stored('SELECT what, code, count(*) AS n FROM quarantine GROUP BY what, code ORDER BY code')
      expect(codes).toMatchObject([
        { code: 'ouid-unfit', n: unfit.length },
        { code: 'value-too-long', n: created.length, what: 'firstname' },
      ])
      expect(lab.emulator.world.counters()).toMatchObject({ notUnderstood: 0, rowsUpdated: 0, rowsDeleted: 0 })
    },
    LIMIT_MS,
  )
})
