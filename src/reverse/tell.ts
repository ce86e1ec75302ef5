/** Tells Didomi what was heard: what was written ahead is posted, and then confirmed (semantics §11.4). */

import type { Settings } from '../config/settings.ts'
import { readPersons } from '../deliver/persons.ts'
import type { Didomi, NewEvent } from '../didomi/didomi.ts'
import { groupBy } from '../lib/group.ts'
import type { Progress } from '../lib/progress.ts'
import type { ToldReport } from '../report/reverse-report.ts'
import type { Store } from '../store/store.ts'
import type { ToldStatement } from '../store/told.ts'
import { brakeOnTelling } from './brake.ts'
import { eventOf } from './event.ts'
import { setsOf, userName } from './whom.ts'

interface Ports {
  readonly store: Store
  readonly didomi: Pick<Didomi, 'post' | 'user'>
  readonly progress: Progress
}

interface Telling extends Pick<Settings, 'reading' | 'events' | 'reverse'> {
  /** The plan that the brake stopped before. */
  readonly accept: string | undefined
}

/** Events of one request (Didomi: batch import). */
const CHUNK = 100

/**
 * Posts every event that Didomi has not answered yet, those of earlier runs too. An event may have arrived although its
 * answer did not: its id is the same, and Didomi takes none twice. `conclude` is told what came of it in any case.
 *
 * @throws CodedError `brake` before the first event, where they are too many
 */
export async function tell(
  ports: Ports,
  { reading, events, reverse, accept }: Telling,
  conclude: (report: ToldReport) => void,
  signal: AbortSignal,
): Promise<void> {
  const { store, didomi, progress } = ports
  const untold = await store.untold()
  const byEvent = [...groupBy(untold, ({ event }) => event).values()]
  const stage = progress.stage('tell Didomi', byEvent.length)
  const counts = { posted: 0, refused: 0 }
  try {
    brakeOnTelling(untold, await store.countStates(), { brake: reverse.brake, accepted: accept })
    for (let at = 0; at < byEvent.length; at += CHUNK) {
      signal.throwIfAborted()
      const chunk = byEvent.slice(at, at + CHUNK)
      const drafts = await eventsOf(ports, chunk, reading.normalise, events, signal)
      const postings = await didomi.post(drafts, signal)
      const states = drafts.map(({ id }, index) => {
        const taken = postings[index]?.kind === 'taken'
        counts[taken ? 'posted' : 'refused'] += 1
        return { event: id, state: taken ? 'told' : 'refused' } as const
      })
      await store.setTold(states)
      stage.advance(chunk.length)
    }
  } finally {
    stage.end()
    const deferred = byEvent.length - counts.posted - counts.refused
    const quarantined = await store.countRefused()
    conclude({ events: byEvent.length, statements: untold.length, ...counts, deferred, quarantined })
  }
}

/** Events of persons that the store knows; those of others wait until it does, as after a rebuild. */
async function eventsOf(
  { store, didomi }: Ports,
  groups: ReadonlyArray<readonly ToldStatement[]>,
  normalise: Settings['reading']['normalise'],
  events: Settings['events'],
  signal: AbortSignal,
): Promise<NewEvent[]> {
  const ids = [...new Set(groups.flatMap((group) => group.map(({ person }) => person)))]
  const persons = await readPersons(store, ids)
  const drafts: NewEvent[] = []
  for (const [first, ...others] of groups) {
    const person = first && persons.get(first.person)
    if (first === undefined || person === undefined) continue
    const name = await userName(store, person, normalise)
    const sets = await setsOf(didomi, name, person, [first, ...others], events, signal)
    drafts.push(eventOf([first, ...others], { ...name }, sets))
  }
  return drafts
}
