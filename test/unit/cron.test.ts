/** `cron.yaml` is valid Kubernetes, as safe as it claims, and its configuration is one the program takes. */

import { readFileSync } from 'node:fs'
import { CronJob } from 'kubernetes-models/batch/v1'
import { ConfigMap, PersistentVolumeClaim } from 'kubernetes-models/v1'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { loadSettings } from '../../src/config/load.ts'

const text = readFileSync(new URL('../../cron.yaml', import.meta.url), 'utf8')
const documents = parseAllDocuments(text).map((document) => {
  expect(document.errors).toEqual([])
  return document.toJS()
})
const ofKind = (kind: string) => documents.filter((document) => document.kind === kind)

const cron = new CronJob(ofKind('CronJob')[0])
const job = cron.spec?.jobTemplate.spec
const pod = job?.template.spec
const container = pod?.containers[0]
const configMap = new ConfigMap(ofKind('ConfigMap')[0])
const config = configMap.data?.['config.yaml'] ?? ''
const mounts = new Map(container?.volumeMounts?.map((mount) => [mount.mountPath, mount]))
const volumes = new Map(pod?.volumes?.map((volume) => [volume.name, volume]))
const volumeAt = (path: string) => volumes.get(mounts.get(path)?.name ?? '')

describe('cron.yaml as Kubernetes reads it', () => {
  it('holds a CronJob, two claims and a ConfigMap, each valid by its schema', () => {
    expect(documents.map(({ kind }) => kind)).toEqual([
      'CronJob',
      'PersistentVolumeClaim',
      'ConfigMap',
      'PersistentVolumeClaim',
    ])
    expect(() => cron.validate()).not.toThrow()
    expect(() => configMap.validate()).not.toThrow()
    for (const claim of ofKind('PersistentVolumeClaim')) {
      expect(() => new PersistentVolumeClaim(claim).validate()).not.toThrow()
    }
  })

  it('a misspelt field would be found', () => {
    const broken = structuredClone(ofKind('CronJob')[0])
    broken.spec.jobTemplate.spec.backoffLimit = 'three'
    expect(() => new CronJob(broken).validate()).toThrow()
  })

  it('every volume, claim and ConfigMap that is named exists in the file', () => {
    expect([...mounts.values()].map(({ name }) => name).sort()).toEqual([...volumes.keys()].sort())
    const claims = ofKind('PersistentVolumeClaim').map(({ metadata }) => metadata.name)
    const named = [...volumes.values()].flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? [])
    expect(named.sort()).toEqual(claims.sort())
    expect(volumeAt('/etc/didomi-dataverse')?.configMap?.name).toBe(configMap.metadata?.name)
  })
})

describe('when it runs', () => {
  it('one run at a time: concurrencyPolicy Forbid', () => {
    expect(cron.spec?.concurrencyPolicy).toBe('Forbid')
  })

  it("after Didomi's nightly delivery, in UTC, and a missed start is caught up within hours", () => {
    expect(cron.spec?.schedule).toMatch(/^\d+ [4-7] \* \* \*$/)
    expect(cron.spec?.timeZone).toBe('Etc/UTC')
    expect(cron.spec?.startingDeadlineSeconds).toBeGreaterThanOrEqual(3_600)
    expect(cron.spec?.startingDeadlineSeconds).toBeLessThan(86_400)
  })

  it('a hanging run ends before the next one is due', () => {
    expect(job?.activeDeadlineSeconds).toBeLessThan(86_400)
  })

  it('keeps a history that is bounded', () => {
    expect(cron.spec?.successfulJobsHistoryLimit).toBeGreaterThan(0)
    expect(cron.spec?.failedJobsHistoryLimit).toBeGreaterThan(0)
  })

  it('SIGTERM leaves time for one request (120 s)', () => {
    expect(pod?.terminationGracePeriodSeconds).toBeGreaterThan(120)
  })
})

describe('what is tried again (§9)', () => {
  const rules = job?.podFailurePolicy?.rules ?? []
  const failing = rules.filter((rule) => rule.action === 'FailJob').flatMap((rule) => rule.onExitCodes ?? [])

  it('backoffLimit allows tries, each a new pod', () => {
    expect(job?.backoffLimit).toBeGreaterThan(0)
    expect(pod?.restartPolicy).toBe('Never')
  })

  it('2, 3, 5, 7 and 9 end the job; 4 and 6 do not', () => {
    expect(failing).toHaveLength(1)
    expect(failing[0]).toMatchObject({ operator: 'In', values: [2, 3, 5, 7, 9], containerName: container?.name })
  })

  it('a disrupted pod is no failure', () => {
    expect(rules[0]).toMatchObject({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] })
  })
})

describe('what it may do', () => {
  it('runs as a user that is not root, with its volumes writable for it', () => {
    expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    expect(pod?.securityContext?.runAsUser).toBeGreaterThan(0)
    expect(pod?.securityContext?.fsGroup).toBeGreaterThan(0)
  })

  it('has no capability and gains none', () => {
    expect(container?.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    })
    expect(container?.securityContext?.capabilities?.add).toBeUndefined()
    expect(container?.securityContext?.privileged).toBeUndefined()
  })

  it('has a read-only root file system and an emptyDir at /tmp', () => {
    expect(container?.securityContext?.readOnlyRootFilesystem).toBe(true)
    expect(volumeAt('/tmp')?.emptyDir).toBeDefined()
  })

  it('has no token of the cluster', () => {
    expect(pod?.automountServiceAccountToken).toBe(false)
  })

  it('has requests and limits for processor and memory', () => {
    expect(container?.resources?.requests).toMatchObject({ cpu: expect.anything(), memory: expect.anything() })
    expect(container?.resources?.limits).toMatchObject({ cpu: expect.anything(), memory: expect.anything() })
  })

  it('reads export and configuration, and writes neither', () => {
    expect(mounts.get('/exports')?.readOnly).toBe(true)
    expect(mounts.get('/etc/didomi-dataverse')?.readOnly).toBe(true)
  })
})

describe('what it is given', () => {
  it('the command is sync with the mounted configuration and a JSON report', () => {
    const path = '/etc/didomi-dataverse/config.yaml'
    expect(container?.command).toEqual(['didomi-dataverse', 'sync', '--config', path, '--json'])
    expect(Object.keys(configMap.data ?? {})).toEqual(['config.yaml'])
  })

  it('every environment variable comes from the secret, and no secret stands in the file', () => {
    expect(ofKind('Secret')).toEqual([])
    for (const variable of container?.env ?? []) {
      expect(variable.value).toBeUndefined()
      expect(variable.valueFrom?.secretKeyRef?.name).toBe('didomi-dataverse')
    }
  })

  it('the configuration names the state volume, and only variables that the container has', () => {
    const { store, source } = parse(config)
    expect(mounts.has('/var/lib/didomi-dataverse')).toBe(true)
    expect(store.sqlite).toBe('/var/lib/didomi-dataverse/state.db')
    expect(volumeAt('/var/lib/didomi-dataverse')?.persistentVolumeClaim?.claimName).toBe('didomi-dataverse-state')
    expect(mounts.has(source.directory)).toBe(true)
    const named = [...config.matchAll(/\$\{env:(\w+)\}/g)].map((match) => match[1])
    expect(named.sort()).toEqual(container?.env?.map(({ name }) => name).sort())
  })

  it.each([
    ['as it stands', config],
    ['with the bucket instead of the folder', withBucket(config)],
  ])('§4 the configuration, %s, is one that the program takes', async (_, written) => {
    const env = {
      DATAVERSE_CLIENT_ID: '00000000-0000-4000-8000-000000000001',
      DATAVERSE_CLIENT_SECRET: 'not-a-secret',
      DATAVERSE_TENANT_ID: '00000000-0000-4000-8000-000000000002',
      DATAVERSE_INSTANCE: 'https://acme.crm4.dynamics.com',
    }
    const readFile = (path: string) =>
      path === '/etc/didomi-dataverse/config.yaml'
        ? Promise.resolve(written)
        : Promise.reject(new Error('no such file'))
    const settings = await loadSettings(container?.command?.[3] ?? '', { env, readFile, cwd: '/' })
    expect(settings.targets.map(({ name }) => name)).toEqual(['dynamics'])
    expect(settings.warnings).toEqual([])
    expect(settings.source.location.kind).toBe(written === config ? 'directory' : 's3')
    expect(settings.archive?.to.kind).toBe(written === config ? undefined : 's3')
  })

  it('a bucket needs an account of the cloud and no secret: the line for it lies ready', () => {
    const ready = parse(text.split('---')[0]?.replace(/^( *)# (serviceAccountName: )/m, '$1$2') ?? '')
    const withAccount = new CronJob(ready)
    expect(() => withAccount.validate()).not.toThrow()
    expect(withAccount.spec?.jobTemplate.spec?.template.spec?.serviceAccountName).toBe('didomi-dataverse')
  })
})

/** The configuration after its advice was followed: the bucket's lines made real, the folder's taken out. */
function withBucket(written: string): string {
  return written.replace(/^source:\n {2}directory: .*\n/, '').replace(/^# ((?:source|archive| {2}[\w ]+):.*)$/gm, '$1')
}
