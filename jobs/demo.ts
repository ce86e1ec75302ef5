/** The main job on this machine: a Dataverse emulator in its own process, a week of exports, two runs. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { runPlan } from '../src/cli/plan-command.ts'
import { runSync } from '../src/cli/sync-command.ts'
import { demoConfiguration } from '../src/demo/configuration.ts'
import { countWrites, showPersons } from '../src/demo/look.ts'

const repository = new URL('../../', import.meta.url)
const say = (text: string) => process.stdout.write(`${text}\n`)

async function startEmulator(): Promise<{ url: string; process: ChildProcess }> {
  const emulator = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('dist/src/emulator/main.js', repository)),
      '--port',
      '0',
      '--seed',
      fileURLToPath(new URL('fixtures/world.json', repository)),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [line] = (await once(createInterface({ input: emulator.stdout }), 'line')) as [string]
  return { url: (JSON.parse(line) as { url: string }).url, process: emulator }
}

async function run(config: string): Promise<number> {
  const flags = { adoptEnvironment: false, rebuild: false, strict: false, json: false, quiet: false, logLevel: 'error' }
  return await runSync({ config, ...flags }, 'demo')
}

async function look(config: string): Promise<void> {
  const flags = { adoptEnvironment: false, strict: false, json: false, quiet: true, logLevel: 'error' }
  await runPlan({ config, ingest: true, show: 3, withIdentifiers: false, detailedExitcode: false, ...flags }, 'demo')
}

const folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-demo-'))
const { packExport } = (await import(new URL('fixtures/pack.mjs', repository).href)) as {
  packExport(from: string, to: string): Promise<string[]>
}
await packExport(fileURLToPath(new URL('fixtures/export', repository)), join(folder, 'export'))
const emulator = await startEmulator()
try {
  const config = join(folder, 'didomi-dataverse.yaml')
  await writeFile(config, demoConfiguration(emulator.url, join(tmpdir(), 'didomi-dataverse-demo-reports')))
  say('Three persons in Dataverse before the first run:\n')
  say(await showPersons(emulator.url))
  say('\nA plan: what the first run would do. Nothing is written.\n')
  await look(config)
  say('\nFirst run: five export days, one of them not sealed yet.\n')
  const first = await run(config)
  say('\nThe same three afterwards:\n')
  say(await showPersons(emulator.url))
  const before = await countWrites(emulator.url)
  say('\nSecond run: nothing is new, so nothing may be written.\n')
  const second = await run(config)
  const repeated = (await countWrites(emulator.url)) - before
  say(`\nRows written by the second run, counted by the server: ${repeated} writes`)
  process.exitCode = first === 0 && second === 0 && repeated === 0 ? 0 : 1
} finally {
  emulator.process.kill('SIGTERM')
  await once(emulator.process, 'exit')
  await rm(folder, { recursive: true, force: true })
}
