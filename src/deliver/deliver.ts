/** The second stage: due persons become outcomes (semantics §8.2). Needs only the store and Dataverse. */

import type { Settings, TargetSettings } from '../config/settings.ts'
import { spanned } from '../observe/observer.ts'
import type { DeliverReport } from '../report/deliver-report.ts'
import type { DuePerson, PersonId, Store, TargetScope } from '../store/store.ts'
import { workAlone } from '../work/alone.ts'
import { each, once } from '../work/steps.ts'
import { brakeOnFlips } from './brake.ts'
import { settleChunk } from './chunk.ts'
import { markChangedContacts } from './contact-changes.ts'
import { parkingCutoff } from './contact-rows.ts'
import { type ContactSearch, findContacts } from './contacts.ts'
import type { Crew } from './crew.ts'
import { CrewClaims } from './crew-claims.ts'
import type { DeliverPorts } from './deliver-ports.ts'
import { identify, refuseUsedEnvironment } from './environment.ts'
import { fitMapping } from './mapping.ts'
import { readPersons } from './persons.ts'
import { distrustRestoredEnvironment } from './restored-environment.ts'
import { type PersonRange, rangeOf, shardChunks, shardsFor } from './shards.ts'
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
  const { store, clock, dataverse, pods: { work } = { work: workAlone } } = ports
  const { crew, restored, warnings, shards } = await prepare(ports, settings, target, request, signal)
  const { scope, search } = crew
  const due = dueChunks(store, target.name, request)
  const inShard = (shard: string) => due(rangeOf(shard))
  const resolve = (shard: string) => resolveUnknown(ports, scope, search, inShard(shard), signal)
  await each(work, `resolve ${target.name}`, shards, resolve, signal)
  const brake = () => brakeOnFlips(ports, scope, { ...crew, accepted: request.accept }, due({}), signal)
  await once(work, `brake ${target.name}`, brake, signal)
  await ports.quiet?.(signal)

  const tally = new Tally()
  const begunMs = clock.monotonic()
  const stage = ports.progress.stage(`deliver ${target.name}`, await dueCount(store, target.name, request))
  const width = () => dataverse.concurrency() + AHEAD
  // A chunk that was begun is sent and settled: nobody's outcome is left in doubt for want of a few seconds.
  const begun = ports.abandoned ?? signal
  // Whoever fails does not wait for what others still do.
  const failing = new AbortController()
  const taking = AbortSignal.any([signal, failing.signal])
  const phase = await work.begin(`deliver ${target.name}`, shards)
  try {
    await sideBySide(shardChunks(phase, inShard, taking), width, async ({ persons, settled }) => {
      signal.throwIfAborted()
      try {
        const seen = { 'didomi_dataverse.target': target.name, 'didomi_dataverse.persons': persons.length }
        await spanned(ports.observer, 'deliver chunk', seen, () => settleChunk(crew, persons, tally, begun))
        await settled()
      } catch (error) {
        failing.abort(error)
        throw error
      }
      stage.advance(persons.length)
    })
    signal.throwIfAborted()
  } finally {
    stage.end()
    await phase.release().catch(() => {})
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
  readonly shards: readonly string[]
}

/** What one pod finds out and changes for all. */
interface PreparedOnce {
  readonly restored: boolean
  readonly contactsFollowed: boolean
  readonly shards: readonly string[]
}

/** Everything that is asked once: who we are, whether mapping and environment fit, which contacts changed. */
async function prepare(
  ports: DeliverPorts,
  settings: Settings,
  target: TargetSettings,
  request: DeliverRequest,
  signal: AbortSignal,
): Promise<Prepared> {
  const { store, clock, log, pods } = ports
  const { organizationId } = (await identify(ports, signal)).identity
  const scope: TargetScope = { organization: organizationId, target: target.name }
  const parkedSince = parkingCutoff(clock.now(), target)
  const fitted = async () => {
    const { mapping, contacts, ...found } = await fitMapping(ports, settings, target, signal)
    const warnings = [...found.warnings, ...(await strangers(store, request))]
    for (const warning of warnings) log.warn({ target: target.name }, warning)
    const columns = mapping.mode === 'contact' ? mapping.columns.map(({ name }) => name) : []
    return { mapping, warnings, search: { table: contacts, target, columns } }
  }
  let own: Awaited<ReturnType<typeof fitted>> | undefined
  const forAll = async () => {
    own = await fitted()
    return prepareOnce(ports, settings, { ...own, scope, parkedSince }, request, signal)
  }
  const { shards, ...prepared } = await once(pods?.work ?? workAlone, `prepare ${target.name}`, forAll, signal)
  const { mapping, search, warnings } = own ?? (await fitted())
  if (prepared.restored)
    log.warn({ target: target.name }, 'this environment was restored from a backup: everybody is due')
  const { contactsFollowed } = prepared
  const us = new Set(await store.writers(organizationId))
  const among = pods && {
    keys: pods.keys,
    digestKey: store.pseudonymKey,
    organization: organizationId,
    sleep: clock.sleep,
  }
  const run = { us, run: request.run, parkedSince, contactsFollowed, claims: new CrewClaims(among) }
  const crew = { ...ports, scope, settings, target, mapping, search, ...run }
  return { crew, restored: prepared.restored, warnings, shards }
}

async function prepareOnce(
  ports: DeliverPorts,
  settings: Settings,
  { mapping, search, scope, parkedSince }: Pick<Crew, 'mapping' | 'search' | 'scope' | 'parkedSince'>,
  request: DeliverRequest,
  signal: AbortSignal,
): Promise<PreparedOnce> {
  const { target } = search
  const used = {
    consents: mapping.mode === 'consent' ? mapping.consents : undefined,
    targets: settings.targets.map(({ name }) => name),
    adopt: request.adoptEnvironment,
  }
  await refuseUsedEnvironment(ports, scope, used, signal)
  const written = mapping.mode === 'consent' ? mapping.consents : search.table
  const restored = await distrustRestoredEnvironment(ports, scope, written, target.clockToleranceMicros, signal)
  await markAllOnChange(ports.store, scope, request.fingerprint)
  // `--only` looks its persons up itself: everybody else is left as they are.
  const follows = request.only === undefined && !(target.mode === 'consent' && target.addressOnly)
  const contactsFollowed =
    follows && (await markChangedContacts(ports, scope, search, settings.reading.normalise, parkedSince, signal))
  const whole = request.only !== undefined || request.limit !== undefined
  const shards = shardsFor(ports.pods?.work ?? workAlone, await ports.store.countDue(scope.target), whole)
  return { restored, contactsFollowed, shards }
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
  let unknown = 0
  // Chunk by chunk: who verifies a whole store names everybody.
  for (let at = 0; at < only.length; at += CHUNK) {
    const asked = [...new Set(only.slice(at, at + CHUNK))]
    unknown += asked.length - (await store.persons(asked)).length
  }
  return unknown === 0 ? [] : [`${unknown} of the persons asked for are not in the store`]
}

async function dueCount(
  store: Store,
  target: string,
  { only, limit = Number.POSITIVE_INFINITY }: DeliverRequest,
): Promise<number> {
  return Math.min(limit, only?.length ?? (await store.countDue(target)))
}

/** Due persons of a range in key order, chunk by chunk; each call begins anew and sees the same persons. */
function dueChunks(
  store: Store,
  target: string,
  { only, limit = Number.POSITIVE_INFINITY }: DeliverRequest,
): (range: PersonRange) => AsyncIterable<DuePerson[]> {
  return async function* ({ after: from, before }) {
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
    let after = from
    while (left > 0) {
      const next = await store.takeDue(target, after, Math.min(CHUNK, left))
      const chunk = before === undefined ? next : next.filter(({ person }) => person < before)
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
