/** A connection to one bucket: its client, its region, its credentials, and how requests are repeated. */

import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'

import { parseSecureUrl } from '../config/secure-url.ts'
import type { S3Location } from '../config/settings.ts'
import type { Clock } from '../lib/clock.ts'
import { ATTEMPTS, bucketPauseMs } from './bucket-patience.ts'
import { type S3Credentials, s3Credentials } from './s3-credentials.ts'
import { bucketUrl, requestHandlerFor, tokenServiceUrl } from './s3-egress.ts'
import { type Failure, failureOf, isExpired, mayPass } from './s3-failure.ts'
import { type SilenceWatch, within } from './silence.ts'

/** A bucket and how it is reached; structurally an `S3Location`. */
export interface S3Options extends Omit<S3Location, 'kind'> {
  readonly clock: Clock
  /** In [0, 1). */
  readonly random?: () => number
  /** How long a server may stay silent, before an answer or amid its bytes. */
  readonly idleMs?: number
}

/** Sends one request with the client it is given; called anew for every attempt. Long ones keep the watch calm. */
export type Ask<T> = (client: S3Client, abortSignal: AbortSignal, watch: SilenceWatch) => Promise<T>

/** S3 answers within seconds; a minute of silence is a connection that is dead without saying so. */
const IDLE_MS = 60_000
const CONNECT_MS = 10_000

/** Where a bucket of unknown region is asked for first, unless the environment knows better; it knows all buckets. */
const FIRST_REGION = 'us-east-1'

const SILENT: NonNullable<S3ClientConfig['logger']> = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}

type Plugin = Parameters<S3Client['middlewareStack']['use']>[0]

/**
 * AWS: the environment may name endpoints (`AWS_ENDPOINT_URL`); those too get nothing over plain http but on loopback.
 */
const refusePlainHttp: Plugin = {
  applyToStack: (stack) =>
    stack.add(
      (next) => (step) => {
        const { protocol, hostname } = partsOf(step.request)
        if (parseSecureUrl(`${protocol}//${hostname}`) === undefined) throw new PlainHttp()
        return next(step)
      },
      { step: 'finalizeRequest', name: 'refusePlainHttp', override: true },
    ),
}

/** An endpoint that is neither https nor loopback. */
class PlainHttp extends Error {
  constructor() {
    super('an endpoint of the environment is plain http')
    this.name = 'PlainHttpEndpoint'
  }
}

function partsOf(request: unknown): { readonly protocol: string; readonly hostname: string } {
  const part = (name: string) => String(typeof request === 'object' && request !== null && Reflect.get(request, name))
  return { protocol: part('protocol'), hostname: part('hostname') }
}

export class S3Connection {
  readonly options: S3Options
  readonly clock: Clock
  readonly idleMs: number
  readonly #client: S3Client
  readonly #credentials: S3Credentials
  #region: string
  /** The last renewal of the credentials; requests that fail together await the same one. */
  #renewal: Promise<unknown> = Promise.resolve()

  constructor(options: S3Options) {
    this.options = options
    this.clock = options.clock
    this.idleMs = options.idleMs ?? IDLE_MS
    this.#region = options.region ?? process.env['AWS_REGION'] ?? FIRST_REGION
    // Which Node the SDK's later versions need concerns our releases, not who runs this one.
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
    const { region, assumeRole, endpoint, forcePathStyle } = options
    this.#credentials = s3Credentials({
      logger: SILENT,
      clientPlugins: [refusePlainHttp],
      requestHandler: requestHandlerFor(tokenServiceUrl(this.#region), CONNECT_MS),
      ...(region !== undefined && { region }),
      ...(assumeRole !== undefined && { assumeRole }),
    })
    this.#client = new S3Client({
      region: async () => this.#region,
      credentials: this.#credentials.provide,
      forcePathStyle,
      ...(endpoint !== undefined && { endpoint }),
      // Repeating is done here, where it is bounded with the clock and honours the signal.
      maxAttempts: 1,
      // AWS: newer checksums are not known to other servers, and the ETag and the length are checked anyway.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: requestHandlerFor(bucketUrl(options.bucket, this.#region, endpoint), CONNECT_MS),
      logger: SILENT,
    })
    this.#client.middlewareStack.use(refusePlainHttp)
  }

  /** What every request names. */
  get target(): { readonly Bucket: string; readonly RequestPayer?: 'requester' } {
    const { bucket, requestPayer } = this.options
    return { Bucket: bucket, ...(requestPayer && { RequestPayer: 'requester' as const }) }
  }

  /**
   * One attempt. Credentials that turn out expired are asked for anew, once; a bucket in another region is followed
   * there, and remembered. Throws the SDK's errors or the signal's reason.
   */
  async ask<T>(ask: Ask<T>, signal: AbortSignal): Promise<T> {
    let renewed = false
    for (let moves = 0; ; ) {
      const [renewal, region] = [this.#renewal, this.#region]
      try {
        return await this.#attempt(ask, signal)
      } catch (error) {
        signal.throwIfAborted()
        const failure = failureOf(error)
        if (isExpired(failure) && !renewed) {
          renewed = true
          await this.#renew(renewal, signal)
        } else if (isElsewhere(failure, region) && moves < 2) {
          moves += 1
          this.#region = failure.region
        } else {
          throw error
        }
      }
    }
  }

  /** As `ask`, repeated while the failure may pass. */
  async request<T>(ask: Ask<T>, signal: AbortSignal): Promise<T> {
    for (let n = 0; ; n += 1) {
      try {
        return await this.ask(ask, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (n + 1 >= ATTEMPTS || !mayPass(failureOf(error))) throw error
        await this.pause(n, failureOf(error), signal)
      }
    }
  }

  /** The pause after the n-th failure in a row, from zero. */
  async pause(n: number, { retryAfterMs }: Failure, signal: AbortSignal): Promise<void> {
    await this.clock.sleep(bucketPauseMs(n, retryAfterMs, this.options.random), signal)
  }

  close(): void {
    this.#client.destroy()
  }

  async #attempt<T>(ask: Ask<T>, signal: AbortSignal): Promise<T> {
    const request = new AbortController()
    try {
      return await within(this.clock, this.idleMs, (watch) => ask(this.#client, request.signal, watch), signal)
    } catch (error) {
      request.abort()
      throw error
    }
  }

  async #renew(known: Promise<unknown>, signal: AbortSignal): Promise<void> {
    if (known === this.#renewal) {
      this.#credentials.forget()
      this.#renewal = this.#client.config.credentials({ forceRefresh: true })
    }
    await within(this.clock, this.idleMs, () => this.#renewal, signal)
  }
}

/** AWS: `x-amz-bucket-region` names the bucket's region, whatever else the answer says. */
function isElsewhere(failure: Failure, asked: string): failure is Failure & { readonly region: string } {
  const { status, region } = failure
  return region !== undefined && region !== asked && (status === 301 || status === 307 || status === 400)
}
