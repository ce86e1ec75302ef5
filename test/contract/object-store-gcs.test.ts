/** The Google Cloud Storage adapter against a stand-in of our own: the common contracts, over the JSON API. */

import { systemClock } from '../../src/lib/clock.ts'
import { openGcs } from '../../src/source/gcs.ts'
import { openGcsSink } from '../../src/source/gcs-sink.ts'
import { startGcsServer } from '../support/gcs-server.ts'
import { objectSinkContract } from './object-sink.ts'
import { objectStoreContract } from './object-store.ts'

objectStoreContract('gcs', async () => {
  const server = await startGcsServer()
  const { bucket, put, remove } = server.makeBucket()
  const options = { endpoint: server.endpoint, clock: systemClock }
  const store = openGcs({ ...options, bucket })
  const missing = openGcs({ ...options, bucket: 'no-such-bucket' })
  return {
    store,
    missing,
    put: async (key, bytes) => void put(key, bytes),
    remove: async (key) => remove(key),
    close: async () => {
      store.close()
      missing.close()
      await server.close()
    },
  }
})

objectSinkContract('gcs', async () => {
  const server = await startGcsServer()
  const { bucket, read, keys } = server.makeBucket()
  const sink = openGcsSink({ endpoint: server.endpoint, bucket, clock: systemClock })
  return {
    sink,
    read: async (key) => read(key),
    keys: async () => keys(),
    close: async () => {
      sink.close()
      await server.close()
    },
  }
})
