/** Reads back what was delivered: a run that looks at everybody, or a sample, afresh, and writes nothing. */

import type { Settings } from '../src/config/settings.ts'
import type { DeliverRequest } from '../src/deliver/deliver.ts'
import { rehearse } from '../src/plan/rehearsal.ts'
import { Reservoir } from '../src/plan/sampling.ts'
import { type Looked, type VerifyReport, verifyReport } from '../src/plan/verify-report.ts'
import { withoutBrake } from '../src/plan/without-brake.ts'
import type { PlannedRows } from '../src/store/planned-rows.ts'
import type { PersonId, Store } from '../src/store/store.ts'
import type { Ports } from '../src/wire.ts'
import { type SyncRequest, sync } from './sync.ts'

/** What an operator may ask of one read-back. */
export interface VerifyRequest {
  readonly sync: Omit<SyncRequest, 'ingest' | 'wait'>
  /** So many persons of each target, chosen by chance; absent: all. */
  readonly sample?: number
  readonly random: () => number
}

export interface Verified {
  readonly report: VerifyReport
  /** Persons that have drifted, by target. */
  readonly drifted: ReadonlyMap<string, ReadonlySet<PersonId>>
}

/** `ports` are those of a copy of the store, which is not the same afterwards. */
export async function verify(
  ports: Ports & { readonly openPlannedRows: (target: string) => PlannedRows },
  settings: Settings,
  request: VerifyRequest,
  signal: AbortSignal,
): Promise<Verified> {
  const looked = new Map<string, Looked>()
  const deliver = new Map<string, DeliverRequest>()
  for (const [target, wishes] of request.sync.deliver) {
    const { chosen, ...counts } = await choose(ports.store, target, request, signal)
    looked.set(target, counts)
    deliver.set(target, { ...wishes, only: chosen })
  }
  const rehearsal = rehearse(ports, ports.openPlannedRows, { samples: 0 })
  // A brake is for what is to be written.
  const run = await sync(rehearsal.ports, withoutBrake(settings), { ...request.sync, deliver }, signal)
  return {
    report: verifyReport(run, looked, rehearsal.seen),
    drifted: new Map([...rehearsal.seen].map(([target, { writtenFor }]) => [target, writtenFor])),
  }
}

/** Persons read from the store at once. */
const PAGE = 10_000

/** Whoever is due has something that is rightly not there yet; of the others all, or some. */
async function choose(
  store: Store,
  target: string,
  { sample = Number.POSITIVE_INFINITY, random }: VerifyRequest,
  signal: AbortSignal,
): Promise<Looked & { readonly chosen: readonly PersonId[] }> {
  const due = new Set<PersonId>()
  for await (const person of duePersons(store, target, signal)) due.add(person)
  await store.markAllDue(target)
  const chosen = new Reservoir<PersonId>(sample, random)
  for await (const person of duePersons(store, target, signal)) if (!due.has(person)) chosen.offer(person)
  return { chosen: chosen.items, persons: chosen.offered, looked: chosen.items.length, due: due.size }
}

async function* duePersons(store: Store, target: string, signal: AbortSignal): AsyncGenerator<PersonId> {
  for (let after: PersonId | undefined; ; ) {
    signal.throwIfAborted()
    const page = await store.takeDue(target, after, PAGE)
    for (const { person } of page) yield person
    after = page.at(-1)?.person
    if (after === undefined) return
  }
}
