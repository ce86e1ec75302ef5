/** The bill of materials: all that runs with the program, in the versions of the lock file, and nothing else. */

import { expect, it } from 'vitest'
import { runShell } from '../support/commands.ts'
import { ROOT, textOf } from '../support/documents.ts'

it('`npm run sbom` lists exactly what production installs, in CycloneDX', async () => {
  const { code, stdout, stderr } = await runShell('npm run --silent sbom', ROOT)
  expect(code, stderr).toBe(0)
  const { bomFormat, metadata, components } = JSON.parse(stdout)
  const own = JSON.parse(textOf('package.json'))
  expect(bomFormat).toBe('CycloneDX')
  expect(metadata.component).toMatchObject({
    name: own.name,
    purl: `pkg:npm/${own.name}@${own.version}`,
    type: 'application',
  })
  const listed = components.map(({ name, version }: { name: string; version: string }) => `${name}@${version}`)
  const { packages } = JSON.parse(textOf('package-lock.json'))
  const locked = Object.entries<{ version: string; dev?: boolean }>(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`)
  expect(locked.length).toBeGreaterThan(100)
  expect([...new Set(listed)].sort()).toEqual([...new Set(locked)].sort())
  expect(stdout).not.toContain('vitest')
})
