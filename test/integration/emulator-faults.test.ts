/** Scripted faults, holds, restores and the control endpoints (items 15–17 as far as they are scripted). */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HUMAN_USER_ID, SECOND_USER_ID } from '../../src/emulator/seed-ids.ts'
import { type Caller, id, openCaller } from './emulator-caller.ts'

let caller: Caller

beforeEach(async () => {
  const rows = [1, 2, 3].map((n) => ({ contactid: id(n), jobtitle: 'old', emailaddress1: `p${n}@example.com` }))
  caller = await openCaller({ seed: { rows: { contacts: rows } } })
})
afterEach(() => caller.emulator.close())

const title = (number: number) => caller.emulator.world.row('contacts', id(number))?.['jobtitle']
const edit = (number = 1) => caller.patch(`contacts(${id(number)})`, { jobtitle: 'new' })
const TYPE = { '@odata.type': 'Microsoft.Dynamics.CRM.contact' }
const bulk = (...ids: number[]) =>
  caller.post('contacts/Microsoft.Dynamics.CRM.UpdateMultiple', {
    Targets: ids.map((n) => ({ ...TYPE, contactid: id(n), jobtitle: 'new' })),
  })

describe('16: faults', () => {
  it('a reset before the commit leaves the row as it was', async () => {
    await caller.control('POST', 'faults', [{ match: { method: 'PATCH' }, action: { kind: 'reset-before-commit' } }])
    await expect(edit()).rejects.toThrow()
    expect(title(1)).toBe('old')
    expect((await edit()).status).toBe(204)
  })

  it('a reset after the commit: the caller does not know, the row is written', async () => {
    await caller.control('POST', 'faults', [{ match: { path: 'contacts' }, action: { kind: 'reset-after-commit' } }])
    await expect(edit()).rejects.toThrow()
    expect(title(1)).toBe('new')
    await edit()
    expect(caller.emulator.world.counters()).toMatchObject({ rowsUpdated: 2, repeatedWrites: 1, faults: 1 })
  })

  it('a truncated body breaks off', async () => {
    caller.emulator.world.addFaults([{ action: { kind: 'truncate-body' } }])
    await expect(caller.get('contacts')).rejects.toThrow()
  })

  it('a status strikes the nth match, so many times, and 429 is counted with its Retry-After', async () => {
    const action = { kind: 'status', status: 429, code: '0x80072321', retryAfter: 7 } as const
    caller.emulator.world.addFaults([{ match: { message: 'Upsert' }, nth: 2, count: 2, action }])
    const answers = [await edit(), await edit(), await edit(), await edit()]
    expect(answers.map((answer) => answer.status)).toEqual([204, 429, 429, 204])
    expect(answers[1]?.headers.get('retry-after')).toBe('7')
    expect(caller.emulator.world.counters()).toMatchObject({ throttles: 2, rowsUpdated: 2 })
  })

  it('scripted answers queue up, and may be HTML', async () => {
    caller.emulator.world.addFaults([
      { action: { kind: 'status', status: 503, html: true } },
      { action: { kind: 'status', status: 502 } },
    ])
    const html = await edit()
    expect([html.status, html.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8'])
    expect((await edit()).status).toBe(502)
    expect((await edit()).status).toBe(204)
  })

  it('deadlocks strike writes, also inside a batch', async () => {
    caller.emulator.world.addFaults([{ match: { message: 'Upsert' }, action: { kind: 'deadlock' } }])
    expect((await caller.get('contacts')).status).toBe(200)
    const refused = await edit()
    expect(refused.json.error.code).toBe('0x80044150')
    expect(refused.json.error.message).toContain('Sql Number: 1205')
    expect((await edit()).status).toBe(204)
  })

  it('a bulk request of too many rows times out, a smaller one does not', async () => {
    caller.emulator.world.addFaults([{ action: { kind: 'sql-timeout-above', rows: 2 } }])
    expect((await bulk(1, 2, 3)).json.error.code).toBe('0x80044151')
    expect((await bulk(1, 2)).status).toBe(204)
    expect((await bulk(1, 2, 3)).json.error.code).toBe('0x80044151')
  })

  it('a poison row takes its whole bulk request down and alone is refused', async () => {
    const action = { kind: 'poison-row', column: 'emailaddress1', value: 'p2@example.com' } as const
    caller.emulator.world.addFaults([{ action }])
    expect((await bulk(1, 2, 3)).json.error.code).toBe('0x80040265')
    expect([title(1), title(2), title(3)]).toEqual(['old', 'old', 'old'])
    expect((await bulk(1, 3)).status).toBe(204)
    expect((await edit(2)).json.error.code).toBe('0x80040265')
  })

  it('bulk messages can go away', async () => {
    caller.emulator.world.addFaults([{ action: { kind: 'bulk-unavailable' } }])
    expect((await bulk(1)).status).toBe(404)
    expect((await edit()).status).toBe(204)
  })

  it('somebody edits between read and write', async () => {
    const changes = { jobtitle: 'by hand' }
    const action = { kind: 'edit-before', set: 'contacts', id: id(1), changes } as const
    const { '@odata.etag': etag } = (await caller.get(`contacts(${id(1)})`)).json
    caller.emulator.world.addFaults([{ match: { method: 'PATCH' }, action }])
    const answer = await caller.patch(`contacts(${id(1)})`, { jobtitle: 'new' }, { 'If-Match': etag })
    expect([answer.status, title(1)]).toEqual([412, 'by hand'])
  })

  it('an answer is held after the commit until it is released, or never comes', async () => {
    const { id: first } = (await caller.control('POST', 'hold', { match: { method: 'PATCH' } })).json
    const answer = edit()
    expect((await caller.control('GET', `hold/wait?id=${first}`)).json).toEqual({ held: true })
    expect(title(1)).toBe('new')
    await caller.control('POST', 'hold/release', { id: first })
    expect((await answer).status).toBe(204)

    const { id: second } = (await caller.control('POST', 'hold', { match: { method: 'PATCH' } })).json
    const lost = expect(edit(2)).rejects.toThrow()
    await caller.control('GET', `hold/wait?id=${second}`)
    await caller.control('POST', 'hold/release', { id: second, how: 'reset' })
    await lost
    expect(title(2)).toBe('new')
  })
})

describe('the control endpoints', () => {
  it('seed, rows, foreign edit and delete, journal', async () => {
    await caller.control('POST', 'seed', { rows: { contacts: [{ contactid: id(7), emailaddress1: 'x@example.com' }] } })
    await caller.control('PATCH', `rows/contacts/${id(7)}?user=${SECOND_USER_ID}`, { donotemail: true })
    await caller.control('DELETE', `rows/contacts/${id(1)}`)
    await edit(2)
    expect((await caller.control('GET', 'rows/contacts')).json).toHaveLength(3)
    expect((await caller.control('GET', `rows/contacts/${id(7)}`)).json).toMatchObject({
      donotemail: true,
      modifiedby: SECOND_USER_ID,
    })
    expect((await caller.control('GET', 'journal')).json).toMatchObject([
      { sequence: 1, operation: 'update', userId: SECOND_USER_ID, requestId: null, columns: { donotemail: true } },
      { sequence: 2, operation: 'delete', userId: HUMAN_USER_ID },
      { sequence: 3, operation: 'update', id: id(2), changed: ['jobtitle'], requestId: expect.any(String) },
    ])
    expect((await caller.control('GET', 'journal?after=2')).json).toHaveLength(1)
    expect((await caller.control('GET', 'counters')).json).toMatchObject({ rowsUpdated: 1, rowsDeleted: 0 })
  })

  it('the journal keeps the caller’s request id and tag', async () => {
    const headers = { 'x-ms-client-request-id': 'r-1' }
    await caller.patch(`contacts(${id(1)})?tag=didomi`, { jobtitle: 'new' }, headers)
    expect(caller.emulator.world.journal()).toMatchObject([{ requestId: 'r-1', tag: 'didomi' }])
  })

  it('an environment restore takes rows, times and versions back, and brings deleted rows again', async () => {
    const before = caller.emulator.world.row('contacts', id(1))
    await caller.control('POST', 'snapshot')
    await caller.control('POST', 'time', { shiftMs: 3_600_000 })
    await edit()
    caller.emulator.world.delete('contacts', id(2))
    await caller.post('contacts', { contactid: id(9) })
    expect((await caller.control('POST', 'restore')).status).toBe(204)
    expect(caller.emulator.world.row('contacts', id(1))).toEqual(before)
    expect(caller.emulator.world.rows('contacts')).toHaveLength(3)
    expect((await caller.control('POST', 'restore', { name: 'none' })).status).toBe(404)
  })

  it('the clock of modifiedon shifts and freezes', async () => {
    await caller.control('POST', 'time', { freezeAt: '2026-05-05T05:05:05Z', shiftMs: 1_000 })
    await edit()
    expect(caller.emulator.world.row('contacts', id(1))?.['modifiedon']).toBe('2026-05-05T05:05:06Z')
  })

  it('reset goes back to the first seed and signs everybody out', async () => {
    await edit()
    await caller.control('POST', 'reset')
    expect(title(1)).toBe('old')
    expect((await caller.get('WhoAmI')).status).toBe(401)
  })

  it('an unknown control and a wrong seed are refused', async () => {
    expect((await caller.control('POST', 'nonsense', {})).status).toBe(404)
    expect((await caller.control('POST', 'seed', { rows: { contacts: [{ nosuch: 1 }] } })).status).toBe(400)
  })
})

describe('size', () => {
  it('50,000 contacts: In over 200 addresses finds 200, by index', async () => {
    const contacts = Array.from({ length: 50_000 }, (_, n) => ({ emailaddress1: `u${n}@example.com` }))
    caller.emulator.world.seed({ rows: { contacts } })
    const addresses = JSON.stringify(Array.from({ length: 200 }, (_, n) => `U${n * 200}@example.com`))
    const filter = encodeURIComponent('Microsoft.Dynamics.CRM.In(PropertyName=@p,PropertyValues=@v)')
    const path = `contacts?$select=contactid&$filter=${filter}&@p='emailaddress1'&@v=${encodeURIComponent(addresses)}`
    expect((await caller.get(path)).json.value).toHaveLength(200)
  })
})

describe('the built program', () => {
  it('prints where it listens and ends at SIGTERM', async () => {
    const child = spawn(process.execPath, ['dist/src/emulator/main.js', '--port', '0'])
    const [line] = await once(child.stdout, 'data')
    const { url } = JSON.parse(String(line))
    expect((await fetch(`${url}/__emulator/counters`)).status).toBe(200)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})
