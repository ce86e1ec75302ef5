/** Who is told of a run that went wrong, how, and that nobody's silence makes it worse. Real HTTP on loopback. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/config/secret.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { Hooks } from '../../src/notify/hooks.ts'
import { Watch } from '../../src/notify/watch.ts'
import { Readings } from '../../src/observe/readings.ts'
import { leastConfig, load } from '../support/config-files.ts'
import { type HookServer, startHookServer } from '../support/hook-server.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { type Control, contactTarget, controlOf, openPlace, type Place } from '../support/sync-run.ts'
import { CONTACT_MAPPINGS, CONTACT_OPTIONS, chanceOf, populationOf } from '../support/sync-world.ts'

const POPULATION = populationOf(chanceOf(11), true)
const LIMIT_MS = 120_000

let emulator: Emulator
let control: Control
let place: Place
let hook: HookServer

beforeEach(async () => {
  emulator = await startEmulator({ seed: POPULATION.seed })
  control = controlOf(emulator.url)
  place = await openPlace()
  for (const day of POPULATION.days) await place.writeDay(day)
  hook = await startHookServer()
})

afterEach(async () => {
  await hook.close()
  await emulator.close()
  await place.remove()
})

function configure(settings: Readonly<Record<string, unknown>>, overrides: object = {}): Promise<void> {
  const target = contactTarget(emulator.url, CONTACT_MAPPINGS, {
    entryOptions: CONTACT_OPTIONS,
    retries: 1,
    ...overrides,
  })
  return place.configure([target], settings)
}

const paths = () => hook.calls.map(({ path }) => path)

describe('notifications', () => {
  it(
    'a failure is told with the code and what it means; the report goes on as ever',
    async () => {
      await configure({ notify: [{ kind: 'webhook', url: `${hook.url}/hook?sig=1%2F2`, headers: { 'x-key': 'k' } }] })
      await control.ask('POST', 'faults', [
        { match: { message: 'Token' }, count: 0, action: { kind: 'status', status: 401 } },
      ])
      const { exitCode, report } = await place.run()
      expect(exitCode).toBe(3)
      const [call, ...others] = hook.calls
      expect(others).toEqual([])
      expect(call?.path).toBe('/hook?sig=1%2F2')
      expect(call?.headers['x-key']).toBe('k')
      expect(call?.body).toMatchObject({
        events: 'failure',
        title: 'didomi-dataverse sync: failure',
        run: report?.run,
        exitCode: '3',
        text: 'failure: deliver contact: token-refused: no token from Entra ID or AD FS',
      })
    },
    LIMIT_MS,
  )

  it(
    'a run that never got as far as a report is told too',
    async () => {
      await configure({
        notify: [{ kind: 'teams', url: hook.url }],
        heartbeat: { url: `${hook.url}/beat/` },
        store: { sqlite: './export/data' },
      })
      const { exitCode, stdout } = await place.run()
      expect([exitCode, stdout]).toEqual([2, ''])
      expect(paths().sort()).toEqual(['/', '/beat/fail', '/beat/start'])
      expect(JSON.stringify(hook.calls.find(({ path }) => path === '/')?.body)).toContain('store-unusable')
    },
    LIMIT_MS,
  )

  it(
    'who wants other events hears nothing, and of a run that went well nobody does',
    async () => {
      const notify = [{ kind: 'slack', url: hook.url, on: ['brake', 'expiry'] }]
      await configure({ notify })
      await control.ask('POST', 'faults', [
        { match: { message: 'WhoAmI' }, count: 1, action: { kind: 'status', status: 403 } },
      ])
      expect((await place.run()).exitCode).toBe(3)
      await configure({ notify: [{ kind: 'slack', url: hook.url }] })
      expect((await place.run()).exitCode).toBe(0)
      expect(hook.calls).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    'tries again where that may help, and not where it cannot',
    async () => {
      await hook.close()
      hook = await startHookServer([500, null, 429, 200, 404])
      const credentials = { known: [{ name: 'old', ends: '2020-01-01' }] }
      await configure({ credentials, notify: [{ kind: 'webhook', url: hook.url, timeout: '300ms', attempts: 5 }] })
      expect((await place.run()).exitCode).toBe(0)
      expect(hook.calls).toHaveLength(4)
      const { exitCode, stderr } = await place.run({ flags: ['--log-level', 'warn'] })
      expect(exitCode).toBe(0)
      expect(hook.calls).toHaveLength(5)
      expect(stderr).toMatch(/"hook":"notify\[0\]","attempts":1,"why":"HTTP 404"/)
      expect(stderr).not.toContain(hook.url)
    },
    LIMIT_MS,
  )

  it(
    'a webhook and a heartbeat that are away cost the run nothing',
    async () => {
      await hook.close()
      const notify = [{ kind: 'webhook', url: hook.url, attempts: 2 }]
      const credentials = { known: [{ name: 'old', ends: '2020-01-01' }] }
      await configure({ notify, credentials, heartbeat: { url: hook.url } })
      const { exitCode, stderr, report } = await place.run({ flags: ['--log-level', 'warn'] })
      expect([exitCode, report?.exitCode]).toEqual([0, 0])
      expect(stderr.match(/a webhook could not be told/g)).toHaveLength(3)
      hook = await startHookServer()
    },
    LIMIT_MS,
  )

  it(
    'a text file that cannot be written costs the run nothing; one that can keeps the last success',
    async () => {
      await configure({ metrics: { textFile: './nowhere/a.prom' } })
      const first = await place.run({ flags: ['--log-level', 'warn'] })
      expect(first.exitCode).toBe(0)
      expect(first.stderr).toContain('metrics.textFile could not be written')
      await configure({ metrics: { textFile: './a.prom' } })
      const { report } = await place.run()
      await control.ask('POST', 'faults', [
        { match: { message: 'WhoAmI' }, count: 1, action: { kind: 'status', status: 403 } },
      ])
      expect((await place.run()).exitCode).toBe(3)
      const text = await readFile(join(place.folder, 'a.sync.prom'), 'utf8')
      const seconds = Date.parse(report?.endedAt ?? '') / 1_000
      expect(text).toContain(`didomi_dataverse_last_success_time_seconds{command="sync"} ${seconds}\n`)
      expect(text).toContain('didomi_dataverse_run_exit_code{command="sync"} 3\n')
      expect(text.match(/^# TYPE didomi_dataverse_last_success_time_seconds gauge$/gm)).toHaveLength(1)
    },
    LIMIT_MS,
  )
})

describe('a signal', () => {
  let collector: OtlpReceiver

  it(
    'ends the run in order, and everybody who looks on hears of it',
    async () => {
      collector = await startOtlpReceiver()
      await configure(
        { notify: [{ kind: 'webhook', url: `${hook.url}/hook` }], heartbeat: { url: `${hook.url}/beat` } },
        { concurrency: 1, batchRows: 4 },
      )
      const hold = await control.hold({ message: 'UpdateMultiple' })
      const run = place.start({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } })
      await control.held(hold)
      run.kill('SIGTERM')
      await control.ask('POST', 'hold/release', { how: 'answer', id: hold })
      const { exitCode, report } = await run.ended
      expect([exitCode, report?.exitCode]).toEqual([143, 143])
      const [span] = collector.spans.filter(({ name }) => name === 'run')
      expect(span?.attributes['didomi_dataverse.exit_code']).toBe(143)
      const [stage] = collector.spans.filter(
        ({ attributes }) => attributes['didomi_dataverse.stage'] === 'deliver contact',
      )
      expect(stage).toMatchObject({ status: 2, attributes: { 'error.type': 'terminated' } })
      const code = collector.points.find(({ name }) => name === 'didomi_dataverse.run.exit_code')
      expect(code?.value).toBe(143)
      expect(paths().sort()).toEqual(['/beat/fail', '/beat/start', '/hook'])
      await collector.close()
    },
    LIMIT_MS,
  )
})

describe('the heartbeat', () => {
  /** What is said of a run that ends so, by a process of this number, where `command` runs. */
  async function said(exitCode: number, pod?: number, command: 'sync' | 'reverse' = 'sync'): Promise<string[]> {
    const from = hook.calls.length
    const heartbeat = { url: new Secret(hook.url), on: ['start', 'success', 'failure'] as const, timeoutMs: 5_000 }
    const hooks = new Hooks({ clock: systemClock, random: Math.random, log: silentLog, userAgent: 'test' })
    const ports = { clock: systemClock, log: silentLog, readings: new Readings(), hooks }
    const watched = { command, run: 'r', version: '0', ...(pod !== undefined && { pod }) }
    const watch = new Watch(ports, { ...(await load(leastConfig())), heartbeat }, watched)
    watch.began()
    await watch.ended({ exitCode })
    return hook.calls.slice(from).map(({ path }) => path)
  }

  it('is of sync alone, in order; the threshold is no failure, and a held lease says nothing', async () => {
    expect(await said(0)).toEqual(['/start', '/'])
    expect(await said(5)).toEqual(['/start', '/'])
    expect(await said(6)).toEqual(['/start', '/fail'])
    expect(await said(7)).toEqual(['/start'])
    expect(await said(0, undefined, 'reverse')).toEqual([])
  })

  it('of several processes the first speaks, but any of them may fail', async () => {
    expect(await said(0, 0)).toEqual(['/start', '/'])
    expect(await said(0, 3)).toEqual([])
    expect(await said(1, 3)).toEqual(['/fail'])
  })

  it('the end waits for the start, however late that is taken', async () => {
    await hook.close()
    hook = await startHookServer([500])
    expect(await said(0)).toEqual(['/start', '/'])
  })
})
