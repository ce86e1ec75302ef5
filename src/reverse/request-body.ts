/** The body of a request, read up to a bound: what comes after it is cut off. */

import type { IncomingMessage } from 'node:http'

/** Why there is no body to look at. */
export type Refusal = 'tooLarge' | 'malformed'

/**
 * Reads at most `most` bytes. Of a larger body nothing is kept, and as much again is let pass unread, so that the sender
 * gets to hear why; then the connection ends. A body that breaks off is malformed. Never rejects.
 */
export function readBody(request: IncomingMessage, most: number): Promise<Uint8Array | Refusal> {
  if (Number(request.headers['content-length'] ?? 0) > most) {
    letPass(request, most)
    return Promise.resolve('tooLarge')
  }
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let size = 0
    const onData = (part: Buffer) => {
      size += part.length
      if (size <= most) {
        parts.push(part)
        return
      }
      request.off('data', onData)
      parts.length = 0
      letPass(request, most)
      resolve('tooLarge')
    }
    request.on('data', onData)
    request.once('end', () => resolve(Buffer.concat(parts)))
    request.once('error', () => resolve('malformed'))
    request.once('close', () => resolve('malformed'))
  })
}

function letPass(request: IncomingMessage, most: number): void {
  let size = 0
  request.on('error', () => {})
  request.on('data', (part: Buffer) => {
    size += part.length
    if (size > most) request.socket.destroy()
  })
}
