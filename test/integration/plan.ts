/** What holds of plans whatever keeps the store: what `sync` would do, told without doing it; kept in a file, exactly that done by `apply`, read back by `verify`, told by `explain`. */

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMERCIAL_PURPOSE_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import {
  CONFIG,
  configuration,
  daysAgo,
  type Ended,
  type Lab,
  line,
  openLab,
  runCli,
  target,
} from '../support/cli-run.ts'

/** A kind of store; opened before the first test of a suite. */
export interface PlanStore {
  /** The setting `store` of a lab of its own. */
  settings(lab: number): object
  /** What the settings refer to. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** The file beside the configuration that is kept where nothing is said. */
export const sqliteStore = async (): Promise<PlanStore> => ({
  settings: () => ({ sqlite: './state/didomi-dataverse.db' }),
  env: {},
  close: async () => {},
})

const DATE = daysAgo(1)
const LIMIT_MS = 120_000
const CONSENTS = 'msdynmkt_contactpointconsent4s'
const id = (n: number) => `c0000000-0000-4000-8000-00000000000${n}`
const address = (n: number) => `zq-person-${n}@example.com`

const yes = [{ id: 'newsletter', enabled: true }]
const no = [{ id: 'newsletter', enabled: false }]

/** Contacts 1 to 3, and two persons who share the address of contact 4; 2 unsubscribed in Dynamics after the export. */
const CONTACTS = [1, 2, 3, 4].map((n) => ({
  contactid: id(n),
  lastname: 'x',
  new_ouid: `zq-ouid-${n}`,
  emailaddress1: address(n),
}))
const TWIN = { contactid: id(5), lastname: 'y', new_ouid: 'zq-ouid-5', emailaddress1: address(4) }
const UNSUBSCRIBED = {
  msdynmkt_contactpointconsent4id: 'd0000000-0000-4000-8000-000000000002',
  msdynmkt_contactpointvalue: address(2),
  msdynmkt_contactpointtype: 534120000,
  msdynmkt_contactpointconsenttype: 534120000,
  msdynmkt_value: 534120002,
  _msdynmkt_purposeid_value: COMMERCIAL_PURPOSE_ID,
}

async function openWorld(store: object): Promise<Lab> {
  const columns = [
    { type: 'text', name: 'new_ouid' },
    { type: 'boolean', name: 'new_news', defaultValue: null },
  ] as const
  const lab = await openLab({
    seed: { columns: { contact: columns }, rows: { contacts: [...CONTACTS, TWIN], [CONSENTS]: [UNSUBSCRIBED] } },
  })
  const { url } = lab.emulator
  const contact = { contact: { matchAttribute: 'new_ouid' } }
  await lab.configure(
    configuration(
      [
        target(url, 'columns', 'contact', [{ id: 'new_news', value: 'newsletter' }], contact),
        target(url, 'consents', 'consent', [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: 'newsletter' }], contact),
      ],
      { store },
    ),
  )
  const lines = [1, 2, 3, 4, 5, 6].map((n) => line(`zq-ouid-${n}`, DATE, { purposes: n === 3 || n === 5 ? no : yes }))
  await lab.part(DATE, 'a.ndjson', lines.join('\n'))
  await lab.seal(DATE)
  return lab
}

/** What people chose, as Dataverse holds it: all that a run may leave there but who and when. */
function business({ emulator: { world } }: Lab): string[] {
  const rows = (set: string) => world.rows(set) as Record<string, unknown>[]
  return [
    ...rows('contacts').map((row) => `${row['contactid']} ${row['new_news']}`),
    ...rows(CONSENTS).map((row) => `${row['msdynmkt_contactpointvalue']} ${row['msdynmkt_value']}`),
  ].sort()
}

const writesOf = ({ requests }: Lab) =>
  requests.filter(({ method, url, body }) => {
    return (
      method !== 'GET' &&
      !url.includes('/token') &&
      /^(POST|PATCH|DELETE) /m.test(`${url.includes('$batch') ? body : `${method} `}`)
    )
  }).length

/** Plans, what `apply` does of them, what `verify` finds and `explain` tells, with a kind of store. */
export function describePlans(openStore: () => Promise<PlanStore>): void {
  let store: PlanStore
  let lab: Lab
  let twin: Lab

  beforeAll(async () => {
    store = await openStore()
    ;[lab, twin] = (await Promise.all([1, 2].map((n) => openWorld(store.settings(n))))) as [Lab, Lab]
  }, LIMIT_MS)
  afterAll(async () => {
    await Promise.all([lab, twin].map((one) => one?.close()))
    await store?.close()
  })

  const run = (lab: Lab, ...args: string[]): Promise<Ended> =>
    runCli([...args, '--config', CONFIG], {
      cwd: lab.folder,
      env: { DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET, ...store.env },
    })

  async function planned(lab: Lab, ...args: string[]) {
    const { code, stdout, stderr } = await run(lab, 'plan', '--json', '--quiet', ...args)
    expect(stderr).toBe('')
    return { code, report: JSON.parse(stdout) }
  }

  describe('plan', () => {
    it('tells what sync would do, and leaves no trace in Dataverse or beside the configuration', {
      timeout: LIMIT_MS,
    }, async () => {
      const before = business(lab)
      const { code, report } = await planned(lab, '--detailed-exitcode', '--show', '9')
      expect(code).toBe(8)
      expect(report).toMatchObject({
        changes: 8,
        brake: [],
        failures: [],
        targets: [
          {
            target: 'columns',
            outcomes: { written: 5, unmatched: 1 },
            rows: { creates: 0, updates: 5 },
            choices: { new_news: { filled: 5, changed: 0, superseded: 0 } },
          },
          {
            target: 'consents',
            // The shared address is one slot, refused by one of its two persons (semantics §6.4).
            outcomes: { written: 4, superseded: 1, unmatched: 1 },
            rows: { creates: 3, updates: 0 },
          },
        ],
      })
      expect(JSON.stringify(report)).not.toMatch(/zq-/)
      expect([business(lab), writesOf(lab)]).toEqual([before, 0])
      expect(existsSync(join(lab.folder, 'state')) ? readdirSync(join(lab.folder, 'state')) : []).toEqual([])
    })

    it('samples are masked, and a text is for people', { timeout: LIMIT_MS }, async () => {
      const { code, stdout } = await run(lab, 'plan', '--show', '9', '--target', 'consents')
      expect(code).toBe(0)
      expect(stdout).toContain('3 rows to write; nothing was written')
      expect(stdout).toMatch(/→ email z•••@•••\.com, purpose:\S+ email: nothing → opted out/)
      expect(stdout).toMatch(/= email z•••@•••\.com, \S+ email: opted out stays, not opted in/)
      expect(stdout).not.toMatch(/zq-/)
    })

    it('flags that contradict each other are usage errors', { timeout: LIMIT_MS }, async () => {
      for (const args of [['--with-identifiers'], ['--out', 'x', '--only', 'a']]) {
        const { code, stderr } = await run(lab, 'plan', ...args)
        expect([code, stderr.split(':')[0]]).toEqual([2, 'usage'])
      }
    })
  })

  describe('apply', () => {
    const FILE = 'plan.ndjson'

    it('a saved plan names nobody and is for its owner alone; no plan is written over', {
      timeout: LIMIT_MS,
    }, async () => {
      expect((await planned(lab, '--out', FILE)).code).toBe(0)
      const path = join(lab.folder, FILE)
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(1 + 8 + 1)
      expect(readFileSync(path, 'utf8')).not.toMatch(/zq-|c0000000/)
      const again = await run(lab, 'plan', '--out', FILE)
      expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('a file that is there already')])
      await planned(lab, '--out', 'clear.ndjson', '--with-identifiers')
      expect(readFileSync(join(lab.folder, 'clear.ndjson'), 'utf8')).toContain(address(1))
    })

    it('a plan that does not come to its end leaves no file', { timeout: LIMIT_MS }, async () => {
      const { code, stdout } = await runCli(['plan', '--config', CONFIG, '--quiet', '--out', 'half.plan'], {
        cwd: lab.folder,
        env: { ...store.env, DATAVERSE_CLIENT_SECRET: 'another' },
      })
      expect([code, stdout]).toEqual([3, expect.stringContaining('token-refused')])
      expect(existsSync(join(lab.folder, 'half.plan'))).toBe(false)
    })

    it('refuses what is no whole plan', { timeout: LIMIT_MS }, async () => {
      const whole = readFileSync(join(lab.folder, FILE), 'utf8')
      for (const text of [
        '',
        '{}',
        whole.split('\n').slice(0, -3).join('\n'),
        whole.replace('"version":1', '"version":2'),
      ]) {
        writeFileSync(join(lab.folder, 'broken.ndjson'), text)
        const { code, stderr } = await run(lab, 'apply', 'broken.ndjson')
        expect([code, stderr.startsWith('plan-unreadable: ')]).toEqual([2, true])
      }
      expect((await run(lab, 'apply', 'nowhere.ndjson')).code).toBe(2)
    })

    it('refuses while a row, the export or the mapping is another, and writes nothing', {
      timeout: LIMIT_MS,
    }, async () => {
      const { world } = lab.emulator
      const moved = async () => {
        const before = business(lab)
        const { code, stderr } = await run(lab, 'apply', FILE, '--quiet')
        expect([code, stderr.startsWith('plan-moved: ')]).toEqual([2, true])
        expect(business(lab)).toEqual(before)
        return stderr
      }
      world.edit('contact', id(1), { new_news: true })
      expect(await moved()).toContain('1 writes of the plan that would not be made any more, and 0')
      world.edit('contact', id(1), { new_news: null })
      await lab.part(DATE, 'b.ndjson', line('zq-ouid-6', DATE, { id: 'other', purposes: no }))
      await lab.part(
        DATE,
        'a.ndjson',
        [1, 2, 4, 5, 6].map((n) => line(`zq-ouid-${n}`, DATE, { purposes: no })).join('\n'),
      )
      await moved()
      await lab.part(DATE, 'b.ndjson', '')
      const lines = [1, 2, 3, 4, 5, 6].map((n) =>
        line(`zq-ouid-${n}`, DATE, { purposes: n === 3 || n === 5 ? no : yes }),
      )
      await lab.part(DATE, 'a.ndjson', lines.join('\n'))
      const config = readFileSync(join(lab.folder, CONFIG), 'utf8')
      await lab.configure(config.replace('"value": "newsletter"', '"value": "newsletter", "invert": true'))
      expect(await moved()).toContain('another mapping or policy')
      await lab.configure(config)
    })

    it('does what sync would have done, and a second plan is empty', { timeout: LIMIT_MS }, async () => {
      const applied = await run(lab, 'apply', FILE, '--quiet')
      expect([applied.code, applied.stderr]).toEqual([0, ''])
      expect((await twin.sync(['--quiet'], store.env)).code).toBe(0)
      expect(business(lab)).toEqual(business(twin))
      const { code, report } = await planned(lab, '--detailed-exitcode', '--from', DATE)
      expect([code, report.changes]).toEqual([0, 0])
    })
  })

  describe('verify', () => {
    const verified = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(lab, 'verify', '--json', '--quiet', ...args)
      expect(stderr).toBe('')
      expect(stdout).not.toMatch(/zq-/)
      return { code, report: JSON.parse(stdout) }
    }
    const slot = (n: number) => {
      const rows = lab.emulator.world.rows(CONSENTS) as Record<string, string>[]
      return (
        rows.find((row) => row['msdynmkt_contactpointvalue'] === address(n))?.['msdynmkt_contactpointconsent4id'] ?? ''
      )
    }

    it('finds nothing where all is as it was delivered; a sample tells with what confidence', {
      timeout: LIMIT_MS,
    }, async () => {
      const { code, report } = await verified('--sample', '3')
      expect([code, report.drifted]).toEqual([0, 0])
      const share = 1 - 0.05 ** (1 / 3)
      expect(report.targets).toMatchObject([
        { target: 'columns', persons: 6, looked: 3, due: 0, confidence: 0.95, atMost: expect.closeTo(share, 6) },
        { target: 'consents', persons: 6, looked: 3, due: 0 },
      ])
    })

    it('finds every drift by kind, and leaves the next run to repair it', { timeout: LIMIT_MS }, async () => {
      const { world } = lab.emulator
      // Emptied, and newer by another hand.
      world.edit('contact', id(1), { new_news: null })
      world.edit('contact', id(2), { new_news: false })
      // Emptied; a refusal that is gone; a yes that is gone, which counts as a no; newer by another hand (semantics §7).
      world.edit('msdynmkt_contactpointconsent4', slot(1), { msdynmkt_value: 534120000 })
      world.delete('msdynmkt_contactpointconsent4', slot(3))
      world.edit('msdynmkt_contactpointconsent4', slot(4), { msdynmkt_value: 534120001 })
      await lab.part(DATE, 'c.ndjson', line('zq-ouid-6', DATE, { id: 'more', purposes: no }))
      const before = writesOf(lab)
      const { code, report } = await verified()
      expect(code).toBe(6)
      expect(report).toMatchObject({
        drifted: 3,
        markedDue: 0,
        targets: [
          { target: 'columns', looked: 6, drifted: 1, missing: 1, different: 0, superseded: 1 },
          { target: 'consents', looked: 6, drifted: 2, missing: 1, different: 1 },
        ],
      })
      expect(writesOf(lab)).toBe(before)
      expect((await verified('--repair')).report.markedDue).toBe(3)
      expect((await lab.sync(['--quiet'], store.env)).code).toBe(0)
      const { report: after } = await verified()
      expect([after.drifted, after.targets[0].superseded]).toEqual([0, 1])
      expect(world.rows('contacts')).toMatchObject([{ new_news: true }, { new_news: false }, {}, {}, {}])
    })
  })

  describe('explain', () => {
    const explained = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(lab, 'explain', ...args)
      expect([code, stderr]).toEqual([0, ''])
      return stdout
    }

    it('leads from what a person said to what stands in Dataverse, masked unless revealed', {
      timeout: LIMIT_MS,
    }, async () => {
      const text = await explained('--ouid', 'zq-ouid-2')
      expect(text).toMatch(/^Person [0-9a-f]{24}: 1 records\n {2}columns: superseded \(§7\); 1 contacts, 1 addresses/)
      expect(text).toContain('consents: superseded (§7); 1 contacts, 1 addresses, shared with 0 others')
      expect(text).toMatch(/record: yes, said by \S+ \(§3\.5: the line\)\n {6}person: yes, said by/)
      expect(text).toMatch(/email z•••@•••\.com: superseded \(§7\): opted out → opted in/)
      expect(text).toMatch(/somebody else said opted out/)
      expect(text).toMatch(/evidence: \d decisions\n {4}\S+ columns, contact •••0002, new_news: nothing → yes, written/)
      expect(text).not.toMatch(/zq-/)
      const { persons } = JSON.parse(await explained('--address', address(4), '--reveal', '--json'))
      expect(persons).toMatchObject([{ targets: [{}, { sharedWith: 1 }] }, { targets: [{}, { sharedWith: 1 }] }])
      expect(JSON.stringify(persons)).toContain(address(4))
    })

    it('nobody asked for is a usage error, and nobody known is said', { timeout: LIMIT_MS }, async () => {
      expect((await run(lab, 'explain')).code).toBe(2)
      expect(await explained('--ouid', 'zq-nobody')).toBe('Nobody: the store knows no such person.\n')
    })
  })

  describe('an environment that was restored from a backup', () => {
    it('is told by verify and plan, which leave it to the next run', { timeout: LIMIT_MS }, async () => {
      const { world } = lab.emulator
      world.snapshot('monday')
      const later = line('zq-ouid-1', DATE, { at: `${DATE}T18:00:00.000Z`, purposes: no })
      await lab.part(DATE, 'd.ndjson', later)
      expect((await lab.sync(['--quiet', '--from', DATE], store.env)).code).toBe(0)
      expect((await run(lab, 'verify', '--json', '--quiet')).code).toBe(0)
      const chosen = business(lab)
      world.restore('monday')
      expect(business(lab)).not.toEqual(chosen)

      const { code, stdout } = await run(lab, 'verify', '--json', '--quiet')
      expect(code).toBe(6)
      expect(JSON.parse(stdout).targets).toMatchObject([
        { target: 'columns', restored: true, drifted: 1, different: 1 },
        { target: 'consents', restored: true, drifted: 1, different: 1 },
      ])
      expect((await run(lab, 'verify', '--quiet')).stdout).toContain('the environment was restored from a backup')
      const plan = await run(lab, 'plan', '--json', '--quiet')
      expect(JSON.parse(plan.stdout).targets).toMatchObject([{ restored: true }, { restored: true }])
      expect((await lab.sync(['--quiet'], store.env)).code).toBe(0)
      expect(business(lab)).toEqual(chosen)
    })
  })
}
