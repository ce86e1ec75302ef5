/** The storage emulator of firebase-tools, in this process: its server without its rules, which would need Java. */

import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Storage } from '@google-cloud/storage'

/** The part of firebase-tools that is used; it brings no types of it. */
interface EmulatorModule {
  readonly StorageEmulator: new (settings: {
    readonly projectId: string
    readonly host: string
    readonly port: number
    readonly rules: { readonly name: string; readonly content: string }
  }) => object
}

/** Where the emulator looks up its own address. */
interface RegistryModule {
  readonly EmulatorRegistry: { readonly INSTANCES: Map<string, object> }
}

interface ServerModule {
  createApp(projectId: string, emulator: object): Promise<RequestListener>
}

const PROJECT = 'demo-project'

/** A bucket of the emulator, with a hand on its content by Google's own library. */
export interface EmulatorBucket {
  readonly bucket: string
  put(key: string, bytes: Uint8Array, contentEncoding?: string): Promise<void>
  read(key: string): Promise<Uint8Array | undefined>
  remove(key: string): Promise<void>
}

export interface GcsEmulator {
  readonly endpoint: string
  /** Names a bucket that no other test knows; the emulator makes every bucket it is asked for. */
  makeBucket(): EmulatorBucket
  close(): Promise<void>
}

/** Starts the emulator on a free port of loopback. */
export async function startGcsEmulator(): Promise<GcsEmulator> {
  const load = createRequire(import.meta.url)
  const { StorageEmulator }: EmulatorModule = load('firebase-tools/lib/emulator/storage/index.js')
  const { createApp }: ServerModule = load('firebase-tools/lib/emulator/storage/server.js')
  const { EmulatorRegistry }: RegistryModule = load('firebase-tools/lib/emulator/registry.js')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const rules = { name: 'storage.rules', content: '' }
  const emulator = new StorageEmulator({ projectId: PROJECT, host: '127.0.0.1', port, rules })
  EmulatorRegistry.INSTANCES.set('storage', emulator)
  server.on('request', await createApp(PROJECT, emulator))
  const endpoint = `http://127.0.0.1:${port}`
  const storage = new Storage({ projectId: PROJECT, apiEndpoint: endpoint })
  let buckets = 0
  return {
    endpoint,
    makeBucket: () => {
      buckets += 1
      return bucketOf(storage, `bucket-${buckets}`)
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function bucketOf(storage: Storage, name: string): EmulatorBucket {
  const file = (key: string) => storage.bucket(name).file(key)
  return {
    bucket: name,
    put: async (key, bytes, contentEncoding) => {
      const metadata = contentEncoding === undefined ? {} : { contentEncoding }
      await file(key).save(Buffer.from(bytes), { resumable: false, validation: false, metadata })
    },
    read: async (key) => {
      const [exists] = await file(key).exists()
      if (!exists) return undefined
      const [bytes] = await file(key).download({ validation: false, decompress: false })
      return bytes
    },
    remove: async (key) => {
      await file(key).delete()
    },
  }
}
