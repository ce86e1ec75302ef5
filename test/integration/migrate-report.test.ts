/** What the steps of a migration leave behind: files, a place in the list of runs, a word to whoever is to be told. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMMERCIAL_PURPOSE_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import { CONFIG, configuration, type Ended, type Lab, openLab, runCli, target } from '../support/cli-run.ts'
import { type HookServer, startHookServer } from '../support/hook-server.ts'

const LIMIT_MS = 120_000
const REFERENCE = 'consents_purposes_newsletter_enabled'

let lab: Lab
let hook: HookServer

beforeEach(async () => {
  const contacts = ['ada', 'grace', 'edsger'].map((name, at) => ({
    contactid: `c0000000-0000-4000-8000-00000000000${at}`,
    emailaddress1: `${name}@example.com`,
    lastname: 'L',
    donotbulkemail: at === 0,
  }))
  lab = await openLab({ seed: { rows: { contacts } } })
  hook = await startHookServer()
  const { url } = lab.emulator
  const targets = [
    target(url, 'legacy', 'contact', [{ id: 'donotbulkemail', value: REFERENCE }]),
    target(url, 'current', 'consent', [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: REFERENCE }]),
  ]
  const notify = [{ kind: 'webhook', url: `${hook.url}/told`, on: ['failure'] }]
  await lab.configure(configuration(targets, { report: {}, notify }))
})
afterEach(async () => {
  await lab.close()
  await hook.close()
})

const cli = (...args: string[]): Promise<Ended> =>
  runCli([...args, '--config', CONFIG], { cwd: lab.folder, env: { DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET } })
const reports = () => join(lab.folder, 'state', 'reports')

/** A step as it reports itself, after its page was found beside its JSON. */
async function stepped(step: string) {
  const { code, stdout, stderr } = await cli('migrate', step, '--quiet', '--json', '--log-level', 'error')
  expect([step, code, stderr]).toEqual([step, 0, ''])
  const report = JSON.parse(stdout)
  const files = await readdir(reports())
  expect(files).toEqual(expect.arrayContaining([`${report.run}.html`, `${report.run}.json`]))
  expect(JSON.parse(await readFile(join(reports(), `${report.run}.json`), 'utf8'))).toEqual(report)
  const page = await readFile(join(reports(), `${report.run}.html`), 'utf8')
  expect(page).toContain(`<title>Migration to current, ${step} of`)
  expect(page).not.toMatch(/ada|grace|edsger|@example/)
  return { report, page }
}

describe('the steps of a migration', () => {
  it(
    'each leaves JSON and a page; those that write stand in the list of runs, and are drawn again from the store',
    async () => {
      const plan = await stepped('plan')
      expect(plan.report.slots).toMatchObject({ rows: 3 })
      const apply = await stepped('apply')
      const [yes, no] = [apply.report.slots.entries, apply.report.slots.outcomes.created]
      expect([Object.keys(yes), no]).toEqual([[`purpose:${COMMERCIAL_PURPOSE_ID} email`], 3])
      await stepped('verify')
      const rollback = await stepped('rollback')
      const { runs } = JSON.parse((await cli('runs', 'list', '--json')).stdout)
      expect(runs).toMatchObject([
        { run: rollback.report.run, job: 'migrate', exitCode: 0 },
        { run: apply.report.run, job: 'migrate', exitCode: 0, written: 3 },
      ])
      expect(runs).toHaveLength(2)
      const drawn = await cli('runs', 'show', apply.report.run, '--html', 'again.html')
      expect([drawn.code, drawn.stdout]).toEqual([0, 'Written to again.html.\n'])
      expect(await readFile(join(lab.folder, 'again.html'), 'utf8')).toBe(apply.page)
      expect((await cli('runs', 'show', apply.report.run)).stdout).toMatch(/^Migration to current, apply, run /)
      expect(hook.calls).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    'one that fails is told to whoever wants to hear of failures; one that only looks is not',
    async () => {
      await fetch(`${lab.emulator.url}/__emulator/faults`, {
        method: 'POST',
        body: JSON.stringify([{ match: { message: 'WhoAmI' }, count: 0, action: { kind: 'status', status: 403 } }]),
      })
      expect((await cli('migrate', 'plan', '--quiet')).code).toBe(3)
      expect(hook.calls).toEqual([])
      expect((await cli('migrate', 'apply', '--quiet')).code).toBe(3)
      expect(hook.calls.map(({ body }) => body)).toMatchObject([{ command: 'migrate', exitCode: '3' }])
    },
    LIMIT_MS,
  )
})
