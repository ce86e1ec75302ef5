/** A lane in a thread of its own: the caller's thread hands it the stored bytes, it does all that costs. */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { PartTask } from '../source/outcomes.ts'
import type { ReducedBucket } from './bucket.ts'
import type { Lane, LaneSettings, PartRead } from './lane.ts'
import { errorOf, type FromLane, type LaneAnswer, type ToLane } from './lane-messages.ts'
import type { SpillIndex } from './spill.ts'

/** Stored bytes that may wait for the lane: enough to keep it busy while the network answers. */
const WINDOW_BYTES = 2 * 1024 * 1024

/** A call that has not been answered; a lane does one thing at a time, and answers in the order of the calls. */
interface Call {
  readonly resolve: (answer: LaneAnswer) => void
  readonly reject: (error: unknown) => void
}

export class ThreadLane implements Lane {
  readonly #worker: Worker
  readonly #calls: Call[] = []
  #outstanding = 0
  /** Wakes whoever waits for the window to open, or for the call to end. */
  #wake: () => void = () => {}
  #gone: unknown

  constructor(settings: LaneSettings) {
    this.#worker = new Worker(new URL('./lane-worker.js', import.meta.url), { workerData: settings })
    this.#worker.on('message', (message: FromLane) => this.#heard(message))
    this.#worker.on('error', (error) => this.#lost(error))
    this.#worker.on('exit', () => this.#lost(new Error('a lane of the ingest has ended')))
  }

  async read(number: number, task: PartTask, bytes: AsyncIterable<Uint8Array>): Promise<PartRead> {
    const answer = this.#ask({ kind: 'read', number, task })
    // Met below; until then nobody listens to it.
    answer.catch(() => {})
    try {
      for await (const chunk of bytes) {
        // Copied: the chunk may belong to a pool, and an archive may still be writing it.
        const copy = new Uint8Array(chunk)
        this.#outstanding += copy.length
        this.#say({ kind: 'bytes', bytes: copy }, [copy.buffer])
        while (this.#calls.length > 0 && this.#outstanding > WINDOW_BYTES) await this.#change()
        if (this.#calls.length === 0) break
      }
      this.#say({ kind: 'end' })
    } catch (error) {
      this.#say({ kind: 'broken' })
      await answer.catch(() => {})
      throw error
    }
    return (await answer) as PartRead
  }

  async seal(): Promise<SpillIndex> {
    return (await this.#ask({ kind: 'seal' })) as SpillIndex
  }

  async share(spills: readonly SpillIndex[], damaged: readonly number[]): Promise<void> {
    await this.#ask({ kind: 'share', spills, damaged })
  }

  async reduce(bucket: number): Promise<ReducedBucket> {
    return (await this.#ask({ kind: 'reduce', bucket })) as ReducedBucket
  }

  async clear(): Promise<void> {
    await this.#ask({ kind: 'clear' })
  }

  async close(): Promise<void> {
    if (this.#gone !== undefined) return
    const gone = once(this.#worker, 'exit')
    this.#say({ kind: 'close' })
    await gone
  }

  #ask(message: ToLane): Promise<LaneAnswer> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone)
    return new Promise((resolve, reject) => {
      this.#calls.push({ resolve, reject })
      this.#outstanding = 0
      this.#say(message)
    })
  }

  #say(message: ToLane, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  #heard(message: FromLane): void {
    if (message.kind === 'took') {
      this.#outstanding -= message.bytes
    } else {
      const call = this.#calls.shift()
      if (message.kind === 'answer') call?.resolve(message.answer)
      else call?.reject(errorOf(message.failure))
    }
    this.#wake()
  }

  #lost(error: unknown): void {
    this.#gone ??= error
    for (const call of this.#calls.splice(0)) call.reject(this.#gone)
    this.#wake()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
