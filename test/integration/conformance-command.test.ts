/** `npm run conformance`: what it refuses before anything is sent, how it signs in, what it answers. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { conformance } from '../../src/conformance/command.ts'
import { readOptions } from '../../src/conformance/options.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { DEFAULT_APP_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'

const SEED = JSON.parse(await readFile(new URL('../../fixtures/conformance-seed.json', import.meta.url), 'utf8'))
const CALLER = { DATAVERSE_CLIENT_ID: DEFAULT_APP_ID, DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET }
const OWNED = '--i-own-this-sandbox'

let emulator: Emulator
beforeEach(async () => {
  emulator = await startEmulator({ seed: SEED })
})
afterEach(() => emulator.close())

async function run(args: readonly string[], environment: Readonly<Record<string, string>> = CALLER) {
  let [out, err] = ['', '']
  const code = await conformance({
    args,
    environment,
    uptime: () => performance.now(),
    signal: new AbortController().signal,
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
  })
  return { code, out, err }
}

describe('the conformance command', () => {
  it('refuses without the word of the owner, and sends nothing', async () => {
    const { code, err, out } = await run(['--url', emulator.url])
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/^usage: --i-own-this-sandbox: .*creates, changes and deletes/)
    expect(emulator.world.counters()).toMatchObject({ requests: 0, tokenCalls: 0 })
  })

  it.each([
    ['without --url', [OWNED], 'usage: --url'],
    ['with an unknown flag', ['--url', 'https://acme.crm4.dynamics.com', OWNED, '--fast'], 'usage: the command line'],
    ['over plain http', ['--url', 'http://acme.crm4.dynamics.com', OWNED], 'usage: --url'],
    ['with no URL', ['--url', 'acme', OWNED], 'usage: --url'],
    ['without a tenant', ['--url', 'https://acme.crm4.dynamics.com', OWNED], 'secret-missing: DATAVERSE_TENANT_ID'],
    [
      'with a file that is not there',
      ['--url', 'http://127.0.0.1:1', OWNED, '--schema', '/nowhere.json'],
      'usage: --schema',
    ],
    ['with an unknown topic', ['--url', 'http://127.0.0.1:1', OWNED, '--topic', 'weather'], 'usage: --topic'],
  ])('refuses %s with exit code 2', async (_, args, complaint) => {
    const { code, err } = await run(args)
    expect(code).toBe(2)
    expect(err.startsWith(complaint)).toBe(true)
  })

  it('refuses without a client id or secret', async () => {
    for (const name of ['DATAVERSE_CLIENT_ID', 'DATAVERSE_CLIENT_SECRET']) {
      const { code, err } = await run(['--url', emulator.url, OWNED], { ...CALLER, [name]: '' })
      expect([code, err.startsWith(`secret-missing: ${name}`)]).toEqual([2, true])
    }
  })

  it('runs one topic, tells it by topic, and ends with 0', async () => {
    const { code, out, err } = await run(['--url', emulator.url, OWNED, '--topic', 'delete'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^delete +7 +0 +0 +0$/m)
    expect(emulator.world.counters().tokenCalls).toBe(1)
    expect(emulator.world.rows('contacts')).toEqual([])
  })

  it('takes the secret from a file, and shows it nowhere', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'conformance-')), 'secret')
    await writeFile(file, `${DEFAULT_SECRET}\n`)
    const args = ['--url', emulator.url, OWNED, '--topic', 'delete', '--json', '--client-secret-file', file]
    const { code, out } = await run(args, { DATAVERSE_CLIENT_ID: DEFAULT_APP_ID })
    expect([code, JSON.parse(out)]).toMatchObject([0, { pass: 7, deviates: 0 }])
    expect(out).not.toContain(DEFAULT_SECRET)
  })

  it('ends with 1 where something deviates, and names the source', async () => {
    emulator.world.addFaults([
      { match: { method: 'DELETE' }, count: 1, action: { kind: 'status', status: 500, code: '0x80040216' } },
    ])
    const { code, out } = await run(['--url', emulator.url, OWNED, '--topic', 'delete'])
    expect(code).toBe(1)
    expect(out).toContain('deviates: delete/guid\n')
    expect(out).toContain('Dataverse: error table, 4.5 (inferred)')
    expect(out).toContain('step 1, status: expected 204, found 500 0x80040216')
  })

  it('ends with 3 where there is no token, or no application user', async () => {
    const wrong = await run(['--url', emulator.url, OWNED], { ...CALLER, DATAVERSE_CLIENT_SECRET: 'not-the-secret' })
    expect([wrong.code, wrong.err.startsWith('token-refused: ')]).toEqual([3, true])
    expect(wrong.err).not.toContain('not-the-secret')
    const [stranger] = SEED.applications
    const credentials = { DATAVERSE_CLIENT_ID: stranger.appId, DATAVERSE_CLIENT_SECRET: stranger.secret }
    const unknown = await run(['--url', emulator.url, OWNED], credentials)
    expect([unknown.code, unknown.err.startsWith('forbidden: ')]).toEqual([3, true])
  })

  it('ends with 6 where the environment does not answer', async () => {
    emulator.world.addFaults([{ match: { path: 'WhoAmI' }, action: { kind: 'reset-before-commit' } }])
    const { code, err } = await run(['--url', emulator.url, OWNED])
    expect([code, err.startsWith('dataverse-unavailable: ')]).toEqual([6, true])
  })

  it('asks for tokens where the cloud of the environment issues them', () => {
    const authorityOf = (url: string) =>
      readOptions(['--url', url, OWNED], { ...CALLER, DATAVERSE_TENANT_ID: 'acme.example.com' }).authority
    expect(authorityOf('https://acme.crm4.dynamics.com')).toBe('https://login.microsoftonline.com/acme.example.com')
    expect(authorityOf('https://acme.crm.microsoftdynamics.us')).toBe(
      'https://login.microsoftonline.us/acme.example.com',
    )
    expect(authorityOf('https://acme.crm.dynamics.cn')).toBe(
      'https://login.partner.microsoftonline.cn/acme.example.com',
    )
  })

  it('takes names of columns from a file, and refuses unknown ones', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'conformance-')), 'schema.json')
    await writeFile(file, JSON.stringify({ text: 'jobtitle' }))
    const args = ['--url', emulator.url, OWNED, '--topic', 'errors', '--schema', file]
    expect((await run(args)).code).toBe(0)
    await writeFile(file, JSON.stringify({ texte: 'jobtitle' }))
    expect(await run(args)).toMatchObject({ code: 2, err: expect.stringContaining("the unknown name 'texte'") })
  })
})
