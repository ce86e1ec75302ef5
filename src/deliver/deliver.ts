/** The second stage: due persons become outcomes (semantics §8.2). Needs only the store and Dataverse. */

import type { Settings, TargetSettings } from '../config/settings.ts'
import type { DeliverReport } from '../report/deliver-report.ts'
import type { DuePerson, PersonId, Store, TargetScope } from '../store/store.ts'
import { brakeOnFlips } from './brake.ts'
import { settleChunk } from './chunk.ts'
import { Claims } from './claims.ts'
import { markChangedContacts } from './contact-changes.ts'
import { parkingCutoff } from './contact-rows.ts'
import { type ContactSearch, findContacts } from './contacts.ts'
import type { Crew } from './crew.ts'
import type { DeliverPorts } from './deliver-ports.ts'
import { identify, refuseUsedEnvironment } from './environment.ts'
import { fitMapping } from './mapping.ts'
import { readPersons } from './persons.ts'
import { distrustRestoredEnvironment } from './restored-environment.ts'
import { sideBySide } from './side-by-side.ts'
import { Tally } from './tally.ts'

/** What an operator may ask of one delivery. */
export interface DeliverRequest {
  readonly run: string
  /** At most so many persons; the rest stays due. */
  readonly limit?: number
  /** Only these, due or not. */
  readonly only?: readonly PersonId[]
  /** The plan that the brake may let pass. */
  readonly accept?: string
  readonly adoptEnvironment: boolean
  /** The fingerprint of what shapes this target's delivery (semantics §8.6). */
  readonly fingerprint: string
}

/** Persons taken up at once: enough to fill requests, few enough that readings stay fresh. */
const CHUNK = 1_000

/** Chunks that are prepared while others have all requests that may be at work. */
const AHEAD = 2

/**
 * Delivers every due person of one target. `conclude` is told what came of it, also when it ends early with an error:
 * whoever was settled by then has an outcome, the rest stays due.
 */
export async function deliver(
  ports: DeliverPorts,
  settings: Settings,
  target: TargetSettings,
  request: DeliverRequest,
  conclude: (report: DeliverReport) => void,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, dataverse } = ports
  const { crew, restored, warnings } = await prepare(ports, settings, target, request, signal)
  const due = dueChunks(store, target.name, request)
  await resolveUnknown(ports, crew.scope, crew.search, due(), signal)
  await brakeOnFlips(ports, crew.scope, { ...crew, accepted: request.accept }, due(), signal)

  const tally = new Tally()
  const begunMs = clock.monotonic()
  const stage = ports.progress.stage(`deliver ${target.name}`, await dueCount(store, target.name, request))
  const width = () => dataverse.concurrency() + AHEAD
  try {
    await sideBySide(due(), width, async (chunk) => {
      signal.throwIfAborted()
      await settleChunk(crew, chunk, tally, signal)
      stage.advance(chunk.length)
    })
  } finally {
    stage.end()
    const parking = await store.countParked(target.name, crew.parkedSince)
    const quarantined = await store.countQuarantine(target.name)
    const requests = { ...dataverse.figures(), seconds: (clock.monotonic() - begunMs) / 1_000 }
    const { name, mode } = target
    conclude(tally.report({ target: name, mode, ...parking, quarantined, restored, warnings, requests }))
  }
}

interface Prepared {
  readonly crew: Crew
  readonly restored: boolean
  readonly warnings: readonly string[]
}

/** Everything that is asked once: who we are, whether mapping and environment fit, which contacts changed. */
async function prepare(
  ports: DeliverPorts,
  settings: Settings,
  target: TargetSettings,
  request: DeliverRequest,
  signal: AbortSignal,
): Promise<Prepared> {
  const { store, clock, log } = ports
  const { identity, us } = await identify(ports, signal)
  const scope: TargetScope = { organization: identity.organizationId, target: target.name }
  const { mapping, contacts, ...fitted } = await fitMapping(ports, settings, target, signal)
  const warnings = [...fitted.warnings, ...(await strangers(store, request))]
  for (const warning of warnings) log.warn({ target: target.name }, warning)
  const used = {
    consents: mapping.mode === 'consent' ? mapping.consents : undefined,
    targets: settings.targets.map(({ name }) => name),
    adopt: request.adoptEnvironment,
  }
  await refuseUsedEnvironment(ports, scope, used, signal)
  const written = mapping.mode === 'consent' ? mapping.consents : contacts
  const restored = await distrustRestoredEnvironment(ports, scope, written, target.clockToleranceMicros, signal)
  if (restored) log.warn({ target: target.name }, 'this environment was restored from a backup: everybody is due')
  await markAllOnChange(store, scope, request.fingerprint)
  const columns = mapping.mode === 'contact' ? mapping.columns.map(({ name }) => name) : []
  const search: ContactSearch = { table: contacts, target, columns }
  const parkedSince = parkingCutoff(clock.now(), target)
  // `--only` looks its persons up itself: everybody else is left as they are.
  const follows = request.only === undefined && !(target.mode === 'consent' && target.addressOnly)
  const contactsFollowed =
    follows && (await markChangedContacts(ports, scope, search, settings.reading.normalise, parkedSince, signal))
  const run = { us, run: request.run, parkedSince, contactsFollowed, claims: new Claims() }
  return { crew: { ...ports, scope, settings, target, mapping, search, ...run }, restored, warnings }
}

/** A changed mapping or policy, another environment, a new target: everybody is due (semantics §8.6). */
async function markAllOnChange(
  store: Store,
  { organization, target }: TargetScope,
  fingerprint: string,
): Promise<void> {
  const name = `delivery/${target}`
  const value = `${organization} ${fingerprint}`
  if ((await store.fingerprint(name)) === value) return
  await store.markAllDue(target)
  await store.setFingerprint(name, value)
}

/** `--only` may name persons that no export ever named: a typing error should not look like success. */
async function strangers(store: Store, { only = [] }: DeliverRequest): Promise<string[]> {
  const known = new Set((await store.persons(only)).map(({ person }) => person))
  const unknown = only.filter((person) => !known.has(person)).length
  return unknown === 0 ? [] : [`${unknown} of the persons asked for are not in the store`]
}

async function dueCount(
  store: Store,
  target: string,
  { only, limit = Number.POSITIVE_INFINITY }: DeliverRequest,
): Promise<number> {
  return Math.min(limit, only?.length ?? (await store.countDue(target)))
}

/** Due persons in key order, chunk by chunk; each call begins anew and sees the same persons. */
function dueChunks(
  store: Store,
  target: string,
  { only, limit = Number.POSITIVE_INFINITY }: DeliverRequest,
): () => AsyncIterable<DuePerson[]> {
  return async function* () {
    let left = limit
    if (only !== undefined) {
      const marked = await store.dueMarks(target, [...new Set(only)].sort())
      for (let at = 0; at < marked.length && left > 0; at += CHUNK) {
        const chunk = marked.slice(at, at + Math.min(CHUNK, left))
        left -= chunk.length
        yield chunk
      }
      return
    }
    let after: PersonId | undefined
    while (left > 0) {
      const chunk = await store.takeDue(target, after, Math.min(CHUNK, left))
      if (chunk.length === 0) return
      left -= chunk.length
      after = chunk.at(-1)?.person
      yield chunk
    }
  }
}

/**
 * Persons without a known contact are looked up now, so that everybody who shares an address or a contact is known
 * before the first of them is delivered. (Those whose contact changed were looked up when that was seen.)
 */
async function resolveUnknown(
  ports: DeliverPorts,
  scope: TargetScope,
  search: ContactSearch,
  due: AsyncIterable<DuePerson[]>,
  signal: AbortSignal,
): Promise<void> {
  for await (const chunk of due) {
    signal.throwIfAborted()
    const ids = chunk.map(({ person }) => person)
    const known = await ports.store.contactsOf(scope, ids)
    const hasContact = (id: PersonId) => known.get(id)?.some(({ contactId }) => contactId !== undefined) ?? false
    const unknown = await readPersons(
      ports.store,
      ids.filter((id) => !hasContact(id)),
    )
    if (unknown.size > 0) await findContacts(ports, scope, { ...search, columns: [] }, [...unknown.values()], signal)
  }
}
