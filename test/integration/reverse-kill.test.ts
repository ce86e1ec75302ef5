/** `reverse serve` killed at any moment: whatever was answered 2xx is in the inbox, or was taken from it. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Agent, request } from 'undici'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSqliteInbox } from '../../src/store/sqlite-inbox.ts'
import { CLI } from '../support/cli-run.ts'
import { configure, KEY } from '../support/receiver-config.ts'

const KILLS = 4
const SENDERS = 16

let folder: string
const children: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reverse-kill-'))
  await configure(folder)
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

async function serve(): Promise<{ child: ChildProcess; url: string; closed: Promise<unknown[]> }> {
  const args = [CLI, 'reverse', 'serve', '--config', 'config.yaml', '--json']
  const env = { PATH: process.env['PATH'] ?? '', WEBHOOK_SECRET: KEY }
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(child)
  const closed = once(child, 'close')
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const { host, port, path } = JSON.parse(String(line)).listening
  return { child, url: `http://${host}:${port}${path}`, closed }
}

it('every event acknowledged before a kill is kept, whatever the moment, while a run takes rows', async () => {
  const acknowledged = new Set<string>()
  const taken = new Set<string>()
  let sent = 0
  for (let round = 0; round < KILLS; round++) {
    const { child, url, closed } = await serve()
    const agent = new Agent({ connections: SENDERS })
    let over = false
    const send = async () => {
      while (!over) {
        const rowId = `00000000-0000-4000-8000-${String(++sent).padStart(12, '0')}`
        const body = JSON.stringify({ PrimaryEntityName: 'contact', PrimaryEntityId: rowId, MessageName: 'Update' })
        try {
          const headers = { 'x-didomi-dataverse-key': KEY }
          const answer = await request(url, { method: 'POST', headers, body, dispatcher: agent })
          await answer.body.dump()
          if (answer.statusCode === 204) acknowledged.add(rowId)
        } catch {
          return
        }
      }
    }
    const sending = Array.from({ length: SENDERS }, send)
    const inbox = await openSqliteInbox(join(folder, 'state', 'store.db.inbox'))
    const enough = acknowledged.size + 20 + Math.floor(Math.random() * 200)
    while (acknowledged.size < enough) {
      // In the first half a run takes rows; in the second all of them stay.
      const rows = round < KILLS / 2 ? await inbox.take(50) : []
      for (const { rowId } of rows) taken.add(rowId)
      await inbox.remove(rows)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    child.kill('SIGKILL')
    over = true
    await Promise.all([...sending, closed])
    await inbox.close()
    await agent.destroy()
  }
  const inbox = await openSqliteInbox(join(folder, 'state', 'store.db.inbox'))
  const left = new Set((await inbox.take(1_000_000)).map(({ rowId }) => rowId))
  await inbox.close()
  expect(acknowledged.size).toBeGreaterThan(20 * KILLS)
  expect(taken.size).toBeGreaterThan(0)
  expect(left.size).toBeGreaterThan(0)
  expect([...acknowledged].filter((id) => !left.has(id) && !taken.has(id))).toEqual([])
}, 60_000)

it('§9 SIGTERM ends it in order: what is under way is answered, and the exit code is 143', async () => {
  const { child, closed } = await serve()
  child.kill('SIGTERM')
  expect((await closed)[0]).toBe(143)
})
