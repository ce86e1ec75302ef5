/** Policies, units and schedules below deploy/: well-formed, as narrow as documented, and about the same job. */

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { codeSpansIn, ROOT, tableIn, textOf } from '../support/documents.ts'

const filesIn = (folder: string) => readdirSync(join(ROOT, 'deploy', folder)).sort()
const list = (value: unknown) => (Array.isArray(value) ? value : [value])

/** What operations.md lists, by the first word of the row. */
const permitted = new Set(
  tableIn('docs/operations.md', 'permissions').flatMap(([, permissions = '']) => codeSpansIn(permissions)),
)
/** Where the pods run, as the overlays have it. */
const { namespace } = parse(textOf('deploy/kubernetes/overlays/eks/kustomization.yaml'))
const account = parse(textOf('deploy/kubernetes/common/service-account.yaml')).metadata.name

describe('policies of AWS', () => {
  const arn = z
    .string()
    .regex(/^arn:aws:(s3:::[a-z0-9-]+(\/\*)?|iam::\d{12}:role\/[\w-]+|kms:[a-z0-9-]+:\d{12}:key\/[0-9a-f-]{36})$/)
  const action = z.string().regex(/^(s3|kms|sts):[A-Z][A-Za-z]+$/)
  const statement = z.strictObject({
    Sid: z.string().regex(/^[A-Za-z0-9]+$/),
    Effect: z.literal('Allow'),
    Action: z.union([action, z.array(action)]),
    Resource: arn.optional(),
    Principal: z
      .strictObject({ Federated: z.string().regex(/^arn:aws:iam::\d{12}:oidc-provider\/[\w./-]+$/) })
      .optional(),
    Condition: z.strictObject({ StringEquals: z.record(z.string(), z.string()) }).optional(),
  })
  const policy = z.strictObject({ Version: z.literal('2012-10-17'), Statement: z.array(statement).min(1) })
  const policies = filesIn('aws').map((name) => ({ name, ...policy.parse(JSON.parse(textOf(`deploy/aws/${name}`))) }))
  const statements = policies.flatMap(({ Statement }) => Statement)

  it('are policies, with names that differ and no wildcard but the objects of one bucket', () => {
    expect(policies.map(({ name }) => name)).toEqual([
      'assume-didomi-role.json',
      'read-export.json',
      'trust-eks.json',
      'write-archive.json',
    ])
    const sids = statements.map(({ Sid }) => Sid)
    expect(new Set(sids).size).toBe(sids.length)
    expect(policy.safeParse({ Version: '2012-10-17', Statement: [{ ...statements[0], Action: 's3:*' }] }).success).toBe(
      false,
    )
  })

  it('allow what operations.md lists, all of it and nothing else; listing on the bucket, the rest on its objects', () => {
    const allowed = new Set(
      statements.filter(({ Principal }) => Principal === undefined).flatMap(({ Action }) => list(Action)),
    )
    expect([...allowed].sort()).toEqual([...permitted].filter((one) => /^(s3|kms|sts):/.test(one)).sort())
    for (const { Action, Resource = '' } of statements)
      for (const one of list(Action))
        if (one.startsWith('s3:')) expect(`${one} ${Resource.endsWith('/*')}`).toBe(`${one} ${one !== 's3:ListBucket'}`)
  })

  it('trust the one service account of the overlay, whose role is the annotated one', () => {
    const [trust] = policies.find(({ name }) => name === 'trust-eks.json')?.Statement ?? []
    const provider = trust?.Principal?.Federated.split('oidc-provider/')[1]
    expect(trust?.Condition?.StringEquals).toEqual({
      [`${provider}:sub`]: `system:serviceaccount:${namespace}:${account}`,
      [`${provider}:aud`]: 'sts.amazonaws.com',
    })
    expect(trust?.Action).toBe('sts:AssumeRoleWithWebIdentity')
  })

  it('speak of the buckets and the role that the overlay for EKS reads', () => {
    const { source, archive } = parse(textOf('deploy/kubernetes/overlays/eks/config.yaml'))
    const resources = statements.map(({ Resource }) => Resource)
    expect(resources).toContain(source.s3.assumeRole.roleArn)
    expect(resources).toContain(`arn:aws:s3:::${archive.to.s3.bucket}/*`)
  })
})

describe('roles of Google Cloud', () => {
  const role = z.strictObject({
    title: z.string().max(100),
    description: z.string().max(256),
    stage: z.literal('GA'),
    includedPermissions: z.array(z.string().regex(/^storage\.objects\.[a-z]+$/)),
  })
  const roles = filesIn('gcp').filter((name) => name.endsWith('.yaml'))

  it('hold what operations.md lists, and nothing else', () => {
    expect(roles).toEqual(['read-export.yaml', 'write-archive.yaml'])
    const [reads, writes] = roles.map((name) => role.parse(parse(textOf(`deploy/gcp/${name}`))).includedPermissions)
    expect(reads).toEqual(['storage.objects.get', 'storage.objects.list'])
    expect(writes?.filter((one) => !permitted.has(one))).toEqual([])
    expect(new Set([...(reads ?? []), ...(writes ?? [])])).toEqual(
      new Set([...permitted].filter((one) => one.startsWith('storage.'))),
    )
  })

  it('let the one service account of the overlay be the annotated account', () => {
    const binding = z.strictObject({
      bindings: z.tuple([
        z.strictObject({ role: z.literal('roles/iam.workloadIdentityUser'), members: z.tuple([z.string()]) }),
      ]),
    })
    const [{ members }] = binding.parse(JSON.parse(textOf('deploy/gcp/workload-identity.json'))).bindings
    const component = textOf('deploy/kubernetes/components/gke/kustomization.yaml')
    const project = /gcp-service-account: [\w-]+@([\w-]+)\.iam/.exec(component)?.[1]
    expect(members).toEqual([`serviceAccount:${project}.svc.id.goog[${namespace}/${account}]`])
  })
})

/** The sections of a unit file: name → keys with their values, in order. */
function unitOf(name: string): Map<string, [string, string][]> {
  const sections = new Map<string, [string, string][]>()
  let keys: [string, string][] = []
  for (const line of textOf(`deploy/systemd/${name}`).split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const section = /^\[(\w+)\]$/.exec(line)?.[1]
    if (section !== undefined) {
      keys = []
      sections.set(section, keys)
      continue
    }
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (key === undefined || value === undefined) throw new TypeError(`${name}: ${line}`)
    keys.push([key, value])
  }
  return sections
}

describe('units of systemd', () => {
  const service = new Map(unitOf('didomi-dataverse.service').get('Service'))
  const verifies = spawnSync('systemd-analyze', ['--version']).status === 0

  it.skipIf(!verifies)('systemd-analyze verify finds nothing, and would find a misspelt key', () => {
    const folder = mkdtempSync(join(tmpdir(), 'systemd-'))
    try {
      // The program is not installed on this machine: any executable stands for it.
      for (const name of filesIn('systemd'))
        writeFileSync(
          join(folder, name),
          textOf(`deploy/systemd/${name}`).replace('/usr/local/bin/didomi-dataverse', process.execPath),
        )
      const verify = () =>
        spawnSync('systemd-analyze', ['verify', '--man=no', ...filesIn('systemd').map((name) => join(folder, name))], {
          encoding: 'utf8',
        })
      const ours = (text: string) => text.split('\n').filter((line) => line.includes('didomi-dataverse'))
      expect(ours(verify().stderr)).toEqual([])
      const path = join(folder, 'didomi-dataverse.service')
      writeFileSync(path, readFileSync(path, 'utf8').replace('UMask', 'UMusk'))
      expect(ours(verify().stderr)).not.toEqual([])
      const [calendar] = unitOf('didomi-dataverse.timer').get('Timer') ?? []
      expect(execFileSync('systemd-analyze', ['calendar', calendar?.[1] ?? ''], { encoding: 'utf8' })).toContain(
        '05:30:00',
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('the service runs the program as nobody, and tries again what cron.yaml tries again', () => {
    expect(service.get('Type')).toBe('oneshot')
    expect(service.get('ExecStart')).toBe(
      '/usr/local/bin/didomi-dataverse sync --config /etc/didomi-dataverse/config.yaml --json --quiet',
    )
    expect(service.get('DynamicUser')).toBe('yes')
    expect(Number(service.get('TimeoutStopSec'))).toBeGreaterThan(120)
    expect(service.get('Restart')).toBe('on-failure')
    const prevented = service.get('RestartPreventExitStatus')?.split(' ').map(Number) ?? []
    const all = tableIn('docs/operations.md', 'exit-codes').map(([code]) => Number(code))
    // 8 is a plan's; 130 needs a terminal.
    expect(all.filter((code) => ![0, 8, 130, 143, ...prevented].includes(code))).toEqual([4, 6])
    // V8 makes code as it runs.
    expect(service.has('MemoryDenyWriteExecute')).toBe(false)
  })

  it('the timer keeps the hour of cron.yaml', () => {
    const [, minute, hour] = /schedule: '(\d+) (\d+) /.exec(textOf('cron.yaml')) ?? []
    const timer = new Map(unitOf('didomi-dataverse.timer').get('Timer'))
    expect(timer.get('OnCalendar')).toBe(`*-*-* ${hour?.padStart(2, '0')}:${minute}:00 UTC`)
    expect(cronLine().slice(0, 5).join(' ')).toBe(`${minute} ${hour} * * *`)
  })
})

/** The five fields, the user, and the command. */
function cronLine(): string[] {
  const line =
    textOf('deploy/cron/didomi-dataverse')
      .split('\n')
      .find((each) => /^\d/.test(each)) ?? ''
  const [, ...fields] = /^(\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (.*)$/.exec(line) ?? []
  return fields
}

describe('the line for cron', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cron-'))
  /** Runs the command as cron does, with a program that ends as told. */
  function ended(code: number) {
    const program = join(folder, 'program')
    writeFileSync(program, `#!/bin/sh\necho "$SECRET $*"; echo trouble >&2; exit ${code}\n`, { mode: 0o755 })
    writeFileSync(join(folder, 'environment'), 'SECRET=from-the-file\n')
    const command = (cronLine()[6] ?? '')
      .replaceAll('/usr/local/bin/didomi-dataverse', program)
      .replaceAll('/etc/didomi-dataverse/environment', join(folder, 'environment'))
    return spawnSync('/bin/sh', ['-c', command], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } })
  }

  it('has six fields and a command in which cron takes no % for a new line', () => {
    expect(cronLine()).toHaveLength(7)
    expect(cronLine()[6]).not.toContain('%')
  })

  it('is silent while all is well, and says what was said and the code otherwise', () => {
    expect(ended(0)).toMatchObject({ status: 0, stdout: '', stderr: '' })
    const failed = ended(9)
    expect(failed.status).toBe(9)
    expect(failed.stdout).toContain(
      'from-the-file sync --config /etc/didomi-dataverse/config.yaml --quiet --deadline 18h\ntrouble\nexit 9:',
    )
    rmSync(folder, { recursive: true })
  })
})
