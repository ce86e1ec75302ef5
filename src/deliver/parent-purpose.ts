/** A topic opted in while its purpose is not: nothing would be sent, and nobody would notice (semantics §6.7). */

import { anybodyRefusesParent, type Slot, slotPlace, type WantedSlot, wantedSlot } from '../projection/slot.ts'
import type { ConsentRow } from '../projection/slot-rows.ts'
import type { Place, Store, TargetScope } from '../store/store.ts'
import type { ConsentWork } from './consent-work.ts'

export interface ParentCheck {
  readonly work: ConsentWork
  readonly wanted: ReadonlyMap<Place, WantedSlot>
  readonly rowsOf: (slot: Slot) => readonly ConsentRow[]
  /** Did the guard keep this place as it is? */
  readonly superseded: (place: Place) => boolean
}

/** The places of topics without an opted-in purpose, and the purpose rows to create for them under `ensure`. */
export async function ensuredParents(
  store: Store,
  scope: TargetScope,
  check: ParentCheck,
): Promise<{ lacking: Place[]; ensured: Map<Place, WantedSlot> }> {
  const { work, wanted } = check
  const ensured = new Map<Place, WantedSlot>()
  const lacking: Place[] = []
  if (work.target.parentPurpose === 'off') return { lacking, ensured }
  for (const [place, topic] of wanted) {
    if (topic.slot.entry.kind !== 'topic' || !topic.statement.value || check.superseded(place)) continue
    const parent = parentSlot(work, topic.slot)
    const above = slotPlace(parent)
    if (ensured.has(above) || isOptedIn(check, parent, above)) continue
    if (work.target.parentPurpose === 'ensure' && (await mayBeEnsured(store, scope, check, topic, parent)))
      ensured.set(above, { slot: parent, statement: topic.statement })
    else lacking.push(place)
  }
  return { lacking, ensured }
}

/** The place of the purpose of a topic at the same address. */
export function parentPlace(work: Pick<ConsentWork, 'entries'>, topic: Slot): Place {
  return slotPlace(parentSlot(work, topic))
}

/** The purpose's slot at the topic's address; with the purpose's own mapping where it has one. */
function parentSlot({ entries }: Pick<ConsentWork, 'entries'>, { channel, address, entry }: Slot): Slot {
  const mapped = entries.find(
    ({ kind, id, channel: only }) =>
      kind === 'purpose' && id === entry.purpose.id && (only === undefined || only === channel),
  )
  return {
    channel,
    address,
    entry: mapped ?? { kind: 'purpose', id: entry.purpose.id, purpose: entry.purpose, keys: [] },
  }
}

function isOptedIn({ wanted, rowsOf, superseded }: ParentCheck, parent: Slot, place: Place): boolean {
  const wish = wanted.get(place)
  if (wish !== undefined && !superseded(place)) return wish.statement.value
  return rowsOf(parent).some(({ optedIn }) => optedIn === true)
}

/** Only where nobody ever said anything about the purpose: no row, none in the ledger, no refusal, mapped or not. */
async function mayBeEnsured(
  store: Store,
  scope: TargetScope,
  { work, wanted, rowsOf }: ParentCheck,
  topic: WantedSlot,
  parent: Slot,
): Promise<boolean> {
  if (rowsOf(parent).length > 0) return false
  const place = slotPlace(parent)
  if (wanted.get(place)?.statement.value === false || work.refusesParent?.(parent, topic.slot.entry)) return false
  const entry = (await store.ledger(scope, [place])).get(place)
  /** Written ahead by a run that did not get it through: never a row. */
  const onlyIntended = entry?.intended !== undefined && entry.confirmed === undefined && entry.rowId === undefined
  if (entry !== undefined && !onlyIntended) return false
  const persons = work.personsAt.get(`${parent.channel}/${parent.address}`) ?? []
  const policies = { events: work.settings.events, sharedAddress: work.target.sharedAddress }
  if (wantedSlot(parent, persons, policies)?.statement.value === false) return false
  return !anybodyRefusesParent(topic.slot.entry, persons, work.settings.events)
}
