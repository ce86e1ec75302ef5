/** A write is permitted as it leaves, not when it was decided: between the two lie pauses, queues, and a socket to be had. */

import { afterEach, describe, expect, it } from 'vitest'
import type { RowWrite } from '../../src/dataverse/dataverse.ts'
import { openDataverse } from '../../src/dataverse/open.ts'
import { CodedError } from '../../src/lib/errors.ts'
import { contactTable, guid, optionsFor } from '../support/dataverse-options.ts'
import { reply, startScripted } from '../support/scripted-dataverse.ts'

const opened: Array<{ close(): Promise<void> }> = []
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})

const LOST = new CodedError('lease-held', [{ where: 'lease', found: 'none', expected: 'one', remedy: 'Run again.' }])
const signal = new AbortController().signal
const update: RowWrite = { kind: 'update', id: guid(1), columns: { lastname: 'A' } }
const table = contactTable()

/** A Dataverse whose writes are permitted so many times. */
async function permitting(times: number, writes: 'auto' | 'batch' | 'single' = 'auto') {
  const server = await startScripted((seen, response) => {
    response.setHeader('date', 'Wed, 21 Oct 2026 07:28:00 GMT')
    if (seen.method === 'GET') reply(response, 200, { value: [] })
    else reply(response, 204)
  })
  let left = times
  const permit = () => {
    if (left === 0) throw LOST
    left -= 1
  }
  const dataverse = openDataverse(optionsFor(server.origin, { permit, writes }))
  opened.push(server, dataverse)
  const sent = () => server.seen.filter(({ method }) => method !== 'GET').length
  return { dataverse, sent }
}

describe('without a lease (§9)', () => {
  it.each(['auto', 'batch', 'single'] as const)(
    'no write leaves, whatever its form (%s), and it is not tried again',
    async (writes) => {
      const { dataverse, sent } = await permitting(0, writes)
      const several = [update, { ...update, id: guid(2) }]
      for (const rows of [[update], several])
        await expect(dataverse.write(table, rows, { repeatable: true }, signal)).rejects.toBe(LOST)
      expect(sent()).toBe(0)
    },
  )

  it('what leaves before the end leaves; what comes after does not, on a socket that is open already', async () => {
    const { dataverse, sent } = await permitting(1)
    await dataverse.write(table, [update], { repeatable: true }, signal)
    await expect(dataverse.write(table, [update], { repeatable: true }, signal)).rejects.toBe(LOST)
    expect(sent()).toBe(1)
  })

  it('reads may pass', async () => {
    const { dataverse } = await permitting(0)
    expect(await dataverse.anyStartingWith(table, 'lastname', 'A', signal)).toBe(false)
  })
})
