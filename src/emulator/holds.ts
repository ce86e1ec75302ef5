/** Answers that are kept back after the commit, so that a test can kill the client in between. */

interface Hold {
  readonly id: number
  held: boolean
  readonly arrived: Promise<void>
  readonly arrive: () => void
  readonly released: Promise<'answer' | 'reset'>
  readonly release: (how: 'answer' | 'reset') => void
}

/** The holds, placed in order and taken in order. */
export class Holds {
  #holds: Hold[] = []

  /** Announces that the next request a hold fault strikes shall wait; returns the hold's number. */
  place(): number {
    let arrive: () => void = () => undefined
    let release: (how: 'answer' | 'reset') => void = () => undefined
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve
    })
    const released = new Promise<'answer' | 'reset'>((resolve) => {
      release = resolve
    })
    const id = this.#holds.length + 1
    this.#holds.push({ id, held: false, arrived, arrive, released, release })
    return id
  }

  /** Called for a request whose answer is kept back: resolves when it is released. */
  async keep(): Promise<'answer' | 'reset'> {
    if (this.#holds.every((hold) => hold.held)) this.place()
    const hold = this.#holds.find((each) => !each.held)
    if (hold === undefined) return 'answer'
    hold.held = true
    hold.arrive()
    return hold.released
  }

  /** Resolves when the hold's request has committed and is being kept; `false` for an unknown number. */
  async wait(id: number): Promise<boolean> {
    const hold = this.#holds.find((each) => each.id === id)
    await hold?.arrived
    return hold !== undefined
  }

  /** Lets one hold go, or all. */
  release(how: 'answer' | 'reset', id?: number): void {
    for (const hold of this.#holds) if (id === undefined || hold.id === id) hold.release(how)
  }

  /** Lets everything go and forgets it. */
  clear(): void {
    this.release('reset')
    for (const hold of this.#holds) hold.arrive()
    this.#holds = []
  }
}
