/** Bulk messages and batches (items 11 and 12). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Caller, id, openCaller } from './emulator-caller.ts'

let caller: Caller

beforeEach(async () => {
  caller = await openCaller({
    seed: {
      columns: { contacts: [{ type: 'text', name: 'new_ouid', maxLength: 20 }] },
      keys: [{ table: 'contact', schemaName: 'new_OuidKey', columns: ['new_ouid'] }],
      rows: { contacts: [1, 2].map((n) => ({ contactid: id(n), new_ouid: `u${n}`, jobtitle: 'old' })) },
    },
  })
})
afterEach(() => caller.emulator.close())

const TYPE = { '@odata.type': 'Microsoft.Dynamics.CRM.contact' }
const bulk = (message: string, Targets: unknown[], headers?: Record<string, string>) =>
  caller.post(`contacts/Microsoft.Dynamics.CRM.${message}`, { Targets }, headers)
const titles = () => caller.emulator.world.rows('contacts').map((row) => row['jobtitle'])
const rows = () => caller.emulator.world.rows('contacts').length

describe('11: bulk messages', () => {
  it('CreateMultiple answers 200 with the ids in the order of the targets', async () => {
    const targets = [9, 8, 7].map((n) => ({ ...TYPE, contactid: id(n) }))
    const answer = await bulk('CreateMultiple', targets)
    expect([answer.status, answer.json.Ids]).toEqual([200, [id(9), id(8), id(7)]])
  })

  it('UpdateMultiple and UpsertMultiple answer 204 without a body', async () => {
    const update = await bulk('UpdateMultiple', [{ ...TYPE, contactid: id(1), jobtitle: 'new' }])
    const byKey = { ...TYPE, '@odata.id': "contacts(new_ouid='u3')", jobtitle: 'new' }
    const upsert = await bulk('UpsertMultiple', [byKey, { ...TYPE, contactid: id(2), jobtitle: 'new' }])
    expect([update.status, update.text, upsert.status, upsert.text]).toEqual([204, '', 204, ''])
    expect(titles()).toEqual(['new', 'new', 'new'])
    expect((await caller.get("contacts(new_ouid='u3')")).status).toBe(200)
  })

  it('a target without @odata.type is 400', async () => {
    expect((await bulk('UpdateMultiple', [{ contactid: id(1), jobtitle: 'new' }])).status).toBe(400)
  })

  it('one bad row takes all back, with one error and no index', async () => {
    const good = { ...TYPE, contactid: id(1), jobtitle: 'new' }
    const answer = await bulk('UpdateMultiple', [good, { ...TYPE, contactid: id(2), new_ouid: 'x'.repeat(21) }])
    expect([answer.status, answer.json.error.code]).toEqual([400, '0x80044331'])
    expect(titles()).toEqual(['old', 'old'])
    expect(caller.emulator.world.journal()).toEqual([])
    expect(caller.emulator.world.counters()).toMatchObject({ rowsUpdated: 0, billableRows: 0, writeRequests: 1 })
  })

  it('a missing row fails the whole UpdateMultiple', async () => {
    const good = { ...TYPE, contactid: id(1), jobtitle: 'new' }
    const answer = await bulk('UpdateMultiple', [good, { ...TYPE, contactid: id(404), jobtitle: 'new' }])
    expect([answer.status, answer.json.error.message]).toEqual([404, `contact With Ids = ${id(404)} Do Not Exist`])
    expect(titles()).toEqual(['old', 'old'])
  })

  it('duplicates: UpdateMultiple applies the first silently, UpsertMultiple fails', async () => {
    const twice = ['first', 'second'].map((jobtitle) => ({ ...TYPE, contactid: id(1), jobtitle }))
    expect((await bulk('UpdateMultiple', twice)).status).toBe(204)
    expect(titles()).toEqual(['first', 'old'])
    expect((await bulk('UpsertMultiple', twice)).status).toBe(412)
  })

  it('a key in @odata.id and in the body: 0x80040216 on create, tolerated on update', async () => {
    const target = (ouid: string) => ({ ...TYPE, '@odata.id': `contacts(new_ouid='${ouid}')`, new_ouid: ouid })
    const create = await bulk('UpsertMultiple', [target('u9')])
    expect([create.status, create.json.error.code]).toEqual([400, '0x80040216'])
    expect((await bulk('UpsertMultiple', [target('u1')])).status).toBe(204)
  })

  it('the probe lists CreateMultiple and UpdateMultiple, never UpsertMultiple', async () => {
    const probe = async (message: string, table = 'contact') => {
      const filter = `sdkmessageid/name eq '${message}' and primaryobjecttypecode eq '${table}'`
      const path = `sdkmessagefilters?$select=sdkmessagefilterid&$filter=${encodeURIComponent(filter)}`
      return (await caller.get(path)).json.value.length
    }
    expect([await probe('UpdateMultiple'), await probe('CreateMultiple'), await probe('UpsertMultiple')]).toEqual([
      1, 1, 0,
    ])
    expect(await probe('UpdateMultiple', 'msdynmkt_contactpointconsent4')).toBe(1)
    caller.emulator.world.seed({ withoutBulk: ['contact'] })
    expect(await probe('UpdateMultiple')).toBe(0)
    expect((await bulk('UpdateMultiple', [{ ...TYPE, contactid: id(1) }])).status).toBe(404)
  })

  it('elastic tables: partial success with details, and an upsert replaces the row', async () => {
    caller.emulator.world.seed({ elastic: ['contact'] })
    const bad = { ...TYPE, contactid: id(9), new_ouid: 'x'.repeat(21) }
    const good = { ...TYPE, contactid: id(1), new_ouid: 'u1' }
    const answer = await bulk('UpsertMultiple', [bad, good], { Prefer: 'odata.include-annotations="*"' })
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('\\"RequestIndex\\":0')
    expect(caller.emulator.world.row('contact', id(1))?.['jobtitle']).toBeNull()
  })

  it('takes a thousand rows', async () => {
    const targets = Array.from({ length: 1_000 }, (_, n) => ({ ...TYPE, new_ouid: `n${n}` }))
    const answer = await bulk('CreateMultiple', targets)
    expect(answer.json.Ids).toHaveLength(1_000)
    expect(caller.emulator.world.counters()).toMatchObject({
      rowsCreated: 1_000,
      billableRows: 1_000,
      writeRequests: 1,
    })
  })
})

const HEAD = ['Content-Type: application/http', 'Content-Transfer-Encoding: binary']
const get = (path: string) => [
  '--batch_1',
  ...HEAD,
  '',
  `GET /api/data/v9.2/${path} HTTP/1.1`,
  'Accept: application/json',
  '',
  '',
]
const patch = (number: number, body: unknown, path = `contacts(${id(number)})`) => [
  '--batch_1',
  ...HEAD,
  '',
  `PATCH /api/data/v9.2/${path} HTTP/1.1`,
  'Content-Type: application/json; type=entry',
  '',
  JSON.stringify(body),
]
const END = ['--batch_1--', '']
const changed = (contentId: string, method: string, path: string, body: unknown) => [
  '--changeset_1',
  ...HEAD,
  ...(contentId === '' ? [] : [`Content-ID: ${contentId}`]),
  '',
  `${method} ${path} HTTP/1.1`,
  'Content-Type: application/json; type=entry',
  '',
  JSON.stringify(body),
]
const changeSet = (...parts: string[][]) => [
  '--batch_1',
  'Content-Type: multipart/mixed; boundary="changeset_1"',
  '',
  ...parts.flat(),
  '--changeset_1--',
]
const statuses = (text: string) => [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map((match) => Number(match[1]))

describe('12: batches', () => {
  it('answers in order, with its own boundary', async () => {
    const answer = await caller.batch([
      ...patch(1, { jobtitle: 'new' }),
      ...get(`contacts(${id(1)})?$select=jobtitle`),
      ...END,
    ])
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^multipart\/mixed; boundary=batchresponse_/)
    expect(statuses(answer.text)).toEqual([204, 200])
    expect(answer.text).toContain('"jobtitle":"new"')
  })

  it('stops at the first failure with its status; what came before stays', async () => {
    const lines = [...patch(1, { jobtitle: 'a' }), ...patch(2, { nothing: 1 }), ...patch(2, { jobtitle: 'b' }), ...END]
    const answer = await caller.batch(lines)
    expect([answer.status, statuses(answer.text)]).toEqual([400, [204, 400]])
    expect(answer.headers.get('content-type')).toContain('multipart/mixed')
    expect(titles()).toEqual(['a', 'old'])
  })

  it('goes on after an error where that is preferred', async () => {
    const lines = [...patch(1, { nothing: 1 }), ...patch(2, { jobtitle: 'b' }), ...END]
    const answer = await caller.batch(lines, { Prefer: 'odata.continue-on-error' })
    expect([answer.status, statuses(answer.text)]).toEqual([200, [400, 204]])
    expect(titles()).toEqual(['old', 'b'])
  })

  it('a change set is all or nothing', async () => {
    const one = changed('1', 'PATCH', `/api/data/v9.2/contacts(${id(1)})`, { jobtitle: 'a' })
    const two = changed('2', 'PATCH', `/api/data/v9.2/contacts(${id(2)})`, { nothing: 1 })
    const answer = await caller.batch([...changeSet(one, two), ...END])
    expect([answer.status, statuses(answer.text)]).toEqual([400, [400]])
    expect(answer.text).toMatch(/boundary=changesetresponse_[\s\S]*Content-ID: 2/)
    expect([titles(), caller.emulator.world.journal()]).toEqual([['old', 'old'], []])
  })

  it('$1 refers to a row made earlier in the change set, in a URL and in a bind', async () => {
    const made = changed('1', 'POST', '/api/data/v9.2/contacts', { contactid: id(5) })
    const inUrl = changed('2', 'PATCH', '$1', { jobtitle: 'via url' })
    const inBind = changed('3', 'PATCH', `/api/data/v9.2/contacts(${id(1)})`, {
      'parentcustomerid_contact@odata.bind': '$1',
    })
    const answer = await caller.batch([...changeSet(made, inUrl, inBind), ...END])
    expect(statuses(answer.text)).toEqual([204, 204, 204])
    expect(caller.emulator.world.row('contact', id(5))?.['jobtitle']).toBe('via url')
    expect(caller.emulator.world.row('contact', id(1))?.['parentcustomerid']).toBe(id(5))
  })

  it('an undeclared reference is 400', async () => {
    const answer = await caller.batch([...changeSet(changed('1', 'PATCH', '$7', { jobtitle: 'x' })), ...END])
    expect(answer.status).toBe(400)
    expect(answer.text).toContain("Content-ID Reference: '$7' does not exist in the batch context.")
  })

  it.each([
    ['bare line feeds', (lines: string[]) => lines.join('\n')],
    ['no closing boundary', (lines: string[]) => lines.slice(0, -2).join('\r\n')],
    [
      'no transfer encoding',
      (lines: string[]) => lines.join('\r\n').replace('Content-Transfer-Encoding: binary\r\n', ''),
    ],
  ])('a malformed batch is refused with JSON: %s', async (_, spoil) => {
    const answer = await caller.batch([spoil([...patch(1, { jobtitle: 'new' }), ...END])])
    expect([answer.status, answer.json.error.code]).toEqual([400, '0x80060888'])
    expect(titles()).toEqual(['old', 'old'])
  })

  it('a change set needs a Content-ID on every part and takes no GET', async () => {
    const path = `/api/data/v9.2/contacts(${id(1)})`
    expect((await caller.batch([...changeSet(changed('', 'PATCH', path, {})), ...END])).json.error.code).toBe(
      '0x80060888',
    )
    expect((await caller.batch([...changeSet(changed('1', 'GET', path, {})), ...END])).status).toBe(400)
  })

  it('a thousand parts are the most, and no batch is inside a batch', async () => {
    const parts = Array.from({ length: 1_001 }, () => get(`contacts(${id(1)})?$select=contactid`))
    expect((await caller.batch([...parts.flat(), ...END])).json.error.code).toBe('0x80060888')
    const full = await caller.batch([...parts.slice(1).flat(), ...END])
    expect(statuses(full.text)).toHaveLength(1_000)
    expect((await caller.batch([...get('$batch'), ...END])).status).toBe(400)
  })

  it('a URL of more than 32 KB works only inside a batch, up to 64 KB', async () => {
    const values = Array.from({ length: 900 }, (_, n) => id(n + 1))
    const path = `contacts?$select=contactid&$filter=${encodeURIComponent('Microsoft.Dynamics.CRM.In(PropertyName=@p,PropertyValues=@v)')}&@p='contactid'&@v=${encodeURIComponent(JSON.stringify(values))}`
    expect((await caller.get(path)).status).toBe(414)
    expect((await caller.batch([...get(path), ...END])).text).toContain(id(2))
    const longer = await caller.batch([...get(`${path}&tag=${'x'.repeat(40_000)}`), ...END])
    expect(longer.status).toBe(414)
  })

  it('a bulk message may be a part, and a batch counts as one request', async () => {
    const body = { Targets: [{ ...TYPE, contactid: id(8) }] }
    const part = patch(0, body, 'contacts/Microsoft.Dynamics.CRM.CreateMultiple').map((line) =>
      line.replace('PATCH', 'POST'),
    )
    caller.emulator.world.resetCounters()
    expect(statuses((await caller.batch([...part, ...END])).text)).toEqual([200])
    expect([rows(), caller.emulator.world.counters().requests]).toEqual([3, 1])
    expect(caller.emulator.world.counters().operations).toEqual({ Batch: 1, CreateMultiple: 1 })
  })
})
