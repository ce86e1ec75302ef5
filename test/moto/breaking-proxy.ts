/** A TCP proxy that breaks connections: what passes it is real, but does not always arrive. */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface BreakingProxy {
  readonly endpoint: string
  /** The next connections, in turn, break once this many bytes of answers have passed. */
  readonly breaks: number[]
  /** Called at each break. */
  onBreak: () => Promise<void> | void
  /** The `Range` and `If-Match` of the requests that passed, in order; empty where there is none. */
  readonly asked: Array<{ readonly range: string; readonly ifMatch: string }>
  close(): Promise<void>
}

export async function startBreakingProxy(target: string): Promise<BreakingProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    const both = [client, upstream]
    let left = proxy.breaks.shift() ?? Number.POSITIVE_INFINITY
    for (const socket of both) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        // At a break the client hears of it once everything is done that is to be done before it asks again.
        if (left > 0) for (const one of both) one.destroy()
      })
    }
    client.on('data', (bytes) => {
      record(String(bytes))
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      client.write(bytes.subarray(0, left))
      left -= bytes.length
      if (left > 0) return
      upstream.destroy()
      Promise.resolve(proxy.onBreak()).then(() => client.destroySoon())
    })
  })
  const record = (text: string) => {
    if (!/^[A-Z]+ \S+ HTTP/.test(text)) return
    const header = (name: string) => new RegExp(`^${name}: (.*)\r$`, 'im').exec(text)?.[1] ?? ''
    proxy.asked.push({ range: header('range'), ifMatch: header('if-match') })
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: BreakingProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    breaks: [],
    onBreak: () => {},
    asked: [],
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}
