/** Where values lie that may be written and never read back: rows, journal and snapshots hold only a ticket. */
import type { Value } from './schema.ts'

/** Tickets are never reused, so a restored or rolled-back row still finds its own secret. */
export class Vault {
  readonly #kept = new Map<string, string>()

  /** Returns the ticket for a text; anything else is returned as it is. */
  keep(value: Value): Value {
    if (typeof value !== 'string') return value
    const ticket = `vault:${this.#kept.size + 1}`
    this.#kept.set(ticket, value)
    return ticket
  }

  /** The text behind a ticket; a text that is no ticket (a seed put it there) is returned as it is. */
  open(ticket: Value | undefined): string | undefined {
    if (typeof ticket !== 'string') return undefined
    return this.#kept.get(ticket) ?? ticket
  }
}
