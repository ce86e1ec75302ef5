/** A killed process: nothing committed is lost, nothing half is kept, and its lease is gone with it. */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'

const CHILD = fileURLToPath(new URL('../support/store-child.mjs', import.meta.url))
const SCOPE = { organization: 'organization', target: 'crm' }

type Child = ChildProcessByStdio<null, Readable, null>

let folder: string
let path: string
const children: Child[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-kill-'))
  path = join(folder, 'state.db')
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true })
})

const open = () => openSqliteStore(path, { now: () => 0 })

function start(scenario: 'hold' | 'commit' | 'join' | 'settle'): Child {
  const child = spawn(process.execPath, [CHILD, scenario, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

async function firstLine(child: Child): Promise<string> {
  const [line] = await once(createInterface(child.stdout), 'line')
  return String(line)
}

/** Everything the child said until it was gone. */
async function lastWords(child: Child): Promise<{ lines: string[]; signal: unknown }> {
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  const [, signal] = await once(child, 'close')
  return { lines, signal }
}

describe('lease', () => {
  it('§9 a store held by another process is refused at once, and free as soon as that process is killed', async () => {
    const holder = start('hold')
    expect(await firstLine(holder)).toBe('held')
    await expect(open()).rejects.toMatchObject({ code: 'lease-held' })

    const gone = once(holder, 'close')
    holder.kill('SIGKILL')
    await gone
    const store = await open()
    expect(await store.countStates()).toBe(0)
    await store.close()
  })

  it('§9 another process is refused while this one holds the store, and again after a refused opening here', async () => {
    const store = await open()
    expect(await firstLine(start('hold'))).toBe('lease-held')
    await expect(open()).rejects.toMatchObject({ code: 'lease-held' })
    expect(await firstLine(start('hold'))).toBe('lease-held')
    await store.close()
    expect(await firstLine(start('hold'))).toBe('held')
  })
})

describe('kill', () => {
  it('§8 every transaction announced before the kill is there, and no other in part', async () => {
    const child = start('commit')
    const ended = lastWords(child)
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('40\n')) child.kill('SIGKILL')
    })
    const { lines, signal } = await ended
    expect(signal).toBe('SIGKILL')
    expect(lines.length).toBeGreaterThan(40)

    const store = await open()
    for (let n = 0; n < lines.length; n++) {
      const places = Array.from({ length: 50 }, (_, i) => `slot/${n}/${i}`)
      expect((await store.ledger(SCOPE, places)).size).toBe(50)
    }
    // The transaction under way may have been committed without a word; half of it must not be there.
    expect([0, 50]).toContain((await store.countLedger(SCOPE)) - 50 * lines.length)
    await store.close()
  })

  it('§8.1 a process killed in the middle of a join leaves the store as before it', async () => {
    expect(await lastWords(start('join'))).toEqual({ lines: ['committed'], signal: 'SIGKILL' })
    const store = await open()
    expect(await store.countStates()).toBe(1)
    expect(await store.persons(['0'.repeat(32)])).toEqual([{ person: '0'.repeat(32), ouid: 'ouid-0', states: ['a'] }])
    expect(await store.countDue('crm')).toBe(0)
    await store.close()
  })

  it('§8.2 a process killed in the middle of settling leaves the person due and the ledger as it was', async () => {
    expect(await lastWords(start('settle'))).toEqual({ lines: ['committed'], signal: 'SIGKILL' })
    const store = await open()
    expect(await store.countDue('crm')).toBe(1)
    expect(await store.countLedger(SCOPE)).toBe(0)
    await store.close()
  })
})
