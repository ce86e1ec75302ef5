/** docs/tutorial.md, done by somebody who only reads: its commands in order, in one folder, with its two servers running. */

import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runShell, startServer } from '../support/commands.ts'
import { blocksIn, commandsIn, ROOT, textOf } from '../support/documents.ts'

const TUTORIAL = 'docs/tutorial.md'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-tutorial-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => new Promise((listening) => server.once('listening', listening))))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}

it('shows the configuration that it makes, word for word', () => {
  expect(blocksIn(TUTORIAL).find(({ info }) => info === 'yaml')?.text).toBe(textOf('fixtures/tutorial.yaml'))
})

it('every command works and comes to what the page says of it', { timeout: 300_000 }, async () => {
  const [port, didomiPort] = await freePorts(2)
  const here = (text: string) => text.replaceAll('4100', String(port)).replaceAll('4101', String(didomiPort))
  // Of the repository the commands need its fixtures; what they make lies elsewhere, beside another tester's.
  await symlink(join(ROOT, 'fixtures'), join(folder, 'fixtures'))
  const env = {
    ...process.env,
    PATH: [join(folder, 'npm/bin'), dirname(process.execPath), process.env['PATH']].join(':'),
    npm_config_prefix: join(folder, 'npm'),
    npm_config_offline: 'true',
  }
  const said = new Map<string, string[]>()
  let server: Awaited<ReturnType<typeof startServer>> | undefined
  for (const line of commandsIn(TUTORIAL)) {
    const [command = '', expected = '0'] = line.split(/ # exit (?=\d+$)/)
    // The build is what these tests run on; .ci/run makes it.
    if (command === 'npm run build') continue
    if (command.includes(' emulate ')) {
      server = await startServer(here(command), folder, env)
      expect((await fetch(server.url)).ok).toBe(true)
      continue
    }
    const ended = await runShell(here(command), command.startsWith('npm ') ? ROOT : folder, env)
    expect(`${line} → ${ended.code}`, ended.stdout + ended.stderr).toBe(`${line} → ${expected}`)
    const [, name = command] = /didomi-dataverse (\w+)/.exec(command) ?? []
    said.set(name, [...(said.get(name) ?? []), ended.stdout])
    if (command.includes('tutorial.mjs')) await moveTo(here)
  }
  expect(await server?.stop()).toBe(0)
  comesTo(said)
})

/** The configuration with the ports of this test. */
async function moveTo(here: (text: string) => string): Promise<void> {
  const path = join(folder, 'tutorial/didomi-dataverse.yaml')
  await writeFile(path, here(await readFile(path, 'utf8')))
}

/** What the page claims about what is printed. */
function comesTo(said: ReadonlyMap<string, readonly string[]>): void {
  const [doctor = ''] = said.get('doctor') ?? []
  expect(doctor).toContain('2 warnings, 0 failed')
  expect(said.get('plan')?.[0]).toContain('nothing was written')
  const syncs = said.get('sync') ?? []
  expect(syncs).toHaveLength(5)
  expect(syncs[1]).toContain('47 parked')
  expect(syncs[1]).toContain('not sealed yet')
  for (const again of syncs.slice(2)) expect(again).toContain('0 rows sent in 0')
  expect(said.get('explain')?.[0]).toContain('superseded (§7): opted out → opted in')
  expect(said.get('verify')?.[0]).toMatch(/no drift[\s\S]* 2 newer|no drift[\s\S]*2 kept, since they are newer/)
  const [first, second] = said.get('reverse') ?? []
  expect(first).toContain('told Didomi: 2 events')
  expect(second).toContain('told Didomi: 0 events')
  expect(said.get('evidence')?.[0]).toContain('the chain is whole')
  expect(said.get('forget')?.[0]).toContain('1 of them known')
}
