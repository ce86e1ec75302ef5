/** The simulated Dataverse: the emulator, without sockets or behind one, and the product's own client before it. */

import { parseApiRoot } from '../../src/dataverse/api-root.ts'
import { type DataverseOptions, type OpenDataverse, openDataverse } from '../../src/dataverse/open.ts'
import { NoAnswer, type Reply, type Send } from '../../src/dataverse/send.ts'
import { openTransport } from '../../src/dataverse/transport.ts'
import { type Emulator, type EmulatorOptions, openWorld, startEmulator } from '../../src/emulator/emulator.ts'
import { exchange } from '../../src/emulator/exchange.ts'
import type { EmulatorSeed } from '../../src/emulator/seed.ts'
import { DEFAULT_APP_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import type { World } from '../../src/emulator/world.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Chaos } from './chaos.ts'

export const ORIGIN = 'http://127.0.0.1:1'
const SOCKETS = { connections: 8, connectTimeoutMs: 5_000, maxReplyBytes: 64 * 1_048_576 }

/** One clock for everybody, which moves when somebody sleeps or is told to. */
export interface SimClock extends Clock {
  advanceTo(ms: number): void
}

export function simClock(beginMs: number): SimClock {
  let ms = 0
  return {
    now: () => beginMs + ms,
    monotonic: () => ms,
    advanceTo: (to) => {
      ms = Math.max(ms, to - beginMs)
    },
    sleep: async (waitMs, signal) => {
      signal?.throwIfAborted()
      ms += waitMs
    },
  }
}

export function openEnvironment(seed: EmulatorSeed, clock: SimClock): World {
  return openWorld(optionsOf(seed, clock))
}

/** The same behind a socket; whoever opens it closes it. */
export function serveEnvironment(seed: EmulatorSeed, clock: SimClock): Promise<Emulator> {
  return startEmulator(optionsOf(seed, clock))
}

function optionsOf(seed: EmulatorSeed, clock: SimClock): EmulatorOptions {
  return {
    seed,
    now: clock.now,
    uptime: clock.monotonic,
    sleep: (ms) => clock.sleep(ms),
    tokenSeconds: 1_000_000_000,
    tokenClock: clock.now,
  }
}

/** The product's client on the emulator's exchange, or on the socket at `url`; every request is a step of the process. */
export function connect(
  {
    world,
    token,
    clock,
    random,
    metadata,
    url,
  }: {
    url?: string
    world: World
    token: string
    clock: Clock
    random: () => number
    /** Answers about tables and columns, where many worlds have the same. */
    metadata?: Map<string, Reply>
  },
  chaos: Chaos,
): OpenDataverse {
  const origin = url ?? ORIGIN
  const exchanging: Send = async (request) => {
    const path = request.path.startsWith('http')
      ? new URL(request.path).pathname + new URL(request.path).search
      : `/api/data/v9.2/${request.path}`
    const known = request.method === 'GET' ? metadata?.get(path) : undefined
    if (known !== undefined) return known
    const headers = new Map(Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
    const call = { method: request.method, url: path, headers, body: request.body ?? '' }
    const { ending, reply, headers: more } = await exchange(world, ORIGIN, call)
    if (ending !== 'answer' || reply === undefined) throw new NoAnswer(request.what, true)
    const all = Object.entries({ ...more, ...reply.headers }).map(([name, value]) => [name.toLowerCase(), value])
    const answer = { status: reply.status, headers: Object.fromEntries(all), body: reply.body ?? '' }
    if (path.includes('/EntityDefinitions')) metadata?.set(path, answer)
    return answer
  }
  const socket =
    url === undefined ? undefined : openTransport({ root: parseApiRoot(`${url}/api/data/v9.2/`), ...SOCKETS })
  const { send, close } = socket ?? { send: exchanging, close: async () => {} }
  const options: DataverseOptions = {
    apiRoot: `${origin}/api/data/v9.2/`,
    authentication: [
      {
        tenantId: 't',
        clientId: DEFAULT_APP_ID,
        credential: { kind: 'secret', secret: { reveal: () => DEFAULT_SECRET } },
      },
    ],
    userAgent: 'simulation',
    transport: {
      send: (request, signal) => chaos.step('network', request.what, () => send(request, signal)),
      close,
    },
    tokens: () => ({ token: async () => token, forget: () => {} }),
    batchRows: 20,
    batchParts: 5,
    retry: { attempts: 3 },
    clock,
    random,
  }
  return openDataverse(options)
}

/** A token that lasts: what becomes of tokens is proven elsewhere. */
export async function tokenOf(world: World, origin = ORIGIN): Promise<string> {
  const form = {
    grant_type: 'client_credentials',
    client_id: DEFAULT_APP_ID,
    client_secret: DEFAULT_SECRET,
    scope: `${origin}/.default`,
  }
  const url = '/acme.example.com/oauth2/v2.0/token'
  const body = new URLSearchParams(form).toString()
  const { reply } = await exchange(world, origin, { method: 'POST', url, headers: new Map(), body })
  const { access_token: token } = JSON.parse(reply?.body ?? '{}') as { access_token: string }
  return token
}
