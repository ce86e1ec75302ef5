/** A Dataverse on loopback: HTTP in front, the emulated environment behind. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import type { RetryAfterStyle } from './capacity.ts'
import { scaledClock, scaledTimer } from './clock.ts'
import { serve } from './http-door.ts'
import { DOCUMENTED_LIMITS, type LimitSettings } from './limits.ts'
import { type LockSettings, USUAL_LOCKS } from './row-locks.ts'
import type { EmulatorSeed } from './seed.ts'
import { DEFAULT_APP_ID, DEFAULT_SECRET } from './seed-ids.ts'
import { type ServiceTimeSettings, USUAL_SERVICE_TIME } from './service-time.ts'
import { LIKELY_UNKNOWNS, type Unknowns } from './unknowns.ts'
import { DEFAULT_WEBHOOK_SETTINGS, type WebhookSettings } from './webhook-settings.ts'
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
  /**
   * Service protection limits per user and server; default none. `{}` is the documented ones. The limits of execution
   * time and concurrency are met with a service time only.
   */
  readonly limits?: Partial<LimitSettings>
  /** How long requests are at work; default not at all. `{}` is a plain environment. */
  readonly serviceTime?: Partial<ServiceTimeSettings>
  /** What becomes of requests that overlap on a row; without a service time none do. */
  readonly locks?: Partial<LockSettings>
  /**
   * How many environment seconds pass in one second of the machine; default 1. Windows, lock-outs, service times, `slow`
   * faults and every date the environment writes or shows are in its own seconds, so all proportions stay: at 30 a window
   * of 300 s passes in ten, a service of 2 s in 67 ms, and a `Retry-After: 60` is over after two. A client keeps its
   * arithmetic if its clock and its waits run on the same scale; for one that cannot, see `retryAfter`. Tokens alone live
   * in seconds of the machine, because the libraries that fetch them look at its clock.
   */
  readonly timeScale?: number
  /** In which time Retry-After counts; default `environment`. */
  readonly retryAfter?: RetryAfterStyle
  /** Of jitter and deadlocks; default 1. */
  readonly randomSeed?: number
  /** Milliseconds that only grow, and a wait of so many: the machine's unless a test brings its own. Both unscaled. */
  readonly uptime?: () => number
  readonly sleep?: (ms: number) => Promise<void>
  /**
   * Milliseconds since the epoch at the identity provider, by which assertions, secrets and certificates end; default
   * the machine's clock, by which libraries date what they sign.
   */
  readonly tokenClock?: () => number
  /** What is unknown of the real service; default as `LIKELY_UNKNOWNS` says. */
  readonly unknowns?: Partial<Unknowns>
  /** How webhooks are delivered; default as `DEFAULT_WEBHOOK_SETTINGS` says. */
  readonly webhooks?: Partial<WebhookSettings>
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

/** An environment without a door; `exchange` talks to it. Throws where the seed is wrong. */
export function openWorld(options: EmulatorOptions = {}): World {
  const { timeScale = 1, servers = 1, uptime = () => performance.now(), limits, serviceTime } = options
  const sleep = options.sleep ?? ((ms) => pause(ms, undefined, { ref: false }))
  return new World({
    now: scaledClock(options.now ?? (() => Date.now()), timeScale),
    uptime,
    tokenClock: options.tokenClock ?? (() => Date.now()),
    timer: scaledTimer({ uptime, sleep }, timeScale),
    capacity: {
      limits: limits && { ...DOCUMENTED_LIMITS, ...limits },
      serviceTime: serviceTime && { ...USUAL_SERVICE_TIME, ...serviceTime },
      locks: { ...USUAL_LOCKS, ...options.locks },
      servers,
      retryAfter: options.retryAfter ?? 'environment',
      timeScale,
      randomSeed: options.randomSeed ?? 1,
    },
    appId: options.appId ?? DEFAULT_APP_ID,
    secret: options.secret ?? DEFAULT_SECRET,
    tenant: options.tenant,
    seed: options.seed ?? {},
    bulk: options.bulk ?? true,
    changeTracking: options.changeTracking ?? true,
    pageSize: options.pageSize ?? 5_000,
    tokenSeconds: options.tokenSeconds ?? 3_599,
    dopHint: options.dopHint ?? 4,
    servers,
    metadataLagMs: options.metadataLagMs ?? 0,
    unknowns: { ...LIKELY_UNKNOWNS, ...options.unknowns },
    webhooks: { ...DEFAULT_WEBHOOK_SETTINGS, ...options.webhooks },
  })
}

/** Starts an emulator on 127.0.0.1. Rejects where the port is taken or the seed is wrong. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const world = openWorld(options)
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: KEEP_ALIVE_MS })
  const port = await listen(server, options.port ?? 0)
  const url = `http://127.0.0.1:${port}`
  server.on('request', (incoming, outgoing) => {
    void readBody(incoming).then(
      (body) => serve(world, url, { incoming, outgoing, body }),
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
  world.webhooks.close()
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
