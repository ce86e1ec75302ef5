/**
 * What the Dockerfile does, done in a folder: no container engine is needed, and none is claimed to have run. Every COPY
 * and RUN is carried out, below a folder instead of /, with this machine's Node as the base; then the entry point runs.
 */

import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runShell } from '../support/commands.ts'
import { demoNight } from '../support/demo-night.ts'
import { allowedInBuild, dockerfile, type Stage, stagesOf } from '../support/dockerfile.ts'
import { ROOT } from '../support/documents.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-image-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A stage's file system: its folder, and where it stands in it. */
class FileSystem {
  readonly root: string
  directory = '/'

  constructor(root: string) {
    this.root = root
  }

  at(path: string): string {
    return join(this.root, resolve(this.directory, path))
  }

  /** Absolute paths of a command, below the folder. */
  command(text: string): string {
    return text.replace(/(?<=\s)\/(?=[a-z])/g, `${this.root}/`)
  }
}

async function carryOut(stage: Stage, system: FileSystem, others: ReadonlyMap<string, FileSystem>): Promise<void> {
  await mkdir(system.at('/usr/local/bin'), { recursive: true })
  for (const { keyword, args, flags, text } of stage.steps) {
    switch (keyword) {
      case 'WORKDIR':
        system.directory = resolve(system.directory, args[0] ?? '')
        await mkdir(system.at('.'), { recursive: true })
        break
      case 'COPY': {
        const from = flags.get('from')
        const target = system.at(args.at(-1) ?? '')
        for (const source of args.slice(0, -1)) {
          const path = from === undefined ? join(ROOT, source) : others.get(from)?.at(source)
          if (path === undefined) throw new TypeError(`no stage ${from}`)
          if (from === undefined) expect(allowedInBuild()).toContain(source)
          // A folder's content is copied, a file itself.
          const isFolder = (await stat(path)).isDirectory()
          await cp(path, isFolder ? target : join(target, source), { recursive: true, verbatimSymlinks: true })
        }
        break
      }
      case 'RUN': {
        const ran = await runShell(system.command(text), system.at('.'), {
          ...process.env,
          PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
          npm_config_prefer_offline: 'true',
        })
        expect(ran.code, `${text}\n${ran.stdout}${ran.stderr}`).toBe(0)
        break
      }
      default:
        expect(['ENV', 'USER', 'ENTRYPOINT', 'CMD']).toContain(keyword)
    }
  }
}

it('every step works, and what comes of them brings a night to an emulator', { timeout: 600_000 }, async () => {
  const systems = new Map<string, FileSystem>()
  for (const [number, stage] of stagesOf(dockerfile).entries()) {
    const system = new FileSystem(join(folder, String(number)))
    await carryOut(stage, system, systems)
    systems.set(stage.name ?? 'image', system)
  }
  const image = systems.get('image')
  if (image === undefined) throw new TypeError('no stage without a name')

  expect((await readdir(image.at('/app'))).sort()).toEqual(['LICENSE', 'dist', 'node_modules', 'package.json'])
  expect((await readdir(image.at('/app/dist'))).sort()).toEqual(['jobs', 'src'])
  const { dependencies, devDependencies, version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const there = await readdir(image.at('/app/node_modules'))
  for (const name of Object.keys(dependencies)) expect(there).toContain(name.split('/')[0])
  for (const name of ['typescript', 'vitest', '@biomejs']) {
    expect(Object.keys(devDependencies).some((each) => each.startsWith(name))).toBe(true)
    expect(there).not.toContain(name)
  }

  const env = {
    PATH: `${image.at('/usr/local/bin')}:${dirname(process.execPath)}:/usr/bin:/bin`,
    NODE_ENV: 'production',
  }
  expect(await runShell('didomi-dataverse --version', folder, env)).toMatchObject({ code: 0, stdout: `${version}\n` })
  const before = await runShell('find . -type f | sort | xargs sha256sum | sha256sum', image.root)
  await demoNight('didomi-dataverse', join(folder, 'night'), env)
  // A read-only root is enough: nothing of the image is written to while it runs.
  expect(await runShell('find . -type f | sort | xargs sha256sum | sha256sum', image.root)).toEqual(before)
})
