import { afterEach, describe, expect, it } from 'vitest'
import type { RowWrite, TableMetadata, WriteOutcome } from '../../src/dataverse/dataverse.ts'
import { openDataverse } from '../../src/dataverse/open.ts'
import { contactTable, countingClock, guid, optionsFor } from '../support/dataverse-options.ts'
import { batchParts, odataError, reply, replyBatch, type Script, startScripted } from '../support/scripted-dataverse.ts'

const DATE = 'Wed, 21 Oct 2026 07:28:00 GMT'
const AT = Date.parse(DATE) * 1_000
const DONE: WriteOutcome = { kind: 'done', at: AT }

const opened: Array<{ close(): Promise<void> }> = []
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})

async function open(script: Script, more: Parameters<typeof optionsFor>[1] = {}) {
  const server = await startScripted((seen, response, index) => {
    response.setHeader('date', DATE)
    script(seen, response, index)
  })
  const dataverse = openDataverse(optionsFor(server.origin, more))
  opened.push(server, dataverse)
  const write = (
    rows: readonly RowWrite[],
    sending: { repeatable: boolean; notAfterMs?: number } = { repeatable: true },
    table: TableMetadata = contactTable(),
  ) => dataverse.write(table, rows, sending, new AbortController().signal)
  return { server, write }
}

const update = (n: number, ifMatch?: string): RowWrite => ({
  kind: 'update',
  id: guid(n),
  columns: { lastname: `name ${n}` },
  ...(ifMatch === undefined ? {} : { ifMatch }),
})
const create = (n: number): RowWrite => ({ kind: 'create', id: guid(n), columns: { lastname: `name ${n}` } })
const several = (count: number, make: (n: number) => RowWrite = update) =>
  Array.from({ length: count }, (_, n) => make(n + 1))
const urls = (server: { seen: ReadonlyArray<{ method: string; url: string }> }) =>
  server.seen.map(
    ({ method, url }) => `${method} ${url.replace('/api/data/v9.2/', '').replace('Microsoft.Dynamics.CRM.', '')}`,
  )

const UPDATE_MULTIPLE = 'POST contacts/UpdateMultiple'
const CREATE_MULTIPLE = 'POST contacts/CreateMultiple'

describe('bulk messages', () => {
  it('§6 updates go in UpdateMultiple, creates in CreateMultiple, each target with type and id', async () => {
    const { server, write } = await open((_, response) => reply(response, 204))
    expect(await write([update(1), create(3), update(2), create(4)])).toEqual([DONE, DONE, DONE, DONE])
    expect(urls(server).sort()).toEqual([CREATE_MULTIPLE, UPDATE_MULTIPLE])
    const bodies = server.seen.map(({ body }) => JSON.parse(body).Targets)
    const type = 'Microsoft.Dynamics.CRM.contact'
    expect(bodies).toContainEqual([
      { '@odata.type': type, contactid: guid(1), lastname: 'name 1' },
      { '@odata.type': type, contactid: guid(2), lastname: 'name 2' },
    ])
  })

  it('chunks by batchRows, evenly', async () => {
    const { server, write } = await open((_, response) => reply(response, 204), { batchRows: 10 })
    expect(await write(several(25))).toEqual(Array(25).fill(DONE))
    expect(server.seen.map(({ body }) => JSON.parse(body).Targets.length).sort()).toEqual([8, 8, 9])
  })

  it('one row goes alone: PATCH with If-Match *, POST with the id in the body', async () => {
    const { server, write } = await open((_, response) => reply(response, 204))
    await write([update(1)])
    await write([create(2)])
    await write([update(3, 'W/"7"')])
    expect(urls(server)).toEqual([`PATCH contacts(${guid(1)})`, 'POST contacts', `PATCH contacts(${guid(3)})`])
    expect(server.seen.map(({ headers }) => headers['if-match'])).toEqual(['*', undefined, 'W/"7"'])
    expect(JSON.parse(server.seen[1]?.body ?? '')).toEqual({ contactid: guid(2), lastname: 'name 2' })
  })

  it('§8 a bad row is isolated: the others are written each for itself, and only it is rejected', async () => {
    const { server, write } = await open((seen, response) => {
      if (!seen.url.endsWith('$batch')) return reply(response, 400, odataError('0x80044331', 'too long'))
      replyBatch(
        response,
        batchParts(seen).map(({ target }) =>
          target.includes(guid(2)) ? [400, odataError('0x80044331', "The 'lastname' name 2 is too long")] : [204],
        ),
      )
    })
    expect(await write(several(3))).toEqual([
      DONE,
      { kind: 'rejected', code: '0x80044331', message: "The 'lastname' *** is too long" },
      DONE,
    ])
    expect(urls(server)).toEqual([UPDATE_MULTIPLE, 'POST $batch'])
    expect(server.seen[1]?.headers['prefer']).toBe('odata.continue-on-error')
    for (const { head, target } of batchParts(server.seen[1] ?? ({} as never))) {
      expect(head).toContain('If-Match: *')
      expect(target).toMatch(/^\/api\/data\/v9\.2\/contacts\([0-9a-f-]{36}\)$/)
    }
  })

  it('a refusal that names what a row points to: that row goes alone, the others once more together', async () => {
    const pointing = (n: number): RowWrite => ({
      kind: 'create',
      id: guid(n),
      columns: { 'parentcustomerid_account@odata.bind': `/accounts(${guid(n === 2 ? 77 : 88)})` },
    })
    const missing = odataError('0x80040217', `account With Id = ${guid(77).toUpperCase()} Does Not Exist`)
    const { server, write } = await open((seen, response) =>
      seen.body.includes(guid(77)) ? reply(response, 404, missing) : reply(response, 204),
    )
    const outcomes = await write(several(4, pointing))
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'rejected', 'done', 'done'])
    expect(urls(server)).toEqual([CREATE_MULTIPLE, 'POST contacts', CREATE_MULTIPLE])
    expect(server.seen.map(({ body }) => body.split(guid(77)).length - 1)).toEqual([1, 1, 0])
  })

  it('a refusal that names what every row points to names none', async () => {
    const pointing = (n: number): RowWrite => ({
      kind: 'create',
      id: guid(n),
      columns: { 'parentcustomerid_account@odata.bind': `/accounts(${guid(77)})` },
    })
    const missing = odataError('0x80040217', `account With Id = ${guid(77)} Does Not Exist`)
    const { server, write } = await open((seen, response) =>
      seen.url.endsWith('$batch')
        ? replyBatch(response, [
            [404, missing],
            [404, missing],
            [404, missing],
          ])
        : reply(response, 404, missing),
    )
    const outcomes = await write(several(3, pointing))
    expect(outcomes.map(({ kind }) => kind)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(urls(server)).toEqual([CREATE_MULTIPLE, 'POST $batch'])
  })

  it('§7 rows with If-Match never go in bulk; a changed row is a conflict, a missing one gone', async () => {
    const { server, write } = await open((_, response) =>
      replyBatch(response, [[204], [412, odataError('0x80060882', '')], [404, odataError('', 'Does Not Exist')]]),
    )
    expect(await write([update(1, 'W/"1"'), update(2, 'W/"2"'), update(3, 'W/"3"')], { repeatable: false })).toEqual([
      DONE,
      { kind: 'conflict', code: '0x80060882' },
      { kind: 'gone', code: '404' },
    ])
    expect(batchParts(server.seen[0] ?? ({} as never)).map(({ head }) => /If-Match: (.*)/.exec(head)?.[1])).toEqual([
      'W/"1"',
      'W/"2"',
      'W/"3"',
    ])
  })

  it('a create that exists is a conflict; one that binds to nothing is rejected', async () => {
    const { write } = await open((seen, response) =>
      seen.url.endsWith('$batch')
        ? replyBatch(response, [
            [412, odataError('0x80040237', '')],
            [404, odataError('0x80040217', 'purpose Does Not Exist')],
          ])
        : reply(response, 412, odataError('0x80040237', '')),
    )
    expect(await write([create(1), create(2)])).toEqual([
      { kind: 'conflict', code: '0x80040237' },
      { kind: 'rejected', code: '0x80040217', message: 'purpose Does Not Exist' },
    ])
  })

  it('a SQL timeout and a too long request halve the rows', async () => {
    for (const refused of [odataError('0x80044151', 'SQL timeout'), '']) {
      const { server, write } = await open((seen, response) => {
        const { Targets: targets = [] } = JSON.parse(seen.body)
        if (targets.length <= 3) return reply(response, 204)
        return refused === '' ? reply(response, 413) : reply(response, 500, refused)
      })
      expect(await write(several(10))).toEqual(Array(10).fill(DONE))
      expect(server.seen.map(({ body }) => JSON.parse(body).Targets.length)).toEqual([10, 5, 3, 2, 5, 3, 2])
    }
  })

  it('where the message does not exist, rows go in batches, and the message is not tried again', async () => {
    const { server, write } = await open((seen, response) =>
      seen.url.endsWith('$batch')
        ? replyBatch(
            response,
            batchParts(seen).map(() => [204] as const),
          )
        : reply(response, 404, odataError('0x80060888', "Resource not found for the segment 'UpdateMultiple'")),
    )
    expect(await write(several(3))).toEqual([DONE, DONE, DONE])
    expect(await write(several(3))).toEqual([DONE, DONE, DONE])
    expect(await write(several(3), { repeatable: true }, contactTable(false))).toEqual([DONE, DONE, DONE])
    expect(urls(server)).toEqual([UPDATE_MULTIPLE, 'POST $batch', 'POST $batch', 'POST $batch'])
  })
})

describe('what may be repeated', () => {
  const troubles: ReadonlyArray<readonly [string, Script, string]> = [
    ['429', (_, response) => reply(response, 429, odataError('0x80072322', ''), { 'retry-after': '9' }), '0x80072322'],
    ['503', (_, response) => reply(response, 503, '<html>'), '503'],
    ['a deadlock', (_, response) => reply(response, 500, odataError('0x80044150', 'Sql Number: 1205')), '0x80044150'],
    ['a reset', (_, response) => response.destroy(), 'no-answer'],
  ]

  it.each(troubles)('§7 refusals are repeated after %s', async (_, trouble) => {
    const { server, write } = await open((seen, response, index) =>
      index === 0 ? trouble(seen, response, index) : reply(response, 204),
    )
    expect(await write(several(2))).toEqual([DONE, DONE])
    expect(urls(server)).toEqual([UPDATE_MULTIPLE, UPDATE_MULTIPLE])
  })

  it.each(troubles)('§7 opt-ins are not repeated after %s: all their rows are again', async (_, trouble, code) => {
    const { server, write } = await open(trouble)
    const again = { kind: 'again', code }
    expect(await write(several(2), { repeatable: false })).toEqual([again, again])
    expect(await write([update(1)], { repeatable: false })).toEqual([again])
    expect(server.seen).toHaveLength(2)
  })

  it('§7 a create repeated after a lost answer is a conflict, not a success', async () => {
    const exists = odataError('0x80040237', 'A record with matching key values already exists.')
    const { write } = await open((seen, response, index) => {
      if (index === 0) return response.destroy()
      if (seen.url.endsWith('$batch'))
        return replyBatch(response, [
          [412, exists],
          [412, exists],
        ])
      return reply(response, 412, exists)
    })
    expect(await write(several(2, create))).toEqual(Array(2).fill({ kind: 'conflict', code: '0x80040237' }))
  })

  it('§7 a row that is not sent in time is again, and was not sent', async () => {
    const clock = countingClock()
    const { server, write } = await open((_, response) => reply(response, 204), { clock })
    await clock.sleep(30_001)
    const late = { kind: 'again', code: 'too-late' }
    expect(await write(several(2), { repeatable: false, notAfterMs: 30_000 })).toEqual([late, late])
    expect(await write([update(1)], { repeatable: false, notAfterMs: 30_000 })).toEqual([late])
    expect(server.seen).toHaveLength(0)
    expect(await write([update(1)], { repeatable: false, notAfterMs: 40_000 })).toEqual([DONE])
  })

  it('§7 the time behind a closed gate counts', async () => {
    const clock = countingClock()
    const { server, write } = await open(
      (_, response) => reply(response, 429, odataError('0x80072322', ''), { 'retry-after': '60' }),
      { clock, batchRows: 2, concurrency: 1 },
    )
    const outcomes = await write(several(4), { repeatable: false, notAfterMs: 30_000 })
    expect(outcomes.map((outcome) => 'code' in outcome && outcome.code)).toEqual([
      '0x80072322',
      '0x80072322',
      'too-late',
      'too-late',
    ])
    expect(server.seen).toHaveLength(1)
  })

  it('rows of a batch that meet passing troubles are sent again alone', async () => {
    const { server, write } = await open((_, response, index) =>
      index === 0
        ? replyBatch(response, [[204], [429, odataError('0x80072322', ''), { 'Retry-After': '3' }], [503]])
        : replyBatch(response, [[204], [412, odataError('0x80060882', '')]]),
    )
    expect(await write([update(1, 'a'), update(2, 'b'), update(3, 'c')])).toEqual([
      DONE,
      DONE,
      { kind: 'conflict', code: '0x80060882' },
    ])
    expect(batchParts(server.seen[1] ?? ({} as never)).map(({ target }) => target.slice(-4, -1))).toEqual([
      '002',
      '003',
    ])
  })

  it('§8 unknown is never success: missing parts are again', async () => {
    const { write } = await open((_, response) => replyBatch(response, [[204]]), { retry: { attempts: 1 } })
    const unknown = { kind: 'again', code: 'no-answer' }
    expect(await write([update(1, 'a'), update(2, 'b')], { repeatable: false })).toEqual([DONE, unknown])
    expect(await write([update(1, 'a'), update(2, 'b')])).toEqual([DONE, unknown])
  })
})

describe('what is nobody’s row', () => {
  it.each([
    [403, odataError('0x80040220', 'missing prvWriteContact'), 'forbidden'],
    [400, odataError('0x80048d19', "An undeclared property 'x'"), 'dataverse-rejects-request'],
    [404, '<html>', 'dataverse-rejects-request'],
  ])('HTTP %i stops the write, alone or in bulk', async (status, body, code) => {
    const { write } = await open((_, response) => reply(response, status, body))
    await expect(write(several(2))).rejects.toMatchObject({ code })
    await expect(write([update(1)])).rejects.toMatchObject({ code })
  })

  it('one privilege refused inside a batch stops the write', async () => {
    const { write } = await open((_, response) => replyBatch(response, [[204], [403, odataError('0x80040220', 'prv')]]))
    await expect(write([update(1, 'a'), update(2, 'b')])).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('an id that stands twice or is none, and a version that is none, are defects and nothing is sent', async () => {
    const { server, write } = await open((_, response) => reply(response, 204))
    for (const version of ['', 'W/"1"\r\nX: y']) {
      await expect(write([update(1, version)])).rejects.toMatchObject({ code: 'defect' })
      await expect(write([update(1, version), update(2, 'W/"1"')])).rejects.toMatchObject({ code: 'defect' })
    }
    await expect(write([update(1), update(1)])).rejects.toMatchObject({ code: 'defect' })
    await expect(write([{ ...update(1), id: "x')" }])).rejects.toMatchObject({ code: 'defect' })
    expect(server.seen).toHaveLength(0)
    expect(await write([])).toEqual([])
  })
})
