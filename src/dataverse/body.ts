/** The body of an HTTP answer, read whole but never without bound, and unpacked. */

import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

const gunzipped = promisify(gunzip)

/** Raised where an answer is longer than the bound, or packed in a way nobody asked for. */
class UnreadableBody extends Error {
  constructor(found: string) {
    super(found)
    this.name = 'UnreadableBody'
  }
}

/**
 * Reads a body to its end; `maxBytes` bounds it packed and unpacked.
 * @throws UnreadableBody, or the error of a broken stream or gzip.
 */
export async function readBody(
  body: AsyncIterable<Buffer>,
  encoding: string | undefined,
  maxBytes: number,
): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) throw new UnreadableBody(`an answer longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  const packed = Buffer.concat(chunks)
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return packed.toString('utf8')
    case 'gzip':
    case 'x-gzip':
      return packed.length === 0 ? '' : (await gunzipped(packed, { maxOutputLength: maxBytes })).toString('utf8')
    default:
      throw new UnreadableBody('a content encoding that was not asked for')
  }
}
