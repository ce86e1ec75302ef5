/** What tests of the Google Cloud Storage adapter stand in: a server that can fail, a clock, and a bare environment. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { GcsOptions } from '../../src/source/gcs-connection.ts'
import { type BucketClock, bucketClock, IDLE_MS } from './bucket-clock.ts'
import { type GcsBucket, type GcsServer, startGcsServer } from './gcs-server.ts'

export interface GcsWorld {
  readonly server: GcsServer
  readonly bucket: GcsBucket
  readonly clock: BucketClock
  /** Options for the bucket without credentials, which a loopback endpoint does not need. */
  optionsOf(changes?: Partial<GcsOptions>): GcsOptions
  /** Writes a file of credentials and answers its path. */
  file(name: string, content: unknown): Promise<string>
  close(): Promise<void>
}

/** Everything that Google's library looks for credentials, projects and proxies in. */
const LOOKED_FOR = /^(GOOGLE_|GCLOUD_|GCE_|METADATA_|STORAGE_EMULATOR_HOST$|CLOUDSDK_|HOME$|https?_proxy$|no_proxy$)/i

/** Starts the server and empties the environment of Google; the machine is none of Google's. */
export async function openGcsWorld(): Promise<GcsWorld> {
  const before = { ...process.env }
  const server = await startGcsServer()
  const bucket = server.makeBucket()
  const clock = bucketClock()
  const folder = await mkdtemp(join(tmpdir(), 'gcs-'))
  const empty = () => {
    for (const name of Object.keys(process.env)) if (LOOKED_FOR.test(name)) delete process.env[name]
  }
  empty()
  Object.assign(process.env, { HOME: folder, METADATA_SERVER_DETECTION: 'none' })
  return {
    server,
    bucket,
    clock,
    optionsOf: (changes = {}) => ({
      bucket: bucket.bucket,
      endpoint: server.endpoint,
      clock,
      random: () => 0.5,
      idleMs: IDLE_MS,
      ...changes,
    }),
    file: async (name, content) => {
      const path = join(folder, name)
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
      return path
    },
    close: async () => {
      empty()
      Object.assign(process.env, before)
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** The pauses between eight attempts, without what the server asks for. */
export const PAUSES = [125, 250, 500, 1_000, 2_000, 4_000, 8_000]

export const never = (): AbortSignal => new AbortController().signal

/** Everything an iteration gives, as one. */
export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

/** Bytes that differ from place to place. */
export function patternOf(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) % 251))
}
