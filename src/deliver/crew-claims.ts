/** Contacts and addresses in one pair of hands, whoever else there is: chunks of this process, and the other pods of its job. */

import { createHmac } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { SharedKeys } from '../work/work.ts'
import { Claims } from './claims.ts'

/** What other pods are told of a claim: keyed digests of what is claimed, so that no address leaves this process. */
export interface ClaimsAmongPods {
  readonly keys: SharedKeys
  readonly digestKey: Uint8Array
  /** The environment whose rows are claimed. */
  readonly organization: string
  readonly sleep: Clock['sleep']
}

/** Begun before something is read; tells at the claim whether others may have written it since. */
export interface ClaimWatch {
  readonly released: ReadonlySet<string>
  readonly since: number
  end(): void
}

export interface CrewClaim {
  /** Somebody else held some of it meanwhile: what was read before is old. */
  readonly contended: boolean
  /** Lets go, after all that was sent has been answered. */
  release(): Promise<void>
  /** Lets go where an answer is lacking: other pods wait until the request can be under way no more. */
  abandon(): void
}

/** Others hold a key for as long as a chunk takes: some seconds. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

/**
 * Claims of this process come first, in their order; what they were granted is then taken from the other pods, all of it or
 * nothing. Whoever holds keys among the pods waits for nobody any more, so nobody waits for each other.
 */
export class CrewClaims {
  readonly #here = new Claims()
  readonly #pods: ClaimsAmongPods | undefined

  constructor(pods?: ClaimsAmongPods) {
    this.#pods = pods
  }

  /** Watches from now on. */
  async watch(): Promise<ClaimWatch> {
    const { released, end } = this.#here.watch()
    return { released, since: (await this.#pods?.keys.mark()) ?? 0, end }
  }

  /** Resolves when all keys are this claim's. Rejects with the signal's reason. */
  async claim(keys: ReadonlySet<string>, signal: AbortSignal, watch: ClaimWatch): Promise<CrewClaim> {
    const here = await this.#here.claim(keys, signal, watch.released)
    const pods = this.#pods
    const abandon = () => here.release()
    if (pods === undefined || keys.size === 0) {
      return { contended: here.contended, release: async () => here.release(), abandon }
    }
    try {
      const digests = [...keys].map((key) => digestOf(key, pods))
      const { released, waited } = await takeFromPods(digests, pods, signal)
      const contended = here.contended || waited || released > watch.since
      const release = async () => {
        await pods.keys.release(digests)
        here.release()
      }
      return { contended, release, abandon }
    } catch (error) {
      here.release()
      throw error
    }
  }
}

function digestOf(key: string, { digestKey, organization }: ClaimsAmongPods): Uint8Array {
  return createHmac('sha256', digestKey).update(`${organization}/${key}`).digest()
}

async function takeFromPods(
  digests: readonly Uint8Array[],
  { keys, sleep }: ClaimsAmongPods,
  signal: AbortSignal,
): Promise<{ readonly released: number; readonly waited: boolean }> {
  for (let pauseMs = FIRST_PAUSE_MS, waited = false; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted()
    const taken = await keys.take(digests)
    if (taken !== undefined) return { ...taken, waited }
    waited = true
    // Not in step with the pod that waits for the same.
    await sleep(pauseMs * (0.5 + (digests[0]?.[0] ?? 0) / 255), signal)
  }
}
