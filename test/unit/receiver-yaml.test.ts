/** `receiver.yaml` is valid Kubernetes, lets in what it should and nothing else, and its configuration is one the program takes. */

import { readFileSync } from 'node:fs'
import { Deployment } from 'kubernetes-models/apps/v1'
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { ConfigMap, Service } from 'kubernetes-models/v1'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { loadSettings } from '../../src/config/load.ts'

const text = readFileSync(new URL('../../receiver.yaml', import.meta.url), 'utf8')
const documents = parseAllDocuments(text).map((document) => {
  expect(document.errors).toEqual([])
  return document.toJS()
})
const deployment = new Deployment(documents[0])
const service = new Service(documents[1])
const ingress = new Ingress(documents[2])
const policy = new NetworkPolicy(documents[3])
const configMap = new ConfigMap(documents[4])
const pod = deployment.spec?.template.spec
const container = pod?.containers[0]
const config = configMap.data?.['config.yaml'] ?? ''
const VALUES: Readonly<Record<string, string>> = {
  WEBHOOK_SECRET: 'a-secret-that-opens-nothing-at-all',
  STORE_PASSWORD: 'not-a-secret',
}

const settings = () => {
  const readFile = (path: string) =>
    path === '/etc/didomi-dataverse/config.yaml' ? Promise.resolve(config) : Promise.reject(new Error('no such file'))
  return loadSettings(container?.command?.[4] ?? '', { env: VALUES, readFile, cwd: '/' })
}

describe('receiver.yaml as Kubernetes reads it', () => {
  it('holds a Deployment, Service, Ingress, NetworkPolicy and ConfigMap, each valid by its schema', () => {
    for (const each of [deployment, service, ingress, policy, configMap]) expect(() => each.validate()).not.toThrow()
    const broken = structuredClone(documents[0])
    broken.spec.replicas = 'two'
    expect(() => new Deployment(broken).validate()).toThrow()
  })

  it('the labels, ports and names that refer to each other agree', async () => {
    const labels = deployment.spec?.template.metadata?.labels
    const selectors = [
      deployment.spec?.selector?.matchLabels,
      service.spec?.selector,
      policy.spec?.podSelector?.matchLabels,
    ]
    for (const selector of selectors) expect(selector).toEqual(labels)
    const [port] = container?.ports ?? []
    const { reverse } = await settings()
    expect(port?.containerPort).toBe(reverse?.webhook?.port)
    expect(service.spec?.ports?.[0]?.targetPort).toBe(port?.name)
    const [rule] = ingress.spec?.rules ?? []
    const [way] = rule?.http?.paths ?? []
    expect(way).toMatchObject({ path: reverse?.webhook?.path, pathType: 'Exact' })
    expect(way?.backend.service?.name).toBe(service.metadata?.name)
    expect(ingress.spec?.tls?.[0]?.hosts).toEqual([rule?.host])
    expect(container?.volumeMounts?.map(({ name }) => name)).toEqual(pod?.volumes?.map(({ name }) => name))
    expect(pod?.volumes?.[0]?.configMap?.name).toBe(configMap.metadata?.name)
  })
})

describe('how it comes and goes', () => {
  it('one is always there; it is asked whether it lives and whether it is ready', () => {
    expect(deployment.spec?.replicas).toBeGreaterThan(1)
    expect(deployment.spec?.strategy?.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 })
    expect(container?.livenessProbe?.httpGet?.path).toBe('/healthz')
    expect(container?.readinessProbe?.httpGet?.path).toBe('/readyz')
  })

  it('there is time for the endpoints to hear of it, and for what is under way (19 s at most)', () => {
    const waitMs = Number(/setTimeout\(.*, (\d+)\)/.exec(container?.lifecycle?.preStop?.exec?.command?.[2] ?? '')?.[1])
    expect(waitMs).toBeGreaterThanOrEqual(5_000)
    expect(pod?.terminationGracePeriodSeconds).toBeGreaterThan(waitMs / 1_000 + 19)
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

  it('in comes what is for its port, out goes what is for the database and DNS', async () => {
    const { store } = await settings()
    expect(policy.spec?.policyTypes).toEqual(['Ingress', 'Egress'])
    expect(policy.spec?.ingress?.flatMap(({ ports }) => ports?.map(({ port }) => port))).toEqual(['http'])
    const out = policy.spec?.egress?.flatMap(({ ports }) => ports?.map(({ port }) => port))
    expect(new Set(out)).toEqual(new Set([53, store.kind === 'postgres' ? store.port : undefined]))
  })
})

describe('what it is given', () => {
  it('every secret comes by reference, each is used, none stands in the file, and none is Dataverse’s', () => {
    const names = container?.env?.map(({ name, valueFrom }) => [name, valueFrom?.secretKeyRef?.name])
    expect(names).toEqual(Object.keys(VALUES).map((name) => [name, 'didomi-dataverse-receiver']))
    const named = [...config.matchAll(/\$\{env:(\w+)\}/g)].map((match) => match[1])
    expect(named.sort()).toEqual(Object.keys(VALUES).sort())
  })

  it('§6 the configuration is one that the program takes, and nothing in it is warned of', async () => {
    const { store, reverse, targets, warnings } = await settings()
    expect(warnings).toEqual([])
    expect(store).toMatchObject({ kind: 'postgres', tls: {} })
    expect(reverse?.webhook).toMatchObject({ ingress: true, host: '0.0.0.0' })
    expect(targets.map(({ mode }) => mode)).toEqual(['consent'])
  })
})
