/** The last step of every way in: states are gathered and joined into the store in a few large transactions (semantics §3, §8.1). */

import { byCodeUnit } from '../consent/choice.ts'
import type { KeyText } from '../consent/key.ts'
import { joinTexts } from '../consent/state.ts'
import type { ReadingSettings } from '../record/record.ts'
import type { StateRow, Store } from '../store/store.ts'

/** States are joined in transactions of about this many: many enough to be fast, few enough to be short. */
const JOINED_AT_ONCE = 500

/** Whose persons become due: those of all these targets, where a state changed or (`dueAll`) in any case. */
export interface DueSettings {
  readonly targets: readonly string[]
  readonly dueAll: boolean
  /** How the OUIDs of what is joined are spelt: erased persons are known by it (semantics §8.9). */
  readonly spelling?: ReadingSettings['normalise']
}

/**
 * Takes states in any order, also several of one record, and joins them. Ids that a state names become known before
 * the state itself is joined: known ids only ever lead (semantics §4). What was added counts once `flush` has ended.
 */
export class StateJoiner {
  readonly #store: Pick<Store, 'joinStates' | 'addKnownIds'>
  readonly #due: DueSettings
  readonly #atOnce: number
  readonly #known: Set<KeyText>
  /** Keys to be made known before what waits is joined. */
  readonly #fresh = new Set<KeyText>()
  #waiting: StateRow[] = []
  #changed = 0
  #suppressed = 0

  private constructor(store: Store, due: DueSettings, known: readonly KeyText[], atOnce: number) {
    this.#store = store
    this.#due = due
    this.#known = new Set(known)
    this.#atOnce = atOnce
  }

  /** Reads the known ids; `atOnce` is the number of states of one transaction. */
  static async open(store: Store, due: DueSettings, atOnce = JOINED_AT_ONCE): Promise<StateJoiner> {
    return new StateJoiner(store, due, await store.knownIds(), atOnce)
  }

  /** States that changed in the store so far, counted once per transaction. */
  get changed(): number {
    return this.#changed
  }

  /** States of which something was left out because their persons were erased, counted in the same way. */
  get suppressed(): number {
    return this.#suppressed
  }

  /** Takes states and the keys they make known, and joins those that wait once they are many enough. */
  async add(rows: readonly StateRow[], keys: Iterable<KeyText>): Promise<void> {
    for (const key of keys) if (!this.#known.has(key)) this.#fresh.add(key)
    for (const row of rows) {
      this.#waiting.push(row)
      if (this.#waiting.length >= this.#atOnce) await this.flush()
    }
  }

  /** Joins everything that waits: afterwards all that was added is durable. Where the store throws, it goes on waiting. */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return
    const rows = reduced(this.#waiting)
    const fresh = [...this.#fresh]
    if (fresh.length > 0) await this.#store.addKnownIds(fresh)
    for (const key of fresh) this.#known.add(key)
    this.#fresh.clear()
    const { changed, suppressed = 0 } = await this.#store.joinStates(rows, joinTexts, this.#due)
    this.#changed += changed
    this.#suppressed += suppressed
    this.#waiting = []
  }
}

/** Each record once, in the order in which the store keeps them: its pages are then touched once each. */
function reduced(rows: StateRow[]): StateRow[] {
  rows.sort((a, b) => byCodeUnit(a.person, b.person) || byCodeUnit(a.userId, b.userId))
  const each: StateRow[] = []
  for (const row of rows) {
    const last = each.at(-1)
    if (last?.person === row.person && last.userId === row.userId) {
      const { person, ouid, userId } = last
      each[each.length - 1] = { person, ouid, userId, state: joinTexts(last.state, row.state) }
    } else each.push(row)
  }
  return each
}
