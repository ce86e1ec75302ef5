/** A webhook on loopback that keeps what it is told, and answers as a test wants. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HookCall {
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Readonly<Record<string, unknown>>
}

export interface HookServer {
  readonly url: string
  /** May be emptied; scripted statuses count from the first call ever. */
  readonly calls: HookCall[]
  close(): Promise<void>
}

/** `statuses`: of the first answers, in order; then 200. `null` never answers. */
export async function startHookServer(statuses: ReadonlyArray<number | null> = []): Promise<HookServer> {
  const calls: HookCall[] = []
  let taken = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const status = statuses[taken]
      taken += 1
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8'))
      calls.push({ path: request.url ?? '', headers: request.headers, body })
      if (status !== null) response.writeHead(status ?? 200).end('ok')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
