/** Buckets for whole runs: an S3 and a Google Cloud Storage on loopback, as the configuration and a child process reach them. */

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import type { GcsServer } from './gcs-server.ts'
import { startGcsServer } from './gcs-server.ts'
import { BUCKET, type S3Faults, startS3Faults } from './s3-faults.ts'

/** One bucket. */
export interface Cloud {
  /** Where it is, as `source` and `archive.to` say it. */
  readonly location: Readonly<Record<string, unknown>>
  /** What the environment of the command line holds for it. */
  readonly env: Readonly<Record<string, string>>
  put(key: string, bytes: Uint8Array): void
  read(key: string): Uint8Array | undefined
  keys(): readonly string[]
  /** Requests for the bytes of an object, until now. */
  reads(): number
  /** Objects written over the network, until now. */
  writes(): number
  /** What the object that was written last was said to be. */
  lastType(): string | undefined
  close(): Promise<void>
}

export interface S3Cloud extends Cloud {
  readonly server: S3Faults
}

export interface GcsCloud extends Cloud {
  readonly server: GcsServer
}

/** An S3 with credentials in the environment and nothing else of AWS: no file, no metadata service. */
export async function openS3Cloud(): Promise<S3Cloud> {
  const server = await startS3Faults()
  const nowhere = join(tmpdir(), 'no-such-aws-file')
  return {
    server,
    location: {
      s3: { bucket: BUCKET, region: 'eu-central-1', endpoint: server.endpoint, forcePathStyle: true },
    },
    env: {
      AWS_ACCESS_KEY_ID: 'AKIAFIRST',
      AWS_SECRET_ACCESS_KEY: 'a-secret-that-nobody-sees',
      AWS_ENDPOINT_URL_STS: server.endpoint,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: nowhere,
      AWS_SHARED_CREDENTIALS_FILE: nowhere,
    },
    put: (key, bytes) => void server.put(key, bytes),
    read: (key) => server.read(key),
    keys: () => server.keys(),
    reads: () => server.requests('get').length,
    writes: () => server.requests('put').length,
    lastType: () => server.requests('put').at(-1)?.contentType,
    close: () => server.close(),
  }
}

/** A Google Cloud Storage on loopback, which asks nobody who they are. */
export async function openGcsCloud(): Promise<GcsCloud> {
  const server = await startGcsServer()
  const bucket = server.makeBucket()
  return {
    server,
    location: { gcs: { bucket: bucket.bucket, endpoint: server.endpoint } },
    env: { METADATA_SERVER_DETECTION: 'none' },
    put: (key, bytes) => void bucket.put(key, bytes),
    read: (key) => bucket.read(key),
    keys: () => bucket.keys(),
    reads: () => server.seenOf('get').length,
    writes: () => server.seenOf('upload').length,
    lastType: () => server.seenOf('upload').at(-1)?.contentType,
    close: () => server.close(),
  }
}

/** The key of an object of a partition. */
export const keyOf = (date: string, name: string, exportId = 'e1'): string =>
  `data/export-id=${exportId}/date=${date}/users/${name}`

/** Delivers a day as Didomi does: gzipped parts, and `_SUCCESS` once they are there. */
export function deliverDay(
  cloud: Cloud,
  date: string,
  parts: ReadonlyArray<readonly string[]>,
  { sealed = true }: { readonly sealed?: boolean } = {},
): void {
  for (const [number, lines] of parts.entries()) {
    const name = `part-${String(number).padStart(5, '0')}.json.gz`
    cloud.put(keyOf(date, name), gzipSync(lines.map((line) => `${line}\n`).join('')))
  }
  if (sealed) cloud.put(keyOf(date, '_SUCCESS'), new Uint8Array())
}
