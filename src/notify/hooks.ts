/** HTTP to webhooks: bounded, repeated where it may help, never an error of the run. Their URLs are secrets and are not told. */

import { request } from 'undici'
import type { Secret } from '../config/secret.ts'
import type { Clock } from '../lib/clock.ts'
import { openAgent } from '../lib/egress.ts'
import type { Log } from '../lib/log.ts'
import { pauseMs } from '../lib/retry.ts'

export interface Hook {
  /** What it is called in the log: `notify[0]`. */
  readonly name: string
  readonly url: Secret
  /** Appended to the URL's path. */
  readonly suffix?: string
  readonly headers?: Readonly<Record<string, Secret>>
  readonly timeoutMs: number
  readonly attempts: number
}

export interface HookPorts {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly userAgent: string
}

const PAUSES = { basePauseMs: 500, maxPauseMs: 5_000 }

/** A way to speak to webhooks; `close` waits for what is under way. */
export class Hooks {
  readonly #ports: HookPorts
  readonly #agent = openAgent({ connect: { timeout: 10_000 } })
  readonly #giveUp = new AbortController()
  readonly #underWay: Promise<void>[] = []

  constructor(ports: HookPorts) {
    this.#ports = ports
  }

  /**
   * Sends, once `after` has resolved; nobody need wait for it but `close`. Resolves, never rejects, when it was taken or
   * given up.
   */
  post(hook: Hook, body: unknown, after: Promise<void> = Promise.resolve()): Promise<void> {
    const sent = after.then(() => this.#deliver(hook, JSON.stringify(body)))
    this.#underWay.push(sent)
    return sent
  }

  /** Gives up what is not taken within `withinMs`. */
  async close(withinMs: number): Promise<void> {
    const timer = setTimeout(() => this.#giveUp.abort(), withinMs)
    await Promise.all(this.#underWay)
    clearTimeout(timer)
    await this.#agent.destroy()
  }

  async #deliver(hook: Hook, body: string): Promise<void> {
    const { clock, random, log } = this.#ports
    for (let n = 0; ; n += 1) {
      const answer = await this.#attempt(hook, body)
      if (answer === 'taken') return
      if (answer.final || n + 1 >= hook.attempts || this.#giveUp.signal.aborted) {
        log.warn({ hook: hook.name, attempts: n + 1, why: answer.why }, 'a webhook could not be told')
        return
      }
      await clock.sleep(pauseMs({ ...PAUSES, random }, n, PAUSES.basePauseMs), this.#giveUp.signal).catch(() => {})
    }
  }

  async #attempt(hook: Hook, body: string): Promise<'taken' | { readonly why: string; readonly final: boolean }> {
    const headers = Object.fromEntries(
      Object.entries(hook.headers ?? {}).map(([name, value]) => [name, value.reveal()]),
    )
    try {
      const answer = await request(urlOf(hook), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': this.#ports.userAgent, ...headers },
        body,
        dispatcher: this.#agent,
        signal: AbortSignal.any([this.#giveUp.signal, AbortSignal.timeout(hook.timeoutMs)]),
      })
      await answer.body.dump()
      const { statusCode } = answer
      if (statusCode >= 200 && statusCode < 300) return 'taken'
      return { why: `HTTP ${statusCode}`, final: statusCode < 500 && statusCode !== 408 && statusCode !== 429 }
    } catch {
      return { why: 'no answer', final: false }
    }
  }
}

function urlOf({ url, suffix = '' }: Hook): URL {
  const whole = new URL(url.reveal())
  if (suffix !== '') whole.pathname = `${whole.pathname.replace(/\/$/, '')}${suffix}`
  return whole
}
