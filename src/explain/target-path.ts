/** What one target remembers of persons, and with what is decided now: their paths through it. */

import type { Settings, TargetSettings } from '../config/settings.ts'
import type { Dataverse } from '../dataverse/dataverse.ts'
import { lookAtMapping, type Mapping } from '../deliver/mapping.ts'
import type { Outcome } from '../deliver/outcome.ts'
import type { Person } from '../projection/person.ts'
import type { Evidence } from '../store/evidence.ts'
import type { LedgerEntry, PersonContact, PersonId, Place, Store } from '../store/store.ts'
import type { TargetPath } from './explain-report.ts'
import { choicesOf, placesOf, ruleOf } from './path.ts'

/** What the store knows of persons at a target before anything is decided. */
export interface Remembered {
  readonly target: TargetSettings
  readonly mapping: Mapping
  readonly due: ReadonlySet<PersonId>
  readonly contacts: ReadonlyMap<PersonId, readonly PersonContact[]>
  readonly sharedWith: ReadonlyMap<PersonId, number>
  readonly ledger: ReadonlyMap<Place, LedgerEntry>
}

/** What a rehearsal came to for one person. */
export interface Outlook {
  readonly outcome: Outcome
  /** Codes of what would be refused. */
  readonly rejections: readonly string[]
}

/** What a rehearsal decided of one person. */
export interface Decided {
  readonly evidence: readonly Evidence[]
  /** Absent where it came to none. */
  readonly outlook: Outlook | undefined
}

/** Reads all that there is. @throws CodedError what reading Dataverse's metadata throws; `mapping-invalid` */
export async function remembered(
  ports: { readonly store: Store; readonly dataverse: Dataverse },
  settings: Settings,
  target: TargetSettings,
  persons: readonly Person[],
  signal: AbortSignal,
): Promise<Remembered> {
  const { store, dataverse } = ports
  const [{ organizationId: organization }] = await dataverse.whoAreWe(signal)
  const { mapping } = await lookAtMapping(ports, settings, target, signal)
  const scope = { organization, target: target.name }
  const ids = persons.map(({ id }) => id)
  const contacts = await store.contactsOf(scope, ids)
  const marks = await store.dueMarks(target.name, ids)
  const places = persons.flatMap((person) => {
    const own = { person, mapping, contacts: contacts.get(person.id) ?? [] }
    return [...placesOf(own, settings.events).values()].flat()
  })
  const sharedWith = new Map<PersonId, number>()
  for (const id of ids) {
    const own = contacts.get(id) ?? []
    const others = [
      ...(
        await store.personsAt(
          scope,
          own.flatMap(({ addresses }) => addresses),
        )
      ).values(),
      ...(
        await store.personsOfContacts(
          scope,
          own.flatMap(({ contactId }) => contactId ?? []),
        )
      ).values(),
    ].flat()
    sharedWith.set(id, new Set(others.filter((other) => other !== id)).size)
  }
  return {
    ...{ target, mapping, contacts, sharedWith },
    due: new Set(marks.flatMap(({ person, mark }) => (mark > 0 ? [person] : []))),
    ledger: await store.ledger(scope, [...new Set(places)]),
  }
}

/** One person's path. */
export function targetPath(
  { target, mapping, due, contacts, sharedWith, ledger }: Remembered,
  person: Person,
  { evidence, outlook }: Decided,
  { events }: Pick<Settings, 'events'>,
): TargetPath {
  const own = contacts.get(person.id) ?? []
  const known = { person, mapping, contacts: own, ledger, decided: evidence }
  return {
    target: target.name,
    mode: mapping.mode,
    due: due.has(person.id),
    ...(outlook && { outcome: outlook.outcome, rule: ruleOf(outlook.outcome, mapping.mode, outlook.rejections) }),
    contacts: own.filter(({ contactId }) => contactId !== undefined).length,
    addresses: own.reduce((sum, { addresses }) => sum + addresses.length, 0),
    sharedWith: sharedWith.get(person.id) ?? 0,
    choices: choicesOf(known, events),
  }
}
