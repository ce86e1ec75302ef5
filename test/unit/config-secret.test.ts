import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { Secret } from '../../src/config/secret.ts'
import { leastConfig, load, refusal, SECRET } from '../support/config-files.ts'

it('a secret prints as [secret] everywhere but in reveal', () => {
  const secret = new Secret(SECRET)
  const printed = [
    `${secret}`,
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }, { depth: 9, showHidden: true }),
  ]
  expect(printed.join()).not.toContain(SECRET)
  expect(JSON.stringify(secret)).toBe('"[secret]"')
  expect(secret.reveal()).toBe(SECRET)
})

it('the settings as a whole never print a secret', async () => {
  const settings = await load(leastConfig())
  expect(settings.targets[0]?.authentication[0].credential).toMatchObject({ kind: 'secret' })
  expect(JSON.stringify(settings) + inspect(settings, { depth: 20 })).not.toContain(SECRET)
})

async function withSecret(clientSecret: string, files: Record<string, string> = {}) {
  const config = leastConfig()
  const targets = [{ ...config.targets[0], authentication: { clientSecret } }]
  const credential = (await load({ ...config, targets }, files)).targets[0]?.authentication[0].credential
  return credential?.kind === 'secret' ? credential.secret.reveal() : undefined
}

it('a reference stands for the whole text or a part of it', async () => {
  expect(await withSecret(`\${env:DATAVERSE_CLIENT_SECRET}`)).toBe(SECRET)
  expect(await withSecret(`a-\${env:DATAVERSE_CLIENT_SECRET}-\${env:EXPORTS}`)).toBe(`a-${SECRET}-/mnt/exports`)
  expect(await withSecret(`\${file:/run/s}`, { '/run/s': 's1' })).toBe('s1')
})

it('one newline at the end of a secret file is cut, no more', async () => {
  expect(await withSecret(`\${file:/run/s}`, { '/run/s': 's1\n' })).toBe('s1')
  expect(await withSecret(`\${file:/run/s}`, { '/run/s': 's1\r\n' })).toBe('s1')
  expect(await withSecret(`\${file:/run/s}`, { '/run/s': 's1 \n\n' })).toBe('s1 \n')
})

it("a relative secret file lies in the settings file's folder", async () => {
  expect(await withSecret(`\${file:run/s}`, { '/srv/job/conf/run/s': 's1' })).toBe('s1')
})

it.each([
  [`\${env:NOT_SET}`, 'NOT_SET'],
  [`x\${env:NOT_SET}`, 'NOT_SET'],
  [`\${file:/run/missing}`, '/run/missing'],
  [`\${file:/run/empty}`, '/run/empty'],
  [`\${file:/run/nested}`, '/run/nested'],
  [`\${vault:x}`, 'unknown form'],
  [`\${env:}`, 'unknown form'],
])('%s leads nowhere: secret-missing names path and place', async (reference, named) => {
  const config = leastConfig()
  const targets = [{ ...config.targets[0], authentication: { clientSecret: reference } }]
  const error = await refusal({ ...config, targets }, { '/run/empty': '\n', '/run/nested': `\${env:EXPORTS}${SECRET}` })
  expect(error.code).toBe('secret-missing')
  expect(error.complaints).toHaveLength(1)
  expect(error.complaints[0]?.where).toContain('targets[0].authentication.clientSecret')
  expect(error.complaints[0]?.found).toContain(named)
  expect(error.message).not.toContain(SECRET)
})

it('a secret written into a list of application users is warned about too', async () => {
  const config = leastConfig()
  const authentication = [
    { clientId: 'c1', clientSecret: `\${env:DATAVERSE_CLIENT_SECRET}` },
    { clientSecret: 'plain-canary' },
  ]
  const { warnings } = await load({ ...config, targets: [{ ...config.targets[0], authentication }] })
  expect(warnings).toEqual([expect.stringMatching(/targets\[0\]\.authentication\[1\]\.clientSecret: a secret stands/)])
})

it('a secret written into a file works, with a warning that does not print it', async () => {
  const config = leastConfig()
  const targets = [{ ...config.targets[0], authentication: { clientSecret: 'plain-canary' } }]
  const { warnings } = await load({ ...config, targets })
  expect(warnings).toEqual([
    expect.stringMatching(/targets\[0\]\.authentication\.clientSecret: a secret stands in the file/),
  ])
  expect(warnings.join()).not.toContain('plain-canary')
})
