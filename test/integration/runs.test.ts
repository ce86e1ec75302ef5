/** What runs leave behind: files in a folder and elsewhere, lists and texts of runs; and that no trouble with them changes a run. */

import { spawn, spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import {
  CLI,
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
import { openGcsCloud, openS3Cloud } from '../support/clouds.ts'

const LIMIT_MS = 120_000
const PERSONS = ['ada@example.com', 'grace@example.com', 'edsger@example.com']

let lab: Lab

async function configure(more: object = {}): Promise<void> {
  const mappings = [{ id: 'donotbulkemail', value: 'consents_purposes_newsletter_enabled' }]
  await lab.configure(configuration([target(lab.emulator.url, 'crm', 'contact', mappings)], { report: {}, ...more }))
}

beforeEach(async () => {
  const contacts = PERSONS.map((emailaddress1, at) => ({
    contactid: `c0000000-0000-4000-8000-00000000000${at}`,
    emailaddress1,
    lastname: 'L',
  }))
  lab = await openLab({ seed: { rows: { contacts } } })
  const date = daysAgo(1)
  await lab.part(
    date,
    'a.ndjson',
    PERSONS.map((ouid) => line(ouid, date, { purposes: [{ id: 'newsletter', enabled: false }] })).join('\n'),
  )
  await lab.seal(date)
  await configure()
})
afterEach(() => lab.close())

const cli = (...args: string[]): Promise<Ended> =>
  runCli([...args, '--config', CONFIG], { cwd: lab.folder, env: { DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET } })
const reportOf = ({ stdout }: Ended): RunReport => JSON.parse(stdout)
const filesIn = async (...folder: string[]) => (await readdir(join(lab.folder, ...folder))).sort()
const read = (...path: string[]) => readFile(join(lab.folder, ...path), 'utf8')

describe('what a run leaves', () => {
  it(
    'the JSON alone where no page is wanted',
    async () => {
      await configure({ report: { page: false } })
      const ended = await lab.sync()
      const [json, ...more] = await filesIn('state', 'reports')
      expect([ended.code, json?.endsWith('.json'), more]).toEqual([0, true, []])
      expect(ended.stdout).toContain(`\n  report: state/reports/${json}\n`)
    },
    LIMIT_MS,
  )

  it(
    'a report as JSON and as a page, beside the store; stdout names the page',
    async () => {
      const ended = await lab.sync()
      expect([ended.code, ended.stderr]).toEqual([0, ''])
      const [page, json, ...more] = await filesIn('state', 'reports')
      expect(more).toEqual([])
      expect(ended.stdout).toContain(`\n  report: state/reports/${page}\n`)
      const report: RunReport = JSON.parse(await read('state', 'reports', json ?? ''))
      expect([`${report.run}.html`, `${report.run}.json`]).toEqual([page, json])
      expect(report).toMatchObject({ job: 'sync', exitCode: 0, deliver: [{ target: 'crm', persons: 3 }] })
      // How it went over time adds up to what was counted.
      const [{ requests } = { requests: undefined }] = report.deliver
      const sum = (amounts: readonly number[] = []) => amounts.reduce((total, one) => total + one, 0)
      expect(sum(requests?.overTime?.series['rows'])).toBe(requests?.rowsSent)
      expect(sum(requests?.overTime?.series['requests'])).toBe(requests?.users[0]?.requests)
      expect(sum(report.ingest?.overTime?.series['lines'])).toBe(3)
      const text = await read('state', 'reports', page ?? '')
      expect(text).toContain('<!doctype html>')
      for (const name of [...PERSONS, ...PERSONS.map((one) => one.split('@')[0] ?? '')])
        expect([name, text.includes(`${name}<`) || text.includes(`${name}@`)]).toEqual([name, false])
      expect((await stat(join(lab.folder, 'state', 'reports', page ?? ''))).size).toBeLessThan(512 * 1024)
    },
    LIMIT_MS,
  )

  it(
    'where it is told to, with copies elsewhere; of older runs no more than it is told to keep',
    async () => {
      await configure({ report: { directory: './told', keep: 1, to: { directory: './copies' }, prefix: '/nightly/' } })
      await mkdir(join(lab.folder, 'told'))
      await writeFile(join(lab.folder, 'told', 'notes.html'), 'mine')
      const runs = [reportOf(await lab.sync(['--json'])), reportOf(await lab.sync(['--json']))].map(({ run }) => run)
      const [first = '', last = ''] = runs
      expect(await filesIn('told')).toEqual([`${last}.html`, `${last}.json`, 'notes.html'])
      expect(await filesIn('copies', 'nightly')).toEqual(
        [`${first}.html`, `${first}.json`, `${last}.html`, `${last}.json`].sort(),
      )
      expect(await read('copies', 'nightly', `${last}.html`)).toBe(await read('told', `${last}.html`))
    },
    LIMIT_MS,
  )

  it(
    'a place that takes no copy is a warning: the run is as good as it was, and the report is kept here',
    async () => {
      await writeFile(join(lab.folder, 'taken'), 'a file')
      await configure({ report: { to: { directory: './taken' } } })
      const { code, stderr } = await lab.sync()
      expect(code).toBe(0)
      const warnings = stderr
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text))
      expect(warnings).toMatchObject([{ level: 'warn', code: 'report-unwritable' }])
      expect(warnings[0].msg).toMatch(/^report-unwritable: report\.to: found E(NOTDIR|EXIST); expected a place/)
      expect(await filesIn('state', 'reports')).toHaveLength(2)
    },
    LIMIT_MS,
  )

  it.each([
    ['s3', openS3Cloud],
    ['gcs', openGcsCloud],
  ] as const)(
    'in a bucket (%s) too',
    async (_, openCloud) => {
      const cloud = await openCloud()
      try {
        await configure({ report: { to: cloud.location } })
        const ended = await lab.sync(['--json', '--quiet'], cloud.env)
        expect([ended.code, ended.stderr]).toEqual([0, ''])
        const { run } = reportOf(ended)
        expect(cloud.keys()).toEqual([`reports/${run}.html`, `reports/${run}.json`])
        // The page comes last: a browser that is given its address opens it.
        expect(cloud.lastType()).toBe('text/html; charset=utf-8')
        expect(Buffer.from(cloud.read(`reports/${run}.html`) ?? []).toString()).toBe(
          await read('state', 'reports', `${run}.html`),
        )
      } finally {
        await cloud.close()
      }
    },
    LIMIT_MS,
  )

  it(
    'a bucket that refuses is a warning that names the permission',
    async () => {
      const cloud = await openGcsCloud()
      try {
        cloud.server.faults.upload.push(() => ({ status: 403, headers: {}, body: Buffer.from('{}') }))
        await configure({ report: { to: cloud.location } })
        const { code, stderr } = await lab.sync(['--quiet'], cloud.env)
        expect(code).toBe(0)
        expect(JSON.parse(stderr)).toMatchObject({ level: 'warn', code: 'report-unwritable' })
        expect(stderr).toMatch(/report\.to: found .*storage\.objects\.create/)
        expect(await filesIn('state', 'reports')).toHaveLength(2)
      } finally {
        await cloud.close()
      }
    },
    LIMIT_MS,
  )

  it(
    'a folder that cannot be made is a warning too, and the copies are put all the same',
    async () => {
      await writeFile(join(lab.folder, 'taken'), 'a file')
      await configure({ report: { directory: './taken/reports', to: { directory: './copies' } } })
      const { code, stderr, stdout } = await lab.sync()
      expect(code).toBe(0)
      expect(stderr).toContain('"code":"report-unwritable"')
      expect(stdout).toContain('done (exit 0)')
      expect(stdout).not.toContain('report:')
      expect(await filesIn('copies', 'reports')).toHaveLength(2)
      expect((await cli('runs', 'show')).stdout).toContain('done (exit 0)')
    },
    LIMIT_MS,
  )
})

describe('runs', () => {
  it(
    'list tells every run, newest first; show tells one, and draws its page again',
    async () => {
      const empty = await cli('runs', 'list')
      expect([empty.code, empty.stdout]).toEqual([0, 'No run is known.\n'])
      const first = reportOf(await lab.sync(['--json', '--quiet', '--limit', '2']))
      const second = reportOf(await lab.sync(['--json', '--quiet']))
      const { stdout } = await cli('runs', 'list')
      const [heads, newest, oldest] = stdout.split('\n')
      expect(heads).toMatch(/^ {2}RUN +JOB +BEGAN \(UTC\) +TOOK +EXIT +LINES +PERSONS +WRITTEN +QUARANTINE +STILL DUE$/)
      expect(newest).toMatch(
        new RegExp(`^ {2}${second.run} +sync +\\d{4}-\\S+ \\d\\d:\\d\\d +\\S+ s +0 +0 +1 +1 +0 +0$`),
      )
      expect(oldest).toMatch(new RegExp(`^! ${first.run} .* 6 +3 +2 +2 +0 +0$`))
      const listed = JSON.parse((await cli('runs', 'list', '--json', '--limit', '1')).stdout)
      expect(listed).toMatchObject({ version: 1, runs: [{ run: second.run, exitCode: 0, persons: 1, written: 1 }] })
      expect(JSON.parse((await cli('runs', 'show', first.run, '--json')).stdout)).toEqual(first)
      expect((await cli('runs', 'show')).stdout).toMatch(new RegExp(`^Run ${second.run}: done`))
      const drawn = await cli('runs', 'show', first.run, '--html', 'again.html')
      expect([drawn.code, drawn.stdout]).toEqual([0, 'Written to again.html.\n'])
      expect(await read('again.html')).toBe(await read('state', 'reports', `${first.run}.html`))
    },
    LIMIT_MS,
  )

  it(
    'a run that nobody knows is a usage error, a place that takes no page one of its own',
    async () => {
      await lab.sync(['--quiet'])
      const unknown = await cli('runs', 'show', 'nothing')
      expect([unknown.code, unknown.stdout]).toEqual([2, ''])
      expect(unknown.stderr).toMatch(/^usage: runs show: found a run that the store does not know/)
      const refused = await cli('runs', 'show', '--html', 'nowhere/page.html')
      expect(refused.code).toBe(2)
      expect(refused.stderr).toMatch(/^report-unwritable: --html: found ENOENT/)
    },
    LIMIT_MS,
  )

  it(
    'while a run lasts, and of one that never ended',
    async () => {
      await lab.sync(['--quiet'])
      const { sqlite } = { sqlite: join(lab.folder, 'state', 'didomi-dataverse.db') }
      const { openSqliteStore } = await import('../../src/store/sqlite.ts')
      const { systemClock } = await import('../../src/lib/clock.ts')
      const store = await openSqliteStore(sqlite, systemClock)
      try {
        await store.beginRun({ id: '20990101T000000-00000000', job: 'sync', startedAt: 4_070_908_800_000_000 as never })
        const { code, stdout } = await cli('runs', 'list')
        expect(code).toBe(0)
        expect(stdout).toMatch(/\n\? 20990101T000000-00000000 +sync +2099-01-01 00:00 +- +- +-/)
        expect(stdout).toContain('? has not ended: it is under way, or was killed.')
        expect((await cli('runs', 'show')).stdout).toContain('has not ended')
      } finally {
        await store.close()
      }
    },
    LIMIT_MS,
  )
})

const hasPty = spawnSync('script', ['--version']).status === 0

describe.skipIf(!hasPty)('at a terminal', () => {
  /** A run under a pseudo-terminal of util-linux's `script`; everything it shows. */
  function atTerminal(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      const command = [process.execPath, CLI, 'sync', '--config', CONFIG, ...args].map((word) => `'${word}'`).join(' ')
      const child = spawn('script', ['-qec', `stty cols 120; ${command}`, '/dev/null'], {
        cwd: lab.folder,
        env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let shown = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        shown += text
      })
      child.once('error', reject)
      child.once('close', () => resolve(shown))
    })
  }

  it(
    'a bar with the reason of a wait, each stage once at its end, then the report; the cursor comes back',
    async () => {
      const action = { kind: 'status', status: 429, code: '0x80072321', retryAfter: 2 } as const
      lab.emulator.world.addFaults([{ match: { message: 'UpdateMultiple' }, nth: 1, action }])
      const shown = await atTerminal([])
      expect(shown).toMatch(
        /deliver crm +\[ +\] 0\/3 · 0\.0\/s · waiting 2 s: crm: user 1 paused: execution time limit/,
      )
      expect(shown.match(/ingest +1\/1 in \d/g)).toHaveLength(1)
      expect(shown.match(/deliver crm +3\/3 in \d/g)).toHaveLength(1)
      expect(shown).toMatch(/Run \S+: done \(exit 0\)/)
      expect(shown.lastIndexOf('\u001b[?25h')).toBeGreaterThan(shown.lastIndexOf('\u001b[?25l'))
    },
    LIMIT_MS,
  )

  it(
    'no bars with --quiet, with --json, and at a terminal that cannot draw them; never a colour',
    async () => {
      for (const [args, env] of [
        // The first one has something to show; that the others are silent is not for want of it.
        [['--limit', '1'], { NO_COLOR: '1' }],
        [['--limit', '1', '--quiet'], {}],
        [['--limit', '1', '--json'], {}],
        [[], { TERM: 'dumb' }],
      ] as const) {
        const shown = await atTerminal(args, env)
        expect([args, env, shown.includes('\u001b[?25l')]).toEqual([args, env, 'NO_COLOR' in env])
        // biome-ignore lint/suspicious/noControlCharactersInRegex: what colours begin with
        expect(shown).not.toMatch(/\u001b\[[\d;]*m/)
      }
    },
    LIMIT_MS,
  )
})
