/** A way to a PostgreSQL server that breaks at a chosen moment of a commit; plain TCP on loopback. */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * What happens to the next COMMIT. `unsent`: it never arrives. `unanswered`: it is done, but nobody is told. `late`: the
 * client is cut off, and the commit arrives only once the client asks for it on another connection.
 */
export type Breakage = 'unsent' | 'unanswered' | 'late'

export interface PostgresProxy {
  readonly port: number
  /** Breaks the next COMMIT that passes; resolves once the client has been cut off. */
  breakNextCommit(how: Breakage): Promise<void>
  close(): Promise<void>
}

/** A simple query's text as the protocol carries it. */
const COMMIT = Buffer.from('COMMIT\0')
const LOOKED_UP = Buffer.from('FOR UPDATE\0')

export async function openPostgresProxy(serverPort: number): Promise<PostgresProxy> {
  const sockets = new Set<Socket>()
  let planned: { readonly how: Breakage; readonly done: () => void } | undefined
  let late: (() => void) | undefined
  const proxy = createServer((client) => {
    const server = connect(serverPort, '127.0.0.1')
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    let answerIsLost = false
    client.on('data', (chunk: Buffer) => {
      if (late !== undefined && chunk.includes(LOOKED_UP)) {
        server.write(chunk)
        late()
        late = undefined
        return
      }
      const breakage = chunk.includes(COMMIT) ? planned : undefined
      if (breakage === undefined) return void server.write(chunk)
      planned = undefined
      cutOff(breakage, chunk)
    })
    function cutOff({ how, done }: NonNullable<typeof planned>, chunk: Buffer): void {
      answerIsLost = true
      if (how === 'unsent') server.destroy()
      if (how === 'late') late = () => server.write(chunk)
      if (how === 'unanswered') {
        server.write(chunk)
        server.once('data', () => client.destroy())
      } else client.destroy()
      client.once('close', done)
    }
    server.on('data', (chunk: Buffer) => {
      if (!answerIsLost) client.write(chunk)
    })
    client.on('end', () => server.end())
    client.on('close', () => {
      if (!answerIsLost) server.destroy()
    })
    server.on('close', () => client.destroy())
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    port: (proxy.address() as AddressInfo).port,
    breakNextCommit: (how) =>
      new Promise((done) => {
        planned = { how, done }
      }),
    async close() {
      for (const socket of sockets) socket.destroy()
      proxy.close()
      await once(proxy, 'close')
    },
  }
}
