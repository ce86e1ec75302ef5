/** What must hold at rest, judged from both servers' own rows alone: none of the product's decisions is used. */

import { VALUES } from '../common.ts'
import { addressOf, contactValue, type PersonOf, PURPOSES, type Purpose, placeOf, type Rest, slotRows } from './life.ts'

/** Two clocks are compared with this much patience, in milliseconds (`clockTolerance`, and a whole second of Dataverse's). */
const CLOSE_MS = 6_000

export function judge(rest: Rest): readonly string[] {
  const found = [...echoes(rest), ...places(rest), ...lostOptOuts(rest), ...unfounded(rest)]
  return found.length === 0 ? [] : [...found, ...rest.story]
}

function echoes({ writesAfterRest, postsAfterRest, rounds, troubled, sides }: Rest): string[] {
  const again = sides.didomi.inbox.received.filter(({ repeated }) => repeated).length
  return [
    ...(again === 0 || troubled ? [] : [`echo: ${again} events posted again though nothing failed`]),
    ...(writesAfterRest === 0 ? [] : [`echo: ${writesAfterRest} writes after rest`]),
    ...(postsAfterRest === 0 ? [] : [`echo: ${postsAfterRest} events after rest`]),
    ...(rounds < 9 ? [] : ['no rest within nine rounds']),
  ]
}

function didomiSays({ sides }: Rest, { ouid }: PersonOf, purpose: Purpose): boolean | undefined {
  const user = sides.didomi.people.byOuid(ouid)?.user as
    | { consents: { purposes: { id: string; enabled: boolean | null }[] } }
    | undefined
  return user?.consents.purposes.find(({ id }) => id === purpose)?.enabled ?? undefined
}

const isShared = ({ persons, mode }: Rest): boolean =>
  persons.length === 2 && (mode === 'contact' ? persons[0]?.contact === persons[1]?.contact : true)

/** The persons at a person's place, by what the environment says. */
function behind(rest: Rest, person: PersonOf): PersonOf[] {
  const { sides, mode, persons } = rest
  const key = (one: PersonOf) =>
    mode === 'contact' ? one.contact : sides.world.row('contact', contactId(one))?.['emailaddress1']
  return persons.filter((one) => key(one) === key(person))
}
const contactId = ({ contact }: PersonOf) => `00000000-0000-4000-8000-${String(contact).padStart(12, '0')}`

const addressAt = (rest: Rest, person: PersonOf) =>
  String(rest.sides.world.row('contact', contactId(person))?.['emailaddress1'])

function dataverseSays(rest: Rest, person: PersonOf, purpose: Purpose): (boolean | undefined)[] {
  const { sides, mode } = rest
  if (mode === 'contact') {
    const value = contactValue(sides.world, person.contact, purpose)
    return [typeof value === 'boolean' ? value : undefined]
  }
  return slotRows(sides.world, addressAt(rest, person), purpose).map(({ msdynmkt_value: value }) =>
    value === VALUES.in ? true : value === VALUES.out ? false : undefined,
  )
}

/** Both sides are equal: yes only where everybody of the place who says something says yes. */
function places(rest: Rest): string[] {
  return rest.persons.flatMap((person) =>
    PURPOSES.flatMap((purpose) => {
      const said = behind(rest, person).flatMap((one) => didomiSays(rest, one, purpose) ?? [])
      if (said.length === 0) return []
      const wanted = said.every(Boolean)
      const held = dataverseSays(rest, person, purpose)
      if (held.length > 0 && held.every((value) => value === wanted)) return []
      // A yes of several is as old as the oldest of them, and passes no refusal that one of them took back since (§6.4).
      const several = behind(rest, person)
      if (wanted && several.length > 1 && several.some((one) => hasRefused(rest, one, purpose))) return []
      // A yes for several persons at once waits for a person to decide it.
      if (!wanted && rest.waiting.includes('shared-opt-in')) return []
      return [`not equal: ${person.ouid} ${purpose}: Didomi ${said.join('/')}, Dataverse ${held.join('/')}`]
    }),
  )
}

/** The person refused at Didomi, or Didomi was told so for them. */
const hasRefused = ({ uttered, sides }: Rest, { ouid }: PersonOf, purpose: Purpose): boolean =>
  uttered.some(({ who, purpose: of, yes }) => who === ouid && of === purpose && !yes) ||
  sides.didomi.inbox.received.some(
    ({ event }) =>
      event.user['organization_user_id'] === ouid &&
      choicesOf(event.consents).some(({ id, enabled }) => id === purpose && !enabled),
  )

const choicesOf = (consents: unknown) => (consents as { purposes: { id: Purpose; enabled: boolean }[] }).purposes

/** An opt-out made in Dataverse stands on both sides, unless somebody of the place said yes later. */
function lostOptOuts(rest: Rest): string[] {
  const shared = isSharedPlace(rest)
  return rest.persons.flatMap((person) =>
    PURPOSES.flatMap((purpose) => {
      const place = placeOf(rest.mode, person, purpose, shared)
      const group = behind(rest, person).map(({ ouid }) => ouid)
      const about = rest.uttered.filter(
        ({ purpose: of, who }) => of === purpose && (who === place || group.includes(who)),
      )
      const optOut = about.findLast(({ side, yes }) => side === 'dataverse' && !yes)
      if (optOut === undefined) return []
      const later = about.some(({ yes, atMs }) => yes && atMs > optOut.atMs - CLOSE_MS + 5_000)
      if (later) return []
      const held = dataverseSays(rest, person, purpose)
      const lost = [
        ...(held.every((value) => value === false) ? [] : ['in Dataverse']),
        ...behind(rest, person)
          .filter((one) => isLost(rest, one, purpose, optOut.atMs))
          .map(({ ouid }) => `at Didomi of ${ouid}`),
      ]
      return lost.map((where) => `lost opt-out ${where}: ${place}`)
    }),
  )
}

/**
 * A yes is a loss in any case. Silence is one where Didomi had heard of the person: but at an address that several share
 * somebody who became known later, and said nothing about it, need not be told (§11.3).
 */
function isLost(rest: Rest, person: PersonOf, purpose: Purpose, sinceMs: number): boolean {
  const says = didomiSays(rest, person, purpose)
  if (says !== undefined) return says
  const alone = behind(rest, person).length === 1
  const ofTheirs = rest.uttered.filter(({ side, who }) => side === 'didomi' && who === person.ouid)
  return alone ? ofTheirs.length > 0 : ofTheirs.some(({ atMs }) => atMs < sinceMs - 14_400_000)
}

const isSharedPlace = (rest: Rest): boolean =>
  isShared(rest) && addressAt(rest, rest.persons[0] ?? { ouid: '', contact: 1 }) === addressOf(1, true)

/** Nothing is told that nobody said in Dataverse: each event has an edit before it. */
function unfounded(rest: Rest): string[] {
  const shared = isSharedPlace(rest)
  return rest.sides.didomi.inbox.received
    .filter(({ repeated }) => !repeated)
    .flatMap(({ event }) => {
      const ouid = String(event.user['organization_user_id'])
      const person = rest.persons.find((one) => one.ouid === ouid)
      return choicesOf(event.consents).flatMap(({ id, enabled }) => {
        if (person === undefined) return [`an event of nobody: ${ouid}`]
        const place = placeOf(rest.mode, person, id, shared)
        const said = rest.uttered.some(
          ({ side, who, yes, purpose }) => side === 'dataverse' && purpose === id && yes === enabled && who === place,
        )
        return said ? [] : [`unfounded event: ${ouid} ${id} ${enabled}`]
      })
    })
}
