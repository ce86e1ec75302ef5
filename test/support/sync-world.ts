/** A small invented population for whole runs: lines by day, the environment they meet, and the mapping between. */

import type { EmulatorSeed } from '../../src/emulator/seed.ts'
import { COMMERCIAL_PURPOSE_ID, NEWSLETTER_TOPIC_ID, SECOND_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import type { Mapping } from './sync-run.ts'

/** Answers numbers in [0, 1); the same seed gives the same numbers (a 32-bit mixing generator). */
export type Chance = () => number

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e37_79b9) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
}

/** A whole number in [0, below). */
export const below = (chance: Chance, limit: number): number => Math.floor(chance() * limit)

/** The export's days. */
export const DATES = ['2026-10-20', '2026-10-21', '2026-10-22', '2026-10-23'] as const

export const CONSENTS = 'msdynmkt_contactpointconsent4s'

export const CONTACT_MAPPINGS: readonly Mapping[] = [
  { id: 'new_newsletter', value: 'consents_purposes_newsletter_enabled' },
  { id: 'donotbulkemail', value: 'consents_purposes_offers_enabled' },
  { id: 'new_interests', value: 'consents_purposes_newsletter_values_interests_value' },
]

export const CONSENT_MAPPINGS: readonly Mapping[] = [
  { id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: 'newsletter' },
  { id: `purpose:${SECOND_PURPOSE_ID}`, value: 'consents_purposes_offers_enabled' },
  { id: `topic:${NEWSLETTER_TOPIC_ID}`, value: 'sports' },
]

/** Options of the contact mapping: `new_interests` is a column of several choices. */
export const CONTACT_OPTIONS = { new_interests: { options: { sports: 1, travel: 2, food: 3 } } }

const COLUMNS: EmulatorSeed['columns'] = {
  contacts: [
    { type: 'boolean', name: 'new_newsletter' },
    {
      type: 'choices',
      name: 'new_interests',
      options: [
        { value: 1, label: 'Sports' },
        { value: 2, label: 'Travel' },
        { value: 3, label: 'Food' },
      ],
    },
  ],
}

/** What a line states; an absent part is not stated. */
export interface Said {
  readonly newsletter?: boolean | null
  readonly offers?: boolean | null
  readonly interests?: readonly string[]
  /** Another purpose, which nobody maps. */
  readonly other?: boolean
}

/** One device's line. With `event`, the choice is also told by an event at `at`. */
export interface SaidLine extends Said {
  readonly ouid: string
  readonly device?: string
  /** `updated_at`. */
  readonly at: string
  readonly version?: number
  readonly event?: boolean
}

function consents({ newsletter, offers, interests, other }: Said): object {
  const values = interests === undefined ? {} : { values: { interests: { value: interests.join(',') } } }
  const purpose = (id: string, enabled: boolean | null | undefined, more: object = {}) =>
    enabled === undefined && Object.keys(more).length === 0 ? [] : [{ id, enabled: enabled ?? null, ...more }]
  const purposes = [
    ...purpose('newsletter', newsletter, values),
    ...purpose('offers', offers),
    ...purpose('surveys', other),
  ]
  return { purposes }
}

/** One line of an export. */
export function lineOf({ ouid, device = 'd1', at, version = 1, event = true, ...said }: SaidLine): string {
  const user = {
    id: `${ouid} ${device}`,
    organization_user_id: ouid,
    version,
    updated_at: at,
    consents: consents(said),
  }
  const told = { id: `${device}-${at}`, created_at: at, status: 'confirmed', consents: consents(said) }
  return JSON.stringify({ user, events: event ? [told] : [] })
}

/** A readable GUID. */
export const guidOf = (kind: string, number: number): string =>
  `${kind}0000000-0000-4000-8000-${String(number).padStart(12, '0')}`

/** A contact to seed, last saved before all lines unless it says otherwise. */
export function contactRow(number: number, email: string, more: Readonly<Record<string, unknown>> = {}): object {
  const times = { createdon: '2026-01-05T08:00:00Z', modifiedon: '2026-09-01T08:00:00Z' }
  return { contactid: guidOf('c', number), emailaddress1: email, lastname: `Person ${number}`, ...times, ...more }
}

/** A consent row to seed, made by a person of the environment. */
export function consentRow(
  number: number,
  email: string,
  optedIn: boolean,
  more: Readonly<Record<string, unknown>> = {},
): object {
  return {
    msdynmkt_contactpointconsent4id: guidOf('a', number),
    msdynmkt_contactpointvalue: email,
    msdynmkt_contactpointtype: 534120000,
    msdynmkt_contactpointconsenttype: 534120000,
    msdynmkt_purposeid: COMMERCIAL_PURPOSE_ID,
    msdynmkt_value: optedIn ? 534120001 : 534120002,
    createdon: '2026-01-05T08:00:00Z',
    modifiedon: '2026-09-01T08:00:00Z',
    ...more,
  }
}

/** An environment with our columns and these rows. */
export function environment(contacts: readonly object[], consentRows: readonly object[] = []): EmulatorSeed {
  const rows = { contacts, [CONSENTS]: consentRows } as EmulatorSeed['rows'] & object
  return { ...(COLUMNS === undefined ? {} : { columns: COLUMNS }), rows }
}

/** A population: lines of each of `DATES`, in two parts, and the environment. */
export interface Population {
  readonly seed: EmulatorSeed
  readonly days: ReadonlyArray<{ readonly date: string; readonly parts: ReadonlyArray<readonly string[]> }>
}

const PERSONS = 48
/** The last four state nothing that is mapped and have no contact: they are parked. */
const SILENT_FROM = 44

const emailOf = (number: number): string => `p${number}@example.com`
/** Four persons write another's address in capitals: two persons, one contact. */
const sharesContact = (number: number): boolean => number >= 40 && number < SILENT_FROM
const ouidOf = (number: number): string => (sharesContact(number) ? `P${number - 40}@Example.com` : emailOf(number))

/**
 * `contested`: people in the environment also chose, in the middle of the week, so that some statements give way, and
 * some persons share a contact. Otherwise nobody else chose anything, every contact is one person's, and every line
 * states both purposes (a contact that is created without one of them gets the column's default, which looks like a choice).
 */
export function populationOf(chance: Chance, contested: boolean): Population {
  const persons = Array.from({ length: PERSONS }, (_, number) => number).filter(
    (number) => contested || !sharesContact(number),
  )
  return {
    seed: environment(contactsOf(persons, contested), consentRowsOf(persons, contested)),
    days: DATES.map((date, day) => {
      const lines = persons.flatMap((number) => linesOf(number, date, day, chance, contested))
      const middle = Math.ceil(lines.length / 2)
      return { date, parts: [lines.slice(0, middle), lines.slice(middle)] }
    }),
  }
}

function linesOf(number: number, date: string, day: number, chance: Chance, gaps: boolean): string[] {
  return ['d1', 'd2'].flatMap((device) => {
    const says = device === 'd1' ? day === 0 || chance() < 0.5 : number % 4 === 1 && chance() < 0.5
    if (!says) return []
    const minute = String(below(chance, 60)).padStart(2, '0')
    const at = `${date}T${String(1 + below(chance, 22)).padStart(2, '0')}:${minute}:00Z`
    const line = { ouid: ouidOf(number), device, at, version: day + 1, event: chance() < 0.7 }
    return [lineOf({ ...line, ...(number >= SILENT_FROM ? { other: chance() < 0.5 } : choices(chance, gaps)) })]
  })
}

/** With `gaps`, some purposes are left open. */
function choices(chance: Chance, gaps: boolean): Said {
  const choice = () => (gaps && chance() < 0.15 ? null : chance() < 0.6)
  const interests = ['sports', 'travel', 'food'].filter(() => chance() < 0.5)
  return { newsletter: choice(), offers: choice(), ...(chance() < 0.8 ? { interests } : {}) }
}

/**
 * Every sixth person has no contact; every twelfth has two. Only a contested contact holds choices of somebody else: its
 * own `modifiedon` dates them all, so each of our writes to one column makes the others look as new.
 */
function contactsOf(persons: readonly number[], contested: boolean): object[] {
  return persons
    .filter((number) => number < 40 && number % 6 !== 5)
    .flatMap((number) => {
      const chosen =
        contested && number % 5 === 1
          ? { new_newsletter: number % 2 === 0, donotbulkemail: number % 3 === 0, modifiedon: '2026-10-21T12:00:00Z' }
          : {}
      const own = contactRow(number, emailOf(number), chosen)
      return number % 12 === 0 ? [own, contactRow(100 + number, emailOf(number))] : [own]
    })
}

/** Every seventh person has a consent row, every fourteenth two that say the opposite. */
function consentRowsOf(persons: readonly number[], contested: boolean): object[] {
  const times = contested ? { createdon: '2026-10-21T06:00:00Z', modifiedon: '2026-10-22T06:00:00Z' } : {}
  return persons
    .filter((number) => number % 7 === 2)
    .flatMap((number) => {
      const own = consentRow(number, emailOf(number), number % 2 === 0, times)
      return number % 14 === 2 ? [own, consentRow(100 + number, emailOf(number), number % 2 !== 0, times)] : [own]
    })
}
