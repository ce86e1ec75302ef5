/** A backup of the environment, taken one night, which an administrator brings back on a later one (semantics §8.8). */

import { columnPlace } from '../../src/deliver/contact-rows.ts'
import { slotPlace } from '../../src/projection/slot.ts'
import { openStateStore } from '../../src/wire.ts'
import { below, type Chance } from '../support/sync-world.ts'
import { MAPPED, VALUES } from './common.ts'
import { nameOf, type Place as OraclePlace } from './oracle/history.ts'
import type { Place } from './run.ts'

/** A refusal of somebody in Dynamics that the ledger knew when the backup was brought back. */
export interface KnownRefusal {
  /** As the oracle names places. */
  readonly place: string
  /** Microseconds: when it was made at the latest. */
  readonly hi: number
}

/** What a restore took back: the journal's entries from `from` (the first is 0) until `to`. */
export interface Restore {
  readonly from: number
  readonly to: number
  readonly at: string
  readonly refusals: readonly KnownRefusal[]
}

/** One night's backup and the day that brings it back; most lives have none. */
export class Backup {
  readonly #mode: 'contact' | 'consent'
  readonly #takenOn: number
  readonly #broughtBackOn: number
  #from: number | undefined

  /** Days that a life needs beside its own, for something to have happened before and after. */
  readonly moreDays: number

  constructor(mode: 'contact' | 'consent', days: number, chance: Chance) {
    this.#mode = mode
    const taken = chance() < 0.2
    this.moreDays = taken ? 3 : 0
    this.#takenOn = taken ? 1 + below(chance, days) : Number.POSITIVE_INFINITY
    this.#broughtBackOn = this.#takenOn + 1 + below(chance, days + this.moreDays - this.#takenOn)
  }

  /** Before the runs of a day; `days` itself stands for the time after the last. */
  async pass(day: number, place: Place): Promise<Restore | undefined> {
    const { world, clock } = place
    if (day === this.#takenOn) {
      world.snapshot()
      this.#from = world.journal().length
    }
    if (day !== this.#broughtBackOn || this.#from === undefined) return undefined
    const refusals = await knownRefusals(this.#mode, place)
    world.restore()
    return { from: this.#from, to: world.journal().length, at: new Date(clock.now()).toISOString(), refusals }
  }
}

/** The foreign refusals of the ledger, at every place there may be. */
async function knownRefusals(mode: 'contact' | 'consent', { settings, world, clock }: Place): Promise<KnownRefusal[]> {
  const store = await openStateStore(settings.store, clock)
  try {
    const organization = String(world.rows('organization')[0]?.['organizationid'])
    const places = new Map(placesOf(mode, world.rows('contact')))
    const ledger = await store.ledger({ organization, target: 'crm' }, [...places.keys()])
    return [...ledger].flatMap(([place, { foreign }]) => {
      const refuses = foreign?.value === false || foreign?.value === VALUES.out
      return refuses ? [{ place: places.get(place) ?? '', hi: foreign.hi }] : []
    })
  } finally {
    await store.close()
  }
}

/** Every mapped place as the store names it, and as the oracle does. */
function placesOf(
  mode: 'contact' | 'consent',
  contacts: readonly Readonly<Record<string, unknown>>[],
): [string, string][] {
  return contacts.flatMap((contact) => {
    const id = String(contact['contactid'])
    const address = String(contact['emailaddress1'])
    if (mode === 'contact') {
      return Object.values(MAPPED.contact).map((column): [string, string] => {
        const place: OraclePlace = { table: 'contact', id, column }
        return [columnPlace(id, column), nameOf(place)]
      })
    }
    return Object.values(MAPPED.consent).map((guid): [string, string] => {
      const place: OraclePlace = { table: 'consent', channel: 'email', address, kind: 'purpose', guid }
      return [slotPlace({ channel: 'email', address, entry: { kind: 'purpose', id: guid } }), nameOf(place)]
    })
  })
}
