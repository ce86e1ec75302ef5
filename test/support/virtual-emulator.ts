/** An emulator without sockets on a clock of its own: what a client would see, and when. */
import { type EmulatorOptions, openWorld } from '../../src/emulator/emulator.ts'
import { type Exchange, exchange } from '../../src/emulator/exchange.ts'
import type { World } from '../../src/emulator/world.ts'
import { VirtualClock } from './virtual-clock.ts'

const ORIGIN = 'http://127.0.0.1:1'

/** What came back; `endedAt` and `startedAt` in milliseconds of the machine's clock. */
export interface Seen {
  readonly status: number | 'reset'
  readonly code: string | undefined
  /** Seconds, where the server said so. */
  readonly retryAfter: number | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly startedAt: number
  readonly endedAt: number
}

/** Sends one request as a user. */
export type SendAs = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Seen>

export interface VirtualEmulator {
  readonly world: World
  readonly clock: VirtualClock
  /** Signs in as application user number 1, 2, … */
  user(number: number): Promise<SendAs>
}

const appOf = (number: number) => `00000000-0000-4000-9000-${String(number).padStart(12, '0')}`
const userOf = (number: number) => `00000000-0000-4000-a000-${String(number).padStart(12, '0')}`

/** Opens an environment with as many application users; the machine's clock is the virtual one. */
export function openVirtual(options: EmulatorOptions, users = 1): VirtualEmulator {
  const clock = new VirtualClock()
  const applications = Array.from({ length: users }, (_, at) => at + 1).map((number) => ({
    appId: appOf(number),
    secret: 'virtual',
    userId: userOf(number),
  }))
  const world = openWorld({
    ...options,
    now: () => 1_800_000_000_000 + clock.uptime(),
    uptime: clock.uptime,
    sleep: clock.sleep,
    tokenSeconds: 1_000_000,
    seed: { ...options.seed, applications },
  })
  return { world, clock, user: (number) => signIn(world, clock, number) }
}

async function signIn(world: World, clock: VirtualClock, number: number): Promise<SendAs> {
  const form = { client_id: appOf(number), client_secret: 'virtual', scope: `${ORIGIN}/.default` }
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...form }).toString()
  const url = '/acme.example.com/oauth2/v2.0/token'
  const { reply } = await exchange(world, ORIGIN, { method: 'POST', url, headers: new Map(), body })
  const { access_token: token } = JSON.parse(reply?.body ?? '{}') as { access_token: string }
  return async (method, path, content, headers = {}) => {
    const startedAt = clock.uptime()
    const all = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers }
    const call = {
      method,
      url: `/api/data/v9.2/${path}`,
      headers: new Map(Object.entries(all)),
      body: content === undefined ? '' : typeof content === 'string' ? content : JSON.stringify(content),
    }
    return seen(await exchange(world, ORIGIN, call), startedAt, clock.uptime())
  }
}

function seen({ ending, reply, headers }: Exchange, startedAt: number, endedAt: number): Seen {
  const retryAfter = reply?.headers['Retry-After']
  const refused = reply !== undefined && reply.status >= 400
  return {
    status: ending === 'reset' || reply === undefined ? 'reset' : reply.status,
    code: refused ? (JSON.parse(reply.body ?? '{}') as { error?: { code?: string } }).error?.code : undefined,
    retryAfter: retryAfter === undefined ? undefined : Number(retryAfter),
    headers: { ...headers, ...reply?.headers },
    startedAt,
    endedAt,
  }
}
