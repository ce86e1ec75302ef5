/** The S3 adapter against s3rver: the common contracts, over a real protocol and a server that nobody here wrote. */

import { afterAll, beforeAll } from 'vitest'

import { systemClock } from '../../src/lib/clock.ts'
import { openS3 } from '../../src/source/s3.ts'
import { openS3Sink } from '../../src/source/s3-sink.ts'
import { S3RVER_CREDENTIALS, type S3Server, startS3Server } from '../support/s3-server.ts'
import { objectSinkContract } from './object-sink.ts'
import { collect, objectStoreContract } from './object-store.ts'

let server: S3Server

beforeAll(async () => {
  // The adapter takes credentials as in production: from its environment.
  process.env['AWS_ACCESS_KEY_ID'] = S3RVER_CREDENTIALS.accessKeyId
  process.env['AWS_SECRET_ACCESS_KEY'] = S3RVER_CREDENTIALS.secretAccessKey
  server = await startS3Server()
})
afterAll(() => server.close())

const never = (): AbortSignal => new AbortController().signal

const optionsOf = (bucket: string) => ({
  bucket,
  endpoint: server.endpoint,
  forcePathStyle: true,
  requestPayer: true,
  clock: systemClock,
})

objectStoreContract('s3', async () => {
  const { bucket, put, remove } = await server.makeBucket()
  const store = openS3(optionsOf(bucket))
  const missing = openS3(optionsOf(`${bucket}-missing`))
  return {
    store,
    missing,
    put,
    remove,
    close: async () => {
      store.close()
      missing.close()
    },
  }
})

objectSinkContract(
  's3',
  async () => {
    const { bucket, read } = await server.makeBucket()
    const sink = openS3Sink(optionsOf(bucket))
    const store = openS3(optionsOf(bucket))
    return {
      sink,
      read,
      keys: async () => (await collect(store.list('', never()))).map(({ key }) => key),
      close: async () => {
        sink.close()
        store.close()
      },
    }
  },
  // s3rver writes into the object's place as bytes arrive, which S3 does not.
  { keepsTornUploads: true },
)
