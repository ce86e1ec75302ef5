/** The inbox in PostgreSQL keeps the contract, beside a run that holds the store. */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '../../src/config/secret.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { openPostgresInbox } from '../../src/store/postgres-inbox.ts'
import { blocksIn } from '../support/documents.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { inboxContract } from './inbox.ts'

const bin = findPostgres()
const clock = { now: () => 1_793_500_000_000 }
const row = { table: 'contact', rowId: '00000000-0000-4000-8000-000000000001' }

describe.skipIf(bin === undefined)('with a server', () => {
  let server: PostgresServer
  let schemas = 0
  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
  })
  afterAll(() => server?.close())

  inboxContract('PostgreSQL', async () => {
    schemas += 1
    const schema = `inbox_${schemas}`
    return {
      open: () => openPostgresInbox(server.address(schema), clock),
      dispose: async () => void (await server.ask(`DROP SCHEMA ${schema} CASCADE`)),
    }
  })

  it('takes no lease: a run holds the store before, while and after', async () => {
    const address = server.address('beside')
    const store = await openPostgresStore(address, clock)
    const inbox = await openPostgresInbox(address, clock)
    await inbox.add([row])
    await store.close()
    const next = await openPostgresStore(address, clock)
    expect(await inbox.count()).toBe(1)
    await next.close()
    await inbox.close()
  })

  it('a user that may do no more than add is enough for the receiver; docs/reverse.md gives its rights', async () => {
    const address = server.address('rights')
    await (await openPostgresInbox(address, clock)).close()
    const grants = blocksIn('docs/reverse.md').find(({ info }) => info === 'sql')?.text ?? ''
    const statements = grants
      .replaceAll('didomi_dataverse.', 'rights.')
      .replaceAll('SCHEMA didomi_dataverse ', 'SCHEMA rights ')
    await server.ask(statements.replace("'…'", "'not-a-secret'"))
    const user = { user: 'didomi_dataverse_receiver', password: new Secret('not-a-secret') }
    const inbox = await openPostgresInbox({ ...address, ...user }, clock)
    await inbox.add([row])
    await inbox.add([row])
    await inbox.check()
    const taken = await inbox.take(9)
    expect(taken).toHaveLength(1)
    await expect(inbox.remove(taken)).rejects.toMatchObject({ code: 'store-unusable' })
    await inbox.close()
  })

  it('a server that falls silent is not waited for longer than a sender waits, and asked again later', async () => {
    const { port } = server
    const sockets: Socket[] = []
    const door = createServer((client) => {
      const behind = connect(port, '127.0.0.1')
      sockets.push(client, behind)
      for (const socket of [client, behind]) socket.on('error', () => {})
      client.pipe(behind).pipe(client)
    }).listen(0, '127.0.0.1')
    await once(door, 'listening')
    const address = { ...server.address('silent'), port: (door.address() as AddressInfo).port }
    const inbox = await openPostgresInbox(address, clock, 300)
    for (const socket of sockets) socket.unpipe()
    const began = performance.now()
    await expect(inbox.add([row])).rejects.toMatchObject({ code: 'store-unusable' })
    expect(performance.now() - began).toBeLessThan(5_000)
    await inbox.add([row])
    expect(await inbox.count()).toBe(1)
    await inbox.close()
    for (const socket of sockets) socket.destroy()
    door.close()
  })

  it('a connection that is lost is made anew', async () => {
    const inbox = await openPostgresInbox(server.address('lost'), clock)
    await server.ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'didomi-dataverse' AND pid <> pg_backend_pid()`)
    await inbox.add([row])
    expect(await inbox.count()).toBe(1)
    await inbox.close()
  })
})
