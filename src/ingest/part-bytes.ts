/** The bytes of one part as they arrive in a lane's thread. */

/** A queue that its giver keeps short: it is told of every chunk that was taken. */
export class PartBytes implements AsyncIterable<Uint8Array> {
  readonly #took: (bytes: number) => void
  readonly #waiting: Uint8Array[] = []
  #state: 'open' | 'ended' | 'broken' | 'left' = 'open'
  #wake: () => void = () => {}

  constructor(took: (bytes: number) => void) {
    this.#took = took
  }

  give(bytes: Uint8Array): void {
    if (this.#state !== 'open') return
    this.#waiting.push(bytes)
    this.#wake()
  }

  end(): void {
    this.#finish('ended')
  }

  /** The source failed: whoever reads gets an error, which nobody is shown. */
  break(): void {
    this.#finish('broken')
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    try {
      for (;;) {
        const chunk = this.#waiting.shift()
        if (this.#state === 'broken') throw new Error('the source of the part failed')
        if (chunk !== undefined) {
          yield chunk
          this.#took(chunk.length)
        } else if (this.#state === 'ended') return
        else await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      this.#state = 'left'
      this.#waiting.length = 0
    }
  }

  #finish(state: 'ended' | 'broken'): void {
    if (this.#state === 'open') this.#state = state
    this.#wake()
  }
}
