/** One item at a time from hand to hand, between two loops that run beside each other. */

/**
 * A queue of no length: `give` returns once the item has been taken, and the taker asks for the next one only when it
 * is done with the last. So neither runs ahead, and memory holds one item.
 */
export class Handover<T> implements AsyncIterable<T> {
  #offered: { readonly item: T; readonly taken: (taken: boolean) => void; readonly failed: Fail } | undefined
  #asking: { readonly give: (result: IteratorResult<T, undefined>) => void; readonly failed: Fail } | undefined
  #end: { readonly error?: unknown } | undefined

  /** Offers an item, one at a time. Answers false where nobody will take it any more; throws what `fail` was told. */
  give(item: T): Promise<boolean> {
    if (this.#end !== undefined) return this.#ended(() => false)
    const asking = this.#asking
    this.#asking = undefined
    if (asking !== undefined) {
      asking.give({ done: false, value: item })
      return Promise.resolve(true)
    }
    return new Promise((taken, failed) => {
      this.#offered = { item, taken, failed }
    })
  }

  /** Nothing more is given, or taken. What is on offer is not taken any more. */
  close(): void {
    this.#finish({})
  }

  /** Both sides throw this error from now on; after an end it changes nothing. */
  fail(error: unknown): void {
    this.#finish({ error })
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => this.#take(),
      return: () => {
        this.close()
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  #take(): Promise<IteratorResult<T, undefined>> {
    if (this.#end !== undefined) return this.#ended(() => ({ done: true, value: undefined }))
    const offered = this.#offered
    this.#offered = undefined
    if (offered !== undefined) {
      offered.taken(true)
      return Promise.resolve({ done: false, value: offered.item })
    }
    return new Promise((give, failed) => {
      this.#asking = { give, failed }
    })
  }

  #finish(end: { readonly error?: unknown }): void {
    if (this.#end !== undefined) return
    this.#end = end
    const [offered, asking] = [this.#offered, this.#asking]
    this.#offered = undefined
    this.#asking = undefined
    if ('error' in end) {
      offered?.failed(end.error)
      asking?.failed(end.error)
    } else {
      offered?.taken(false)
      asking?.give({ done: true, value: undefined })
    }
  }

  #ended<R>(answer: () => R): Promise<R> {
    return this.#end !== undefined && 'error' in this.#end ? Promise.reject(this.#end.error) : Promise.resolve(answer())
  }
}

type Fail = (error: unknown) => void
