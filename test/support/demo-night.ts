/** A night of a freshly installed program: its own emulator, the fixtures' export, one run; wherever it was installed. */

import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parse, stringify } from 'yaml'
import { packExport } from '../../fixtures/pack.mjs'
import { emulatorAuthority } from '../../src/demo/configuration.ts'
import { DEFAULT_APP_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import { runShell, startServer } from './commands.ts'
import { examples, ROOT } from './documents.ts'

const TENANT = 'd2a4c6e8-1357-4b9d-8f02-6a8c0e2b4d6f'

/** Runs `program` (a command, or the path of one) in `folder`, with the first configuration that README shows. */
export async function demoNight(program: string, folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  await mkdir(folder, { recursive: true })
  await packExport(join(ROOT, 'fixtures/export'), join(folder, 'exports'))
  await cp(join(ROOT, 'fixtures/world.json'), join(folder, 'world.json'))
  const emulator = await startServer(`${program} emulate --seed world.json --no-didomi`, folder, env)
  const settings = parse(examples.find(({ text }) => text.includes('type: microsoft-dynamics-cpc\n'))?.text ?? '')
  for (const target of settings.targets) target.authentication = emulatorAuthority(emulator.url, TENANT)
  await writeFile(join(folder, 'didomi-dataverse.yaml'), stringify(settings))
  const given = {
    ...env,
    DATAVERSE_INSTANCE: emulator.url,
    DATAVERSE_TENANT_ID: TENANT,
    DATAVERSE_CLIENT_ID: DEFAULT_APP_ID,
    DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET,
  }
  try {
    for (const written of [true, false]) {
      const sync = `${program} sync --config didomi-dataverse.yaml --json --quiet --log-level error`
      const { code, stdout, stderr } = await runShell(sync, folder, given)
      expect([code, stderr]).toEqual([0, ''])
      const [target] = JSON.parse(stdout).deliver
      expect(target.outcomes.written > 100).toBe(written)
    }
  } finally {
    expect(await emulator.stop()).toBe(0)
  }
}
