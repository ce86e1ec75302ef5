/** What changes under a running client, faults of gateways and of batch parts, and faults that are spelt wrongly. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  APPLICATION_USER_ID,
  COMMERCIAL_PURPOSE_ID,
  DEFAULT_APP_ID,
  DEFAULT_SECRET,
} from '../../src/emulator/seed-ids.ts'
import { type Answer, askToken, type Caller, id, openCaller } from './emulator-caller.ts'

let caller: Caller

beforeEach(async () => {
  caller = await openCaller({
    seed: {
      columns: {
        contacts: [
          { type: 'text', name: 'new_ouid', maxLength: 50 },
          { type: 'boolean', name: 'new_news' },
        ],
      },
      rows: { contacts: [1, 2, 3].map((n) => ({ contactid: id(n), jobtitle: 'old', new_ouid: `u${n}` })) },
    },
  })
})
afterEach(() => caller.emulator.close())

const title = (number: number) => caller.emulator.world.row('contacts', id(number))?.['jobtitle']
const edit = (number = 1, columns: unknown = { jobtitle: 'new' }, headers = {}) =>
  caller.patch(`contacts(${id(number)})`, columns, headers)
const arm = async (...faults: unknown[]) => expect((await caller.control('POST', 'faults', faults)).status).toBe(204)
const told = ({ status, json }: Answer) => [status, json?.error?.code]

describe('16: a gateway', () => {
  it('answers 504 after the commit: the caller does not know, the row is written', async () => {
    await arm({ match: { method: 'PATCH' }, action: { kind: 'status-after-commit', status: 504, html: true } })
    const answer = await edit()
    expect([answer.status, answer.headers.get('content-type'), title(1)]).toEqual([
      504,
      'text/html; charset=utf-8',
      'new',
    ])
  })

  it('refuses a body that is too long, as HTML, and lets a shorter one through', async () => {
    await arm({ action: { kind: 'too-large-above', bytes: 100 } })
    const answer = await edit(1, { jobtitle: 'x'.repeat(100) })
    expect([answer.status, answer.json, title(1)]).toEqual([413, undefined, 'old'])
    expect((await edit()).status).toBe(204)
  })

  it('is slow: the answer comes all the same', async () => {
    await arm({ action: { kind: 'slow', ms: 1 } })
    expect((await edit()).status).toBe(204)
    expect(caller.emulator.world.counters().faults).toBe(1)
  })
})

describe('16: faults in a batch strike the part they match', () => {
  const part = (number: number) => [
    '--batch_1',
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    '',
    `PATCH /api/data/v9.2/contacts(${id(number)}) HTTP/1.1`,
    'Content-Type: application/json',
    '',
    '{"jobtitle":"new"}',
  ]
  const changeSetPart = (number: number) => [
    '--set_1',
    ...part(number).slice(1, 3),
    `Content-ID: ${number}`,
    ...part(number).slice(3),
  ]
  const batch = (prefer: string, ...lines: string[]) => caller.batch([...lines, '--batch_1--', ''], { Prefer: prefer })
  const second = { path: id(2) }
  const statuses = ({ text }: Answer) => [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map((match) => Number(match[1]))

  it('a status, a deadlock', async () => {
    for (const action of [{ kind: 'status', status: 503 }, { kind: 'deadlock' }]) {
      await arm({ match: second, action })
      const answer = await batch('odata.continue-on-error', ...part(1), ...part(2), ...part(3))
      expect(statuses(answer)).toEqual([204, action.status ?? 500, 204])
      expect([title(1), title(2), title(3)]).toEqual(['new', 'old', 'new'])
    }
  })

  it('a change set that is struck is taken back whole; the parts before it stay', async () => {
    await arm({ match: second, action: { kind: 'deadlock' } })
    const lines = ['--batch_1', 'Content-Type: multipart/mixed; boundary=set_1', '']
    const set = [...lines, ...changeSetPart(3), ...changeSetPart(2), '--set_1--']
    const answer = await batch('', ...part(1), ...set)
    expect([answer.status, ...statuses(answer)]).toEqual([500, 204, 500])
    expect([title(1), title(2), title(3)]).toEqual(['new', 'old', 'old'])
  })

  it('somebody edits a row before the change set holds it, so that taking the set back keeps the edit', async () => {
    await arm({
      match: { ...second, method: 'PATCH' },
      action: { kind: 'edit-before', set: 'contacts', id: id(3), changes: { jobtitle: 'theirs' } },
    })
    await arm({ match: second, action: { kind: 'deadlock' } })
    const lines = ['--batch_1', 'Content-Type: multipart/mixed; boundary=set_1', '']
    await batch('', ...lines, ...changeSetPart(3), ...changeSetPart(2), '--set_1--')
    expect(title(3)).toBe('theirs')
    expect(caller.emulator.world.journal()).toMatchObject([{ id: id(3), columns: { jobtitle: 'theirs' } }])
  })

  it('a part outside of the service is refused alone: what stood before it is done', async () => {
    const outside = part(2).map((line) => line.replace('/api/data/v9.2/', '/elsewhere/'))
    const answer = await batch('', ...part(1), ...outside)
    expect(statuses(answer)).toEqual([204, 400])
    expect(title(1)).toBe('new')
  })
})

describe('under a running client', () => {
  it('tokens of one application are revoked, others hold', async () => {
    const other = { appId: 'other', secret: 's', userId: APPLICATION_USER_ID }
    await caller.control('POST', 'seed', { applications: [other] })
    const credentials = { client_id: 'other', client_secret: 's' }
    const { access_token: token } = (await (await askToken(caller.emulator.url, credentials)).json()) as {
      access_token: string
    }
    await caller.control('POST', 'tokens/revoke', { appId: DEFAULT_APP_ID })
    expect((await edit()).status).toBe(401)
    expect((await edit(1, {}, { Authorization: `Bearer ${token}` })).status).toBe(204)
    await caller.control('POST', 'tokens/expire')
    expect((await edit(1, {}, { Authorization: `Bearer ${token}` })).status).toBe(401)
  })

  it('a secret is rotated: tokens hold until they end, the old secret opens nothing', async () => {
    const rotated = { appId: DEFAULT_APP_ID, secret: 'rotated', userId: APPLICATION_USER_ID }
    await caller.control('POST', 'seed', { applications: [rotated] })
    expect((await edit()).status).toBe(204)
    expect((await askToken(caller.emulator.url, { client_secret: DEFAULT_SECRET })).status).toBe(401)
    expect((await askToken(caller.emulator.url, { client_secret: 'rotated' })).status).toBe(200)
  })

  it('tokens end between two requests of a script', async () => {
    await arm({
      match: { method: 'PATCH' },
      nth: 2,
      action: { kind: 'control-before', method: 'POST', path: 'tokens/expire' },
    })
    expect((await edit()).status).toBe(204)
    expect((await edit(2)).status).toBe(401)
    expect(title(2)).toBe('old')
  })

  it('5: a key becomes active by and by, and is held unique from then on', async () => {
    const key = { table: 'contact', schemaName: 'new_OuidKey', columns: ['new_ouid'], status: 'Pending' }
    await caller.control('POST', 'seed', { keys: [key] })
    expect(told(await caller.get("contacts(new_ouid='u1')"))).toEqual([400, '0x80060888'])
    expect((await caller.post('contacts', { contactid: id(8), new_ouid: 'U1' })).status).toBe(204)
    const activate = async () => (await caller.control('PATCH', 'keys/contact/new_OuidKey', { status: 'Active' })).json
    expect(await activate()).toEqual({ status: 'Failed' })
    await caller.control('DELETE', `rows/contacts/${id(8)}`)
    expect(await activate()).toEqual({ status: 'Active' })
    expect((await caller.get("contacts(new_ouid='u1')")).json.contactid).toBe(id(1))
    expect(told(await caller.post('contacts', { new_ouid: 'U1' }))).toEqual([412, '0x80060892'])
    expect((await caller.control('PATCH', 'keys/contact/new_OuidKey', { status: 'Ready' })).status).toBe(400)
    expect((await caller.control('PATCH', 'keys/contact/nosuch', { status: 'Active' })).status).toBe(404)
  })

  it('a column goes, with its values, and comes back empty', async () => {
    await edit(1, { new_news: true })
    await caller.control('DELETE', 'columns/contact/new_news')
    expect(told(await edit(1, { new_news: true, jobtitle: 'x' }))).toEqual([400, '0x80048d19'])
    expect(told(await caller.get('contacts?$select=new_news'))).toEqual([400, '0x80060888'])
    expect(title(1)).toBe('old')
    await caller.control('POST', 'seed', { columns: { contacts: [{ type: 'boolean', name: 'new_news' }] } })
    expect((await caller.get(`contacts(${id(1)})?$select=new_news`)).json.new_news).toBe(null)
    expect((await edit(1, { new_news: true })).status).toBe(204)
    expect((await caller.control('DELETE', 'columns/contact/jobtitle')).status).toBe(400)
    expect((await caller.control('DELETE', 'columns/contact/nosuch')).status).toBe(404)
  })

  it('a column goes while a script runs', async () => {
    const action = { kind: 'control-before', method: 'DELETE', path: 'columns/contact/new_news' }
    await arm({ match: { method: 'PATCH' }, nth: 2, action })
    expect((await edit(1, { new_news: true })).status).toBe(204)
    expect(told(await edit(2, { new_news: true }))).toEqual([400, '0x80048d19'])
  })

  it('a purpose is deactivated', async () => {
    await caller.control('PATCH', `rows/msdynmkt_purposes/${COMMERCIAL_PURPOSE_ID}`, { statecode: 1 })
    const { json } = await caller.get(`msdynmkt_purposes(${COMMERCIAL_PURPOSE_ID})?$select=statecode,statuscode`)
    expect(json).toMatchObject({ statecode: 1, statuscode: 2 })
  })

  it('1: a privilege is taken away and given back', async () => {
    await caller.control('POST', 'seed', { withoutPrivileges: ['prvWriteContact'] })
    const refused = await edit()
    expect([...told(refused), title(1)]).toEqual([403, '0x80040220', 'old'])
    expect(refused.json.error.message).toContain('prvWriteContact')
    await caller.control('POST', 'seed', { privileges: { prvWriteContact: 'Global' } })
    expect((await edit()).status).toBe(204)
  })
})

describe('a wrong fault is refused by name, and arms nothing', () => {
  it.each([
    [{}, 'faults'],
    [[{ action: { kind: 'reset' } }], 'faults[0].action.kind'],
    [[{ action: { kind: 'slow' } }], 'faults[0].action.ms'],
    [[{ action: { kind: 'slow', ms: '1' } }], 'faults[0].action.ms'],
    [[{ action: { kind: 'deadlock' } }, { action: { kind: 'deadlock', rows: 1 } }], 'faults[1].action.rows'],
    [[{ action: { kind: 'deadlock' }, times: 2 }], 'faults[0].times'],
    [[{ action: { kind: 'deadlock' }, nth: 0 }], 'faults[0].nth'],
    [[{ action: { kind: 'deadlock' }, count: -1 }], 'faults[0].count'],
    [[{ action: { kind: 'deadlock' }, match: { url: 'x' } }], 'faults[0].match.url'],
    [[{ action: { kind: 'deadlock' }, match: { method: 1 } }], 'faults[0].match.method'],
    [[{ action: { kind: 'status', status: 99 } }], 'faults[0].action.status'],
    [[{ action: { kind: 'edit-before', set: 's', id: 'i', changes: { a: [] } } }], 'faults[0].action.changes'],
    [[{ match: {} }], 'faults[0].action'],
  ])('%j', async (faults, where) => {
    const { status, json } = await caller.control('POST', 'faults', faults)
    expect([status, json.error.message.split(' must be ')[0]]).toEqual([400, where])
    expect(caller.emulator.world.state.faults.armed()).toEqual([])
  })

  it('so is a wrong hold', async () => {
    expect((await caller.control('POST', 'hold', { nth: 'first' })).json.error.message).toContain('hold.nth')
    expect((await caller.control('POST', 'hold', { match: { verb: 'PATCH' } })).status).toBe(400)
  })

  it('a script whose edit or control names nothing is a defect of the test, and looks like no answer of Dataverse', async () => {
    await arm({ action: { kind: 'edit-before', set: 'contacts', id: id(99), changes: {} } })
    expect((await edit()).status).toBe(599)
    await arm({ action: { kind: 'control-before', method: 'DELETE', path: 'columns/contact/nosuch' } })
    expect((await edit()).status).toBe(599)
  })
})
