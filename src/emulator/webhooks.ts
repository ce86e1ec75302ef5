/** The asynchronous half of the event pipeline: from committed writes to webhook calls, a bounded number at a time. */
import { randomUUID } from 'node:crypto'
import { Agent } from 'undici'
import { executionContext, withoutDetails } from './execution-context.ts'
import { SeededRandom } from './random.ts'
import type { TableSchema } from './schema.ts'
import type { DataverseState } from './state.ts'
import { call, isLoopback } from './webhook-call.ts'
import type { CommitListener, RowWrite } from './webhook-event.ts'
import { endJob, openJob, startJob } from './webhook-jobs.ts'
import { proveCall } from './webhook-secret.ts'
import { changeSettings, type WebhookSettings } from './webhook-settings.ts'
import { fires, hasSteps, isBypassed, type Step, stepsOf } from './webhook-steps.ts'

/** A larger body loses its details (Dataverse: webhooks). */
const MAX_BODY_BYTES = 256 * 1024

/** One call to make; a repeat is the same once more, and its end changes no job. */
interface Delivery {
  readonly state: DataverseState
  readonly step: Step
  readonly write: RowWrite
  readonly operationId: string
  readonly correlationId: string
  readonly createdAtMs: number
  readonly isRepeat: boolean
}

/** How the pipeline stands. */
export interface WebhookStanding {
  readonly waiting: number
  readonly inFlight: number
  readonly settings: WebhookSettings
}

/** Delivers what committed; a test pauses it, makes it unreliable, and waits for it. */
export class Webhooks {
  readonly #initial: WebhookSettings
  /** Environment seconds per second of the machine: time-outs shrink by it. */
  readonly #timeScale: number
  #settings: WebhookSettings
  #random: SeededRandom
  #waiting: Delivery[] = []
  #inFlight = 0
  #agent: Agent | undefined
  #stop = new AbortController()
  #idlers: (() => void)[] = []

  /** Throws 400 for settings that make no sense. */
  constructor(settings: WebhookSettings, timeScale: number) {
    this.#initial = changeSettings(settings, settings)
    this.#settings = this.#initial
    this.#timeScale = timeScale
    this.#random = new SeededRandom(settings.seed)
  }

  get standing(): WebhookStanding {
    return { waiting: this.#waiting.length, inFlight: this.#inFlight, settings: this.#settings }
  }

  /** The listener that hears of the state's commits. */
  listenerOf(state: DataverseState): CommitListener {
    return {
      watches: (schema: TableSchema) => hasSteps(state, schema),
      committed: (writes) => this.#accept(state, writes),
    }
  }

  /** Changes some settings; throws 400 for unknown ones. A new seed starts the lotteries again. */
  configure(changes: object): void {
    const settings = changeSettings(this.#settings, changes)
    if ('seed' in changes) this.#random = new SeededRandom(settings.seed)
    if (settings.authority !== this.#settings.authority) this.#closeAgent()
    this.#settings = settings
    this.#pump()
  }

  /** Events wait from now on; calls under way go on. */
  pause(): void {
    this.configure({ paused: true })
  }

  /** What waits is delivered. */
  release(): void {
    this.configure({ paused: false })
  }

  /** Resolves when nothing waits and no call is under way; while paused with events waiting, it does not. */
  idle(): Promise<void> {
    if (this.#waiting.length === 0 && this.#inFlight === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idlers.push(resolve)
    })
  }

  /** Forgets what waits, breaks off what is under way, and goes back to the first settings. */
  reset(): void {
    this.#waiting = []
    this.#stop.abort()
    this.#stop = new AbortController()
    this.#settings = this.#initial
    this.#random = new SeededRandom(this.#initial.seed)
    this.#tellIdlers()
  }

  /** The same, and no connection stays open. */
  close(): void {
    this.reset()
    this.#closeAgent()
  }

  #accept(state: DataverseState, writes: readonly RowWrite[]): void {
    const steps = new Map<TableSchema, readonly Step[]>()
    const correlationId = randomUUID()
    for (const write of writes) {
      const known = steps.get(write.schema) ?? stepsOf(state, write.schema)
      steps.set(write.schema, known)
      for (const step of known) {
        if (!fires(step, write) || (this.#settings.bypassWebhookSteps && isBypassed(step, write))) continue
        this.#enqueue(state, step, write, correlationId)
      }
    }
    // The answer to the write goes out first.
    setImmediate(() => this.#pump())
  }

  #enqueue(state: DataverseState, step: Step, write: RowWrite, correlationId: string): void {
    const operationId = randomUUID()
    const createdAtMs = state.clock.now()
    openJob(state, operationId, step, write, correlationId)
    const delivery = { state, step, write, operationId, correlationId, createdAtMs, isRepeat: false }
    this.#waiting.push(delivery)
    const { duplicateRate } = this.#settings
    if (duplicateRate > 0 && this.#random.next() < duplicateRate) this.#waiting.push({ ...delivery, isRepeat: true })
  }

  #pump(): void {
    while (!this.#settings.paused && this.#waiting.length > 0 && this.#inFlight < this.#settings.concurrency) {
      const within = Math.min(this.#settings.shuffleWithin, this.#waiting.length)
      const at = within === 1 ? 0 : Math.floor(this.#random.next() * within)
      const [delivery] = this.#waiting.splice(at, 1)
      if (delivery !== undefined) void this.#run(delivery)
    }
    this.#tellIdlers()
  }

  async #run(delivery: Delivery): Promise<void> {
    const { state, step, operationId, isRepeat } = delivery
    this.#inFlight++
    if (!isRepeat) startJob(state, operationId)
    const { attempts, failure } = await this.#deliver(delivery, this.#stop.signal)
    if (!isRepeat) {
      if (failure !== undefined) state.counters.deliveryFailures++
      endJob(state, operationId, step, { retries: Math.max(0, attempts - 1), failure })
    }
    this.#inFlight--
    this.#pump()
  }

  async #deliver(delivery: Delivery, signal: AbortSignal): Promise<{ attempts: number; failure: string | undefined }> {
    const { state, step, write, correlationId } = delivery
    const endpoint = state.table('serviceendpoint').get(step.endpointId)
    if (endpoint === undefined)
      return { attempts: 0, failure: 'The webhook call failed: its service endpoint is gone.' }
    const proof = proveCall(
      String(endpoint['url']),
      endpoint['authtype'] ?? null,
      state.vault.open(endpoint['authvalue']),
    )
    if (!this.#settings.allowRemote && !isLoopback(proof.url)) {
      return { attempts: 0, failure: 'The webhook call was not made: the emulator calls loopback addresses only.' }
    }
    const { body, exceeded } = bodyOf(delivery, this.#settings)
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'x-ms-dynamics-organization': `${organizationOf(state).name}.crm.dynamics.com`,
      'x-ms-dynamics-entity-name': write.schema.logicalName,
      'x-ms-dynamics-request-name': write.message,
      'x-ms-correlation-request-id': correlationId,
      ...(exceeded ? { 'x-ms-dynamics-msg-size-exceeded': 'true' } : {}),
      ...proof.headers,
    }
    const timeoutMs = Math.max(1, Math.ceil(this.#settings.timeoutMs / this.#timeScale))
    return call({ url: proof.url, headers, body, timeoutMs }, this.#dispatcher(), signal, () => {
      state.counters.deliveries++
    })
  }

  #dispatcher(): Agent {
    const { authority } = this.#settings
    this.#agent ??= new Agent(authority === '' ? {} : { connect: { ca: authority } })
    return this.#agent
  }

  #closeAgent(): void {
    void this.#agent?.close().catch(() => undefined)
    this.#agent = undefined
  }

  #tellIdlers(): void {
    if (this.#waiting.length > 0 || this.#inFlight > 0) return
    for (const resolve of this.#idlers.splice(0)) resolve()
  }
}

function organizationOf(state: DataverseState): { readonly id: string; readonly name: string } {
  const name = state.table('organization').get(state.organizationId)?.['name']
  return { id: state.organizationId, name: String(name ?? '') }
}

function bodyOf(
  { state, step, write, operationId, correlationId, createdAtMs }: Delivery,
  { tagLevel }: WebhookSettings,
): { readonly body: string; readonly exceeded: boolean } {
  const userId = step.impersonatedId ?? write.userId
  const context = executionContext(write, {
    stepId: step.id,
    images: step.images,
    userId,
    businessUnitId: String(state.table('systemuser').get(userId)?.['businessunitid'] ?? ''),
    correlationId,
    operationId,
    createdAtMs,
    organization: organizationOf(state),
    tagLevel,
    nameOf: (table, id) => {
      const target = state.tables.get(table)
      return (target?.get(id)?.[target.schema.primaryName] as string | null | undefined) ?? null
    },
  })
  const body = JSON.stringify(context)
  if (Buffer.byteLength(body) <= MAX_BODY_BYTES) return { body, exceeded: false }
  return { body: JSON.stringify(withoutDetails(context)), exceeded: true }
}
