/** What the network alone takes of the client's CPU: the same requests sent by undici and nothing else, slowly. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { Agent } from 'undici'

/** So many to have the code compiled, and as many again that count. */
const MESSAGES = 100
/** Between a request and its answer, so that the process sleeps: it wakes to cold caches, as one that waits for limits does. */
const ANSWERS_AFTER_MS = 50

/**
 * Milliseconds of user and system time for one request of so many bytes, sent to another process on this machine.
 *
 * @param {number} bytes
 */
export async function bareCpuMs(bytes) {
  const child = fork(fileURLToPath(import.meta.url), ['serve'])
  const [port] = await once(child, 'message')
  const agent = new Agent()
  const body = 'x'.repeat(bytes)
  const send = async () => {
    const answer = await agent.request({ origin: `http://127.0.0.1:${port}`, path: '/', method: 'POST', body })
    await answer.body.text()
  }
  for (let at = 0; at < MESSAGES; at += 1) await send()
  const before = process.cpuUsage()
  for (let at = 0; at < MESSAGES; at += 1) await send()
  const { user, system } = process.cpuUsage(before)
  await agent.close()
  child.kill()
  return (user + system) / 1_000 / MESSAGES
}

if (process.argv[2] === 'serve') {
  const server = createServer((request, response) => {
    request.resume()
    request.once('end', () => setTimeout(() => response.writeHead(204).end(), ANSWERS_AFTER_MS))
  })
  server.listen(0, '127.0.0.1', () => process.send?.(/** @type {any} */ (server.address()).port))
}
