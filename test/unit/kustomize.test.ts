/** deploy/kubernetes: word for word the manifests of the repository, rendered by the real program, valid, safe, and loadable. */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deployment } from 'kubernetes-models/apps/v1'
import { CronJob, Job } from 'kubernetes-models/batch/v1'
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { ConfigMap, PersistentVolumeClaim, Service, ServiceAccount } from 'kubernetes-models/v1'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadSettings } from '../../src/config/load.ts'
import { ROOT, textOf } from '../support/documents.ts'
import { type Manifest, rendered, renderer } from '../support/kustomize.ts'

const PLACE = join(ROOT, 'deploy/kubernetes')
const CLOUDS = ['aks', 'eks', 'gke'] as const

/** Each kind with the schema that checks it. */
// biome-ignore lint/suspicious/noExplicitAny: what is handed in is not yet of any shape: the schema says whether it is
const KINDS: Readonly<Record<string, new (data: any) => { validate(): void }>> = {
  ConfigMap,
  CronJob,
  Deployment,
  Ingress,
  Job,
  NetworkPolicy,
  PersistentVolumeClaim,
  Service,
  ServiceAccount,
}

const VARIABLES: Readonly<Record<string, string>> = {
  DATAVERSE_CLIENT_ID: '00000000-0000-4000-8000-000000000001',
  DATAVERSE_CLIENT_SECRET: 'not-a-secret',
  SECOND_CLIENT_ID: '00000000-0000-4000-8000-000000000003',
  SECOND_CLIENT_SECRET: 'not-a-secret',
  DATAVERSE_TENANT_ID: '00000000-0000-4000-8000-000000000002',
  DATAVERSE_INSTANCE: 'https://acme.crm4.dynamics.com',
  STORE_PASSWORD: 'not-a-secret',
  WEBHOOK_SECRET: 'a-secret-that-opens-nothing-at-all',
}
/** What the webhook of AKS sets in a pod with its label. */
const AZURE: Readonly<Record<string, string>> = {
  AZURE_CLIENT_ID: '00000000-0000-4000-8000-000000000001',
  AZURE_TENANT_ID: '00000000-0000-4000-8000-000000000002',
  AZURE_FEDERATED_TOKEN_FILE: '/var/run/secrets/azure/tokens/azure-identity-token',
  AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.com/',
}

const ofKind = (manifests: readonly Manifest[], kind: string) => manifests.filter((one) => one.kind === kind)
const workloads = (manifests: readonly Manifest[]) =>
  manifests.filter(({ kind }) => ['CronJob', 'Job', 'Deployment'].includes(kind))
const templateOf = ({ spec }: Manifest) => spec.jobTemplate?.spec.template ?? spec.template

describe('the files', () => {
  it('every image is the one of this version', () => {
    const { version } = JSON.parse(textOf('package.json'))
    const texts = [
      ...readdirSync(PLACE, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.yaml'))
        .map((name) => `deploy/kubernetes/${name}`),
      ...['cron.yaml', 'cron-indexed.yaml', 'receiver.yaml', 'Dockerfile', 'docs/administrator.md'],
    ].map(textOf)
    const tags = texts.flatMap((text) =>
      [...text.matchAll(/(?:didomi-dataverse[:-]|newTag: )(\d+\.\d+\.\d+)/g)].map(([, tag]) => tag),
    )
    expect(tags.length).toBeGreaterThan(8)
    expect(new Set(tags)).toEqual(new Set([version]))
  })

  it.each([
    ['cron.yaml', 'base/cron.yaml'],
    ['cron-indexed.yaml', 'indexed/cron-indexed.yaml'],
    ['receiver.yaml', 'receiver/receiver.yaml'],
  ])(
    '%s and its copy below deploy/ are the same (kustomize reads no file above its own; --update copies)',
    async (top, copy) => {
      await expect(textOf(top)).toMatchFileSnapshot(join(PLACE, copy))
    },
  )

  it('every kustomization names what is there, and whatever is there is named', () => {
    const folders = readdirSync(PLACE, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const named = folders
      .filter(({ name }) => name === 'kustomization.yaml')
      .flatMap(({ parentPath, name }) => {
        const {
          resources = [],
          components = [],
          configMapGenerator = [],
        } = parse(readFileSync(join(parentPath, name), 'utf8'))
        const files = configMapGenerator.flatMap((generator: { files: string[] }) => generator.files)
        return [...resources, ...components, ...files].map((path: string) => join(parentPath, path))
      })
    const files = folders
      .filter(({ name }) => name !== 'kustomization.yaml')
      .map(({ parentPath, name }) => join(parentPath, name))
    expect(named.filter((path) => path.endsWith('.yaml')).sort()).toEqual(files.sort())
    for (const path of named.filter((path) => !path.endsWith('.yaml')))
      expect(readdirSync(path)).toContain('kustomization.yaml')
  })
})

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Somebody's own overlay: another base under the component of a cloud, beside the ones that are there. */
function combined(base: string, cloud: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'kustomize-'))
  folders.push(copy)
  cpSync(PLACE, copy, { recursive: true })
  const folder = join(copy, 'overlays/own')
  mkdirSync(folder)
  const text = `resources: [../../${base}]\ncomponents: [../../components/${cloud}]\n`
  writeFileSync(join(folder, 'kustomization.yaml'), text)
  return folder
}

describe.skipIf(renderer === undefined)('rendered', () => {
  const SINGLE = ['base', 'indexed', 'receiver', 'migration', ...CLOUDS.map((cloud) => `overlays/${cloud}`)]
  const all = (name: string): Manifest[] => rendered(join(PLACE, name))

  it.each(SINGLE)('%s: each object is valid by its schema, once, and as safe as the manifests claim', (name) => {
    const manifests = all(name)
    for (const manifest of manifests) {
      const Kind = KINDS[manifest.kind]
      if (Kind === undefined) throw new TypeError(`no schema for ${manifest.kind}`)
      expect(() => new Kind(manifest).validate(), `${manifest.kind} ${manifest.metadata.name}`).not.toThrow()
      expect(manifest.metadata.labels?.['app.kubernetes.io/name']).toMatch(/^didomi-dataverse/)
    }
    const ids = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    expect(new Set(ids).size).toBe(ids.length)
    expect(workloads(manifests)).toHaveLength(1)
    for (const workload of workloads(manifests)) {
      const { spec: pod } = templateOf(workload)
      expect(pod.automountServiceAccountToken).toBe(false)
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      for (const { securityContext, command } of pod.containers) {
        expect(command[0]).toBe('didomi-dataverse')
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
      }
    }
  })

  it.each(SINGLE)('%s: what refers to each other agrees', (name) => {
    // The migration finds configuration, volume and account where the nightly run put them.
    const manifests = name === 'migration' ? [...all('base'), ...all(name)] : all(name)
    const names = (kind: string) => ofKind(manifests, kind).map(({ metadata }) => metadata.name)
    const claims = new Set<string>()
    for (const workload of workloads(manifests)) {
      const { spec: pod, metadata } = templateOf(workload)
      for (const { configMap, persistentVolumeClaim } of pod.volumes) {
        if (configMap !== undefined) expect(names('ConfigMap')).toContain(configMap.name)
        if (persistentVolumeClaim !== undefined) claims.add(persistentVolumeClaim.claimName)
      }
      const volumes = pod.volumes.map((volume: { name: string }) => volume.name).sort()
      for (const { volumeMounts } of pod.containers)
        expect(volumeMounts.map((mount: { name: string }) => mount.name).sort()).toEqual(volumes)
      if (name !== 'receiver') expect(names('ServiceAccount')).toContain(pod.serviceAccountName)
      const policies = ofKind(manifests, 'NetworkPolicy').map(({ spec }) => spec.podSelector.matchLabels)
      expect(
        policies.some((labels) => Object.entries(labels).every(([key, value]) => metadata.labels[key] === value)),
      ).toBe(true)
    }
    expect([...claims].sort()).toEqual(names('PersistentVolumeClaim').sort())
  })

  it.each(SINGLE.filter((name) => name !== 'migration'))(
    '%s: its configuration is one the program takes, with the variables of the pod',
    async (name) => {
      const manifests = all(name)
      const [workload] = workloads(manifests)
      const [container] = templateOf(workload as Manifest).spec.containers
      const given = container.env.flatMap(
        ({
          name: variable,
          value,
          valueFrom,
        }: {
          name: string
          value?: string
          valueFrom?: { secretKeyRef?: object }
        }) => (value === undefined && valueFrom?.secretKeyRef !== undefined ? [variable] : []),
      )
      const env = {
        ...Object.fromEntries(given.map((variable: string) => [variable, VARIABLES[variable]])),
        ...(name === 'overlays/aks' && AZURE),
      }
      const [configMap] = ofKind(manifests, 'ConfigMap')
      const written: string = configMap?.['data']['config.yaml']
      const readFile = () => Promise.resolve(written)
      const settings = await loadSettings('/etc/didomi-dataverse/config.yaml', { env, readFile, cwd: '/' })
      expect([settings.targets.length, settings.warnings]).toEqual([1, []])
      if (settings.source.location.kind === 'directory' && name !== 'receiver')
        expect(container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath)).toContain('/exports')
      else expect(JSON.stringify(container.volumeMounts)).not.toContain('/exports')
    },
  )

  it.each(CLOUDS.flatMap((cloud) => ['overlay', 'base', 'indexed'].map((base) => [cloud, base])))(
    'on %s, %s: the pod is somebody to the cloud without a key',
    (cloud, base) => {
      const manifests = base === 'overlay' ? all(`overlays/${cloud}`) : rendered(combined(base, cloud))
      const [account] = ofKind(manifests, 'ServiceAccount')
      const [workload] = workloads(manifests)
      const template = templateOf(workload as Manifest)
      expect(template.spec.serviceAccountName).toBe(account?.metadata.name)
      const [annotation] = Object.keys(account?.metadata.annotations ?? {})
      const wanted = {
        aks: 'azure.workload.identity/client-id',
        eks: 'eks.amazonaws.com/role-arn',
        gke: 'iam.gke.io/gcp-service-account',
      }
      expect(annotation).toBe(wanted[cloud as (typeof CLOUDS)[number]])
      expect(template.metadata.labels['azure.workload.identity/use']).toBe(cloud === 'aks' ? 'true' : undefined)
      const policy = JSON.stringify(ofKind(manifests, 'NetworkPolicy')[0]?.['spec'].egress)
      expect(policy.includes('169.254.169.254')).toBe(cloud === 'gke')
      expect(policy.includes('5432')).toBe(base === 'indexed')
      // A cloud adds, and takes nothing of what was there.
      expect(template.metadata.labels['app.kubernetes.io/name']).toBe('didomi-dataverse')
      expect(ofKind(manifests, 'Secret')).toEqual([])
      if (base === 'overlay')
        expect(new Set(manifests.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['consent']))
    },
  )

  it('the migration waits until somebody starts it, and meets the nightly run in nothing but its lease', () => {
    const [job] = ofKind(all('migration'), 'Job')
    const [nightly] = ofKind(all('base'), 'CronJob')
    expect(job?.['spec'].suspend).toBe(true)
    const [container] = templateOf(job as Manifest).spec.containers
    const [sync] = templateOf(nightly as Manifest).spec.containers
    expect(container.command).toEqual([
      'didomi-dataverse',
      'migrate',
      'apply',
      '--config',
      '/etc/didomi-dataverse/config.yaml',
      '--json',
    ])
    expect([container.image, container.env]).toEqual([sync.image, sync.env])
    expect(templateOf(job as Manifest).spec.securityContext).toEqual(
      templateOf(nightly as Manifest).spec.securityContext,
    )
  })
})
