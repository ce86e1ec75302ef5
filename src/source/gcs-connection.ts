/** A connection to one bucket: its addresses, its credentials, its sockets, and how requests are repeated. */

import { Readable } from 'node:stream'
import { type Dispatcher, request } from 'undici'
import type { GcsLocation } from '../config/settings.ts'
import type { Clock } from '../lib/clock.ts'
import { openAgent } from '../lib/egress.ts'
import { ATTEMPTS, bucketPauseMs } from './bucket-patience.ts'
import { chunksOf } from './chunks.ts'
import { type GcsCredentials, gcsCredentials } from './gcs-credentials.ts'
import { CredentialsTrouble, type Failure, failureOf, mayPass, refusalOf } from './gcs-failure.ts'
import { Silence, type SilenceWatch, within } from './silence.ts'

/** A bucket and how it is reached; structurally a `GcsLocation`. */
export interface GcsOptions extends Omit<GcsLocation, 'kind'> {
  readonly clock: Clock
  /** In [0, 1). */
  readonly random?: () => number
  /** How long a server may stay silent, before an answer or amid its bytes. */
  readonly idleMs?: number
}

/** One request, without what every request of the bucket has. */
export interface GcsRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly query: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** A success, its body not yet read. */
export type GcsAnswer = Dispatcher.ResponseData

/** Bytes to send that can be given only once; while their source is waited for, the watch is to rest. */
export type Upload = (watch: SilenceWatch) => AsyncIterable<Uint8Array>

/** A bucket answers within seconds; a minute of silence is a connection that is dead without saying so. */
const IDLE_MS = 60_000
const CONNECT_MS = 10_000

const ENDPOINT = 'https://storage.googleapis.com'
const LOOPBACK = /^https?:\/\/(localhost|127(\.\d+){3}|\[::1\])(:\d+)?(\/|$)/

/** The most that is read of an answer that refuses; Google's are a few hundred bytes. */
const MAX_REFUSAL_BYTES = 64 * 1024

export class GcsConnection {
  readonly options: GcsOptions
  readonly clock: Clock
  readonly idleMs: number
  readonly #root: string
  readonly #dispatcher: Dispatcher
  /** Absent where nobody asks who we are. */
  readonly #credentials: GcsCredentials | undefined

  constructor(options: GcsOptions) {
    this.options = options
    this.clock = options.clock
    this.idleMs = options.idleMs ?? IDLE_MS
    this.#root = (options.endpoint ?? ENDPOINT).replace(/\/+$/, '')
    const loopback = LOOPBACK.test(this.#root)
    // What listens on loopback stands in for Google: it gets a token only where a key file was set for it.
    this.#credentials = loopback && options.keyFile === undefined ? undefined : gcsCredentials(options)
    // Silence is watched here, by the clock.
    const settings = { connect: { timeout: CONNECT_MS }, headersTimeout: 0, bodyTimeout: 0 }
    this.#dispatcher = openAgent(settings)
  }

  /** Where the bucket's objects are listed, and below which each lies. */
  get objectsUrl(): string {
    return `${this.#root}/storage/v1/b/${encodeURIComponent(this.options.bucket)}/o`
  }

  /** Where objects are written. */
  get uploadUrl(): string {
    return `${this.#root}/upload/storage/v1/b/${encodeURIComponent(this.options.bucket)}/o`
  }

  /**
   * One attempt. A token that is refused (HTTP 401) is asked for anew, once.
   *
   * @throws Refusal for every answer but a success; errors of the network as they are; the signal's reason
   */
  async ask(asked: GcsRequest, signal: AbortSignal): Promise<GcsAnswer> {
    try {
      return await this.#attempt(asked, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (this.#credentials === undefined || failureOf(error).status !== 401) throw error
      this.#credentials.forget()
      return await this.#attempt(asked, signal)
    }
  }

  /** As `ask`, for bytes that can be given only once. */
  send(asked: GcsRequest, upload: Upload, signal: AbortSignal): Promise<GcsAnswer> {
    return this.#attempt(asked, signal, upload)
  }

  /** As `ask`, repeated while the failure may pass; the answer is read as part of the attempt, into a bounded text. */
  async request(asked: GcsRequest, maxBytes: number, signal: AbortSignal): Promise<string> {
    for (let n = 0; ; n += 1) {
      try {
        const { body } = await this.ask(asked, signal)
        return await this.textOf(body, maxBytes, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (n + 1 >= ATTEMPTS || !mayPass(failureOf(error))) throw error
        await this.pause(n, failureOf(error), signal)
      }
    }
  }

  /** Reads a body to its end, or throws where it breaks, falls silent or is larger than it may be. */
  async textOf(body: GcsAnswer['body'], maxBytes: number, signal: AbortSignal): Promise<string> {
    const chunks: Uint8Array[] = []
    let left = maxBytes
    for await (const chunk of chunksOf(body, this, signal)) {
      left -= chunk.length
      if (left < 0) throw new Error('an answer that is too large')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString()
  }

  /** The pause after the n-th failure in a row, from zero. */
  async pause(n: number, { retryAfterMs }: Failure, signal: AbortSignal): Promise<void> {
    await this.clock.sleep(bucketPauseMs(n, retryAfterMs, this.options.random), signal)
  }

  close(): void {
    this.#dispatcher.destroy().catch(() => {})
  }

  async #attempt(asked: GcsRequest, signal: AbortSignal, upload?: Upload): Promise<GcsAnswer> {
    const proof = await this.#proof(signal)
    const giveUp = new AbortController()
    try {
      const answer = await within(
        this.clock,
        this.idleMs,
        (watch) => this.#send(asked, proof, upload?.(watch), giveUp.signal),
        signal,
      )
      if (answer.statusCode >= 200 && answer.statusCode < 300) return answer
      // What the refusal says may be lost on its way; its status is known.
      const text = await this.textOf(answer.body, MAX_REFUSAL_BYTES, signal).catch(() => '')
      signal.throwIfAborted()
      throw refusalOf(answer.statusCode, answer.headers, text)
    } catch (error) {
      giveUp.abort()
      throw error
    }
  }

  async #proof(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const credentials = this.#credentials
    if (credentials === undefined) return {}
    try {
      return await within(this.clock, this.idleMs, () => credentials.headers(), signal)
    } catch (error) {
      // The library would let the next request wait for the answer that did not come to this one.
      if (error instanceof Silence) {
        credentials.forget()
        throw new CredentialsTrouble(error)
      }
      throw error
    }
  }

  #send(
    { method, url, query, headers, body }: GcsRequest,
    proof: Readonly<Record<string, string>>,
    upload: AsyncIterable<Uint8Array> | undefined,
    signal: AbortSignal,
  ): Promise<GcsAnswer> {
    const { userProject } = this.options
    const search = new URLSearchParams({ ...query, ...(userProject !== undefined && { userProject }) })
    const bytes = upload === undefined ? body : Readable.from(upload, { objectMode: false })
    return request(`${url}?${search}`, {
      method,
      headers: { ...headers, ...proof },
      body: bytes ?? null,
      signal,
      dispatcher: this.#dispatcher,
    })
  }
}
