/** `reverse` as an operator runs it: what it refuses, what it tells, exit codes (§9), and that nobody is named. */

import { afterEach, describe, expect, it } from 'vitest'
import { type DidomiEmulator, startDidomiEmulator } from '../../src/emulator/didomi.ts'
import { DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import { reportText } from '../../src/report/text.ts'
import { CONFIG, configuration, daysAgo, type Lab, line, openLab, runCli, target } from '../support/cli-run.ts'
import { contactRow, environment, guidOf } from '../support/sync-world.ts'

const LIMIT_MS = 120_000
const NEWSLETTER = [{ id: 'new_newsletter', value: 'newsletter' }]
const ADA = 'ada@example.com'
const ENV = { DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET, DIDOMI_SECRET: 'emulated-secret' }

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function world(): Promise<{
  lab: Lab
  didomi: DidomiEmulator
  reverse: (...args: string[]) => ReturnType<typeof runCli>
}> {
  const didomi = await startDidomiEmulator({})
  open.push(() => didomi.close())
  const lab = await openLab({ seed: environment([contactRow(1, ADA)]) })
  open.push(() => lab.close())
  const reverse = (...args: string[]) =>
    runCli(['reverse', '--config', CONFIG, '--quiet', ...args], { cwd: lab.folder, env: ENV })
  return { lab, didomi, reverse }
}

const targetOf = (lab: Lab, more: Readonly<Record<string, unknown>>) =>
  target(lab.emulator.url, 'crm', 'contact', NEWSLETTER, more)
const apiOf = ({ apiRoot, organizationId, key }: DidomiEmulator) => ({
  didomi: { apiRoot, organizationId, key, secret: `\${env:DIDOMI_SECRET}` },
})

describe('reverse', () => {
  it(
    'refuses, before the store is touched, targets that are not switched on, that nobody knows, and Didomi unknown',
    async () => {
      const { lab, didomi, reverse } = await world()
      await lab.configure(configuration([targetOf(lab, {})], apiOf(didomi)))
      expect(await reverse()).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/^config-invalid: .*reverse\.enabled/),
      })
      await lab.configure(configuration([targetOf(lab, { reverse: { enabled: true } })]))
      expect(await reverse()).toMatchObject({ code: 2, stderr: expect.stringMatching(/^config-invalid: .*Didomi/) })
      expect(await reverse('--target', 'none')).toMatchObject({ code: 2, stderr: expect.stringMatching(/^usage: /) })
    },
    LIMIT_MS,
  )

  it(
    'tells an unsubscribe once; text and JSON say so, and name nobody',
    async () => {
      const { lab, didomi, reverse } = await world()
      await lab.configure(configuration([targetOf(lab, { reverse: { enabled: true } })], apiOf(didomi)))
      const date = daysAgo(1)
      await lab.part(date, 'part-0.json', `${line(ADA, date)}\n`)
      await lab.seal(date)
      expect((await lab.sync([], ENV)).code).toBe(0)
      lab.emulator.world.edit('contacts', guidOf('c', 1), { new_newsletter: false })
      const first = await reverse('--target', 'crm')
      expect([first.code, first.stderr]).toEqual([0, ''])
      expect(first.stdout).toMatch(/1 of others = 1 told \+ 0 known \+ 0 superseded \+ 0 parked/)
      expect(first.stdout).toMatch(/told Didomi: 1 events \(1 statements\) = 1 posted/)
      const second = await reverse('--json')
      const report = JSON.parse(second.stdout) as RunReport
      expect(report).toMatchObject({ job: 'reverse', exitCode: 0, sums: { places: true }, told: { events: 0 } })
      expect(reportText(report)).toContain('places hold')
      expect(didomi.received.map(({ event }) => event.user)).toEqual([
        expect.objectContaining({ organization_user_id: ADA }),
      ])
      for (const { stdout, stderr } of [first, second]) expect(stdout + stderr).not.toMatch(/ada@|emulated-/)
      expect(lab.stored('SELECT state FROM told')).toEqual([{ state: 'told' }])
    },
    LIMIT_MS,
  )
})
