/** Keeps what was heard: to be told, to be looked at again, to be delivered; after this nothing of a batch can be lost. */

import { fromMilliseconds } from '../consent/time.ts'
import { Pseudonyms } from '../deliver/pseudonyms.ts'
import type { Conflict } from '../projection/guard.ts'
import type { LedgerEntry, PersonId } from '../store/store.ts'
import type { OpenLook } from '../store/told.ts'
import type { HeardCounts } from './counts.ts'
import { type Draft, intoEvents, type Ruling, ruleOn } from './decide.ts'
import { evidenceOfTold } from './evidence.ts'
import type { HeardSaying, Hearing } from './hearing.ts'

type Look = Omit<OpenLook, 'reason'>

/** `looks` are those that the batch repeats: they end unless something of them waits again. */
export async function keepBatch(
  { store, scope, settings, target, run, clock }: Hearing,
  sayings: readonly HeardSaying[],
  looks: readonly Look[],
  counts: HeardCounts,
): Promise<void> {
  if (sayings.length === 0 && looks.length === 0) return
  const persons = [...new Set(sayings.flatMap((saying) => saying.persons.map(({ id }) => id)))]
  const told = await store.toldOf(persons)
  const { conflict, sharedAddress } = target
  const policies = { events: settings.events, conflict, sharedAddress, organization: scope.organization }
  const ruled = sayings.map((saying) => ({ saying, ruling: ruleOn(saying, told, policies) }))
  for (const { ruling } of ruled) counts.ruled(ruling)

  const drafts = ruled.flatMap(({ ruling }): readonly Draft[] => (ruling.kind === 'told' ? ruling.statements : []))
  const open = ruled.flatMap(({ saying: { look }, ruling }): OpenLook[] =>
    ruling.kind === 'parked' ? [{ ...look, reason: ruling.reason }] : [],
  )
  const waits = new Set(open.map(nameOf))
  const over = [...looks, ...sayings.map(({ look }) => look)].filter((look) => !waits.has(nameOf(look)))
  // Due before it is kept: what is kept is not looked at again.
  const due = ruled.flatMap(({ saying, ruling }): PersonId[] =>
    isDue(saying, ruling, target.conflict) ? saying.persons.map(({ id }) => id) : [],
  )
  if (due.length > 0) await store.markDue(target.name, [...new Set(due)])
  const statements = intoEvents(drafts, scope.organization).filter(
    (one) => !told.some((known) => known.event === one.event),
  )
  const ledger = ruled.flatMap(({ saying, ruling }) => entryAfter(saying, ruling) ?? [])
  const evidence = evidenceOfTold(ruled, statements, run, new Pseudonyms(store.pseudonymKey))
  const now = fromMilliseconds(clock.now())
  await store.keepHeard(scope, { now, statements, open, closed: over, ledger, evidence })
}

const nameOf = ({ kind, name }: Look): string => `${kind} ${name}`

/**
 * Where the two sides differ in favour of Didomi, or a row is gone that a refusal needs, delivery has work. Not where it
 * would leave the place alone as well: sets of which neither is certainly newer, or Dataverse's by policy.
 */
function isDue({ heard }: HeardSaying, ruling: Ruling, conflict: Conflict): boolean {
  if (typeof heard.statement.value !== 'boolean' || conflict === 'dataverse-wins') return false
  if (ruling.kind === 'parked') return false
  // A no of our own stands there, with theirs behind it. Whoever takes theirs back is due by the export that tells it; if the
  // guard keeps the no all the same (of several persons one is older), no night would ever be the last.
  if (heard.agreed && heard.statement.value === false) return false
  return heard.missing || ruling.kind === 'superseded' || (ruling.kind === 'told' && !ruling.settled)
}

function entryAfter({ settled, unsettled }: HeardSaying, ruling: Ruling): LedgerEntry | undefined {
  const agrees = ruling.kind === 'known' || (ruling.kind === 'told' && ruling.settled)
  return agrees ? settled : unsettled
}
