/** Why Dataverse holds what it holds of one person: the path from what was said to what stands there. */

import type { Settings } from '../src/config/settings.ts'
import { outcomeNamed } from '../src/deliver/outcome.ts'
import { readPersons } from '../src/deliver/persons.ts'
import { Pseudonyms } from '../src/deliver/pseudonyms.ts'
import { type ExplainReport, pastDecisions } from '../src/explain/explain-report.ts'
import { type Outlook, type Remembered, remembered, targetPath } from '../src/explain/target-path.ts'
import { rehearse } from '../src/plan/rehearsal.ts'
import { exitCode } from '../src/report/exit-code.ts'
import type { PlannedRows } from '../src/store/planned-rows.ts'
import type { PersonId } from '../src/store/store.ts'
import type { Ports } from '../src/wire.ts'
import { type SyncRequest, sync } from './sync.ts'

/** Whom to explain, and the run that would deliver them. */
export interface ExplainRequest {
  readonly persons: readonly PersonId[]
  readonly sync: Omit<SyncRequest, 'ingest' | 'wait'>
}

/**
 * `ports` are those of a copy of the store. What it remembers is read first; then the persons are delivered there, before a
 * Dataverse that is only read, since only that tells what is decided now.
 */
export async function explain(
  ports: Ports & { readonly openPlannedRows: (target: string) => PlannedRows },
  settings: Settings,
  { persons: asked, sync: request }: ExplainRequest,
  signal: AbortSignal,
): Promise<ExplainReport> {
  const { store } = ports
  const persons = [...(await readPersons(store, asked)).values()]
  const targets = settings.targets.filter(({ name }) => request.deliver.has(name))
  const before = new Map<string, Remembered>()
  for (const target of targets) {
    const dataverse = ports.openDataverse(target)
    before.set(target.name, await remembered({ store, dataverse }, settings, target, persons, signal))
  }
  const past = new Map<PersonId, ReturnType<typeof pastDecisions>>()
  for (const { id } of persons) past.set(id, pastDecisions(await store.evidenceOf(id)))

  const outlooks = new Map<string, Outlook>()
  const { ports: rehearsed, seen } = rehearse(ports, ports.openPlannedRows, {
    samples: Number.POSITIVE_INFINITY,
    settled: (target, { person, outcome }, rejections) =>
      void outlooks.set(`${target} ${person}`, { outcome: outcomeNamed(outcome), rejections }),
  })
  const only = persons.map(({ id }) => id)
  const deliver = new Map([...request.deliver].map(([name, wishes]) => [name, { ...wishes, only }]))
  const { failures } = await sync(rehearsed, settings, { ...request, deliver }, signal)

  const pseudonyms = new Pseudonyms(store.pseudonymKey)
  return {
    version: 1,
    persons: persons.map((person) => ({
      person: pseudonyms.of(person.id),
      records: person.states.length,
      targets: [...before].map(([name, known]) => {
        const evidence = (seen.get(name)?.samples ?? []).filter((entry) => entry.person === person.id)
        return targetPath(known, person, { evidence, outlook: outlooks.get(`${name} ${person.id}`) }, settings)
      }),
      past: past.get(person.id) ?? [],
    })),
    failures: failures.map(({ stage, message }) => `${stage}: ${message}`),
    exitCode: exitCode(failures.map(({ next }) => next)),
  }
}
