/** Looks at a whole run's flips before its first write (semantics §8.7). */

import type { Settings, TargetSettings } from '../config/settings.ts'
import { wantedColumn } from '../projection/contact-row.ts'
import type { Person } from '../projection/person.ts'
import { CONSENT_VALUES, slotPlace, slotsOf, wantedSlot } from '../projection/slot.ts'
import type { DuePerson, Store, TargetScope } from '../store/store.ts'
import { columnPlace } from './contact-rows.ts'
import { applyBrake, Flips, type WantedChoice } from './flips.ts'
import type { Mapping } from './mapping.ts'
import { readPersons } from './persons.ts'
import { personsBehind } from './sharing.ts'

interface Braked {
  readonly mapping: Mapping
  readonly settings: Pick<Settings, 'events'>
  readonly target: TargetSettings
  readonly accepted: string | undefined
}

/** @throws CodedError `brake` */
export async function brakeOnFlips(
  { store }: { readonly store: Store },
  scope: TargetScope,
  braked: Braked,
  due: AsyncIterable<DuePerson[]>,
  signal: AbortSignal,
): Promise<void> {
  const known = await store.countLedger(scope)
  if (known === 0) return
  const flips = new Flips()
  const counted = new Set<string>()
  for await (const chunk of due) {
    signal.throwIfAborted()
    const persons = await readPersons(
      store,
      chunk.map(({ person }) => person),
    )
    const choices = (await wantedChoices(store, scope, braked, [...persons.values()])).filter(
      ({ place }) => !counted.has(place),
    )
    const ledger = await store.ledger(
      scope,
      choices.map(({ place }) => place),
    )
    for (const choice of choices) {
      flips.count(choice, ledger.get(choice.place))
      /** Only places that persons of several chunks share can come again. */
      if (choice.shared) counted.add(choice.place)
    }
  }
  applyBrake(flips, known, { target: scope.target, brake: braked.target.brake, accepted: braked.accepted })
}

type Choice = WantedChoice & { readonly shared: boolean }

async function wantedChoices(
  store: Store,
  scope: TargetScope,
  braked: Braked,
  persons: readonly Person[],
): Promise<Choice[]> {
  const { mapping, target, settings } = braked
  const contacts = await store.contactsOf(
    scope,
    persons.map(({ id }) => id),
  )
  const policies = { events: settings.events, sharedAddress: target.sharedAddress }
  if (mapping.mode === 'contact') {
    const ids = [...contacts.values()].flatMap((found) => found.flatMap(({ contactId }) => contactId ?? []))
    const behind = await personsBehind(store, await store.personsOfContacts(scope, ids))
    return [...behind].flatMap(([contact, sharing]) =>
      mapping.columns.flatMap((column) => {
        const wanted = wantedColumn(column, sharing, policies)
        if (wanted === undefined || 'unholdable' in wanted || wanted.claim.stance === 'plain') return []
        const value = { value: wanted.value, lo: wanted.claim.lo, hi: wanted.claim.hi }
        return [
          {
            place: columnPlace(contact, column.name),
            optsIn: wanted.claim.stance === 'opt-in',
            wanted: value,
            shared: sharing.length > 1,
          },
        ]
      }),
    )
  }
  const points = [...contacts.values()].flatMap((found) => found.flatMap(({ addresses }) => addresses))
  const behind = await personsBehind(store, await store.personsAt(scope, points))
  const choices = new Map<string, Choice>()
  for (const person of persons) {
    const own = (contacts.get(person.id) ?? []).flatMap(({ addresses }) => addresses)
    for (const slot of slotsOf(person, own, mapping.entries, settings.events)) {
      const place = slotPlace(slot)
      /** Once per slot: an address of a thousand persons would be asked a million times. */
      if (choices.has(place)) continue
      const sharing = behind.get(`${slot.channel}/${slot.address}`) ?? [person]
      const wanted = wantedSlot(slot, sharing, policies)
      if (wanted === undefined) continue
      const { value, lo, hi } = wanted.statement
      const code = value ? CONSENT_VALUES.optedIn : CONSENT_VALUES.optedOut
      choices.set(place, {
        place,
        optsIn: value,
        wanted: { value: code, lo, hi },
        shared: sharing.length > 1,
      })
    }
  }
  return [...choices.values()]
}
