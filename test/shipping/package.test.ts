/** The npm package: what is in it, and that it installs and runs from its tarball in an empty folder. */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runShell } from '../support/commands.ts'
import { demoNight } from '../support/demo-night.ts'
import { ROOT } from '../support/documents.ts'

/** Bytes; a package that grows beyond has taken something in that it should not. */
const LARGEST_PACKED = 2_000_000

let folder: string
let packed: { filename: string; size: number; files: { path: string }[] }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-package-'))
  const { code, stdout, stderr } = await runShell(
    `npm pack --ignore-scripts --json --pack-destination '${folder}'`,
    ROOT,
  )
  expect(code, stderr).toBe(0)
  ;[packed] = JSON.parse(stdout)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('what is in it', () => {
  it('exactly these at its top', () => {
    const top = packed.files.map(({ path }) =>
      path
        .split('/')
        .slice(0, path.startsWith('dist/') ? 2 : 1)
        .join('/'),
    )
    expect([...new Set(top)].sort()).toEqual([
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'cron-indexed.yaml',
      'cron.yaml',
      'deploy',
      'dist/jobs',
      'dist/src',
      'docs',
      'fixtures',
      'ops',
      'package.json',
      'receiver.yaml',
    ])
    expect(packed.files.filter(({ path }) => path.startsWith('fixtures/')).map(({ path }) => path)).toEqual([
      'fixtures/world.json',
    ])
  })

  it('no test, benchmark, store, key or file that lay around, and not too much', () => {
    const odd =
      /(^|\/)(test|bench|mutation|node_modules)\/|\.test\.|\.(db|pem|key|env|log|tgz)(-|$)|(^|\/)\.(?!\w+\.json$)/
    expect(packed.files.map(({ path }) => path).filter((path) => odd.test(path))).toEqual([])
    expect(packed.size).toBeLessThan(LARGEST_PACKED)
    expect(packed.size).toBeGreaterThan(LARGEST_PACKED / 10)
  })

  it('everything that dist holds was built from a source that is still there', async () => {
    const built = packed.files.flatMap(({ path }) => /^dist\/(.*)\.js$/.exec(path)?.[1] ?? [])
    expect(built.length).toBeGreaterThan(300)
    const { stdout } = await runShell("git ls-files 'src/*.ts' 'jobs/*.ts'", ROOT)
    const sources = new Set(
      stdout
        .trim()
        .split('\n')
        .map((path) => path.replace(/\.ts$/, '')),
    )
    expect(built.filter((path) => !sources.has(path))).toEqual([])
  })
})

it('installs from its tarball, tells version and help, and brings a night to its own emulator', {
  timeout: 300_000,
}, async () => {
  const home = join(folder, 'home')
  const env = {
    ...process.env,
    PATH: [join(home, 'bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(':'),
    npm_config_prefix: home,
  }
  const install = `npm install --global --prefer-offline --no-audit --no-fund '${join(folder, packed.filename)}'`
  const installed = await runShell(install, folder, env)
  expect(installed.code, installed.stderr).toBe(0)

  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  expect(await runShell('didomi-dataverse --version', folder, env)).toEqual({
    code: 0,
    stdout: `${version}\n`,
    stderr: '',
  })
  const help = await runShell('didomi-dataverse --help', folder, env)
  expect([help.code, help.stderr]).toEqual([0, ''])
  expect(help.stdout).toContain('sync')
  await demoNight('didomi-dataverse', join(folder, 'night'), env)
})
