/** No identifier, address, choice, secret or token in any message, report or error, whatever goes wrong, in whatever form. */

import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Fault } from '../../src/emulator/faults.ts'
import { COMMERCIAL_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import { openSqliteDatabase } from '../../src/store/sqlite-database.ts'
import { type Canary, leaksIn } from '../support/canary.ts'
import { configuration, daysAgo, type Ended, type Lab, line, openLab, runCli, target } from '../support/cli-run.ts'
import { type HookServer, startHookServer } from '../support/hook-server.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'

const DATE = daysAgo(1)
const LIMIT_MS = 120_000

const SECRET = 'zq-secret-5d1e/+8"\\q~'
const PEOPLE = ['Ada', 'Ben', 'Cem'].map((name, index) => ({
  ouid: `Zq.${name}-7f3a@Example.com`,
  userId: `zq-device-${name}-91c4`,
  event: `zq-event-${name}-3b7e`,
  note: `zq note of ${name} <&"'> Ünïque 6a2d`,
  phone: `+3361234500${index}`,
  address: `Zq.Home-${name}-c81b@mail.example.org`,
  lastname: `Zqlastname${name}e0f2`,
}))
const REJECTED = 'zq-rejected-line-44d0@example.com'
const DAMAGED = 'zq-damaged-object-1e9b@example.com'
const UNMATCHED = 'zq-unmatched-person-b3c3@example.com'
const CHOICES = ['zq-purpose-unmapped-77aa', 'zq-preference-88bb', 'zq-value-99cc']

const CANARIES: readonly Canary[] = [
  { what: 'the secret', text: SECRET },
  ...PEOPLE.flatMap((person) => Object.entries(person).map(([what, text]) => ({ what: `a person's ${what}`, text }))),
  { what: 'a rejected line', text: REJECTED },
  { what: 'a damaged object', text: DAMAGED },
  { what: 'an unmatched person', text: UNMATCHED },
  ...CHOICES.map((text) => ({ what: 'a choice', text })),
]

/** Everything that a server may know of a row, told as servers tell it: quoted, escaped, shouted, coded. */
const ECHO = PEOPLE.map(({ ouid, note, phone, address, lastname }) =>
  [
    `Cannot save ${ouid} (${ouid.toUpperCase()}, ${encodeURIComponent(ouid)}, ${Buffer.from(ouid).toString('base64')}):`,
    `the value "${note}" of contact '${lastname}' with phone ${phone}, ${phone.replace(/(\d\d)/g, '$1 ')} is wrong.`,
    `<row><email>${address}</email><name>${lastname}</name></row> ${encodeURIComponent(encodeURIComponent(address))}`,
  ].join(' '),
).join(' ')

const contactId = (index: number) => `c0000000-0000-4000-8000-00000000000${index}`

let lab: Lab
/** Whoever looks on from outside. */
let collector: OtlpReceiver
let hook: HookServer

beforeAll(async () => {
  collector = await startOtlpReceiver()
  hook = await startHookServer()
  const contacts = PEOPLE.map(({ ouid, address, lastname }, index) => ({
    contactid: contactId(index),
    lastname,
    new_ouid: ouid,
    emailaddress1: address,
  }))
  lab = await openLab({
    secret: SECRET,
    seed: {
      columns: {
        contact: [
          { type: 'text', name: 'new_ouid' },
          { type: 'text', name: 'new_note' },
          { type: 'boolean', name: 'new_newsletter' },
        ],
      },
      rows: { contacts },
    },
  })
  const lines = [
    ...PEOPLE.map(({ ouid, userId, event, note, phone }) =>
      line(ouid, DATE, {
        id: userId,
        metadata: { note, phone },
        purposes: [
          { id: 'newsletter', enabled: true },
          { id: CHOICES[0], enabled: false, values: { [CHOICES[1] ?? '']: { value: CHOICES[2] } } },
        ],
        events: [
          {
            id: event,
            created_at: `${DATE}T11:00:00Z`,
            status: 'confirmed',
            consents: { purposes: [{ id: 'newsletter', enabled: true }] },
          },
        ],
      }),
    ),
    line(UNMATCHED, DATE),
    `{"user": {"organization_user_id": "${REJECTED}", `,
    line(REJECTED, DATE, { at: REJECTED }),
    line([REJECTED], DATE),
    `"${REJECTED}"`,
  ]
  await lab.part(DATE, 'a.ndjson', lines.join('\n'))
  await lab.part(DATE, 'b.json.gz', gzipSync(line(DAMAGED, DATE).repeat(50)).subarray(0, 120))
  await lab.part(DATE, 'c.csv', `person;when\n${DAMAGED};x\n"${DAMAGED}`)
  await lab.seal(DATE)
}, LIMIT_MS)

afterAll(async () => {
  await lab.close()
  await collector.close()
  await hook.close()
})

function settings(change: { readonly source?: object; readonly target?: Readonly<Record<string, unknown>> } = {}) {
  const { url } = lab.emulator
  const contact = { matchAttribute: 'new_ouid' }
  const more = { contact, retries: 1, ...change.target }
  return configuration(
    [
      target(
        url,
        'contacts',
        'contact',
        [
          { id: 'new_newsletter', value: 'newsletter' },
          { id: 'new_note', value: 'user_metadata_note' },
        ],
        more,
      ),
      target(url, 'consents', 'consent', [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: 'newsletter' }], {
        ...more,
        contactPoints: [
          { channel: 'email', from: 'contact.emailaddress1' },
          { channel: 'text', from: 'user_metadata_phone' },
        ],
      }),
    ],
    {
      source: {
        directory: './export',
        csv: { organizationUserId: 'person', updatedAt: 'when', choices: { 'purpose/newsletter': { column: 'n' } } },
        ...change.source,
      },
      rejects: { maxRatio: 0.01 },
      metrics: { textFile: './state.prom' },
      heartbeat: { url: `${hook.url}/beat` },
      notify: ['webhook', 'teams', 'slack'].map((kind) => ({ kind, url: `${hook.url}/${kind}` })),
    },
  )
}

/**
 * The tables that reports are made of, and the evidence log. Not looked at: the person of a row, which is the key under
 * which the store keeps the person itself.
 */
function told(): string {
  const rows = [
    'SELECT * FROM run',
    'SELECT target, place_hash, what, code, message FROM quarantine',
    'SELECT * FROM reject',
  ]
    .flatMap((sql) => lab.stored(sql))
    .map((row) => JSON.stringify(row))
  const evidence = lab.stored('SELECT run, decision, subject, sealed, hash FROM evidence').flatMap(Object.values)
  return [...rows, ...evidence.map((value) => Buffer.from(value as string | Uint8Array).toString('latin1'))].join('\n')
}

/** One run in a new world and with a new store; the environment is told to have been written to before. */
async function run(args: readonly string[] = []): Promise<Ended> {
  return lab.sync(['--log-level', 'debug', ...args], {
    DATAVERSE_CLIENT_SECRET: SECRET,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  })
}

/** All that left the machine since it was last asked, or lies where others read it. */
async function shown(): Promise<string> {
  const metrics = await readFile(join(lab.folder, 'state.sync.prom'), 'utf8')
  return [collector.raw(), JSON.stringify(hook.calls.splice(0)), metrics].join('\n')
}

async function afresh(faults: readonly Fault[] = []): Promise<void> {
  await rm(join(lab.folder, 'state'), { recursive: true, force: true })
  lab.emulator.world.reset()
  lab.emulator.world.addFaults(faults)
  await lab.configure(settings())
}

const leaks = (text: string) =>
  leaksIn(text, [...CANARIES, ...[...lab.tokens].map((token) => ({ what: 'a token', text: token }))])

const expectNoLeak = (ended: Ended, more = '') => expect(leaks(`${ended.stdout}\n${ended.stderr}\n${more}`)).toEqual([])

const status = (code: number, more: object = {}): Fault['action'] => ({
  kind: 'status',
  status: code,
  message: ECHO,
  ...more,
})

/** For ever: every request of this message that quotes somebody. */
const onWrites = (action: Fault['action']): Fault[] =>
  ['CreateMultiple', 'UpdateMultiple', 'Create', 'Update', 'Upsert'].map((message) => ({
    match: { message },
    count: 0,
    action,
  }))

const everywhere = (message: string, action: Fault['action']): Fault[] => [{ match: { message }, count: 0, action }]

/** What goes wrong, and the exit codes that say so; 4 everywhere else, since two objects are damaged. */
const TROUBLES: Readonly<Record<string, { readonly faults: readonly Fault[]; readonly codes: readonly number[] }>> = {
  nothing: { faults: [], codes: [4] },
  'rows refused with a message that quotes them': {
    faults: onWrites(status(400, { code: '0x80040265' })),
    codes: [4],
  },
  'rows refused as duplicates': { faults: onWrites(status(412, { code: '0x80040333' })), codes: [4] },
  'a privilege that is missing': { faults: onWrites(status(403, { code: '0x80040220' })), codes: [3] },
  'a request that the server takes for malformed': {
    faults: onWrites(status(400, { code: '0x80060888' })),
    codes: [2],
  },
  'conflicts without end': { faults: onWrites(status(412, { code: '0x80060882' })), codes: [6, 4] },
  'throttling without end': {
    faults: onWrites(status(429, { code: '0x80072322', retryAfter: 1 })),
    codes: [6],
  },
  'a server that fails': { faults: onWrites(status(500, { code: '0x80040216' })), codes: [6] },
  'a gateway that answers HTML': { faults: onWrites(status(502, { html: true })), codes: [6] },
  'a filter refused': { faults: everywhere('RetrieveMultiple', status(400, { code: '0x80060888' })), codes: [2] },
  'a search forbidden': { faults: everywhere('RetrieveMultiple', status(403, { code: '0x80040220' })), codes: [3] },
  'a search that fails': { faults: everywhere('RetrieveMultiple', status(500)), codes: [6] },
  'a batch refused': { faults: everywhere('Batch', status(400)), codes: [2, 6] },
  'cut off answers': { faults: everywhere('Batch', { kind: 'truncate-body' }), codes: [6] },
  'lost connections': { faults: everywhere('CreateMultiple', { kind: 'reset-before-commit' }), codes: [6] },
  'a token refused with an echo of the secret': {
    faults: everywhere('Token', { kind: 'status', status: 401, message: `AADSTS7000215: '${SECRET}' of ${ECHO}` }),
    codes: [3],
  },
  'a token endpoint that fails': {
    faults: everywhere('Token', { kind: 'status', status: 500, message: `${SECRET} ${ECHO}`, html: true }),
    codes: [6],
  },
  'a token that the server does not take': { faults: everywhere('WhoAmI', status(401)), codes: [3] },
}

describe('canaries', () => {
  it.each(Object.entries(TROUBLES))(
    'nothing personal is told in a run with %s',
    async (name, { faults, codes }) => {
      await afresh(faults)
      const json = await run(['--json'])
      const report = JSON.parse(json.stdout) as RunReport
      expect(codes).toContain(report.exitCode)
      expect(json.code).toBe(report.exitCode)
      expect(report.failures.map(({ code }) => code)).not.toContain('defect')
      if (!name.includes('token')) expect(json.stderr).toContain('"level":"debug"')
      if (name !== 'nothing') expect(lab.emulator.world.counters().faults).toBeGreaterThan(0)
      expectNoLeak(json, told())
      const text = await run()
      expect(text.stdout).toMatch(/^Run /)
      expectNoLeak(text, told())
      expect(hook.calls.some(({ path, body }) => path === '/webhook' && body['run'] === report.run)).toBe(true)
      expect(leaks(await shown())).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    'what is written holds the canaries: they were there to be told',
    async () => {
      await afresh()
      expect((await run(['--json'])).code).toBe(4)
      const rows = JSON.stringify(
        ['contacts', 'msdynmkt_contactpointconsent4s'].map((set) => lab.emulator.world.rows(set)),
      )
      expect(leaks(rows)).toEqual(expect.arrayContaining(["a person's note in json", "a person's event in plain"]))
      expect(lab.stored('SELECT count(*) AS n FROM evidence')).not.toMatchObject([{ n: 0 }])
      expect(lab.tokens.size).toBeGreaterThan(0)
    },
    LIMIT_MS,
  )

  it(
    'quarantine holds the code and a masked message',
    async () => {
      await afresh(onWrites(status(400, { code: '0x80040265' })))
      await run()
      const rows = lab.stored('SELECT target, code, message FROM quarantine')
      expect(rows.length).toBeGreaterThanOrEqual(6)
      expect(new Set(rows.map(({ target, code }) => `${target} ${code}`))).toEqual(
        new Set(['contacts 0x80040265', 'consents 0x80040265']),
      )
      expect(rows.every(({ message }) => String(message).includes('***'))).toBe(true)
    },
    LIMIT_MS,
  )

  it(
    'nothing personal is told by a defect: a store whose state cannot be read',
    async () => {
      await afresh()
      await run()
      const database = openSqliteDatabase(join(lab.folder, 'state', 'didomi-dataverse.db'))
      database.prepare('UPDATE state SET state = ?').run(`${PEOPLE[0]?.ouid} {"said": ${SECRET}`)
      database.close()
      for (const args of [['--json'], []]) {
        const ended = await run(['--from', DATE, ...args])
        expect(ended.code).toBe(1)
        expect(ended.stdout + ended.stderr).toContain('defect')
        expectNoLeak(ended, told())
        expect(leaks(await shown())).toEqual([])
      }
    },
    LIMIT_MS,
  )

  it(
    'nothing personal is told of the persons that an operator names',
    async () => {
      await afresh()
      const ended = await run(['--only', ...PEOPLE.map(({ ouid }) => ouid), UNMATCHED, REJECTED])
      expect(ended.stdout).toMatch(/^Run /)
      expectNoLeak(ended, told())
      const usage = await run(['--target', PEOPLE[0]?.ouid ?? ''])
      expect(usage.code).toBe(2)
      expectNoLeak(usage)
    },
    LIMIT_MS,
  )
})

/** Configurations with the secret where it should not be, or beside what is wrong. */
const SLIPS: Readonly<Record<string, (text: string) => string>> = {
  'an unknown key': (text) => text.replace('"retries"', '"zq-secret-5d1e/+8": "zq-secret-5d1e/+8", "retries"'),
  'a value of another kind': (text) => text.replace('"retries": 1', '"retries": "zq-secret-5d1e/+8"'),
  'a secret for an instance': (text) => text.replace(/"instance": "[^"]+"/, '"instance": "zq-secret-5d1e/+8"'),
  'a secret in the place of a list': (text) =>
    text.replace(/"mappings": \[[^\]]*\]/, '"mappings": "zq-secret-5d1e/+8"'),
  'text that is no YAML': (text) => text.replace('"retries"', 'zq-secret-5d1e/+8: [ "retries"'),
  'a reference of an unknown kind': (text) =>
    text.replace('{env:DATAVERSE_CLIENT_SECRET}', '{vault:zq-secret-5d1e/+8}'),
  'a document of an unknown type': (text) => text.replace('"microsoft-dynamics"', '"zq-secret-5d1e/+8"'),
}

describe('configuration errors', () => {
  const PART: Canary = { what: 'the part of a secret', text: 'zq-secret-5d1e/+8' }

  it.each(Object.keys(SLIPS))(
    '%s: exit 2, the place is told and the secret is not',
    async (name) => {
      const text = JSON.stringify(settings(), null, 2)
      const slipped = SLIPS[name]?.(text) ?? ''
      expect(slipped).not.toBe(text)
      await lab.configure(slipped)
      const ended = await run()
      expect(ended.code).toBe(2)
      expect(ended.stderr).toMatch(/found .*; expected /)
      expect(ended.stdout).toBe('')
      expect(leaksIn(ended.stderr, [...CANARIES, PART, { what: 'its beginning', text: 'zq-secret-5d1e' }])).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    'a secret in the file is a warning that names its place, and the report repeats only that',
    async () => {
      await afresh()
      const literal = JSON.stringify(SECRET).slice(1, -1)
      await lab.configure(
        JSON.stringify(settings(), null, 2).replaceAll('${' + 'env:DATAVERSE_CLIENT_SECRET}', () => literal),
      )
      const ended = await run(['--json'])
      expect(ended.code).toBe(4)
      expect(ended.stderr).toMatch(
        /didomi-dataverse\.yaml:\d+: targets\[0\].*client_secret: a secret stands in the file/,
      )
      expectNoLeak(ended, told())
    },
    LIMIT_MS,
  )

  it(
    'a configuration that is not there',
    async () => {
      const ended = await runCli(['sync', '--config', 'nowhere.yaml'], { cwd: lab.folder })
      expect([ended.code, ended.stdout]).toEqual([2, ''])
      expect(ended.stderr).toContain('config-invalid: nowhere.yaml: found no readable file')
    },
    LIMIT_MS,
  )
})
