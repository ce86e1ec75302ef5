/** An object on its way into an archive: what every sink checks of its key and its bytes. */

import { archiveUnwritable } from './object-sink.ts'

/** An object to write. */
export interface Incoming {
  readonly key: string
  readonly size: number
  readonly bytes: AsyncIterable<Uint8Array>
}

export const whereOf = (key: string): string => `archive object ${JSON.stringify(key)}`

/** The key without slashes at its start. A bucket takes any key, but an archive must also fit a folder. */
export function archiveKey(key: string): string {
  const place = key.replace(/^\/+/, '')
  const hostile = place.split('/').some((name) => ['', '.', '..'].includes(name) || name.includes('\0'))
  if (hostile) throw archiveUnwritable(whereOf(key), 'a key that names no place below a folder')
  return place
}

const TYPES: Readonly<Record<string, string>> = { html: 'text/html; charset=utf-8', json: 'application/json' }

/** What a browser takes an object for: a report is opened, an export is bytes. */
export function contentTypeOf(key: string): string {
  return TYPES[/\.(\w+)$/.exec(key)?.[1] ?? ''] ?? 'application/octet-stream'
}

/** An upload whose bytes failed; the cause is to be thrown as it is. */
export class BrokenSource extends Error {}

/**
 * The bytes of an object if they are as many as were promised. The last chunk is held back until the source has ended:
 * with it the server has all it waits for, and the object would be stored whatever the source says after it.
 */
export async function* exactly({ key, size, bytes }: Incoming, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let taken = 0
  let held: Uint8Array | undefined
  for await (const chunk of bytes) {
    signal.throwIfAborted()
    if (chunk.length === 0) continue
    taken += chunk.length
    if (taken > size) throw archiveUnwritable(whereOf(key), `more than the ${size} bytes of the object`)
    if (held !== undefined) yield held
    held = chunk
  }
  signal.throwIfAborted()
  if (taken < size) throw archiveUnwritable(whereOf(key), `${taken} of the ${size} bytes of the object`)
  if (held !== undefined) yield held
}
