/** s3rver, an S3 server that nobody here wrote, as a child process with buckets in a folder of its own. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'

/** What s3rver takes for credentials; it checks no signature of version 4. */
export const S3RVER_CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }

/** A bucket of a running server, with a hand on its content by the SDK alone. */
export interface TestBucket {
  readonly bucket: string
  put(key: string, bytes: Uint8Array): Promise<void>
  read(key: string): Promise<Uint8Array | undefined>
  remove(key: string): Promise<void>
}

export interface S3Server {
  readonly endpoint: string
  /** Makes a bucket that no other test knows. */
  makeBucket(): Promise<TestBucket>
  close(): Promise<void>
}

/** Which Node the SDK's later versions need is no concern of these tests. */
export function muteNodeWarning(): void {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
}

/** Starts the server on a free port of loopback. Listing more than 1,000 keys needs DES, which OpenSSL 3 hides. */
export async function startS3Server(): Promise<S3Server> {
  muteNodeWarning()
  const folder = await mkdtemp(join(tmpdir(), 's3rver-'))
  const program = createRequire(import.meta.url).resolve('s3rver/bin/s3rver.js')
  const options = ['--directory', folder, '--address', '127.0.0.1', '--port', '0', '--silent', '--no-vhost-buckets']
  const child = spawn(process.execPath, ['--openssl-legacy-provider', program, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const endpoint = `http://127.0.0.1:${await portOf(child)}`
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: S3RVER_CREDENTIALS,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  let buckets = 0
  return {
    endpoint,
    makeBucket: async () => {
      buckets += 1
      const bucket = `bucket-${buckets}`
      await client.send(new CreateBucketCommand({ Bucket: bucket }))
      return testBucket(client, bucket)
    },
    close: async () => {
      client.destroy()
      const ended = once(child, 'exit')
      child.kill()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A bucket as any client of the SDK sees it. */
export function testBucket(client: S3Client, bucket: string): TestBucket {
  return {
    bucket,
    put: async (key, bytes) => {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }))
    },
    read: async (key) => {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
        return Buffer.from((await Body?.transformToByteArray()) ?? [])
      } catch (error) {
        if (error instanceof Error && error.name === 'NoSuchKey') return undefined
        throw error
      }
    },
    remove: async (key) => {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
    },
  }
}

async function portOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('s3rver has no output')
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /listening on .*:(\d+)$/.exec(line)?.[1]
    if (port !== undefined) return port
  }
  throw new Error('s3rver ended before it listened')
}
