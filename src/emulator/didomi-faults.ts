/** Trouble of an emulated Didomi API, scripted: the nth request of a route gets something else than its answer. */

import type { DidomiRoute } from './didomi-routes.ts'

/**
 * - `status`: this status with an error body, and `Retry-After` where given (seconds, or an HTTP date);
 * - `reset`: the connection breaks before an answer; `truncate`: amid its body;
 * - `malformed`: 200 with half a JSON document; `other`: 200 with JSON that nobody documents;
 * - `long`: 200 with a body of this many bytes;
 * - `lose`: the request is answered, and the connection breaks before the answer: what was posted is stored;
 * - `expire`: all sessions end, and the request is answered after that;
 * - `hold`: no answer until the emulator closes.
 */
export type DidomiFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  | { readonly kind: 'reset' | 'truncate' | 'malformed' | 'expire' | 'hold' | 'lose' }
  | { readonly kind: 'other'; readonly body: unknown }
  | { readonly kind: 'long'; readonly bytes: number }

interface Script {
  readonly route: DidomiRoute
  readonly fault: DidomiFault
  /** Requests that are still answered before it strikes. */
  before: number
  left: number
}

/** The script, in the order in which it was written; one fault at most strikes a request. */
export class DidomiFaults {
  readonly #scripts: Script[] = []
  readonly #waiting: (() => void)[] = []

  /** Strikes the nth (from 1) matching request from now on, and the `times` − 1 after it. */
  add(route: DidomiRoute, fault: DidomiFault, { nth = 1, times = 1 } = {}): void {
    this.#scripts.push({ route, fault, before: nth - 1, left: times })
  }

  /** The fault of this request, used up by the asking. */
  take(route: DidomiRoute): DidomiFault | undefined {
    let taken: DidomiFault | undefined
    for (const script of this.#scripts) {
      if (script.route !== route) continue
      if (script.before > 0) script.before -= 1
      else if (taken === undefined && script.left > 0) {
        script.left -= 1
        taken = script.fault
      }
    }
    if (taken?.kind === 'hold') for (const wake of this.#waiting.splice(0)) wake()
    return taken
  }

  /** Forgets the whole script. */
  clear(): void {
    this.#scripts.length = 0
  }

  /** Resolves when the next request is held. */
  held(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
