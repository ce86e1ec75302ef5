/** `cron-indexed.yaml` is valid Kubernetes, its pods know their job and their number, and its configuration is one the program takes. */

import { readFileSync } from 'node:fs'
import { CronJob } from 'kubernetes-models/batch/v1'
import { ConfigMap } from 'kubernetes-models/v1'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { podOf } from '../../src/cli/pod.ts'
import { loadSettings } from '../../src/config/load.ts'

const text = readFileSync(new URL('../../cron-indexed.yaml', import.meta.url), 'utf8')
const documents = parseAllDocuments(text).map((document) => {
  expect(document.errors).toEqual([])
  return document.toJS()
})
const cron = new CronJob(documents[0])
const configMap = new ConfigMap(documents[1])
const job = cron.spec?.jobTemplate.spec
const pod = job?.template.spec
const container = pod?.containers[0]
const config = configMap.data?.['config.yaml'] ?? ''
const volumes = new Map(pod?.volumes?.map((volume) => [volume.name, volume]))
const mounts = new Map(container?.volumeMounts?.map((mount) => [mount.mountPath, mount]))
const volumeAt = (path: string) => volumes.get(mounts.get(path)?.name ?? '')
const ofSecret = (container?.env ?? []).filter(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined)

const VALUES: Readonly<Record<string, string>> = {
  DATAVERSE_CLIENT_ID: '00000000-0000-4000-8000-000000000001',
  DATAVERSE_CLIENT_SECRET: 'not-a-secret',
  SECOND_CLIENT_ID: '00000000-0000-4000-8000-000000000003',
  SECOND_CLIENT_SECRET: 'not-a-secret-either',
  DATAVERSE_TENANT_ID: '00000000-0000-4000-8000-000000000002',
  DATAVERSE_INSTANCE: 'https://acme.crm4.dynamics.com',
  STORE_PASSWORD: 'not-a-secret',
}

const settings = () => {
  const readFile = (path: string) =>
    path === '/etc/didomi-dataverse/config.yaml' ? Promise.resolve(config) : Promise.reject(new Error('no such file'))
  return loadSettings(container?.command?.[3] ?? '', { env: VALUES, readFile, cwd: '/' })
}

describe('cron-indexed.yaml as Kubernetes reads it', () => {
  it('holds a CronJob and a ConfigMap, each valid by its schema', () => {
    expect(documents.map(({ kind }) => kind)).toEqual(['CronJob', 'ConfigMap'])
    expect(() => cron.validate()).not.toThrow()
    expect(() => configMap.validate()).not.toThrow()
  })

  it('a misspelt field would be found', () => {
    const broken = structuredClone(documents[0])
    broken.spec.jobTemplate.spec.completions = 'four'
    expect(() => new CronJob(broken).validate()).toThrow()
  })

  it('is an Indexed Job whose pods all run at once, one job at a time', () => {
    expect(job?.completionMode).toBe('Indexed')
    expect(job?.completions).toBeGreaterThan(1)
    expect(job?.parallelism).toBe(job?.completions)
    expect(cron.spec?.concurrencyPolicy).toBe('Forbid')
    expect(job?.activeDeadlineSeconds).toBeLessThan(86_400)
  })

  it('every volume that is mounted exists, and nothing is kept on one', () => {
    expect([...mounts.values()].map(({ name }) => name).sort()).toEqual([...volumes.keys()].sort())
    expect(volumeAt('/spill')?.emptyDir).toBeDefined()
    expect(volumeAt('/tmp')?.emptyDir).toBeDefined()
    expect(volumeAt('/etc/didomi-dataverse')?.configMap?.name).toBe(configMap.metadata?.name)
  })
})

describe('what is tried again (§9)', () => {
  const rules = job?.podFailurePolicy?.rules ?? []
  const codes = (action: string) =>
    rules.filter((rule) => rule.action === action).flatMap(({ onExitCodes }) => onExitCodes?.values ?? [])

  it('1, 2, 3, 5 and 9 end the job; 4, 6 and 7 are tried again; 143 and a disruption are no failure', () => {
    expect(codes('FailJob')).toEqual([1, 2, 3, 5, 9])
    expect(codes('Ignore')).toEqual([143])
    expect(rules[0]).toMatchObject({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] })
    for (const { onExitCodes } of rules.slice(1)) expect(onExitCodes?.containerName).toBe(container?.name)
    expect(job?.backoffLimit).toBeGreaterThanOrEqual(job?.completions ?? Number.POSITIVE_INFINITY)
    expect(pod?.restartPolicy).toBe('Never')
  })
})

describe('what it may do', () => {
  it('runs as a user that is not root, without capabilities, on a read-only root, without a token of the cluster', () => {
    expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    expect(container?.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(pod?.automountServiceAccountToken).toBe(false)
    expect(container?.resources?.limits).toMatchObject({ cpu: expect.anything(), memory: expect.anything() })
  })
})

describe('what it is given', () => {
  it('the job’s name and uid come from labels that Kubernetes sets, and make a name that the program takes', () => {
    const fields = (container?.env ?? []).flatMap(({ name, valueFrom }) =>
      valueFrom?.fieldRef === undefined ? [] : [[name, valueFrom.fieldRef.fieldPath]],
    )
    expect(fields).toEqual([
      ['JOB_NAME', "metadata.labels['batch.kubernetes.io/job-name']"],
      ['JOB_UID', "metadata.labels['batch.kubernetes.io/controller-uid']"],
    ])
    const written = container?.env?.find(({ name }) => name === 'DIDOMI_DATAVERSE_JOB')?.value ?? ''
    const name = written
      .replace('$(JOB_NAME)', 'didomi-dataverse-29876543')
      .replace('$(JOB_UID)', '6b1f3d0e-52c7-4b0a-9d3e-0a8f4c2e7d11')
    expect(podOf(undefined, { DIDOMI_DATAVERSE_JOB: name, JOB_COMPLETION_INDEX: '3' })).toEqual({ job: name, index: 3 })
  })

  it('every secret comes by reference, each is used, and no secret stands in the file', () => {
    expect(ofSecret.map(({ name }) => name).sort()).toEqual(Object.keys(VALUES).sort())
    const named = [...config.matchAll(/\$\{env:(\w+)\}/g)].map((match) => match[1])
    expect(named.sort()).toEqual(Object.keys(VALUES).sort())
  })

  it('§4 the configuration is one that the program takes: PostgreSQL over TLS, the spill on its volume, two users', async () => {
    const { store, targets, warnings } = await settings()
    expect(warnings).toEqual([])
    expect(store).toMatchObject({ kind: 'postgres', tls: {}, spillFolder: '/spill' })
    expect(targets.map(({ authentication }) => authentication.length)).toEqual([2])
  })
})

describe('a pod', () => {
  it('without a job there is none; a flag outranks the variable; what is no name or number is refused', () => {
    expect(podOf(undefined, { JOB_COMPLETION_INDEX: '3' })).toBeUndefined()
    expect(podOf(undefined, { DIDOMI_DATAVERSE_JOB: '' })).toBeUndefined()
    expect(podOf('night', { DIDOMI_DATAVERSE_JOB: 'day' })).toEqual({ job: 'night', index: 0 })
    expect(() => podOf('a job', {})).toThrow(/--job/)
    expect(() => podOf('', {})).toThrow(/--job/)
    expect(() => podOf('night', { JOB_COMPLETION_INDEX: 'one' })).toThrow(/JOB_COMPLETION_INDEX/)
  })
})
