/** A whole run as a collector, a scraper, a log reader and a webhook see it: complete, in order, and without anybody in it. */

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packExport } from '../../fixtures/pack.mjs'
import { demoConfiguration } from '../../src/demo/configuration.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { METRIC_NAMES, METRICS, otelName, prometheusName } from '../../src/observe/metrics.ts'
import { ATTRIBUTES, SPANS } from '../../src/observe/spans.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import { openSqliteDatabase } from '../../src/store/sqlite-database.ts'
import { formsOf } from '../support/canary.ts'
import { type Ended, runCli } from '../support/cli-run.ts'
import { type HookServer, startHookServer } from '../support/hook-server.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts'

const LIMIT_MS = 120_000
const ROOT = new URL('../../', import.meta.url).pathname

let folder: string
let emulator: Emulator

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-observe-'))
  await packExport(join(ROOT, 'fixtures/export'), join(folder, 'export'))
  emulator = await startEmulator({ seed: JSON.parse(await readFile(join(ROOT, 'fixtures/world.json'), 'utf8')) })
}, LIMIT_MS)

afterAll(async () => {
  await emulator.close()
  await rm(folder, { recursive: true, force: true })
})

/** The demo's configuration in a new world, with more settings. */
async function configure(more: object = {}): Promise<string> {
  emulator.world.reset()
  const own = await mkdtemp(join(folder, 'run-'))
  const settings = { ...JSON.parse(demoConfiguration(emulator.url, join(own, 'reports'))), ...more }
  settings.source = { directory: '../export' }
  await writeFile(join(own, 'didomi-dataverse.json'), JSON.stringify(settings))
  return own
}

const sync = (cwd: string, env: Record<string, string> = {}, args: readonly string[] = []): Promise<Ended> =>
  runCli(['sync', '--config', 'didomi-dataverse.json', '--json', '--log-level', 'debug', ...args], { cwd, env })

describe('a run that is looked at', () => {
  let own: string
  let collector: OtlpReceiver
  let hook: HookServer
  let ended: Ended
  let report: RunReport
  let promText: string

  beforeAll(async () => {
    collector = await startOtlpReceiver()
    hook = await startHookServer()
    own = await configure({
      metrics: { textFile: './didomi-dataverse.prom', labels: { environment: 'test' } },
      heartbeat: { url: `${hook.url}/beat` },
      credentials: { known: [{ name: 'client-secret', ends: '2026-01-31' }] },
      notify: (['webhook', 'teams', 'slack'] as const).map((kind) => ({ kind, url: `${hook.url}/${kind}` })),
    })
    ended = await sync(own, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=acme',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    })
    expect(ended.code, ended.stderr).toBe(0)
    report = JSON.parse(ended.stdout)
    promText = await readFile(join(own, 'didomi-dataverse.sync.prom'), 'utf8')
  }, LIMIT_MS)

  afterAll(async () => {
    await collector.close()
    await hook.close()
  })

  const spans = (name: string) => collector.spans.filter((span) => span.name === name)
  const parentOf = (span: ReceivedSpan | undefined) =>
    collector.spans.find(({ spanId }) => spanId === span?.parentSpanId)

  it('is one trace: run, stages, partitions, objects, chunks, requests', () => {
    const [run, ...others] = spans('run')
    expect(others).toEqual([])
    expect(run?.parentSpanId).toBe('')
    expect(run?.attributes).toEqual({
      'didomi_dataverse.run': report.run,
      'didomi_dataverse.command': 'sync',
      'didomi_dataverse.exit_code': 0,
    })
    expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(1)
    expect(spans('stage').map(({ attributes }) => attributes['didomi_dataverse.stage'])).toEqual(
      Object.keys(report.durationsMs),
    )
    for (const stage of spans('stage')) expect(parentOf(stage)).toBe(run)
    const partitions = spans('ingest partition')
    expect(
      partitions.map(({ attributes }) => [attributes['didomi_dataverse.date'], attributes['didomi_dataverse.lines']]),
    ).toEqual(expect.arrayContaining((report.ingest?.partitions ?? []).map(({ date, counts }) => [date, counts.lines])))
    expect(partitions).toHaveLength(report.ingest?.partitions.length ?? 0)
    for (const object of spans('ingest object')) expect(parentOf(object)?.name).toBe('ingest partition')
    const [listing] = spans('list objects')
    expect(parentOf(listing)?.name).toBe('stage')
    expect(listing?.attributes['didomi_dataverse.objects']).toBeGreaterThan(6)
    for (const chunk of spans('deliver chunk')) expect(parentOf(chunk)?.name).toBe('stage')
    const [write] = spans('CreateMultiple msdynmkt_contactpointconsent4')
    expect(parentOf(write)?.name).toBe('deliver chunk')
    expect(write).toMatchObject({
      kind: 3,
      attributes: {
        'didomi_dataverse.target': 'current',
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'url.template': 'msdynmkt_contactpointconsent4s/Microsoft.Dynamics.CRM.CreateMultiple',
      },
    })
  })

  it('has spans and attributes of the registry alone, and no event that could quote an error', () => {
    const known = new Set(Object.keys(ATTRIBUTES))
    for (const { name, kind, attributes, events } of collector.spans) {
      expect(Object.keys(attributes).filter((key) => !known.has(key))).toEqual([])
      expect(events).toBe(0)
      if (kind !== 3) expect(Object.keys(SPANS)).toContain(name)
    }
  })

  it('has a resource that tells who speaks, and nothing of the process', () => {
    for (const resource of collector.resources) {
      expect(resource).toMatchObject({
        'service.name': 'didomi-dataverse',
        'service.instance.id': '0',
        'deployment.environment.name': 'test',
      })
      expect(Object.keys(resource).filter((key) => /^(process|host|os)\./.test(key))).toEqual([])
    }
    expect(collector.requests.every(({ headers }) => headers['x-tenant'] === 'acme')).toBe(true)
    expect(new Set(collector.requests.map(({ headers }) => headers['content-type']))).toEqual(
      new Set(['application/x-protobuf']),
    )
  })

  it('has metrics of the registry alone, with the labels it names, and the values of the report', () => {
    const byName = new Map(METRIC_NAMES.map((name) => [otelName(name), METRICS[name]]))
    for (const { name, unit, attributes } of collector.points) {
      const known = byName.get(name)
      expect(known, name).toBeDefined()
      expect(unit).toBe(known?.unit)
      expect(Object.keys(attributes).sort()).toEqual(['command', ...(known?.labels ?? [])].sort())
    }
    const value = (name: string, labels: Record<string, string> = {}) =>
      collector.points.find(
        (point) =>
          point.name === `didomi_dataverse.${name}` &&
          Object.entries(labels).every(([key, text]) => point.attributes[key] === text),
      )?.value
    const [current] = report.deliver
    expect(value('run.outcomes', { target: 'current', outcome: 'written' })).toBe(current?.outcomes.written)
    expect(value('run.lines', { kind: 'record' })).toBe(
      report.ingest?.partitions.reduce((sum, { counts }) => sum + counts.records, 0),
    )
    expect(value('run.exit_code')).toBe(0)
    expect(value('last_success.time')).toBe(Date.parse(report.endedAt) / 1_000)
    expect(value('partitions', { state: 'open' })).toBe(report.ingest?.open.length)
    const requests = collector.points.filter(({ name }) => name === 'didomi_dataverse.run.requests')
    expect(requests.reduce((sum, point) => sum + point.value, 0)).toBe(
      collector.spans.filter(({ kind }) => kind === 3).length,
    )
  })

  it('has the same metrics in its text file, under the names that Prometheus gives them', () => {
    const named = new Map(METRIC_NAMES.map((name) => [otelName(name), prometheusName(name)]))
    const values = new Map(
      promText
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => {
          const [, name = '', labels = '', value] = /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? []
          const sorted = labels.split(/,(?=\w+=)/).sort()
          return [`${name} ${sorted.join()}`, Number(value)]
        }),
    )
    const expected = collector.points.map(({ name, attributes, value }) => {
      const labels = Object.entries({ ...attributes, environment: 'test' }).map(([key, text]) => `${key}="${text}"`)
      return [`${named.get(name)} ${labels.sort().join()}`, value]
    })
    expect(values.size).toBeGreaterThan(40)
    expect([...values].sort()).toEqual(expected.sort())
    expect(promText.endsWith('\n')).toBe(true)
  })

  it('leaves no draft of the text file behind, and lets others read it', async () => {
    expect((await readdir(own)).filter((name) => name.endsWith('.tmp'))).toEqual([])
    expect((await stat(join(own, 'didomi-dataverse.sync.prom'))).mode & 0o777).toBe(0o644)
  })

  it('has its id in every line of the log, and the span in those of a request', () => {
    const lines = ended.stderr
      .split('\n')
      .filter((line) => line.startsWith('{"level"'))
      .map((line) => JSON.parse(line))
    expect(lines.length).toBeGreaterThan(20)
    expect(lines.filter(({ run }) => run !== report.run)).toEqual([])
    const requests = lines.filter(({ msg }) => msg === 'dataverse request')
    const known = new Map(collector.spans.map(({ spanId, name }) => [spanId, name]))
    expect(requests.length).toBeGreaterThan(5)
    for (const { span_id, what } of requests) expect(known.get(span_id)).toBe(what.replace(/ ×\d+$/, ''))
    const rejected = lines.filter(({ msg }) => msg === 'line rejected')
    expect(rejected.length).toBeGreaterThan(0)
    for (const line of rejected) expect(line).toMatchObject({ exportId: expect.any(String), date: expect.any(String) })
  })

  it('tells the heartbeat of its start and its success, and the webhooks of a credential that has ended', () => {
    const paths = hook.calls.map(({ path }) => path)
    expect(paths.filter((path) => path.startsWith('/beat'))).toEqual(['/beat/start', '/beat'])
    expect(paths.filter((path) => !path.startsWith('/beat')).sort()).toEqual(['/slack', '/teams', '/webhook'])
    const { body } = hook.calls.find(({ path }) => path === '/webhook') ?? {}
    expect(body).toMatchObject({
      events: 'credentials',
      run: report.run,
      exitCode: '0',
      text: 'credentials: client-secret: ended on 2026-01-31',
    })
  })

  it('names nobody, anywhere', () => {
    const persons = personsOf(join(own, 'state', 'didomi-dataverse.db'))
    const everything = [collector.raw(), ended.stderr, ended.stdout, promText, JSON.stringify(hook.calls)].join('\n')
    const text = everything.toLowerCase()
    expect(text.length).toBeGreaterThan(50_000)
    expect(persons.length).toBeGreaterThan(1_000)
    const found = persons.filter((person) =>
      [person, encodeURIComponent(person), JSON.stringify(person).slice(1, -1)].some((form) =>
        text.includes(form.toLowerCase()),
      ),
    )
    expect(found.map((person) => person.slice(0, 3))).toEqual([])
    // In every form the search knows: hashed, coded, escaped. Of a few persons, since there are many forms.
    const forms = persons.filter((_, index) => index % 97 === 0).flatMap(formsOf)
    expect(
      forms.filter(({ text: form, anyCase }) =>
        (anyCase ? text : everything).includes(anyCase ? form.toLowerCase() : form),
      ),
    ).toEqual([])
  })
})

describe('a collector', () => {
  /** Scripts that a run loaded, as V8 counts them. */
  async function modulesOf(env: Record<string, string>, more: object = {}): Promise<string[]> {
    const own = await configure(more)
    const ended = await sync(own, { ...env, NODE_V8_COVERAGE: join(own, 'coverage') })
    expect(ended.code, ended.stderr).toBe(0)
    const files = await readdir(join(own, 'coverage'))
    const texts = await Promise.all(files.map((name) => readFile(join(own, 'coverage', name), 'utf8')))
    return texts.flatMap((text) => (JSON.parse(text).result as { url: string }[]).map(({ url }) => url))
  }
  const WATCHING = /node_modules\/(@opentelemetry|prom-client)\/|src\/observe\/(otel|text-file)\.js/

  it(
    'that nobody asks for loads nothing',
    async () => {
      const modules = await modulesOf({ OTEL_SERVICE_NAME: 'consent' })
      expect(modules.some((url) => url.endsWith('dist/src/observe/metrics.js'))).toBe(false)
      expect(modules.length).toBeGreaterThan(100)
      expect(modules.filter((url) => WATCHING.test(url))).toEqual([])
      const disabled = { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }
      expect((await modulesOf(disabled)).filter((url) => WATCHING.test(url))).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    'that is asked for loads it, and a text file only what it needs: the test above can fail',
    async () => {
      const collector = await startOtlpReceiver()
      const modules = await modulesOf({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces` })
      expect(modules.some((url) => url.includes('@opentelemetry/exporter-trace-otlp-proto'))).toBe(true)
      expect(new Set(collector.requests.map(({ path }) => path))).toEqual(new Set(['/v1/traces']))
      await collector.close()
      const textFile = await modulesOf({}, { metrics: { textFile: './a.prom' } })
      expect(textFile.some((url) => url.includes('node_modules/prom-client'))).toBe(true)
      expect(textFile.filter((url) => url.includes('@opentelemetry/exporter'))).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    'takes JSON where that is wished, compressed where that is wished',
    async () => {
      const collector = await startOtlpReceiver()
      const ended = await sync(await configure(), {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_SERVICE_NAME: 'consent',
      })
      expect(ended.code).toBe(0)
      expect(collector.requests.every(({ headers }) => headers['content-encoding'] === 'gzip')).toBe(true)
      expect(collector.spans.filter(({ name }) => name === 'run')).toHaveLength(1)
      expect(collector.points.find(({ name }) => name === 'didomi_dataverse.run.exit_code')?.value).toBe(0)
      expect(collector.resources.every((resource) => resource['service.name'] === 'consent')).toBe(true)
      await collector.close()
    },
    LIMIT_MS,
  )

  it.each(['refuses connections', 'takes them and says nothing'])(
    'that %s costs one line in the log and nothing else',
    async (how) => {
      const collector = await startOtlpReceiver({ silent: true })
      if (how === 'refuses connections') await collector.close()
      const ended = await sync(await configure(), { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
      expect(ended.code, ended.stderr).toBe(0)
      expect(ended.stderr.match(/telemetry could not be sent/g)).toHaveLength(1)
      if (how !== 'refuses connections') expect(collector.requests.length).toBeGreaterThan(0)
      await collector.close()
    },
    LIMIT_MS,
  )
})

/** Everything that the store and Dataverse know of persons: OUIDs, ids of users, contacts and their columns, addresses. */
function personsOf(path: string): string[] {
  const database = openSqliteDatabase(path)
  const texts = (sql: string) => database.prepare(sql).all().flatMap(Object.values).map(String)
  const stored = [
    ...texts('SELECT ouid FROM person'),
    ...texts("SELECT user_id FROM state WHERE user_id <> ''"),
    ...texts('SELECT address FROM address_person'),
    ...texts('SELECT contact_id FROM contact_person'),
  ]
  database.close()
  const contacts = emulator.world.rows('contacts').flatMap((row) => {
    const columns = row as unknown as Record<string, unknown>
    return ['contactid', 'emailaddress1', 'lastname', 'telephone1', 'mobilephone'].map((name) => columns[name])
  })
  const known = contacts.filter((value): value is string => typeof value === 'string' && value.length > 5)
  return [...new Set([...stored, ...known])]
}
