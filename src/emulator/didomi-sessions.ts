/** Sessions of an emulated Didomi API: tokens for one key, which end by the emulator's clock. */

import { randomUUID } from 'node:crypto'

export interface DidomiKey {
  readonly key: string
  readonly secret: string
}

export class DidomiSessions {
  readonly #key: DidomiKey
  readonly #lifeMs: number
  readonly #now: () => number
  /** Token → its end, in milliseconds since the epoch. */
  readonly #tokens = new Map<string, number>()

  constructor(key: DidomiKey, lifeMs: number, now: () => number) {
    this.#key = key
    this.#lifeMs = lifeMs
    this.#now = now
  }

  /** A JWT, as Didomi's are; nobody checks its signature. `undefined` for another key. */
  open(request: unknown): string | undefined {
    const { type, key, secret } = (request ?? {}) as Record<string, unknown>
    if (type !== 'api-key' || key !== this.#key.key || secret !== this.#key.secret) return undefined
    const endsAt = this.#now() + this.#lifeMs
    const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url')
    const claims = { sub: randomUUID(), iat: Math.floor(this.#now() / 1_000), exp: Math.floor(endsAt / 1_000) }
    const token = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.${randomUUID()}`
    this.#tokens.set(token, endsAt)
    return token
  }

  /** Whether an `Authorization` header holds a token that has not ended. */
  admits(authorization: string | undefined): boolean {
    const [scheme, token = ''] = authorization?.split(' ') ?? []
    const endsAt = this.#tokens.get(token)
    return scheme === 'Bearer' && endsAt !== undefined && this.#now() < endsAt
  }

  /** Ends all of them. */
  expire(): void {
    this.#tokens.clear()
  }
}
