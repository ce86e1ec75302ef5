/** The common contracts against moto. What it checks of signatures and policies is tested in `access.moto.ts`. */

import { afterAll, beforeAll } from 'vitest'

import { systemClock } from '../../src/lib/clock.ts'
import { openS3 } from '../../src/source/s3.ts'
import { openS3Sink } from '../../src/source/s3-sink.ts'
import { objectSinkContract } from '../contract/object-sink.ts'
import { collect, objectStoreContract } from '../contract/object-store.ts'
import { actAs, type Moto, REGION, startMoto } from './moto.ts'

const never = (): AbortSignal => new AbortController().signal

let moto: Moto
beforeAll(async () => {
  moto = await startMoto()
  actAs(await moto.makeUser('s3:*'), moto)
  await moto.trustAll()
})
afterAll(() => moto.close())

const optionsOf = (bucket: string) => ({
  bucket,
  region: REGION,
  endpoint: moto.endpoint,
  forcePathStyle: true,
  requestPayer: true,
  clock: systemClock,
})

objectStoreContract('s3 of moto', async () => {
  const { bucket, put, remove } = await moto.makeBucket()
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

objectSinkContract('s3 of moto', async () => {
  const { bucket, read } = await moto.makeBucket()
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
})
