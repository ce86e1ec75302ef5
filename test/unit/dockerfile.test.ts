/** The Dockerfile as an engine reads it: no engine runs here, so it is parsed, linted, and held against what it copies. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from 'dockerfile-utils'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { allowedInBuild, dockerfile, stagesOf } from '../support/dockerfile.ts'
import { ROOT, textOf } from '../support/documents.ts'

const stages = stagesOf(dockerfile)
const last = stages.at(-1)
const steps = last?.steps ?? []
const at = (keyword: string) => steps.findLastIndex((step) => step.keyword === keyword)

describe('the Dockerfile', () => {
  it('has nothing that a linter finds, which would find a misspelt instruction', () => {
    expect(validate(dockerfile)).toEqual([])
    expect(validate(dockerfile.replace('ENTRYPOINT', 'ENTRYPONIT'))).not.toEqual([])
  })

  it('builds every stage from the one base image, which is an argument', () => {
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=\S+:24-\S+$/m)
    expect(stages.map(({ base }) => base)).toEqual(stages.map(() => `\${NODE_IMAGE}`))
    expect(stages.length).toBeGreaterThan(2)
  })

  it('copies only what is there and what .dockerignore lets in; and lets in nothing else', () => {
    const copied = stages.flatMap((stage) =>
      stage.steps
        .filter(({ keyword, flags }) => keyword === 'COPY' && !flags.has('from'))
        .flatMap(({ args }) => args.slice(0, -1)),
    )
    expect([...new Set(copied)].sort()).toEqual(allowedInBuild().sort())
    for (const name of copied) expect(existsSync(join(ROOT, name))).toBe(true)
  })

  it('takes from stages only what stages have, and nothing by ADD or from the network but packages', () => {
    const names = stages.map(({ name }) => name)
    const froms = stages.flatMap((stage) => stage.steps.flatMap(({ flags }) => flags.get('from') ?? []))
    expect(froms.length).toBeGreaterThan(2)
    for (const from of froms) expect(names).toContain(from)
    expect(dockerfile).not.toMatch(/^ADD |\bcurl\b|\bwget\b|apt-get|apk add/m)
    expect(dockerfile).not.toMatch(/^(ARG|ENV) .*(SECRET|TOKEN|PASSWORD)/m)
  })

  it('leaves the tools of the build behind: no development dependency, no source, no install script', () => {
    const copies = steps.filter(({ keyword }) => keyword === 'COPY').map(({ text }) => text)
    expect(copies.some((text) => / \/build\/node_modules|src\b(?!\/)/.test(text))).toBe(false)
    expect(dockerfile).toContain('npm ci --omit=dev --ignore-scripts')
  })

  it('needs no install script of a package: none has one', () => {
    const { packages } = JSON.parse(textOf('package-lock.json'))
    const scripted = Object.entries<{ hasInstallScript?: boolean }>(packages).filter(([, one]) => one.hasInstallScript)
    expect(scripted.map(([path]) => path)).toEqual([])
    expect(Object.keys(packages).length).toBeGreaterThan(100)
  })

  it('runs as a user that is a number and not root, from the last change of files on', () => {
    const [user = ''] = steps[at('USER')]?.args ?? []
    expect(user).toMatch(/^[1-9]\d{4,}:[1-9]\d{4,}$/)
    expect(at('USER')).toBeGreaterThan(Math.max(at('RUN'), at('COPY')))
    for (const name of ['cron.yaml', 'cron-indexed.yaml', 'receiver.yaml']) {
      const [workload] = parseAllDocuments(textOf(name)).map((document) => document.toJS())
      const pod = workload.spec.jobTemplate?.spec.template.spec ?? workload.spec.template.spec
      expect(`${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}`).toBe(user)
      // What the manifests call is what the image puts on the path.
      expect(pod.containers[0].command[0]).toBe('didomi-dataverse')
    }
  })

  it('begins in exec form, so that the program itself gets the signals', () => {
    expect(JSON.parse(steps[at('ENTRYPOINT')]?.text ?? '')).toEqual(['didomi-dataverse'])
    expect(JSON.parse(steps[at('CMD')]?.text ?? '')).toEqual(['--help'])
    expect(steps[at('RUN')]?.text).toContain('/usr/local/bin/didomi-dataverse')
  })
})
