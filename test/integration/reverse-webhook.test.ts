/** The webhook of the reverse flow: registered, delivered over loopback, in the inbox; on the emulator with its real rules. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { receive } from '../../jobs/receive.ts'
import { type WebhookRequest, webhook } from '../../jobs/webhook.ts'
import { Secret } from '../../src/config/secret.ts'
import type { Settings, WebhookSettings } from '../../src/config/settings.ts'
import type { OpenDataverse } from '../../src/dataverse/open.ts'
import { ADMINISTRATOR_TEMPLATE_ID, APPLICATION_USER_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { noProgress } from '../../src/lib/progress.ts'
import type { ReceivingInbox } from '../../src/reverse/inbox.ts'
import type { Receiver } from '../../src/reverse/receiver.ts'
import { openInbox, openTarget } from '../../src/wire.ts'
import { runCli, signIn } from '../support/cli-run.ts'
import { settingsOf, type TargetDraft } from '../support/deliver-settings.ts'
import { codeSpansIn, tableIn } from '../support/documents.ts'
import { type Caller, id, openCaller } from './emulator-caller.ts'
import { HOOK_SEED, HookMaker } from './emulator-hooks.ts'

const FIRST = 'first-secret-of-the-receiver-0001<&>'
const SECOND = 'second-secret-of-the-receiver-002'
const COLUMNS: TargetDraft = {
  name: 'crm',
  type: 'microsoft-dynamics',
  mappings: [
    { id: 'new_newsletter', value: 'newsletter' },
    { id: 'donotphone', value: 'phone' },
    { id: 'new_ouid', value: 'user_organization_user_id' },
  ],
}
const CONSENTS: TargetDraft = {
  name: 'crm',
  type: 'microsoft-dynamics-cpc',
  mappings: [{ id: 'purpose:10000000-0000-0000-0000-000000000003', value: 'newsletter' }],
}

let caller: Caller
let folder: string
let settings: Settings
let dataverse: OpenDataverse
const opened: OpenDataverse[] = []
let inbox: ReceivingInbox
let receiver: Receiver
let stop: AbortController
let ended: Promise<unknown>

const receiverOf = (secrets: readonly string[]): WebhookSettings => ({
  host: '127.0.0.1',
  port: 0,
  path: '/webhook',
  header: 'x-didomi-dataverse-key',
  secrets: secrets.map((secret) => new Secret(secret)) as unknown as WebhookSettings['secrets'],
  ingress: false,
  maxBodyBytes: 1_048_576,
  connections: 64,
  requestTimeoutMs: 5_000,
  ownUsers: [APPLICATION_USER_ID],
})

async function configure(draft: TargetDraft): Promise<void> {
  settings = await settingsOf({ targets: [draft] }, caller.emulator.url, folder)
  const [target] = settings.targets
  if (target === undefined) throw new TypeError('no target')
  dataverse = openTarget(target, { log: silentLog, progress: noProgress, version: 'test' })
  opened.push(dataverse)
}

async function serve(secrets: readonly string[] = [FIRST], port = 0): Promise<void> {
  inbox = await openInbox(settings.store, systemClock)
  stop = new AbortController()
  await new Promise<void>((resolve) => {
    ended = receive(
      { inbox, clock: systemClock, log: silentLog },
      settings,
      { ...receiverOf(secrets), port },
      (opened) => {
        receiver = opened
        resolve()
      },
      stop.signal,
    )
  })
}

async function stopServing(): Promise<void> {
  stop.abort()
  await ended
  await inbox.close()
}

const url = () => `http://127.0.0.1:${receiver.port}/webhook`
function step(name: WebhookRequest['step'], secrets = [FIRST], more: Partial<WebhookRequest> = {}) {
  const [target] = settings.targets
  if (target === undefined) throw new TypeError('no target')
  const request = { step: name, target, webhook: receiverOf(secrets), url: url(), ...more }
  return webhook({ registry: dataverse.webhooks, dataverse }, request, new AbortController().signal)
}
const world = () => caller.emulator.world
const idle = () => world().webhooks.idle()
const edit = (changes: object, number = 1) => world().edit('contacts', id(number), { ...changes })
const touched = async () => (await inbox.take(99)).map(({ table, rowId }) => `${table} ${rowId}`)
/** What requests wrote, counted by the server. */
async function writesOf(work: () => Promise<unknown>): Promise<number> {
  world().resetCounters()
  await work()
  return world().counters().writeRequests
}
const there = () =>
  ['serviceendpoints', 'sdkmessageprocessingsteps', 'sdkmessageprocessingstepimages'].map((set) => world().rows(set))

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reverse-webhook-'))
  caller = await openCaller({ seed: HOOK_SEED })
  await configure(COLUMNS)
  await serve()
})
afterEach(async () => {
  expect(world().counters().notUnderstood).toBe(0)
  await stopServing()
  for (const each of opened.splice(0)) await each.close()
  await caller.emulator.close()
  await rm(folder, { recursive: true })
})

describe('the way of one edit', () => {
  it('an edit in Dynamics is delivered, and the inbox names the row; other columns are not told', async () => {
    await step('install')
    edit({ new_newsletter: false })
    edit({ jobtitle: 'x' }, 2)
    await idle()
    expect(await touched()).toEqual([`contact ${id(1)}`])
    expect(receiver.counts).toMatchObject({ accepted: 1, strange: 0 })
  })

  it('a new contact is told of; what we wrote ourselves is not, but only where both users are ours', async () => {
    await step('install')
    await caller.post('contacts', { contactid: id(7), new_newsletter: true })
    await idle()
    expect([await touched(), receiver.counts.own]).toEqual([[], 1])
    world().edit('contacts', id(2), { new_newsletter: true })
    await idle()
    expect(await touched()).toEqual([`contact ${id(2)}`])
  })

  it('twice, out of order, stripped or not: the row stands in the inbox once', async () => {
    await step('install')
    await world().webhooks.configure({ duplicateRate: 1, shuffleWithin: 8, seed: 3 })
    for (let n = 0; n < 5; n++) edit({ new_newsletter: n % 2 === 0 }, 1 + (n % 2))
    edit({ new_newsletter: false, new_long: 'x'.repeat(140_000) })
    await idle()
    expect((await touched()).sort()).toEqual([`contact ${id(1)}`, `contact ${id(2)}`])
    expect(receiver.counts).toMatchObject({ accepted: 12, malformed: 0 })
    expect(world().counters().deliveryFailures).toBe(0)
  })

  it('§6 consent rows: the value of a row that is there, and rows that somebody makes', async () => {
    await configure(CONSENTS)
    const CONSENT = 'msdynmkt_contactpointconsent4'
    world().seed({ rows: { [CONSENT]: [{ [`${CONSENT}id`]: id(3), msdynmkt_contactpointvalue: 'a@example.com' }] } })
    await stopServing()
    await serve()
    const report = await step('install')
    expect(report.table).toBe(CONSENT)
    world().edit(CONSENT, id(3), { msdynmkt_value: 534_120_002 })
    world().edit(CONSENT, id(3), { msdynmkt_reason: 'x' })
    await idle()
    expect(await touched()).toEqual([`${CONSENT} ${id(3)}`])
    expect(receiver.counts.accepted).toBe(1)
  })
})

describe('a receiver in trouble', () => {
  it('another secret is answered 401 and tried once; with both secrets valid nothing is lost on the way', async () => {
    await step('install', [SECOND])
    edit({ new_newsletter: false })
    await idle()
    expect([receiver.counts.unauthorised, receiver.counts.accepted]).toEqual([1, 0])
    expect(world().counters()).toMatchObject({ deliveries: 1, deliveryFailures: 1 })
    await stopServing()
    await serve([FIRST, SECOND], receiver.port)
    edit({ new_newsletter: true })
    await idle()
    expect(receiver.counts.accepted).toBe(1)
    expect((await step('status', [SECOND])).failedDeliveries).toBe(1)
  })

  it('an inbox that takes nothing is 503 and not ready: Dataverse tries once more', async () => {
    await step('install')
    const { add, check } = inbox
    let failures = 1
    inbox.add = async (rows) => {
      if (failures-- > 0) throw new Error('no room')
      return add(rows)
    }
    inbox.check = async () => {
      throw new Error('no room')
    }
    expect((await fetch(url().replace('/webhook', '/readyz'))).status).toBe(503)
    edit({ new_newsletter: false })
    await idle()
    expect(receiver.counts).toMatchObject({ failed: 1, accepted: 1 })
    expect(world().counters()).toMatchObject({ deliveries: 2, deliveryFailures: 0 })
    inbox.check = check
    expect((await fetch(url().replace('/webhook', '/healthz'))).status).toBe(200)
  })
})

describe('install, status, uninstall', () => {
  it('a second install writes nothing, counted by the server; status says so', async () => {
    expect((await step('status')).exitCode).toBe(6)
    world().resetCounters()
    const first = await step('install')
    expect(world().counters().writeRequests).toBe(first.changes.length)
    expect(first.changes.map(({ verb, table }) => `${verb} ${table}`)).toEqual([
      'create endpoint',
      'create step',
      'create image',
      'create step',
      'create image',
    ])
    expect(await writesOf(() => step('install'))).toBe(0)
    expect(await step('status')).toMatchObject({
      changes: [],
      exitCode: 0,
      administrator: false,
      applicationUser: APPLICATION_USER_ID,
      failedDeliveries: 0,
    })
  })

  it('steps listen to the mapped choices alone, and images hold nothing that names a person', async () => {
    await step('install')
    const [endpoints = [], steps = [], images = []] = there()
    expect(endpoints).toMatchObject([{ name: 'didomi-dataverse: crm', url: url(), contract: 8, authtype: 5 }])
    expect(steps.map((each) => each['filteringattributes'])).toEqual([null, 'donotphone,new_newsletter'])
    for (const each of steps) expect(each).toMatchObject({ stage: 40, mode: 1, asyncautodelete: true })
    for (const each of images) expect(each['attributes']).toBe('donotphone,new_newsletter,modifiedon')
  })

  it('another mapping or secret is brought over, and nothing else', async () => {
    await step('install')
    await configure({ ...COLUMNS, mappings: [{ id: 'new_newsletter', value: 'newsletter' }] })
    const mapping = await step('install')
    expect(mapping.changes).toEqual([
      { verb: 'update', table: 'image', message: 'Create', columns: ['attributes'] },
      { verb: 'update', table: 'image', message: 'Update', columns: ['attributes'] },
      { verb: 'update', table: 'step', message: 'Update', columns: ['filteringattributes'] },
    ])
    const secret = await step('install', [SECOND, FIRST])
    expect(secret.changes).toEqual([{ verb: 'update', table: 'endpoint', columns: ['description'] }])
    expect(await writesOf(() => step('install', [SECOND, FIRST]))).toBe(0)
    edit({ new_newsletter: false })
    await idle()
    expect(receiver.counts.unauthorised).toBe(1)
    expect(JSON.stringify([mapping, secret, there()])).not.toContain(SECOND)
  })

  it('what a run that was cut off left behind, or somebody broke, is mended', async () => {
    await step('install')
    const [endpoints = [], steps = [], images = []] = there()
    const hooks = new HookMaker(caller, url())
    const spare = await hooks.endpoint({ name: 'didomi-dataverse: crm' })
    await hooks.step({ name: 'didomi-dataverse: left over' }, 'Update', spare)
    await caller.patch(`sdkmessageprocessingsteps(${steps[0]?.['sdkmessageprocessingstepid']})`, { statecode: 1 })
    await caller.send('DELETE', `sdkmessageprocessingstepimages(${images[1]?.['sdkmessageprocessingstepimageid']})`)
    const differing = await step('status')
    expect(differing.exitCode).toBe(6)
    expect((await step('install')).changes).toEqual(differing.changes)
    expect(await writesOf(() => step('install'))).toBe(0)
    expect(there().map((rows) => rows.length)).toEqual([1, 2, 2])
    expect(endpoints).toHaveLength(1)
  })

  it('uninstall takes away what is ours and leaves what is not', async () => {
    await step('install')
    const hooks = new HookMaker(caller, url())
    const strange = await hooks.endpoint({ name: 'somebody else' })
    await hooks.step({ name: 'theirs' }, 'Update', strange)
    const report = await step('uninstall')
    expect(report).toMatchObject({ kept: 0, exitCode: 0 })
    expect(there().map((rows) => rows.length)).toEqual([1, 1, 0])
    expect(await writesOf(() => step('uninstall'))).toBe(0)
  })

  it('an endpoint that a step of others uses stays, and is told', async () => {
    await step('install')
    const [endpoint] = there()[0] ?? []
    await new HookMaker(caller, url()).step({ name: 'theirs' }, 'Update', String(endpoint?.['serviceendpointid']))
    expect(await step('uninstall')).toMatchObject({ kept: 1, exitCode: 6 })
    expect(there().map((rows) => rows.length)).toEqual([1, 1, 0])
  })

  it('an endpoint of our name that calls another URL is left alone, and told', async () => {
    await new HookMaker(caller, 'http://127.0.0.1:9/elsewhere').endpoint({ name: 'didomi-dataverse: crm' })
    expect((await step('install')).elsewhere).toBe(1)
    await step('uninstall')
    expect(there()[0]).toHaveLength(1)
  })
})

describe('privileges', () => {
  it.each([
    [['prvReadServiceEndpoint', 'prvReadSdkMessage']],
    [['prvCreateServiceEndpoint', 'prvCreateSdkMessageProcessingStepImage']],
  ])('without %s nothing is written, and the error names them', async (withoutPrivileges) => {
    world().seed({ withoutPrivileges })
    expect(await writesOf(() => expect(step('install')).rejects.toMatchObject({ code: 'forbidden' }))).toBe(0)
    const error = await step('install').catch((caught: Error) => caught)
    for (const name of withoutPrivileges) expect(String(error)).toContain(name)
  })

  it('no more is asked for than is needed: to look, or to install again, nothing may be written', async () => {
    await step('install')
    const kinds = ['ServiceEndpoint', 'SdkMessageProcessingStep', 'SdkMessageProcessingStepImage']
    const withoutPrivileges = kinds.flatMap((kind) => ['Create', 'Write', 'Delete'].map((verb) => `prv${verb}${kind}`))
    world().seed({ withoutPrivileges: [...withoutPrivileges, 'prvReadRole', 'prvReadAsyncOperation'] })
    expect((await step('install')).changes).toEqual([])
    const status = await step('status', [SECOND])
    expect(status).toMatchObject({ administrator: false, missingPrivileges: ['prvWriteServiceEndpoint'] })
    expect(status).not.toHaveProperty('failedDeliveries')
  })

  it('those that docs/reverse.md lists are enough for each step, and each of them is needed', async () => {
    const listed = tableIn('docs/reverse.md', 'webhook-privileges').map(([, cell = '']) => codeSpansIn(cell))
    const [look = [], create = [], remove = []] = listed.map((names) => names.filter((name) => /^prv\w+$/.test(name)))
    const kinds = ['ServiceEndpoint', 'SdkMessageProcessingStep', 'SdkMessageProcessingStepImage']
    const all = ['Read', 'Create', 'Write', 'Delete'].flatMap((verb) => kinds.map((kind) => `prv${verb}${kind}`))
    const others = ['SdkMessage', 'SdkMessageFilter', 'AsyncOperation', 'Role'].map((kind) => `prvRead${kind}`)
    const only = (...held: (readonly string[])[]) => {
      const kept = new Set(held.flat())
      world().seed({ privileges: Object.fromEntries([...kept].map((name) => [name, 'Global' as const])) })
      world().seed({ withoutPrivileges: [...all, ...others].filter((name) => !kept.has(name)) })
    }
    only(look)
    expect(await step('status')).toMatchObject({ missingPrivileges: [...create].sort(), failedDeliveries: 0 })
    only(look, create)
    await step('install')
    only(look, remove)
    await step('uninstall')
    expect(there().map((rows) => rows.length)).toEqual([0, 0, 0])
    for (const missing of look.filter((name) => name !== 'prvReadAsyncOperation')) {
      only(look.filter((name) => name !== missing))
      await expect(step('status')).rejects.toThrow(missing)
    }
  })

  it('System Administrator is told as long as it is there', async () => {
    const roleid = id(90)
    world().seed({
      rows: {
        roles: [{ roleid, name: 'System Administrator', roletemplateid: ADMINISTRATOR_TEMPLATE_ID }],
        systemuserrolescollection: [{ systemuserrolesid: id(91), systemuserid: APPLICATION_USER_ID, roleid }],
      },
    })
    expect((await step('status')).administrator).toBe(true)
    await caller.send('DELETE', `systemuserrolescollection(${id(91)})`)
    expect((await step('status')).administrator).toBe(false)
  })
})

describe('on the command line', () => {
  it('installs, tells what it did, and prints no secret', async () => {
    const { document, authority } = signIn(caller.emulator.url)
    const integration = { type: COLUMNS.type, authentication: document, properties: {}, mappings: COLUMNS.mappings }
    await writeFile(
      join(folder, 'config.json'),
      JSON.stringify({
        source: { directory: './exports' },
        reverse: { webhook: { secrets: ['$' + '{env:WEBHOOK_SECRET}'] } },
        targets: [{ name: 'crm', integration, authentication: authority }],
      }),
    )
    const env = { DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET, WEBHOOK_SECRET: FIRST }
    const run = (name: string, ...more: string[]) => {
      const flags = ['--config', 'config.json', '--url', url(), '--log-level', 'debug', ...more]
      return runCli(['reverse', 'webhook', name, ...flags], { cwd: folder, env })
    }
    const installed = await run('install')
    expect([installed.code, installed.stdout.split('\n')]).toEqual([
      0,
      [
        `webhook crm → ${url()}: installed for contact`,
        '  create endpoint',
        '  create step of Create',
        '  create image of Create',
        '  create step of Update',
        '  create image of Update',
        '',
      ],
    ])
    const status = await run('status', '--json')
    expect([status.code, JSON.parse(status.stdout)]).toEqual([0, expect.objectContaining({ changes: [], exitCode: 0 })])
    for (const text of [installed.stdout, installed.stderr, status.stdout, status.stderr]) {
      expect(text).not.toContain(FIRST)
      expect(text).not.toContain('first-secret')
    }
    edit({ new_newsletter: false })
    await idle()
    expect(receiver.counts).toMatchObject({ accepted: 1, unauthorised: 0 })
  }, 30_000)
})
