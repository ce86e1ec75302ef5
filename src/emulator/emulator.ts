/** A Dataverse on loopback: HTTP in front, the emulated environment behind. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { serve } from './http-door.ts'
import type { EmulatorSeed } from './seed.ts'
import { DEFAULT_APP_ID, DEFAULT_SECRET } from './seed-ids.ts'
import { World } from './world.ts'

/** Everything has a default; the defaults are an ordinary online environment. */
export interface EmulatorOptions {
  /** 0 (the default) takes a free one. */
  readonly port?: number
  readonly seed?: EmulatorSeed
  /** Milliseconds since the epoch; the environment's clock starts from it. */
  readonly now?: () => number
  readonly appId?: string
  readonly secret?: string
  /** Left out: every tenant is served. */
  readonly tenant?: string
  /** Whether bulk messages exist; default true. */
  readonly bulk?: boolean
  /** Whether tables that usually track changes do; default true. */
  readonly changeTracking?: boolean
  /** Rows per page at most; default and Dataverse's own limit 5,000. */
  readonly pageSize?: number
  /** Lifetime of a token in seconds; default 3,599. */
  readonly tokenSeconds?: number
  /** The degree of parallelism the server recommends; default 4. */
  readonly dopHint?: number
  /** Simulated web servers behind the address; default 1. */
  readonly servers?: number
  /** How long cached metadata does not show new columns and keys; default 0. */
  readonly metadataLagMs?: number
}

/** A running emulator; whoever started it closes it. */
export interface Emulator {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly port: number
  readonly world: World
  close(): Promise<void>
}

/** Room for the longest GET that Dataverse takes, and for its refusal of longer ones. */
const MAX_HEADER_BYTES = 256 * 1024
const KEEP_ALIVE_MS = 60_000

/** Starts an emulator on 127.0.0.1. Rejects where the port is taken or the seed is wrong. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const world = new World({
    now: options.now ?? (() => Date.now()),
    uptime: () => performance.now(),
    appId: options.appId ?? DEFAULT_APP_ID,
    secret: options.secret ?? DEFAULT_SECRET,
    tenant: options.tenant,
    seed: options.seed ?? {},
    bulk: options.bulk ?? true,
    changeTracking: options.changeTracking ?? true,
    pageSize: options.pageSize ?? 5_000,
    tokenSeconds: options.tokenSeconds ?? 3_599,
    dopHint: options.dopHint ?? 4,
    servers: options.servers ?? 1,
    metadataLagMs: options.metadataLagMs ?? 0,
  })
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: KEEP_ALIVE_MS })
  const port = await listen(server, options.port ?? 0)
  const url = `http://127.0.0.1:${port}`
  let served = 0
  server.on('request', (incoming, outgoing) => {
    void readBody(incoming).then(
      (body) => serve(world, url, { incoming, outgoing, body, number: served++ }),
      () => outgoing.destroy(),
    )
  })
  return { url, port, world, close: () => close(server, world) }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  return (await buffer(incoming)).toString()
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function close(server: Server, world: World): Promise<void> {
  world.holds.clear()
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
