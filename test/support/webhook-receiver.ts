/** A real receiver of webhooks on loopback: keeps what arrives, answers what a test scripts. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** One call as it arrived. */
export interface ReceivedCall {
  readonly method: string
  /** With query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into contexts of many shapes and assert every part they read
  readonly context: any
}

/** Answers 200 unless `answers` holds a status for the next call; `never` leaves it without an answer. */
export interface WebhookReceiver {
  /** `http://127.0.0.1:PORT/hook`, or https where it was opened with a certificate. */
  readonly url: string
  readonly calls: ReceivedCall[]
  readonly answers: (number | 'never')[]
  close(): Promise<void>
}

/** Whoever opens it closes it; `tls` holds certificate and key in PEM. */
export async function openWebhookReceiver(tls?: {
  readonly cert: string
  readonly key: string
}): Promise<WebhookReceiver> {
  const calls: ReceivedCall[] = []
  const answers: (number | 'never')[] = []
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    void text(incoming).then((body) => {
      const { method = '', url = '', headers } = incoming
      calls.push({ method, path: url, headers, body, context: JSON.parse(body) })
      const answer = answers.shift() ?? 200
      if (answer !== 'never') outgoing.writeHead(answer).end()
    })
  }
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}/hook`,
    calls,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
