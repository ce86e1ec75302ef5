/** The inbox beside an embedded store keeps the contract. */

import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { openSqliteDatabase } from '../../src/store/sqlite-database.ts'
import { openSqliteInbox } from '../../src/store/sqlite-inbox.ts'
import { inboxContract } from './inbox.ts'

inboxContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inbox-'))
  return {
    open: () => openSqliteInbox(join(folder, 'state.db.inbox')),
    dispose: () => rm(folder, { recursive: true }),
  }
})

describe('beside others', () => {
  const row = { table: 'contact', rowId: '00000000-0000-4000-8000-000000000001' }
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inbox-'))
    path = join(folder, 'state.db.inbox')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('a run holds the store, and the inbox is open all the same; nobody else may read it', async () => {
    const store = await openSqliteStore(join(folder, 'state.db'), { now: () => 0 })
    const inbox = await openSqliteInbox(path)
    await inbox.add([row])
    await inbox.check()
    await store.close()
    expect(await inbox.count()).toBe(1)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await inbox.close()
  })

  it('who has the file for a moment is waited for, and the event loop goes on; who keeps it is told', async () => {
    const inbox = await openSqliteInbox(path, 400)
    const other = openSqliteDatabase(path)
    other.exec('BEGIN EXCLUSIVE')
    let turns = 0
    const turning = setInterval(() => turns++, 10)
    const added = inbox.add([row])
    setTimeout(() => other.exec('COMMIT'), 150)
    await added
    expect(turns).toBeGreaterThan(3)
    other.exec('BEGIN EXCLUSIVE')
    await expect(inbox.add([row])).rejects.toMatchObject({ code: 'store-unusable' })
    other.exec('COMMIT')
    await inbox.add([row])
    clearInterval(turning)
    expect(await inbox.count()).toBe(1)
    other.close()
    await inbox.close()
  })
})
