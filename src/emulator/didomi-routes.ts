/** The routes of an emulated Didomi API. */

/** By what they are about; `events` is the posting of some, `events/list` the reading. */
export type DidomiRoute =
  | 'sessions'
  | 'users'
  | 'user'
  | 'events'
  | 'events/list'
  | 'event'
  | 'catalogue'
  | 'exports/logs'

/** All of them, for counters. */
export const DIDOMI_ROUTES: readonly DidomiRoute[] = [
  'sessions',
  'users',
  'user',
  'events',
  'events/list',
  'event',
  'catalogue',
  'exports/logs',
]

/** Where a request goes; `id` is the last part of its path, percent-decoded, where that is an id or names a list. */
export interface DidomiTarget {
  readonly route: DidomiRoute
  readonly id: string
}

/** `unknown`: no such path; `unmodelled`: Didomi documents it (method included), the emulator does not know it. */
export type DidomiMiss = 'unknown' | 'unmodelled'

interface Pattern {
  readonly route: DidomiRoute
  readonly methods: readonly string[]
  readonly path: RegExp
}

/** Didomi: the pages of the catalogue write their addresses without `/v1`, the API's introduction with it. */
const PATTERNS: readonly Pattern[] = [
  { route: 'sessions', methods: ['POST'], path: /^\/v1\/sessions$/ },
  { route: 'users', methods: ['GET'], path: /^\/v1\/consents\/users$/ },
  { route: 'user', methods: ['GET', 'DELETE'], path: /^\/v1\/consents\/users\/([^/]+)$/ },
  { route: 'events', methods: ['POST'], path: /^\/v1\/consents\/events$/ },
  { route: 'events/list', methods: ['GET'], path: /^\/v1\/consents\/events$/ },
  { route: 'event', methods: ['GET', 'PATCH', 'DELETE'], path: /^\/v1\/consents\/events\/([^/]+)$/ },
  {
    route: 'catalogue',
    methods: ['GET'],
    path: /^(?:\/v1)?\/(config-trees|preferences|metadata\/purposes|widgets\/preferences-centers\/layout-entities)$/,
  },
  { route: 'exports/logs', methods: ['GET'], path: /^\/marketplace\/exports\/logs$/ },
]

/** Finds the route of a request. */
export function didomiTarget(method: string, path: string): DidomiTarget | DidomiMiss {
  let miss: DidomiMiss = 'unknown'
  for (const pattern of PATTERNS) {
    const match = pattern.path.exec(path)
    if (match === null) continue
    if (pattern.methods.includes(method)) return { route: pattern.route, id: decoded(match[1] ?? '') }
    miss = 'unmodelled'
  }
  return miss
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
