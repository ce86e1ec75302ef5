/** The store in PostgreSQL keeps the store contract. */

import { afterAll, beforeAll, describe } from 'vitest'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { storeContract } from './store.ts'

const bin = findPostgres()

describe.skipIf(bin === undefined)('with a server', () => {
  let server: PostgresServer
  let stores = 0
  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
  })
  afterAll(() => server?.close())

  storeContract('PostgreSQL', async () => {
    stores += 1
    const schema = `store_${stores}`
    const open = () => openPostgresStore(server.address(schema), { now: () => 1_793_500_000_000 })
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
        await server.ask(`DROP SCHEMA ${schema} CASCADE`)
      },
    }
  })
})
