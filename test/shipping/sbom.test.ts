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
  expect(metadata.component).toMatchObject({ purl: `pkg:npm/${own.name}@${own.version}`, type: 'application' })
  const listed = new Set(
    components.map(
      ({ group, name, version }: { group?: string; name: string; version: string }) =>
        `${group === undefined ? name : `${group}/${name}`}@${version}`,
    ),
  )
  const { packages } = JSON.parse(textOf('package-lock.json'))
  const locked = Object.entries<{ version: string; dev?: boolean; optional?: boolean }>(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { version, optional }]) => ({ name: `${path.replace(/^.*node_modules\//, '')}@${version}`, optional }))
  // Binaries for other platforms are in the lock file alone.
  expect(locked.filter(({ name, optional }) => optional !== true && !listed.has(name))).toEqual([])
  const known = new Set(locked.map(({ name }) => name))
  expect([...listed].filter((name) => !known.has(String(name)))).toEqual([])
  for (const name of Object.keys(own.dependencies))
    expect([...listed].some((one) => String(one).startsWith(`${name}@`))).toBe(true)
  expect(stdout).not.toContain('vitest')
})
