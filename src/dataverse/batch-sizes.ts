/** The sizes of bulk messages, by table and message: the holder of what pure functions learn. */

import {
  type BatchEvent,
  type BatchSize,
  type BatchSizeSettings,
  beginSize,
  messagesFor,
  sized,
} from '../pace/batch-size.ts'

export class BatchSizes {
  readonly #settings: BatchSizeSettings
  readonly #sizes = new Map<string, BatchSize>()

  constructor(settings: BatchSizeSettings) {
    this.#settings = settings
  }

  /** How many messages of this kind (`UpdateMultiple contact`) so many rows are sent in. */
  messages(kind: string, rows: number): number {
    return messagesFor(this.#of(kind), rows)
  }

  learn(kind: string, event: BatchEvent): void {
    this.#sizes.set(kind, sized(this.#settings, this.#of(kind), event))
  }

  #of(kind: string): BatchSize {
    return this.#sizes.get(kind) ?? beginSize(this.#settings)
  }
}
