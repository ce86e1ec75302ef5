/** The embedded store keeps the store contract. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { storeContract } from './store.ts'

storeContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'store-'))
  const open = () => openSqliteStore(join(folder, 'made', 'state.db'), { now: () => 1_793_500_000_000 })
  const opened = [await open()]
  return {
    store: opened[0] as (typeof opened)[number],
    async reopen() {
      await opened.at(-1)?.close()
      const store = await open()
      opened.push(store)
      return store
    },
    openTwice: open,
    async dispose() {
      await opened.at(-1)?.close()
      await rm(folder, { recursive: true })
    },
  }
})
