/** `init`: a first configuration out of what an environment, an export and Didomi hold, which then plans as it stands. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DidomiEmulator, startDidomiEmulator } from '../../src/emulator/didomi.ts'
import { DEFAULT_APP_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import { daysAgo, type Lab, line, openLab, runCli, signIn, TENANT } from '../support/cli-run.ts'

const DATE = daysAgo(1)
const LIMIT_MS = 120_000
const purpose = (n: number, name: string) => ({
  msdynmkt_purposeid: `10f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f${n}`,
  msdynmkt_name: name,
  msdynmkt_type: 534120000,
})

const topic = (n: number, name: string) => ({
  msdynmkt_topicid: `20f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f${n}`,
  msdynmkt_name: name,
  _msdynmkt_purposeid_value: purpose(1, '').msdynmkt_purposeid,
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
        msdynmkt_topic: [topic(1, 'Wintersport'), topic(2, 'Skiing')],
      },
    },
  })
  const purposes = ['weekly_digest', 'partner_offers', 'surveys'].map((id) => ({ id, enabled: true }))
  await lab.part(DATE, 'a.ndjson', line('zq-ada@example.com', DATE, { purposes }))
  await lab.seal(DATE)
}, LIMIT_MS)
afterAll(() => lab?.close())

const env = { DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET, OWN_SECRET: 'emulated-secret' }
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

  describe("Didomi's configuration tree", () => {
    const title = (en: string, de: string) => ({ en, de })
    const tree = {
      selected_purposes: [
        { id: 'n1', purpose_id: 'weekly_digest', purpose: { description: title('Weekly digest', 'Wochenblatt') } },
        {
          id: 'n2',
          purpose_id: 'p-7Kd2fG',
          purpose: { description: 'Phone calls\nstore: {}' },
          selected_preferences: [
            {
              id: 'n3',
              preference: {
                id: 'topics-k3Jd',
                type: 'multi' as const,
                name: title('Topics', 'Themen'),
                values: [
                  {
                    id: 'v-8Hs',
                    name: title('Winter sports', 'Wintersport'),
                    selected_preferences: [
                      { id: 'n4', preference: { id: 'how', type: 'single' as const, values: [{ id: 'skiing' }] } },
                    ],
                  },
                ],
              },
            },
          ],
        },
      ],
    }
    let didomi: DidomiEmulator
    beforeAll(async () => {
      didomi = await startDidomiEmulator({ tree })
    })
    afterAll(() => didomi?.close())
    const asked = (...args: string[]) =>
      init(
        ...['--mode', 'consent', '--didomi-api', didomi.apiRoot, '--didomi-secret-variable', 'OWN_SECRET'],
        ...['--didomi-organization', didomi.organizationId, '--didomi-key', didomi.key, ...args],
      )

    it('gives names, in any language, to what nobody has stated yet', { timeout: LIMIT_MS }, async () => {
      const { code, stdout, stderr } = await asked('--out', 'tree.yaml')
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).not.toContain('!')
      const text = readFileSync(join(lab.folder, 'tree.yaml'), 'utf8')
      const value = (of: string, told: string) => new RegExp(`# ${of}\\n {10}value: ${told}\\n`)
      expect(text).toMatch(value('Weekly digest', 'consents_purposes_weekly_digest_enabled # Weekly digest'))
      expect(text).toMatch(value('Wintersport', 'consents_purposes_p-7Kd2fG_values_topics-k3Jd_v-8Hs # Winter sports'))
      expect(text).toMatch(value('Skiing', 'consents_purposes_p-7Kd2fG_values_how_skiing'))
      // What only the export knows goes on by its id; what nothing goes with stays as a comment.
      expect(text).toMatch(value('Partner offers', 'consents_purposes_partner_offers_enabled'))
      expect(text).toContain('#   consents_purposes_surveys_enabled\n')
      expect(text).toContain(`didomi: # its API`)
      expect(text).toContain(`  key: ${didomi.key}\n  secret: \u0024{env:OWN_SECRET}\n  apiRoot: ${didomi.apiRoot}\n`)
      expect(text).not.toContain(didomi.secret)
      const { code: planned } = await runCli(['plan', '--config', 'tree.yaml', '--json', '--quiet'], {
        cwd: lab.folder,
        env,
      })
      expect(planned).toBe(0)
    })

    it('is done without where the contract does not hold it; a wrong secret is an error', {
      timeout: LIMIT_MS,
    }, async () => {
      didomi.faults.add('catalogue', { kind: 'status', status: 403 })
      const { code, stdout } = await asked('--out', 'closed.yaml')
      expect([code, stdout]).toEqual([
        0,
        expect.stringContaining('! Didomi does not let this key read the configuration tree'),
      ])
      const refused = await asked('--out', 'none.yaml', '--didomi-key', 'another')
      expect([refused.code, refused.stderr]).toEqual([3, expect.stringMatching(/^didomi-forbidden: session/)])
      expect(existsSync(join(lab.folder, 'none.yaml'))).toBe(false)
      expect((await asked('--out', 'none.yaml', '--didomi-secret-variable', 'NOWHERE')).stderr).toMatch(
        /^secret-missing: /,
      )
    })

    it('tells all that there is where the export cannot be read', { timeout: LIMIT_MS }, async () => {
      const { code, stdout } = await asked('--out', 'early.yaml', '--source', './not-there-yet')
      expect([code, stdout]).toEqual([0, expect.stringContaining('! the export was not read: source-unreadable: ')])
      expect(readFileSync(join(lab.folder, 'early.yaml'), 'utf8')).toContain('# Wintersport\n')
    })
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
