/** What an emulated organization knows: user records and the events that made them what they are. */
import { randomUUID } from 'node:crypto'
import type { EventDraft } from './didomi-event.ts'
import { instantIn, isObject, type JsonObject, objectIn } from './didomi-json.ts'
import { type ClearedPreference, mergeConsents, NO_CONSENTS } from './didomi-merge.ts'

/** A stored event, as the API shows it. */
export interface DidomiEvent extends JsonObject {
  readonly id: string
  readonly created_at: string
  readonly status: string
  readonly regulation: string
  readonly user: JsonObject
  readonly consents: JsonObject
}

/** An event with the number of the change that brought it. */
export interface StoredEvent {
  readonly event: DidomiEvent
  readonly sequence: number
}

/** One user record; there may be several of a person, one per device. */
export interface DidomiRecord {
  /** As it was seeded or made, before any event. Whatever a test says, also what no user should be. */
  readonly origin: unknown
  /** As the API shows it. */
  readonly user: unknown
  readonly events: readonly StoredEvent[]
  /** Number and time of the last change; 0 for a seeded record that nobody changed. */
  readonly sequence: number
  readonly changedAtMs: number
}

/** How an organization keeps its people. */
export interface PeopleSettings {
  readonly organizationId: string
  readonly now: () => number
  readonly clearedPreference: ClearedPreference
  /** One record for each organization user id, whatever the device. (Didomi: since autumn 2026, organization by organization.) */
  readonly oneRecordPerPerson: boolean
}

/** The records in the order in which they were made; a deleted one leaves a gap, so that cursors stay true. */
export class DidomiPeople {
  readonly #settings: PeopleSettings
  readonly #records: (DidomiRecord | undefined)[]
  readonly #places = new Map<string, number>()
  readonly #placesByOuid = new Map<string, number>()
  /** Event → place of its record. */
  readonly #events = new Map<string, number>()
  #sequence = 0

  constructor(users: readonly unknown[], settings: PeopleSettings) {
    this.#settings = settings
    this.#records = []
    for (const user of users) this.#add({ origin: user, user, events: [], sequence: 0, changedAtMs: 0 })
  }

  /** The number of the last change; an export "after" it holds what changes from now on. */
  get sequence(): number {
    return this.#sequence
  }

  /** All places, gaps included. */
  get records(): readonly (DidomiRecord | undefined)[] {
    return this.#records
  }

  byId(id: string, regulation = 'gdpr'): DidomiRecord | undefined {
    return this.#at(this.#places.get(`${regulation} ${id}`))
  }

  byOuid(ouid: string, regulation = 'gdpr'): DidomiRecord | undefined {
    return this.#at(this.#placesByOuid.get(`${regulation} ${ouid}`))
  }

  event(id: string): DidomiEvent | undefined {
    return this.#at(this.#events.get(id))?.events.find(({ event }) => event.id === id)?.event
  }

  /** Stores an event and lets it change its user. One whose id is known changes nothing: the stored one is answered. */
  post(draft: EventDraft): DidomiEvent {
    const known = draft.id === undefined ? undefined : this.event(draft.id)
    if (known !== undefined) return known
    const place = this.#placeFor(draft)
    const record = this.#at(place)
    if (record === undefined) throw new RangeError('a record was lost')
    const event = this.#eventOf(draft, objectIn(record.user))
    this.#events.set(event.id, place)
    const stored = { event, sequence: ++this.#sequence }
    this.#change(place, { ...record, events: [...record.events, stored] }, event.status === 'confirmed')
    return event
  }

  /** Gives an event another state, as an approval does. False where there is none of that id. */
  patchEvent(id: string, changes: JsonObject): boolean {
    return this.#rewriteEvents(id, (event) => ({ ...event, ...changes, updated_at: this.#nowText() }))
  }

  /** Takes an event away; the status is made again without it. False where there is none of that id. */
  deleteEvent(id: string): boolean {
    const found = this.#rewriteEvents(id, () => undefined)
    this.#events.delete(id)
    return found
  }

  /** Forgets a record and its events. False where there is none of that id. */
  deleteUser({ user, events }: DidomiRecord): boolean {
    const place = this.#records.findIndex((record) => record?.user === user)
    if (place < 0) return false
    for (const { event } of events) this.#events.delete(event.id)
    this.#records[place] = undefined
    this.#places.clear()
    this.#placesByOuid.clear()
    for (const at of this.#records.keys()) this.#index(at)
    return true
  }

  #at(place: number | undefined): DidomiRecord | undefined {
    return place === undefined ? undefined : this.#records[place]
  }

  #nowText(): string {
    return new Date(this.#settings.now()).toISOString()
  }

  #add(record: DidomiRecord): number {
    const place = this.#records.push(record) - 1
    this.#index(place)
    return place
  }

  /** The first record of an id keeps it; of a person's records the one made or changed last is met by the person's id. */
  #index(place: number): void {
    const user = objectIn(this.#at(place)?.user)
    const regulation = typeof user['regulation'] === 'string' ? user['regulation'].toLowerCase() : 'gdpr'
    const [idKey, ouidKey] = [`${regulation} ${user['id']}`, `${regulation} ${user['organization_user_id']}`]
    if (typeof user['id'] === 'string' && !this.#places.has(idKey)) this.#places.set(idKey, place)
    if (typeof user['organization_user_id'] === 'string') this.#placesByOuid.set(ouidKey, place)
  }

  /** Didomi: by id, else by organization user id; with neither known, a user is made, with a random id where none is given. */
  #placeFor({ user, regulation }: EventDraft): number {
    const [id, ouid] = [user['id'], user['organization_user_id']]
    const byOuid = typeof ouid === 'string' ? this.#placesByOuid.get(`${regulation} ${ouid}`) : undefined
    if (this.#settings.oneRecordPerPerson && byOuid !== undefined) return byOuid
    const byId = typeof id === 'string' ? this.#places.get(`${regulation} ${id}`) : undefined
    if (byId !== undefined) return byId
    if (id === undefined && byOuid !== undefined) return byOuid
    const now = this.#nowText()
    const origin = {
      id: id ?? randomUUID(),
      organization_id: this.#settings.organizationId,
      organization_user_id: ouid ?? null,
      organization_user_id_type: null,
      version: 0,
      created_at: now,
      updated_at: now,
      metadata: {},
      country: null,
      regulation,
      consents: NO_CONSENTS,
    }
    return this.#add({ origin, user: origin, events: [], sequence: 0, changedAtMs: 0 })
  }

  #eventOf(draft: EventDraft, user: JsonObject): DidomiEvent {
    const now = this.#nowText()
    const ouid = user['organization_user_id'] ?? draft.user['organization_user_id']
    return {
      id: draft.id ?? randomUUID(),
      organization_id: this.#settings.organizationId,
      created_at: draft.createdAt ?? now,
      updated_at: now,
      status: draft.status,
      regulation: draft.regulation,
      metadata: draft.metadata,
      user: { ...draft.user, id: user['id'], ...(ouid == null ? {} : { organization_user_id: ouid }) },
      consents: draft.consents,
      ...(draft.delegate === undefined ? {} : { delegate: draft.delegate }),
      proofs_id: draft.proofsId,
    }
  }

  #rewriteEvents(id: string, rewrite: (event: DidomiEvent) => DidomiEvent | undefined): boolean {
    const place = this.#events.get(id)
    const record = this.#at(place)
    if (place === undefined || record === undefined) return false
    const sequence = ++this.#sequence
    const events = record.events.flatMap((stored) => {
      if (stored.event.id !== id) return [stored]
      const event = rewrite(stored.event)
      return event === undefined ? [] : [{ event, sequence }]
    })
    this.#change(place, { ...record, events }, true)
    return true
  }

  /** `touches`: whether the status is made anew; an event that waits for approval leaves it as it was. */
  #change(place: number, record: DidomiRecord, touches: boolean): void {
    const { clearedPreference, now } = this.#settings
    const user = touches ? { ...userOf(record, clearedPreference), updated_at: this.#nowText() } : record.user
    this.#records[place] = { ...record, user, sequence: this.#sequence, changedAtMs: now() }
    this.#index(place)
  }
}

/**
 * A user after its confirmed events. They are laid over each other in the order of their `created_at` (Didomi: confirmed
 * events are applied again by date, so the most recent wins); what the record said before any event counts as said at its
 * `updated_at`, so a back-dated event does not beat it.
 */
export function userOf({ origin, user, events }: DidomiRecord, cleared: ClearedPreference): JsonObject {
  const before = objectIn(origin)
  const confirmed = events.map(({ event }) => event).filter(({ status }) => status === 'confirmed')
  const said = [
    { at: instantIn(before['updated_at']) ?? Number.NEGATIVE_INFINITY, consents: objectIn(before['consents']) },
    ...confirmed.map((event) => ({ at: instantIn(event.created_at) ?? 0, consents: event.consents })),
  ]
  // A record made by its first event says nothing of its own.
  const own = before['consents'] === NO_CONSENTS ? said.slice(1) : said
  const consents = own
    .sort((one, other) => one.at - other.at)
    .reduce((status, { consents }) => mergeConsents(status, consents, cleared), NO_CONSENTS)
  const version = objectIn(user)['version']
  return {
    ...before,
    ...named(before, confirmed),
    version: (typeof version === 'number' ? version : 0) + 1,
    consents,
  }
}

/** What events say of the user itself: metadata is merged, an organization user id is given to who has none yet. */
function named(before: JsonObject, events: readonly DidomiEvent[]): JsonObject {
  const users = events.map(({ user }) => user)
  const last = (name: string) => users.map((user) => user[name]).findLast((value) => value != null)
  const country = last('country') ?? before['country']
  const ouid = before['organization_user_id'] ?? users.map((user) => user['organization_user_id']).find(Boolean)
  const metadata = users.filter((user) => isObject(user['metadata'])).map((user) => objectIn(user['metadata']))
  return {
    metadata: Object.assign({}, objectIn(before['metadata']), ...metadata),
    ...(country === undefined ? {} : { country }),
    organization_user_id: ouid ?? null,
  }
}
