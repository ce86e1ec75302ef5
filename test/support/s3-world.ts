/** What tests of the S3 adapter stand in: a server that can fail, a clock, and an environment with credentials. */

import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { S3Options } from '../../src/source/s3-connection.ts'
import { type BucketClock, bucketClock, IDLE_MS } from './bucket-clock.ts'
import { BUCKET, type S3Faults, startS3Faults } from './s3-faults.ts'

export interface S3World {
  readonly server: S3Faults
  readonly clock: BucketClock
  optionsOf(changes?: Partial<S3Options>): S3Options
  close(): Promise<void>
}

/** Everything the SDK looks for credentials, regions and endpoints in. */
const LOOKED_FOR = /^(AWS_|AMAZON_)/

/** Starts the server and empties the environment of AWS but for a key pair and the token service's address. */
export async function openS3World(): Promise<S3World> {
  const before = { ...process.env }
  const server = await startS3Faults()
  const clock = bucketClock()
  const nowhere = join(tmpdir(), 'no-such-aws-file')
  for (const name of Object.keys(process.env)) if (LOOKED_FOR.test(name)) delete process.env[name]
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'AKIAFIRST',
    AWS_SECRET_ACCESS_KEY: 'a-secret-that-nobody-sees',
    AWS_ENDPOINT_URL_STS: server.endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: nowhere,
    AWS_SHARED_CREDENTIALS_FILE: nowhere,
  })
  return {
    server,
    clock,
    optionsOf: (changes = {}) => ({
      bucket: BUCKET,
      region: 'eu-central-1',
      endpoint: server.endpoint,
      forcePathStyle: true,
      requestPayer: true,
      clock,
      random: () => 0.5,
      idleMs: IDLE_MS,
      ...changes,
    }),
    close: async () => {
      for (const name of Object.keys(process.env)) if (LOOKED_FOR.test(name)) delete process.env[name]
      Object.assign(process.env, before)
      await server.close()
    },
  }
}

/** Removes the credentials from the environment. */
export function forgetCredentials(): void {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) delete process.env[name]
}

/** The role that tests assume. */
export const ROLE = {
  roleArn: 'arn:aws:iam::123456789012:role/exports-role',
  externalId: 'external-1',
  sessionName: 'didomi-dataverse',
  durationSeconds: 3_600,
}
