/** What an emulated Didomi API answers: everything behind the door, without a socket. */
import { catalogueList } from './didomi-catalogue.ts'
import { type EventInbox, openInbox } from './didomi-inbox.ts'
import { isObject } from './didomi-json.ts'
import { DidomiPeople, type DidomiRecord } from './didomi-people.ts'
import { DidomiRate } from './didomi-rate.ts'
import { type DidomiReply, didomiRefusal } from './didomi-reply.ts'
import { DIDOMI_ROUTES, type DidomiRoute, type DidomiTarget } from './didomi-routes.ts'
import { DidomiSessions } from './didomi-sessions.ts'
import type { DidomiSettings } from './didomi-settings.ts'
import { didomiPage, regulationsIn } from './didomi-users.ts'

/** What the server counted itself: requests by route, sessions opened, refusals, faults. */
export interface DidomiCounters extends Record<DidomiRoute, number> {
  opened: number
  unauthorised: number
  throttled: number
  faults: number
  /** Requests and fields that the emulator does not know; a test should find none. */
  notUnderstood: number
  /** The query of every request for users, in order. */
  readonly queries: string[]
}

/** A request whose body was read; `body` is undefined where there is no JSON. */
export interface DidomiCall {
  readonly method: string
  readonly target: DidomiTarget
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  readonly body: unknown
}

/** One organization. */
export class DidomiApi {
  readonly settings: DidomiSettings
  readonly counters: DidomiCounters
  readonly sessions: DidomiSessions
  readonly people: DidomiPeople
  readonly inbox: EventInbox
  readonly #rate: DidomiRate

  constructor(settings: DidomiSettings) {
    this.settings = settings
    this.counters = {
      ...(Object.fromEntries(DIDOMI_ROUTES.map((route) => [route, 0])) as Record<DidomiRoute, number>),
      opened: 0,
      unauthorised: 0,
      throttled: 0,
      faults: 0,
      notUnderstood: 0,
      queries: [],
    }
    this.sessions = new DidomiSessions(settings, settings.tokenLifeMs, settings.now)
    this.people = new DidomiPeople(settings.users, settings)
    this.inbox = openInbox(settings, this.people)
    this.#rate = new DidomiRate(settings.rate)
  }

  /** Answers one request. */
  answer(call: DidomiCall): DidomiReply {
    const { route } = call.target
    if (route === 'sessions') return this.#openSession(call.body)
    if (!this.sessions.admits(call.authorization)) {
      this.counters.unauthorised += 1
      return didomiRefusal(401)
    }
    const rate = this.#rate.take(route, this.settings.now())
    if (rate?.refused) {
      this.counters.throttled += 1
      return { ...didomiRefusal(429), headers: rate.headers }
    }
    const reply =
      call.query.get('organization_id') === this.settings.organizationId ? this.#act(call) : didomiRefusal(403)
    if (reply.status === 501) this.counters.notUnderstood += 1
    return rate === undefined ? reply : { ...reply, headers: rate.headers }
  }

  /** Didomi: a wrong key answers 400. */
  #openSession(request: unknown): DidomiReply {
    const token = this.sessions.open(request)
    if (token === undefined) return didomiRefusal(400)
    this.counters.opened += 1
    return { status: 201, body: { access_token: token } }
  }

  #act({ method, target: { route, id }, query, body }: DidomiCall): DidomiReply {
    const { catalogue, pageSize, exportLogs } = this.settings
    if (query.get('$include_full_tree') === 'true') return didomiRefusal(501, 'The emulator knows no full trees.')
    switch (route) {
      case 'users': {
        const page = didomiPage(this.people.records, query, pageSize)
        return page === undefined ? didomiRefusal(400) : { status: 200, body: page }
      }
      case 'user':
        return this.#onUser(method, id, query)
      case 'events':
        return this.inbox.receive(body, query.get('$disable_integrations') === 'true')
      case 'events/list':
        return this.#events(query)
      case 'event':
        return this.#onEvent(method, id, body)
      case 'catalogue':
        return this.#list(catalogueList(catalogue, id, query) ?? [], query)
      default:
        return this.#list(exportLogs[query.get('export_id') ?? ''] ?? [], query)
    }
  }

  /** Didomi: general lists, `$limit` of at most about 100 and `$skip`. */
  #list(all: readonly unknown[], query: URLSearchParams): DidomiReply {
    if (this.settings.exportLogForm === 'bare') return { status: 200, body: all }
    const figure = (name: string, usual: number) => {
      const value = Number(query.get(name) ?? usual)
      return Number.isInteger(value) && value >= 0 ? value : usual
    }
    const [limit, skip] = [Math.min(100, figure('$limit', 100)), figure('$skip', 0)]
    return { status: 200, body: { total: all.length, limit, skip, data: all.slice(skip, skip + limit) } }
  }

  /** Didomi: `$by_organization_user_id` puts the organization's own id in the path. */
  #find(id: string, query: URLSearchParams): DidomiRecord | undefined {
    const [regulation] = regulationsIn(query)
    const byOuid = query.get('$by_organization_user_id') === 'true'
    return byOuid ? this.people.byOuid(id, regulation) : this.people.byId(id, regulation)
  }

  #onUser(method: string, id: string, query: URLSearchParams): DidomiReply {
    const record = this.#find(id, query)
    if (record === undefined) return didomiRefusal(404)
    if (method === 'DELETE') this.people.deleteUser(record)
    return { status: 200, body: record.user }
  }

  /** Didomi: needs a user; only confirmed ones unless a status is named. */
  #events(query: URLSearchParams): DidomiReply {
    const [id, ouid] = [query.get('user_id'), query.get('organization_user_id')]
    if (id === null && ouid === null) return didomiRefusal(400, 'user_id or organization_user_id is required')
    const regulations = regulationsIn(query)
    const status = query.get('status') ?? 'confirmed'
    const found = this.people.records
      .flatMap((record) => record?.events ?? [])
      .map(({ event }) => event)
      .filter(
        ({ user }) => (id === null || user['id'] === id) && (ouid === null || user['organization_user_id'] === ouid),
      )
      .filter((event) => event.status === status && regulations.includes(event.regulation))
    return this.#list(found, query)
  }

  #onEvent(method: string, id: string, body: unknown): DidomiReply {
    const event = this.people.event(id)
    if (event === undefined) return didomiRefusal(404)
    if (method === 'GET') return { status: 200, body: event }
    if (method === 'DELETE') {
      this.people.deleteEvent(id)
      return { status: 200, body: event }
    }
    if (!isObject(body) || Object.keys(body).some((name) => name !== 'status')) {
      return didomiRefusal(501, 'The emulator changes the status of an event alone.')
    }
    if (body['status'] !== 'confirmed' && body['status'] !== 'pending_approval') return didomiRefusal(400)
    this.people.patchEvent(id, body)
    return { status: 200, body: this.people.event(id) }
  }
}
