/** A budget of requests per window, as Didomi counts it and tells it in headers. */

/** Didomi's figures by default; `windowMs` in milliseconds. */
export interface RateSettings {
  /** Default 100. */
  readonly requests: number
  /** Default 15,000. */
  readonly windowMs: number
  /** Whether a refusal says how long to wait; default true. */
  readonly retryAfter: boolean
  /** The routes that are counted; default those of the catalogue and the export log. (Didomi: none on `/consents/*`.) */
  readonly routes: readonly string[]
}

/** 100 requests in 15 seconds, everywhere but on `/consents/*`. */
export const DOCUMENTED_RATE: RateSettings = {
  requests: 100,
  windowMs: 15_000,
  retryAfter: true,
  routes: ['catalogue', 'exports/logs'],
}

/** What the budget says to a request; headers go with the answer, whichever it is. */
export interface RateVerdict {
  readonly refused: boolean
  readonly headers: Readonly<Record<string, string>>
}

/** One organization's budget. The window begins with its first request. (Didomi: headers as the IETF's seventh draft has them.) */
export class DidomiRate {
  readonly #settings: RateSettings
  #endsAtMs = Number.NEGATIVE_INFINITY
  #used = 0

  constructor(settings: RateSettings) {
    this.#settings = settings
  }

  /** Counts a request at a time in milliseconds; `undefined` where its route is not counted. */
  take(route: string, now: number): RateVerdict | undefined {
    const { requests, windowMs, retryAfter, routes } = this.#settings
    if (!routes.includes(route)) return undefined
    if (now >= this.#endsAtMs) {
      this.#endsAtMs = now + windowMs
      this.#used = 0
    }
    this.#used++
    const reset = Math.ceil((this.#endsAtMs - now) / 1_000)
    const refused = this.#used > requests
    return {
      refused,
      headers: {
        RateLimit: `limit=${requests}, remaining=${Math.max(0, requests - this.#used)}, reset=${reset}`,
        'RateLimit-Policy': `${requests};w=${windowMs / 1_000}`,
        ...(refused && retryAfter ? { 'Retry-After': String(reset) } : {}),
      },
    }
  }
}
