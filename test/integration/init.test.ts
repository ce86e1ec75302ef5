/** `init`: a first configuration out of what an environment and an export hold, which then plans as it stands. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_APP_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import { daysAgo, type Lab, line, openLab, runCli, signIn, TENANT } from '../support/cli-run.ts'

const DATE = daysAgo(1)
const LIMIT_MS = 120_000
const purpose = (n: number, name: string) => ({
  msdynmkt_purposeid: `10f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f${n}`,
  msdynmkt_name: name,
  msdynmkt_type: 534120000,
})

let lab: Lab
beforeAll(async () => {
  lab = await openLab({
    seed: {
      columns: { contact: [{ type: 'boolean', name: 'new_partneroffers', defaultValue: null }] },
      rows: {
        msdynmkt_purpose: [
          purpose(1, 'Weekly digest'),
          purpose(2, 'Partner offers'),
          purpose(3, 'Phone: calls\nmappings: []'),
        ],
      },
    },
  })
  const purposes = ['weekly_digest', 'partner_offers', 'surveys'].map((id) => ({ id, enabled: true }))
  await lab.part(DATE, 'a.ndjson', line('zq-ada@example.com', DATE, { purposes }))
  await lab.seal(DATE)
}, LIMIT_MS)
afterAll(() => lab?.close())

const env = { DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET }
const init = (...args: string[]) => {
  const { url } = lab.emulator
  const own = ['--instance', url, '--tenant', TENANT, '--client-id', DEFAULT_APP_ID, '--source', './export']
  const authority = ['--authentication', JSON.stringify(signIn(url).authority)]
  return runCli(['init', ...own, ...authority, ...args], { cwd: lab.folder, env })
}

describe('init', () => {
  it('maps by name, leaves the rest as comments, and the file plans as it stands', { timeout: LIMIT_MS }, async () => {
    const { code, stdout, stderr } = await init('--mode', 'consent')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('Wrote didomi-dataverse.yaml: 2 choices mapped by name')
    const text = readFileSync(join(lab.folder, 'didomi-dataverse.yaml'), 'utf8')
    expect(text).toMatch(
      /- id: purpose:10f3a5c7\S+0f1 # Weekly digest\n {10}value: consents_purposes_weekly_digest_enabled/,
    )
    expect(text).toMatch(
      /- id: purpose:10f3a5c7\S+0f2 # Partner offers\n {10}value: consents_purposes_partner_offers_enabled/,
    )
    // A name cannot end the comment that it stands in.
    expect(text).toContain('0f3 # Phone: calls mappings: []\n')
    expect(text).toContain('#   consents_purposes_surveys_enabled')
    expect(text).not.toContain(DEFAULT_SECRET)
    expect(text).not.toMatch(/zq-/)
    expect(JSON.parse(readFileSync(join(lab.folder, 'didomi-dataverse.schema.json'), 'utf8'))).toHaveProperty(
      'properties',
    )
    const planned = await runCli(['plan', '--config', 'didomi-dataverse.yaml', '--json', '--quiet'], {
      cwd: lab.folder,
      env,
    })
    expect([planned.code, JSON.parse(planned.stdout).targets[0].outcomes.unmatched]).toEqual([0, 1])
  })

  it('writes over nothing, and asks nobody who is not there', { timeout: LIMIT_MS }, async () => {
    expect((await init('--mode', 'contact')).stderr).toContain('usage: --out')
    expect((await init('--out', 'other.yaml')).stderr).toContain('usage: --mode')
    const { code } = await init('--mode', 'contact', '--out', 'columns.yaml')
    expect(code).toBe(0)
    const text = readFileSync(join(lab.folder, 'columns.yaml'), 'utf8')
    expect(text).toMatch(
      /- id: new_partneroffers # partneroffers\n {10}value: consents_purposes_partner_offers_enabled/,
    )
    expect(text).not.toMatch(/- id: donotemail # email\n {10}value: cons/)
  })
})
