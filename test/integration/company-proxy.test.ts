/** A night behind a company's proxy: bucket, token, Dataverse, Didomi and webhook are all reached through it, and only so. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emulatorAuthority } from '../../src/demo/configuration.ts'
import { DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import { configuration, daysAgo, type Lab, line, openLab, runCli, TENANT, target } from '../support/cli-run.ts'
import { keyOf, openS3Cloud, type S3Cloud } from '../support/clouds.ts'
import { type CompanyProxy, startCompanyProxy } from '../support/company-proxy.ts'
import { type HookServer, startHookServer } from '../support/hook-server.ts'

const LIMIT_MS = 120_000
const HOSTS = {
  dataverse: 'acme.crm4.dynamics.com',
  login: 'login.microsoftonline.com',
  bucket: 's3.example.test',
  tokens: 'sts.example.test',
  hook: 'hooks.example.test',
}

let lab: Lab
let cloud: S3Cloud
let hook: HookServer
let proxy: CompanyProxy
let locked: CompanyProxy

beforeAll(async () => {
  const contacts = [
    { contactid: 'c0000000-0000-4000-8000-000000000001', emailaddress1: 'ada@example.com', lastname: 'L' },
  ]
  lab = await openLab({ seed: { rows: { contacts } } })
  cloud = await openS3Cloud()
  hook = await startHookServer()
  // The emulator knows its tokens by the port they were asked for.
  const instance = `${HOSTS.dataverse}:${lab.emulator.port}`
  const hosts = {
    [instance]: lab.emulator.url,
    [HOSTS.login]: lab.emulator.url,
    [HOSTS.bucket]: cloud.server.endpoint,
    [HOSTS.tokens]: cloud.server.endpoint,
    [HOSTS.hook]: hook.url,
  }
  proxy = await startCompanyProxy(hosts)
  locked = await startCompanyProxy(hosts, 'open-sesame')
  const date = daysAgo(1)
  cloud.put(
    keyOf(date, 'a.ndjson.gz'),
    gzipSync(line('ada@example.com', date, { purposes: [{ id: 'newsletter', enabled: false }] })),
  )
  cloud.put(keyOf(date, '_SUCCESS'), new Uint8Array())
  const { s3 } = cloud.location as { s3: object }
  const crm = target(`https://${instance}`, 'crm', 'contact', [
    { id: 'donotbulkemail', value: 'consents_purposes_newsletter_enabled' },
  ])
  const authority = emulatorAuthority(`https://${HOSTS.login}`, TENANT)
  const role = { roleArn: 'arn:aws:iam::123456789012:role/reader', externalId: 'acme' }
  await lab.configure(
    configuration([{ ...crm, authentication: authority, retries: 1 }], {
      source: { s3: { ...s3, endpoint: `https://${HOSTS.bucket}`, assumeRole: role } },
      heartbeat: { url: `https://${HOSTS.hook}/beat` },
    }),
  )
  for (const [name, one] of Object.entries({ proxy, locked }))
    await writeFile(join(lab.folder, `${name}.pem`), one.certificate)
}, LIMIT_MS)

afterAll(async () => {
  await Promise.all([proxy.close(), locked.close(), hook.close(), cloud.close()])
  await lab.close()
})

const sync = (one: string, env: Record<string, string>) =>
  runCli(['sync', '--config', 'didomi-dataverse.yaml', '--json', '--quiet', '--log-level', 'error'], {
    cwd: lab.folder,
    env: {
      ...cloud.env,
      AWS_ENDPOINT_URL_STS: `https://${HOSTS.tokens}`,
      DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET,
      NODE_EXTRA_CA_CERTS: join(lab.folder, `${one}.pem`),
      ...env,
    },
  })

describe('behind a proxy', () => {
  it(
    'a night goes through it, and through nothing else',
    async () => {
      const { code, stdout, stderr } = await sync('proxy', { HTTPS_PROXY: proxy.url })
      expect([code, stderr]).toEqual([0, ''])
      expect(JSON.parse(stdout).deliver[0].outcomes).toMatchObject({ written: 1 })
      expect(new Set(proxy.tunnels.map((tunnel) => tunnel.replace(/:\d+$/, '')))).toEqual(new Set(Object.values(HOSTS)))
      expect(hook.calls.map(({ path }) => path)).toEqual(['/beat/start', '/beat'])
    },
    LIMIT_MS,
  )

  it(
    'one that wants a password gets it from its URL; without it nothing is reached, and the password is nowhere told',
    async () => {
      const { code, stderr } = await sync('locked', { HTTPS_PROXY: locked.url })
      expect([code, stderr]).toEqual([0, ''])
      const shut = await sync('locked', { HTTPS_PROXY: locked.url.replace('open-sesame', 'wrong-word') })
      expect(shut.code).not.toBe(0)
      expect(shut.stderr).toMatch(/407/)
      expect(shut.stdout + shut.stderr).not.toMatch(/wrong-word|sesame/)
      for (const text of [stderr, await readFile(join(lab.folder, 'didomi-dataverse.yaml'), 'utf8')])
        expect(text).not.toContain('sesame')
    },
    LIMIT_MS,
  )

  it(
    'one that is none is told by its variable',
    async () => {
      const none = await sync('proxy', { HTTPS_PROXY: 'socks5://gate:open-sesame@127.0.0.1:1' })
      expect(none.code).toBe(2)
      expect(none.stderr).toMatch(/^config-invalid: HTTPS_PROXY: found a proxy of the kind socks5:/m)
      expect(none.stderr).not.toContain('sesame')
    },
    LIMIT_MS,
  )
})
