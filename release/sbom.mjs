/**
 * A bill of materials (CycloneDX) of what runs in production, on stdout: `npm sbom` over the lock file without what is for
 * development. (`npm sbom --omit dev` on the whole lock file leaves out packages that development needs as well.)
 */

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const read = async (name) => JSON.parse(await readFile(new URL(`../${name}`, import.meta.url), 'utf8'))
const { devDependencies: _, scripts: __, ...own } = await read('package.json')
const lock = await read('package-lock.json')
delete lock.packages[''].devDependencies
for (const [path, { dev }] of Object.entries(lock.packages)) if (dev === true) delete lock.packages[path]

const place = await mkdtemp(join(tmpdir(), 'sbom-'))
try {
  // npm calls the whole by the name of its folder.
  const folder = join(place, own.name)
  await mkdir(folder)
  await writeFile(join(folder, 'package.json'), JSON.stringify(own))
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock))
  const args = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'application']
  const { stdout } = await promisify(execFile)('npm', args, { cwd: folder, maxBuffer: 64 * 1_048_576 })
  process.stdout.write(stdout)
} finally {
  await rm(place, { recursive: true })
}
