/** Erasing a person by the command line: nothing is left in the file, nothing comes back, newer choices count (semantics §8.9). */

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { personId } from '../../src/consent/person-id.ts'
import { COMMERCIAL_PURPOSE_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { CLI, CONFIG, configuration, daysAgo, type Lab, line, openLab, runCli, target } from '../support/cli-run.ts'

const DATE = daysAgo(1)
const LIMIT_MS = 120_000
const ENV = { DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET }
const [ADA, BEN] = ['Ada', 'Ben'].map((name, index) => ({
  ouid: `zq.${name}-7f3a@example.com`,
  device: `zq-device-${name}-91c4`,
  event: `zq-event-${name}-3b7e`,
  note: `zq note of ${name} 6a2d`,
  contact: `c0000000-0000-4000-8000-00000000000${index}`,
  address: `zq.home-${name}-c81b@mail.example.org`.toLowerCase(),
})) as [Person, Person]
interface Person {
  readonly ouid: string
  readonly device: string
  readonly event: string
  readonly note: string
  readonly contact: string
  readonly address: string
}

let lab: Lab
/** The consent rows in Dataverse, by address. */
let rowIds: Map<string, string>

const said = ({ ouid, device, event, note }: Person, at = `${DATE}T12:00:00.000Z`) =>
  line(ouid, DATE, {
    at,
    id: device,
    metadata: { note },
    events: [
      { id: event, created_at: at, status: 'confirmed', consents: { purposes: [{ id: 'newsletter', enabled: true }] } },
    ],
  })

beforeAll(async () => {
  const contacts = [ADA, BEN].map(({ ouid, contact, address }) => ({
    contactid: contact,
    lastname: 'x',
    new_ouid: ouid,
    emailaddress1: address,
  }))
  const columns = [
    { type: 'text', name: 'new_ouid' },
    { type: 'text', name: 'new_note' },
  ] as const
  lab = await openLab({ seed: { columns: { contact: columns }, rows: { contacts } } })
  const contact = { contact: { matchAttribute: 'new_ouid' } }
  const { url } = lab.emulator
  await lab.configure(
    configuration(
      [
        target(url, 'contacts', 'contact', [{ id: 'new_note', value: 'user_metadata_note' }], contact),
        target(url, 'consents', 'consent', [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: 'newsletter' }], contact),
      ],
      { archive: { to: { directory: './archive' } } },
    ),
  )
  await lab.part(DATE, 'a.ndjson', [said(ADA), said(BEN)].join('\n'))
  await lab.seal(DATE)
  const { code, stderr } = await lab.sync()
  expect([code, stderr]).toEqual([0, ''])
  const rows = lab.emulator.world.rows('msdynmkt_contactpointconsent4s') as Record<string, string>[]
  rowIds = new Map(
    rows.map((row) => [row['msdynmkt_contactpointvalue'] ?? '', row['msdynmkt_contactpointconsent4id'] ?? '']),
  )
  expect(rowIds.size).toBe(2)
}, LIMIT_MS)

afterAll(() => lab.close())

const run = (...args: string[]) => runCli([...args, '--config', CONFIG], { cwd: lab.folder, env: ENV })

/** Every byte that the store keeps, whatever the files are called. */
function stateBytes(): string {
  const folder = join(lab.folder, 'state')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((file) => readFileSync(join(file.parentPath, file.name), 'latin1')).join('\n')
}

/** What of a person stands in these bytes, in whatever form. */
function tracesOf(person: Person, bytes: string): string[] {
  const id = personId(person.ouid)
  const traces = {
    ...person,
    row: rowIds.get(person.address) ?? '',
    id,
    idBytes: Buffer.from(id, 'hex').toString('latin1'),
    upper: person.ouid.toUpperCase(),
  }
  return Object.entries(traces).flatMap(([what, trace]) => (bytes.includes(trace) ? [what] : []))
}

async function reportOf(...args: string[]) {
  const ended = await run(...args, '--json')
  return { code: ended.code, report: JSON.parse(ended.stdout) }
}

it('§9 while another run holds the store, nobody is erased', { timeout: LIMIT_MS }, async () => {
  const store = await openSqliteStore(join(lab.folder, 'state/didomi-dataverse.db'), { now: () => 0 })
  const { code, stderr } = await run('forget', '--ouid', ADA.ouid)
  await store.close()
  expect(code).toBe(7)
  expect(stderr).toContain('lease-held')
})

it.each([
  ['nobody', []],
  ['a file that is not there', ['--ouid-file', 'nowhere.txt']],
  ['an OUID that no line can have', ['--ouid', 'a\u0001b', ' ']],
])('§9 %s is a usage error, and tells no OUID', { timeout: LIMIT_MS }, async (_, args) => {
  const { code, stderr, stdout } = await run('forget', ...args)
  expect(code).toBe(2)
  expect(stderr).toMatch(/^usage: --ouid/)
  expect(stdout + stderr).not.toContain('a\u0001b')
})

it('§8.9 after an erasure no byte of the person is in any file of the store', { timeout: LIMIT_MS }, async () => {
  const before = stateBytes()
  const kept = ['address', 'contact', 'device', 'event', 'idBytes', 'note', 'ouid', 'row']
  expect(tracesOf(ADA, before).sort()).toEqual(kept)
  writeFileSync(join(lab.folder, 'ouids.txt'), `\uFEFF  ${ADA.ouid} \r\n\n`)
  const { code, stdout, stderr } = await run('forget', '--ouid-file', 'ouids.txt')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^Erased 1 persons, 1 of them known/)
  expect(tracesOf(ADA, stdout)).toEqual([])
  const after = stateBytes()
  expect(tracesOf(ADA, after)).toEqual([])
  expect(tracesOf(BEN, after)).toEqual(expect.arrayContaining(['ouid', 'address', 'row', 'note']))
  expect(tracesOf(ADA, JSON.stringify(lab.stored('SELECT report FROM run')))).toEqual([])
  expect(await reportOf('evidence', 'check')).toMatchObject({ code: 0, report: { erased: 2, breaks: [] } })
})

it('§8.9 doing it again from stdin removes nothing more', { timeout: LIMIT_MS }, async () => {
  const child = spawn(process.execPath, [CLI, 'forget', '--config', CONFIG, '--ouid-file', '-', '--json'], {
    cwd: lab.folder,
    env: { PATH: process.env['PATH'] ?? '', ...ENV },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(`${ADA.ouid}\nzq.stranger@example.com`)
  const { version, at, persons, ...removed } = JSON.parse(await text(child.stdout))
  expect([version, persons]).toEqual([1, 2])
  expect(Date.parse(at)).toBeLessThanOrEqual(Date.now())
  expect(new Set(Object.values(removed))).toEqual(new Set([0]))
})

it('§8.9 no way of reading brings back what was said before', { timeout: LIMIT_MS }, async () => {
  const ways = [
    ['sync', '--from', DATE],
    ['sync', '--rebuild'],
    ['bootstrap', '--from', 'archive', '--rebuild'],
  ]
  for (const way of ways) {
    const { code, report } = await reportOf(...way)
    expect(`${way.join(' ')} → ${code}`).toBe(`${way.join(' ')} → 0`)
    expect(report.ingest).toMatchObject({ suppressedRecords: 1, partitions: [{ counts: { lines: 2, records: 2 } }] })
    expect(report.sums).toEqual({ lines: true, persons: true })
    expect(lab.stored('SELECT ouid FROM person')).toMatchObject([{ ouid: BEN.ouid }])
    expect(tracesOf(ADA, stateBytes())).toEqual([])
  }
})

it('§8.9 what the person says later counts, and nothing of before with it', { timeout: LIMIT_MS }, async () => {
  const today = daysAgo(0)
  const soon = new Date(Date.now() + 60_000).toISOString()
  const old = JSON.parse(said(ADA))
  const events = [...old.events, { ...old.events[0], id: 'zq-event-new', created_at: soon }]
  const { user } = JSON.parse(said({ ...ADA, note: 'zq new note' }, soon))
  await lab.part(today, 'b.ndjson', JSON.stringify({ user, events }))
  await lab.seal(today)
  const { code, report } = await reportOf('sync')
  expect(code).toBe(0)
  expect(report.ingest).toMatchObject({ suppressedRecords: 1, changedRecords: 1 })
  const [state] = lab
    .stored('SELECT state FROM state JOIN person USING (person)')
    .filter((row) => String(row['state']).includes('new note'))
  expect(String(state?.['state'])).toContain('zq-event-new')
  expect(String(state?.['state'])).not.toContain(ADA.event)
})

it('an export of the evidence can be checked by anybody, and is opened only when asked', {
  timeout: LIMIT_MS,
}, async () => {
  expect((await run('evidence', 'export', '--out', 'sealed.ndjson')).code).toBe(0)
  expect((await run('evidence', 'export', '--out', 'opened.ndjson', '--reveal')).code).toBe(0)
  expect((await run('evidence', 'export', '--out', 'sealed.ndjson')).stderr).toContain('EEXIST')
  const sealed = readFileSync(join(lab.folder, 'sealed.ndjson'), 'utf8')
  expect(tracesOf(BEN, sealed)).toEqual([])
  const [first = '', ...entries] = sealed.trimEnd().split('\n')
  let hash = Buffer.from(JSON.parse(first).anchor.hash, 'hex')
  for (const entry of entries) {
    const [, written, told] = /^(.*),"hash":"([0-9a-f]{64})"\}$/.exec(entry) ?? []
    hash = createHash('sha256').update(hash).update(`${written}}`).digest()
    expect(hash.toString('hex')).toBe(told)
  }
  expect(JSON.parse(first).head).toEqual({ sequence: entries.length, hash: hash.toString('hex') })
  const opened = readFileSync(join(lab.folder, 'opened.ndjson'), 'utf8').trimEnd().split('\n').slice(1)
  const contents = opened.map((entry) => JSON.parse(entry).content)
  expect(contents.filter((content) => content === null)).toHaveLength(2)
  expect(contents.filter((content) => content?.place?.includes(BEN.address))).toHaveLength(1)
})
