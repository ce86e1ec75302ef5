/** The event pipeline: webhooks are registered, called after the commit, and fail as Dataverse's do (items 18 and 19). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ADMINISTRATOR_TEMPLATE_ID,
  APPLICATION_USER_ID,
  HUMAN_USER_ID,
  SECOND_USER_ID,
} from '../../src/emulator/seed-ids.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'
import { openWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts'
import { type Answer, type Caller, id, openCaller } from './emulator-caller.ts'
import { code, HOOK_SEED, HookMaker, hookId } from './emulator-hooks.ts'

/** Undefined where no openssl is installed to make one. */
const AUTHORITY = loopbackCertificate()

let caller: Caller
let receiver: WebhookReceiver
let hooks: HookMaker

async function start(options: Parameters<typeof openCaller>[0] = {}): Promise<void> {
  await caller?.emulator.close()
  caller = await openCaller({ ...options, seed: { ...HOOK_SEED, ...options.seed } })
  hooks = new HookMaker(caller, receiver.url)
}

beforeEach(async () => {
  receiver = await openWebhookReceiver()
  await start()
})
afterEach(async () => {
  expect(caller.emulator.world.counters().notUnderstood).toBe(0)
  await caller.emulator.close()
  await receiver.close()
})

const edit = (changes: object, number = 1, headers: Record<string, string> = {}, query = ''): Promise<Answer> =>
  caller.patch(`contacts(${id(number)})${query}`, changes, headers)
const idle = () => caller.emulator.world.webhooks.idle()
const attributes = (value: { Attributes: { key: string; value: unknown }[] }) =>
  Object.fromEntries(value.Attributes.map((each) => [each.key, each.value]))
const target = (at = 0) => attributes(receiver.calls[at]?.context.InputParameters[0].value)
const messages = () => receiver.calls.map((call) => call.context.MessageName)
const TYPE = { '@odata.type': 'Microsoft.Dynamics.CRM.contact' }

describe('18: events', () => {
  it('an update calls the webhook after the commit, with headers and the context of the write', async () => {
    await caller.control('POST', 'time', { freezeAt: '2026-03-01T12:00:00Z' })
    const step = await hooks.step()
    await edit({ new_newsletter: true })
    await idle()
    const [call] = receiver.calls
    expect(call).toMatchObject({
      method: 'POST',
      path: '/hook',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'x-ms-dynamics-organization': 'acme.crm.dynamics.com',
        'x-ms-dynamics-entity-name': 'contact',
        'x-ms-dynamics-request-name': 'Update',
        'x-ms-correlation-request-id': call?.context.CorrelationId,
        'x-webhook-key': 'a&b',
      },
      context: {
        MessageName: 'Update',
        PrimaryEntityName: 'contact',
        PrimaryEntityId: id(1),
        InitiatingUserId: APPLICATION_USER_ID,
        UserId: APPLICATION_USER_ID,
        OperationCreatedOn: `/Date(${Date.parse('2026-03-01T12:00:00Z')}+0000)/`,
        Depth: 1,
        Stage: 40,
        Mode: 1,
        OrganizationName: 'acme',
        OwningExtension: { Id: step, LogicalName: 'sdkmessageprocessingstep' },
        SharedVariables: [],
      },
    })
    expect(call?.headers).not.toHaveProperty('x-ms-dynamics-msg-size-exceeded')
    expect(target()).toMatchObject({ new_newsletter: true, contactid: id(1) })
    expect(target()).not.toHaveProperty('lastname')
    expect(caller.emulator.world.counters()).toMatchObject({ deliveries: 1, deliveryFailures: 0 })
  })

  it('columns count when they are present in the write, changed or not; others do not fire', async () => {
    await hooks.step({ filteringattributes: 'new_newsletter, lastname' })
    await edit({ jobtitle: 'x' })
    await edit({ lastname: 'Lovelace' })
    await edit({ lastname: null })
    await idle()
    expect(receiver.calls).toHaveLength(2)
    expect([target(0)['lastname'], target(1)['lastname']]).toEqual(['Lovelace', null])
  })

  it('create, update, upsert and delete raise Create, Update and Delete, each with a step of its own', async () => {
    await caller.emulator.world.webhooks.configure({ concurrency: 1 })
    for (const message of ['Create', 'Update', 'Delete']) await hooks.step({}, message)
    await caller.patch("contacts(new_ouid='new')", { lastname: 'x' })
    await caller.patch("contacts(new_ouid='new')", { lastname: 'y' })
    await caller.send('DELETE', "contacts(new_ouid='new')")
    await idle()
    expect(messages()).toEqual(['Create', 'Update', 'Delete'])
    expect(target(0)).toMatchObject({ new_ouid: 'new', lastname: 'x', statecode: { Value: 0 } })
    expect(receiver.calls[2]?.context.InputParameters[0].value).toMatchObject({ LogicalName: 'contact' })
  })

  it('filtering columns do not apply to a create', async () => {
    await hooks.step({ filteringattributes: 'new_newsletter' }, 'Create')
    await caller.post('contacts', { lastname: 'x' })
    await idle()
    expect(messages()).toEqual(['Create'])
  })

  it('one bulk of 100 raises 100 events under one correlation, with distinct operations', async () => {
    await hooks.step({}, 'Create')
    const Targets = Array.from({ length: 100 }, (_, n) => ({ ...TYPE, contactid: id(500 + n) }))
    await caller.post('contacts/Microsoft.Dynamics.CRM.CreateMultiple', { Targets })
    await idle()
    const contexts = receiver.calls.map((call) => call.context)
    expect(new Set(contexts.map((context) => context.PrimaryEntityId)).size).toBe(100)
    expect(new Set(contexts.map((context) => context.OperationId)).size).toBe(100)
    expect(new Set(contexts.map((context) => context.CorrelationId)).size).toBe(1)
  })

  it('UpsertMultiple raises one Create or one Update per row; on an elastic table neither', async () => {
    await hooks.step({}, 'Create')
    await hooks.step({}, 'Update')
    const Targets = [2, 7].map((n) => ({ ...TYPE, contactid: id(n), jobtitle: 'x' }))
    const upsert = () => caller.post('contacts/Microsoft.Dynamics.CRM.UpsertMultiple', { Targets })
    await upsert()
    await idle()
    expect(messages().sort()).toEqual(['Create', 'Update'])
    caller.emulator.world.seed({ elastic: ['contacts'] })
    expect((await upsert()).status).toBe(204)
    await idle()
    expect(receiver.calls).toHaveLength(2)
  })

  it('a bulk message that is rolled back raises nothing', async () => {
    await hooks.step()
    const Targets = [1, 99].map((n) => ({ ...TYPE, contactid: id(n), jobtitle: 'x' }))
    expect((await caller.post('contacts/Microsoft.Dynamics.CRM.UpdateMultiple', { Targets })).status).toBe(404)
    await idle()
    expect(receiver.calls).toEqual([])
    expect(caller.emulator.world.rows('asyncoperations')).toEqual([])
  })

  it('a foreign edit raises an event in its author’s name', async () => {
    await hooks.step()
    caller.emulator.world.edit('contacts', id(1), { jobtitle: 'x' })
    caller.emulator.world.edit('contacts', id(2), { jobtitle: 'x' }, SECOND_USER_ID)
    await idle()
    const users = receiver.calls.map((call) => call.context.InitiatingUserId)
    expect(users.sort()).toEqual([HUMAN_USER_ID, SECOND_USER_ID].sort())
  })

  it('a disabled step and a deleted one are silent', async () => {
    const step = await hooks.step()
    await caller.patch(`sdkmessageprocessingsteps(${step})`, { statecode: 1 })
    await edit({ jobtitle: 'x' })
    await caller.patch(`sdkmessageprocessingsteps(${step})`, { statecode: 0 })
    await edit({ jobtitle: 'y' })
    await idle()
    expect((await caller.send('DELETE', `sdkmessageprocessingsteps(${step})`)).status).toBe(204)
    await edit({ jobtitle: 'z' })
    await idle()
    expect(receiver.calls.map((_, at) => target(at)['jobtitle'])).toEqual(['y'])
  })

  it('images hold the registered columns before and after, next to the automatic one', async () => {
    const step = await hooks.step()
    await hooks.image(step, { entityalias: 'both', imagetype: 2, attributes: 'jobtitle,new_ouid' })
    await edit({ jobtitle: 'new' })
    await idle()
    const { PreEntityImages: pre, PostEntityImages: post } = receiver.calls[0]?.context ?? {}
    const images = (list: { key: string; value: never }[]) => list.map(({ key, value }) => [key, attributes(value)])
    expect(images(pre)).toEqual([['both', { jobtitle: 'old', new_ouid: 'u1' }]])
    expect(images(post)).toEqual([
      ['both', { jobtitle: 'new', new_ouid: 'u1' }],
      ['AsynchronousStepPrimaryName', { fullname: 'Lovelace', contactid: id(1) }],
    ])
  })

  it('a body over 256 KB loses its details and says so', async () => {
    await hooks.step({ filteringattributes: 'new_long' })
    await edit({ new_long: 'x'.repeat(100_000) })
    await edit({ new_long: 'x'.repeat(140_000) })
    await idle()
    const [small, large] = receiver.calls
    expect(small?.headers).not.toHaveProperty('x-ms-dynamics-msg-size-exceeded')
    expect(small?.context).toHaveProperty('InputParameters')
    expect(large?.headers).toHaveProperty('x-ms-dynamics-msg-size-exceeded')
    for (const name of ['ParentContext', 'InputParameters', 'PreEntityImages', 'PostEntityImages']) {
      expect(large?.context).not.toHaveProperty(name)
    }
    expect(large?.context.PrimaryEntityId).toBe(id(1))
  })
})

describe('18: a call proves itself', () => {
  const cases: [string, number, string, string, string | undefined][] = [
    ['as a code', 4, 'a&b c', '/hook?code=a%26b+c', undefined],
    ['as a header', 5, '<settings><setting name="x-webhook-key" value="v"/></settings>', '/hook', 'v'],
    ['as query values', 6, '<settings><setting name="k" value="v"/></settings>', '/hook?k=v', undefined],
  ]
  it.each(cases)('%s', async (_, authtype, authvalue, path, header) => {
    await hooks.step({}, 'Update', await hooks.endpoint({ authtype, authvalue }))
    await edit({ jobtitle: 'x' })
    await idle()
    expect(receiver.calls[0]?.path).toBe(path)
    expect(receiver.calls[0]?.headers['x-webhook-key']).toBe(header)
  })
})

describe('18: a receiver that fails', () => {
  const failed = (step: string) =>
    caller.get(`asyncoperations?$filter=statuscode eq 31 and _owningextensionid_value eq ${step}`)

  it.each([502, 503, 504])('after %i one further attempt is made, and it may succeed', async (status) => {
    const step = await hooks.step()
    receiver.answers.push(status, 200)
    await edit({ jobtitle: 'x' })
    await idle()
    expect(receiver.calls).toHaveLength(2)
    expect(receiver.calls[1]?.body).toBe(receiver.calls[0]?.body)
    expect((await failed(step)).json.value).toEqual([])
    expect(caller.emulator.world.rows('asyncoperations')).toMatchObject([{ statuscode: 30, retrycount: 1 }])
  })

  it('after the second 503 the job has failed', async () => {
    const step = await hooks.step()
    receiver.answers.push(503, 503)
    await edit({ jobtitle: 'x' })
    await idle()
    expect(receiver.calls).toHaveLength(2)
    expect((await failed(step)).json.value).toHaveLength(1)
    expect(caller.emulator.world.counters()).toMatchObject({ deliveries: 2, deliveryFailures: 1 })
  })

  it.each([500, 404, 301, 429])(
    'after %i there is none, and the failed job tells the step and the row',
    async (status) => {
      const step = await hooks.step()
      receiver.answers.push(status)
      await edit({ jobtitle: 'x' })
      await idle()
      expect(receiver.calls).toHaveLength(1)
      expect((await failed(step)).json.value).toMatchObject([
        {
          statecode: 3,
          statuscode: 31,
          _owningextensionid_value: step,
          _regardingobjectid_value: id(1),
          asyncoperationid: receiver.calls[0]?.context.OperationId,
          friendlymessage: `The webhook call failed: the receiver answered ${status}.`,
        },
      ])
    },
  )

  it('a receiver that does not answer in time has failed, and is not asked again', async () => {
    await start({ webhooks: { timeoutMs: 50 } })
    const step = await hooks.step()
    receiver.answers.push('never')
    await edit({ jobtitle: 'x' })
    await idle()
    expect(receiver.calls).toHaveLength(1)
    expect((await failed(step)).json.value).toMatchObject([
      { friendlymessage: 'The webhook call failed: the request timed out.' },
    ])
  })

  it('a receiver that is gone fails; a failed job stays even where jobs are deleted', async () => {
    const step = await hooks.step({ asyncautodelete: true })
    await edit({ jobtitle: 'x' })
    await idle()
    expect(caller.emulator.world.rows('asyncoperations')).toEqual([])
    await receiver.close()
    await edit({ jobtitle: 'y' })
    await idle()
    expect((await failed(step)).json.value).toHaveLength(1)
    receiver = await openWebhookReceiver()
  })

  it.skipIf(AUTHORITY === undefined)(
    'over TLS a receiver is called that the authority vouches for, and no other',
    async () => {
      const { certificate = '', key = '' } = AUTHORITY ?? {}
      await receiver.close()
      receiver = await openWebhookReceiver({ cert: certificate, key })
      await start({ webhooks: { authority: certificate } })
      await hooks.step()
      await edit({ jobtitle: 'x' })
      await idle()
      expect(receiver.url).toMatch(/^https:/)
      expect(receiver.calls).toHaveLength(1)
      caller.emulator.world.webhooks.configure({ authority: '' })
      await edit({ jobtitle: 'y' })
      await idle()
      expect(receiver.calls).toHaveLength(1)
      expect(caller.emulator.world.counters().deliveryFailures).toBe(1)
    },
  )

  it('only loopback is called: anything else is a failed job without a call', async () => {
    const endpoint = await hooks.endpoint({ url: 'https://hooks.example.com/x' })
    const step = await hooks.step({}, 'Update', endpoint)
    await edit({ jobtitle: 'x' })
    await idle()
    expect((await failed(step)).json.value).toHaveLength(1)
    expect(caller.emulator.world.counters()).toMatchObject({ deliveries: 0, deliveryFailures: 1 })
  })
})

describe('18: habits', () => {
  const titles = () => receiver.calls.map((_, at) => Number(target(at)['jobtitle']))
  async function ten(waiting = 10): Promise<void> {
    await hooks.step({ asyncautodelete: true })
    await caller.control('POST', 'webhooks/pause')
    for (let n = 0; n < 10; n++) await edit({ jobtitle: String(n) })
    expect(receiver.calls).toEqual([])
    expect((await caller.control('GET', 'webhooks')).json).toMatchObject({ waiting, inFlight: 0 })
    await caller.control('POST', 'webhooks/release')
    expect((await caller.control('GET', 'webhooks/idle')).json).toMatchObject({ waiting: 0, inFlight: 0 })
  }

  it('paused deliveries wait until they are released', async () => {
    await start({ webhooks: { concurrency: 1 } })
    await ten()
    expect(titles()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('out of order: none is lost, none moves ahead by the buffer’s size, and a seed repeats itself', async () => {
    const runs: number[][] = []
    for (let run = 0; run < 2; run++) {
      receiver.calls.length = 0
      await start({ webhooks: { concurrency: 1, shuffleWithin: 4, seed: 7 } })
      await ten()
      runs.push(titles())
    }
    const [first = [], second] = runs
    expect(first).toEqual(second)
    expect(first).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect([...first].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    for (const [at, title] of first.entries()) expect(title - at).toBeLessThan(4)
  })

  it('duplicates repeat the whole context, its operation included', async () => {
    await start({ webhooks: { concurrency: 1, duplicateRate: 1 } })
    await ten(20)
    expect(receiver.calls).toHaveLength(20)
    expect(new Set(receiver.calls.map((call) => call.body)).size).toBe(10)
    expect(caller.emulator.world.rows('asyncoperations')).toEqual([])
  })

  it('no more calls are under way at the same time than allowed', async () => {
    await start({ webhooks: { concurrency: 3 } })
    await hooks.step()
    const { webhooks } = caller.emulator.world
    webhooks.pause()
    for (let n = 0; n < 5; n++) await edit({ jobtitle: String(n) })
    webhooks.release()
    expect(webhooks.standing).toMatchObject({ inFlight: 3, waiting: 2 })
    await idle()
    expect(receiver.calls).toHaveLength(5)
  })

  it('a setting that does not exist is refused', async () => {
    expect(code(await caller.control('PATCH', 'webhooks', { dupplicateRate: 1 }))).toEqual([400, '0x80060888'])
    expect((await caller.control('PATCH', 'webhooks', { duplicateRate: 2 })).status).toBe(400)
    expect((await caller.control('PATCH', 'webhooks', { duplicateRate: 0.5 })).status).toBe(204)
  })

  it('a reset forgets steps, jobs and what waits', async () => {
    await hooks.step()
    caller.emulator.world.webhooks.pause()
    await edit({ jobtitle: 'x' })
    await caller.control('POST', 'reset')
    await idle()
    expect(receiver.calls).toEqual([])
    expect(caller.emulator.world.rows('sdkmessageprocessingsteps')).toEqual([])
  })
})

describe('19: tag and bypass', () => {
  const shared = () => {
    const { SharedVariables, ParentContext } = receiver.calls[0]?.context ?? {}
    return { context: SharedVariables, parent: ParentContext.SharedVariables }
  }
  it.each([
    ['context', { context: [{ key: 'tag', value: 'etl' }], parent: [] }],
    ['parent', { context: [], parent: [{ key: 'tag', value: 'etl' }] }],
    ['none', { context: [], parent: [] }],
  ] as const)('the tag shows at the level: %s', async (tagLevel, expected) => {
    await start({ webhooks: { tagLevel } })
    await hooks.step()
    await edit({ jobtitle: 'x' }, 1, {}, '?tag=etl')
    await idle()
    expect(shared()).toEqual(expected)
  })

  it('bulk messages and the parts of a change set carry their tag', async () => {
    await hooks.step()
    const Targets = [{ ...TYPE, contactid: id(1), jobtitle: 'x' }]
    await caller.post('contacts/Microsoft.Dynamics.CRM.UpdateMultiple?tag=etl', { Targets })
    await idle()
    const part = (number: number, query: string) => [
      '--changeset_1',
      'Content-Type: application/http',
      'Content-Transfer-Encoding: binary',
      `Content-ID: ${number}`,
      '',
      `PATCH /api/data/v9.2/contacts(${id(number)})${query} HTTP/1.1`,
      'Content-Type: application/json',
      '',
      '{"jobtitle":"y"}',
    ]
    const open = ['--batch_1', 'Content-Type: multipart/mixed; boundary="changeset_1"', '']
    const lines = [...open, ...part(1, '?tag=one'), ...part(2, ''), '--changeset_1--', '--batch_1--', '']
    expect((await caller.batch(lines)).status).toBe(200)
    await idle()
    const tags = receiver.calls.map(({ context }) => [context.PrimaryEntityId, context.SharedVariables[0]?.value])
    expect(tags[0]).toEqual([id(1), 'etl'])
    expect(tags).toContainEqual([id(1), 'one'])
    expect(tags).toContainEqual([id(2), undefined])
  })

  const STEP_IDS = 'MSCRM.BypassBusinessLogicExecutionStepIds'
  const KINDS = 'MSCRM.BypassBusinessLogicExecution'

  it('step ids suppress the named steps alone; kinds suppress all that is asynchronous', async () => {
    await start({ seed: { privileges: { prvBypassCustomBusinessLogic: 'Global' } } })
    const named = await hooks.step()
    const other = await hooks.step()
    await edit({ jobtitle: 'x' }, 1, { [STEP_IDS]: named.toUpperCase() })
    await edit({ jobtitle: 'y' }, 1, { [KINDS]: 'CustomSync,CustomAsync' })
    await edit({ jobtitle: 'z' }, 1, { [KINDS]: 'CustomSync' })
    await idle()
    const calls = receiver.calls.map((call, at) => [target(at)['jobtitle'], call.context.OwningExtension.Id])
    expect(calls.sort()).toEqual(
      [
        ['x', other],
        ['z', named],
        ['z', other],
      ].sort(),
    )
  })

  it('bypassing needs its privilege, and at most three ids', async () => {
    const step = await hooks.step()
    expect(code(await edit({ jobtitle: 'x' }, 1, { [STEP_IDS]: step }))).toEqual([403, '0x80040220'])
    caller.emulator.world.seed({ privileges: { prvBypassCustomBusinessLogic: 'Global' } })
    const four = [1, 2, 3, 4].map((n) => id(n)).join(',')
    expect((await edit({ jobtitle: 'x' }, 1, { [STEP_IDS]: four })).status).toBe(400)
    await idle()
    expect(receiver.calls).toEqual([])
  })

  it('where webhook steps cannot be bypassed, the header does nothing', async () => {
    const privileges = { prvBypassCustomBusinessLogic: 'Global' } as const
    await start({ webhooks: { bypassWebhookSteps: false }, seed: { privileges } })
    const step = await hooks.step()
    await edit({ jobtitle: 'x' }, 1, { [STEP_IDS]: step })
    await idle()
    expect(receiver.calls).toHaveLength(1)
  })
})

describe('18: registration', () => {
  it('the whole of it through the Web API, and the secret never comes back', async () => {
    const secret = '<settings><setting name="k" value="never-to-be-seen"/></settings>'
    const endpoint = await hooks.endpoint({ authvalue: secret })
    await caller.patch(`serviceendpoints(${endpoint})`, { authvalue: secret })
    const reads = [
      await caller.get(`serviceendpoints(${endpoint})`),
      await caller.get('serviceendpoints?$filter=contract eq 8'),
      await caller.patch(`serviceendpoints(${endpoint})`, { authvalue: secret }, { Prefer: 'return=representation' }),
      await caller.control('GET', 'rows/serviceendpoints'),
      await caller.control('GET', 'journal'),
    ]
    for (const read of reads) {
      expect(read.status).toBe(200)
      expect(read.text).not.toContain('never-to-be-seen')
      expect(read.text).toContain(endpoint)
    }
    expect(reads[0]?.json).not.toHaveProperty('authvalue')
    expect(reads[0]?.json.isauthvalueset).toBe(true)
    expect(code(await caller.get('serviceendpoints?$select=authvalue'))).toEqual([400, '0x80060888'])
    expect((await caller.get("serviceendpoints?$filter=authvalue eq 'x'")).status).toBe(400)
    expect((await caller.get('serviceendpoints?$orderby=authvalue')).status).toBe(400)
  })

  it('filters of messages are found through the navigation path', async () => {
    const filter = "primaryobjecttypecode eq 'contact' and sdkmessageid/name eq 'Update'"
    const found = await caller.get(`sdkmessagefilters?$select=sdkmessagefilterid&$filter=${encodeURIComponent(filter)}`)
    expect(found.json.value).toHaveLength(1)
    const message = await caller.get("sdkmessages?$filter=name eq 'Update'&$select=sdkmessageid")
    expect(message.json.value).toHaveLength(1)
  })

  it('the roles of a user are its association, selected; without prvReadRole they are refused', async () => {
    const path = `systemusers(${APPLICATION_USER_ID})/systemuserroles_association`
    const own = [{ name: 'Consent Writer' }]
    expect((await caller.get(path)).json.value).toMatchObject(own)
    const held = { systemuserrolesid: id(91), systemuserid: APPLICATION_USER_ID, roleid: id(90) }
    caller.emulator.world.seed({
      rows: {
        roles: [
          { roleid: id(90), name: 'System Administrator', roletemplateid: ADMINISTRATOR_TEMPLATE_ID },
          { roleid: id(92), name: 'of nobody' },
        ],
        systemuserrolescollection: [held],
      },
    })
    const roles = await caller.get(`${path}?$select=name,_roletemplateid_value`)
    expect(roles.json.value).toMatchObject([
      { name: 'System Administrator', _roletemplateid_value: ADMINISTRATOR_TEMPLATE_ID },
      ...own,
    ])
    expect((await caller.get(`${path}?$filter=name eq 'of nobody'`)).json.value).toEqual([])
    caller.emulator.world.seed({ withoutPrivileges: ['prvReadRole'] })
    expect(code(await caller.get(path))).toEqual([403, '0x80040220'])
  })

  it('the steps of an endpoint are its relationship collection, selected and filtered', async () => {
    const endpoint = await hooks.endpoint()
    const steps = [
      await hooks.step({ name: 'one' }, 'Update', endpoint),
      await hooks.step({ name: 'two' }, 'Create', endpoint),
    ]
    await hooks.step({ name: 'of another endpoint' })
    const path = `serviceendpoints(${endpoint})/serviceendpoint_sdkmessageprocessingstep`
    const all = await caller.get(path)
    expect(
      all.json.value.map((step: { sdkmessageprocessingstepid: string }) => step.sdkmessageprocessingstepid).sort(),
    ).toEqual(steps.sort())
    const one = await caller.get(`${path}?$select=name&$filter=name eq 'one' or name eq 'of another endpoint'`)
    expect(one.json.value.map((step: { name: string }) => step.name)).toEqual(['one'])
    expect(code(await caller.get(`serviceendpoints(${id(9)})/serviceendpoint_sdkmessageprocessingstep`))).toEqual([
      404,
      '0x80040217',
    ])
  })

  it('an endpoint with steps cannot be deleted; step, then endpoint; images go with their step', async () => {
    const endpoint = await hooks.endpoint()
    const step = await hooks.step({}, 'Update', endpoint)
    await hooks.image(step)
    expect(code(await caller.send('DELETE', `serviceendpoints(${endpoint})`))).toEqual([405, '0x80040227'])
    expect((await caller.send('DELETE', `sdkmessageprocessingsteps(${step})`)).status).toBe(204)
    expect((await caller.get('sdkmessageprocessingstepimages')).json.value).toEqual([])
    expect((await caller.send('DELETE', `serviceendpoints(${endpoint})`)).status).toBe(204)
  })

  it.each([
    ['a name that is too long', { name: 'x'.repeat(257) }],
    ['a url that is too long', { url: `https://example.com/${'x'.repeat(2000)}` }],
    ['a url that is none', { url: 'example.com/hook' }],
    ['a secret that is too long', { authvalue: 'x'.repeat(2049), authtype: 4 }],
    ['no secret', { authvalue: null }],
    ['a header secret that is no settings list', { authvalue: 'secret' }],
    ['an authentication no webhook has', { authtype: 2 }],
    ['no contract', { contract: null }],
  ])('an endpoint with %s is refused', async (_, changes) => {
    expect((await hooks.postEndpoint(changes)).status).toBe(400)
    expect(caller.emulator.world.rows('serviceendpoints')).toEqual([])
  })

  it.each([
    ['an asynchronous step before the operation', { stage: 20 }, '0x80060888'],
    ['no handler', { 'eventhandler_serviceendpoint@odata.bind': undefined }, '0x80048d19'],
    [
      'a navigation name in PascalCase',
      { 'SdkMessageId@odata.bind': `/sdkmessages(${hookId('message Update')})` },
      '0x80048d19',
    ],
    ['a column the table does not have', { filteringattributes: 'lastname,new_newsleter' }, '0x80060888'],
    [
      'a filter of another message',
      { 'sdkmessagefilterid@odata.bind': `/sdkmessagefilters(${hookId('filter Create contact')})` },
      '0x80060888',
    ],
  ])('%s is refused', async (_, changes, expected) => {
    expect(code(await hooks.postStep(changes))).toEqual([400, expected])
    expect(caller.emulator.world.rows('sdkmessageprocessingsteps')).toEqual([])
  })

  it('the image of a Create hangs on Id, and there is none before it', async () => {
    const step = await hooks.step({}, 'Create')
    expect(code(await hooks.postImage(step, { messagepropertyname: 'Target' }))).toEqual([400, '0x8004416b'])
    expect((await hooks.postImage(step, { messagepropertyname: 'Id', imagetype: 0 })).status).toBe(400)
    expect((await hooks.postImage(step, { messagepropertyname: 'Id' })).status).toBe(204)
  })

  const WITHOUT = [
    ['prvCreateServiceEndpoint', () => hooks.postEndpoint()],
    ['prvCreateSdkMessageProcessingStep', () => hooks.postStep()],
    ['prvReadSdkMessage', () => caller.get('sdkmessages')],
    ['prvCreateSdkMessageProcessingStepImage', async () => hooks.postImage(await hooks.step())],
    ['prvWriteServiceEndpoint', async () => caller.patch(`serviceendpoints(${await hooks.endpoint()})`, { name: 'x' })],
    [
      'prvDeleteSdkMessageProcessingStep',
      async () => caller.send('DELETE', `sdkmessageprocessingsteps(${await hooks.step()})`),
    ],
  ] as const
  it.each(WITHOUT)('without %s the caller is refused, by name', async (privilege, act) => {
    caller.emulator.world.seed({ withoutPrivileges: [privilege] })
    const answer = await act()
    expect(code(answer)).toEqual([403, '0x80040220'])
    expect(answer.text).toContain(privilege)
  })

  it('registering needs no Append privileges', async () => {
    const names = ['ServiceEndpoint', 'SdkMessage', 'SdkMessageFilter', 'SdkMessageProcessingStep']
    const withoutPrivileges = names.flatMap((name) => [`prvAppend${name}`, `prvAppendTo${name}`])
    caller.emulator.world.seed({ withoutPrivileges })
    await hooks.image(await hooks.step())
    expect(caller.emulator.world.rows('sdkmessageprocessingstepimages')).toHaveLength(1)
  })
})

describe('18: what the emulator does not know it says', () => {
  it.each([
    ['a synchronous step', () => hooks.postStep({ mode: 0 })],
    ['an endpoint that is a queue', () => hooks.postEndpoint({ contract: 2 })],
  ] as const)('%s is answered with 501', async (_, act) => {
    expect((await act()).status).toBe(501)
    expect(caller.emulator.world.counters().notUnderstood).toBe(1)
    caller.emulator.world.resetCounters()
  })
})
