/** What the environment asks for, what a request is called, how readings add up, and what becomes of a report. */

import { describe, expect, it } from 'vitest'
import { templateOf } from '../../src/dataverse/observed.ts'
import { withFields } from '../../src/lib/log.ts'
import { METRIC_NAMES, METRICS, prometheusName } from '../../src/observe/metrics.ts'
import { FLUSH_MS, otelWishes } from '../../src/observe/otel-environment.ts'
import { Readings } from '../../src/observe/readings.ts'
import { readReport } from '../../src/observe/run-readings.ts'
import { textFileOf } from '../../src/observe/text-file.ts'
import { DELIVER, INGEST, REPORT } from '../support/report-samples.ts'

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT'
const asked = { protocol: 'http/protobuf', timeoutMs: FLUSH_MS }

describe('the variables of OpenTelemetry', () => {
  it.each<[string, Record<string, string>]>([
    ['none', {}],
    ['an empty endpoint', { [ENDPOINT]: ' ' }],
    ['a name alone', { OTEL_SERVICE_NAME: 'consent' }],
    ['an SDK that is switched off', { OTEL_SDK_DISABLED: 'TRUE', [ENDPOINT]: 'https://otlp.example.com' }],
    [
      'no exporters',
      { [ENDPOINT]: 'https://otlp.example.com', OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
    ],
  ])('%s: nothing is asked for', (_, env) => {
    expect(otelWishes(env)).toEqual({ complaints: [] })
  })

  it('one endpoint asks for both signals, one of a signal for that alone', () => {
    const env = { [ENDPOINT]: 'https://otlp.example.com:4318/otlp' }
    expect(otelWishes(env)).toEqual({ traces: asked, metrics: { ...asked, intervalMs: 60_000 }, complaints: [] })
    expect(otelWishes({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://localhost:4318/v1/traces' })).toEqual({
      traces: asked,
      complaints: [],
    })
  })

  it('protocol, timeout and interval are those of the signal, then those of all; the flush bounds the timeout', () => {
    const env = {
      [ENDPOINT]: 'https://otlp.example.com',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_TIMEOUT: '60000',
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '200',
      OTEL_METRIC_EXPORT_INTERVAL: '15000',
    }
    expect(otelWishes(env)).toEqual({
      traces: { protocol: 'http/json', timeoutMs: 200 },
      metrics: { ...asked, intervalMs: 15_000 },
      complaints: [],
    })
  })

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'plain HTTP beyond loopback',
      { [ENDPOINT]: 'http://collector.example.com:4318' },
      /^OTEL_EXPORTER_OTLP_ENDPOINT: an https URL/,
    ],
    ['a user name in the URL', { [ENDPOINT]: 'https://zq:zq@otlp.example.com' }, /^OTEL_EXPORTER_OTLP_ENDPOINT: /],
    [
      'gRPC',
      { [ENDPOINT]: 'https://otlp.example.com', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      /^OTEL_EXPORTER_OTLP_PROTOCOL: only/,
    ],
  ])('%s sends nothing and is told once, without its value', (_, env, said) => {
    const { complaints, ...wishes } = otelWishes(env)
    expect(wishes).toEqual({})
    expect(complaints).toEqual([expect.stringMatching(said)])
    expect(complaints.join()).not.toMatch(/zq|collector|grpc\b.*grpc/)
  })

  it('an exporter that nobody knows leaves the other signal as it is', () => {
    const { complaints, ...wishes } = otelWishes({
      [ENDPOINT]: 'https://otlp.example.com',
      OTEL_TRACES_EXPORTER: 'zipkin',
    })
    expect(Object.keys(wishes)).toEqual(['metrics'])
    expect(complaints).toEqual([expect.stringMatching(/^OTEL_TRACES_EXPORTER/)])
  })
})

describe('the path of a request', () => {
  it.each([
    ['contacts?$select=fullname&$filter=zq', 'contacts'],
    ['contacts(5e3f0000-0000-4000-8000-000000000001)', 'contacts({id})'],
    ["contacts(new_ouid='zq(a)b')", 'contacts({id})'],
    ["contacts(new_ouid='zq')/new_link('zq')", 'contacts({id})'],
    ['/api/data/v9.2/contacts?$skiptoken=zq', 'contacts'],
    ['https://acme.crm4.dynamics.com/api/data/v9.2/contacts?$skiptoken=zq', 'contacts'],
    ['https://crm.example.com/org/api/data/v9.1/contacts?$deltatoken=zq', 'contacts'],
    ['contacts/Microsoft.Dynamics.CRM.UpdateMultiple', 'contacts/Microsoft.Dynamics.CRM.UpdateMultiple'],
    ["EntityDefinitions(LogicalName='contact')/Attributes", 'EntityDefinitions({id})/Attributes'],
    ['WhoAmI', 'WhoAmI'],
    ['$batch', '$batch'],
  ])('%s is told as %s', (path, template) => {
    expect(templateOf(path)).toBe(template)
  })
})

describe('readings', () => {
  it('are told apart by their labels, set or added up, with what is common to all', () => {
    const readings = new Readings({ command: 'sync' })
    readings.add('run.throttles', 2, { target: 'a', limit: 'x' })
    readings.add('run.throttles', 3, { limit: 'x', target: 'a' })
    readings.set('quarantine', 7, { target: 'a' })
    readings.set('quarantine', 1, { target: 'a' })
    expect(readings.of('run.throttles')).toEqual([{ labels: { command: 'sync', target: 'a', limit: 'x' }, value: 5 }])
    expect(readings.of('quarantine')).toEqual([{ labels: { command: 'sync', target: 'a' }, value: 1 }])
    expect(readings.of('parked')).toEqual([])
  })

  it('of a report hold what it tells, sums included', () => {
    const readings = new Readings()
    const overdue = [{ exportId: 'E1', date: '2026-10-18', expiresInDays: 1 }]
    const pending = [{ exportId: 'E1', date: '2026-10-21', expiresInDays: 4 }]
    const users = [1, 2].map((n) => ({
      name: `user ${n}`,
      requests: 3,
      executionSeconds: 1,
      throttles: { requests: n },
    }))
    const requests = { ...DELIVER.requests, users, waitedMs: { unavailable: 1_500 } }
    readReport(
      { ...REPORT, exitCode: 5, ingest: { ...INGEST, overdue, pending }, deliver: [{ ...DELIVER, requests }] },
      readings,
    )
    const value = (name: (typeof METRIC_NAMES)[number], labels: object = {}) =>
      readings.of(name).find((reading) => expect.objectContaining(labels).asymmetricMatch(reading.labels))?.value
    expect(value('run.duration')).toBe(9)
    expect(value('last_success.time')).toBe(Date.parse(REPORT.endedAt) / 1_000)
    expect(value('run.lines', { kind: 'guest' })).toBe(6)
    expect(value('partitions', { state: 'overdue' })).toBe(1)
    expect(value('partitions', { state: 'gone' })).toBe(0)
    expect(value('partition.expiry')).toBe(1)
    expect(value('run.throttles', { limit: 'requests' })).toBe(3)
    expect(value('run.wait', { cause: 'unavailable' })).toBe(1.5)
    expect(value('run.stage.duration', { stage: 'ingest' })).toBe(1.5)
    const failed = new Readings()
    readReport({ ...REPORT, exitCode: 6 }, failed)
    expect(failed.of('last_success.time')).toEqual([])
    expect(failed.of('partition.expiry')).toEqual([])
  })
})

describe('names', () => {
  it('of metrics are such as Prometheus and OpenTelemetry take, and the units stand at their ends', () => {
    for (const name of METRIC_NAMES) {
      expect(name).toMatch(/^[a-z][a-z_.]+$/)
      expect(prometheusName(name)).toMatch(/^didomi_dataverse_[a-z_]+$/)
      expect(METRICS[name].labels).not.toContain('command')
    }
    expect(new Set(METRIC_NAMES.map(prometheusName)).size).toBe(METRIC_NAMES.length)
    expect(prometheusName('run.duration')).toBe('didomi_dataverse_run_duration_seconds')
    expect(prometheusName('partition.expiry')).toBe('didomi_dataverse_partition_expiry_days')
    expect(prometheusName('quarantine')).toBe('didomi_dataverse_quarantine')
  })

  it('of text files are those of whoever writes them', () => {
    expect(textFileOf('/a/b.prom', 'sync', undefined)).toBe('/a/b.sync.prom')
    expect(textFileOf('/a/b.prom', 'sync', 0)).toBe('/a/b.sync.0.prom')
  })
})

it('a log with fields asks for them anew with each line, and a line may say otherwise', () => {
  const lines: object[] = []
  const note = (fields: object) => void lines.push(fields)
  let n = 0
  const log = withFields({ debug: note, info: note, warn: note, error: note }, () => {
    n += 1
    return { run: 'r', n }
  })
  log.info({}, 'a')
  log.error({ run: 'other' }, 'b')
  expect(lines).toEqual([
    { run: 'r', n: 1 },
    { run: 'other', n: 2 },
  ])
})
