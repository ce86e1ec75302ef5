/** The line of one Didomi user on one day, with the traps that real exports hold. */

import { BANNER, CALL_CENTRE, CHANNELS, formMet, PURPOSES } from './catalogue.mjs'
import { Chance, limitsOf } from './chance.mjs'
import { answer, channelsOf, nothingChosen, purposesOf, vendorsOf } from './choices.mjs'
import { DAYS, DRAW, daysOf, personOf } from './people.mjs'

export const DAY_MS = 86_400_000
export const FIRST_DATE_MS = Date.UTC(2026, 9, 19)

const EVENTS = limitsOf([80, 15, 5])
const ALL_PURPOSES = PURPOSES.map((_, place) => place)
const ALL_CHANNELS = CHANNELS.map((_, place) => place)

/** Each stands in this share of the lines, drawn apart from the others. */
const TRAP_SHARE = 0.01
const TRAPS = /** @type {const} */ ([
  'eventsFirst',
  'otherOrder',
  'wholeSeconds',
  'offset',
  'nestedNames',
  'quotes',
  'notAscii',
  'crlf',
  'pending',
  'twice',
  'stale',
])

/** @typedef {Record<(typeof TRAPS)[number], boolean>} Traps */

/** The traps of one line; `twice` and `stale` say that a line is delivered once more. @returns {Traps} */
export function trapsOf(/** @type {number} */ seed, /** @type {number} */ device, /** @type {number} */ day) {
  const chance = new Chance(seed, DRAW.traps, device * DAYS + day)
  return /** @type {Traps} */ (Object.fromEntries(TRAPS.map((trap) => [trap, chance.yes(TRAP_SHARE)])))
}

/**
 * The line with its end. What was chosen on earlier days is played again first: any line can be made on its own.
 *
 * @param {import('./unit.mjs').People} people
 * @param {number} device number of the Didomi user
 * @param {number} day a day on which it is exported
 * @param {Traps} traps
 */
export function lineOf({ seed, unlike }, device, day, traps) {
  const person = personOf(seed, device)
  const own = new Chance(seed, DRAW.device, device)
  const id = own.uuid()
  const createdAt = FIRST_DATE_MS - DAY_MS - own.below(900) * DAY_MS - own.below(DAY_MS)
  let version = own.below(9) + 1
  const chosen = nothingChosen()
  const before = new Chance(seed, DRAW.before, device)
  if (before.yes(0.5)) answer(chosen, formMet(before), person.style, before)

  const days = daysOf(seed, device)
  // Its own draws, so that a day says the same whether it is written or only played again.
  const chance = new Chance(seed, DRAW.text, device * DAYS + day)
  /** @type {Writing} */
  const writing = { id, person, chosen, traps, unlike, chance }
  let updatedAt = 0
  const events = []
  for (let today = 0; today <= day; today += 1) {
    if ((days & (1 << today)) === 0) continue
    for (const { at, form } of visitOn(seed, device, today)) {
      answer(chosen, form.asked, person.style, form.chance)
      if (today === day) events.push(eventOf(form.asked, at, writing))
      version += 1
      updatedAt = at + chance.below(400)
    }
  }

  const user = userOf(writing, { createdAt, updatedAt, version })
  const text = JSON.stringify(traps.eventsFirst ? { events, user } : { user, events })
  // Some writers escape what is not ASCII, some do not.
  const written = traps.notAscii && device % 2 === 0 ? text.replace(/[^\0-\x7f]/gu, escaped) : text
  return `${written}${traps.crlf ? '\r\n' : '\n'}`
}

const escaped = (/** @type {string} */ character) =>
  Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
  }).join('')

/**
 * @typedef {object} Writing what the line and its events are written from
 * @property {string} id
 * @property {import('./people.mjs').Person} person
 * @property {import('./choices.mjs').Choices} chosen
 * @property {Traps} traps
 * @property {boolean} unlike
 * @property {Chance} chance
 */

/** The forms of one day, one after the other. @param {number} seed @param {number} device @param {number} day */
function* visitOn(seed, device, day) {
  const chance = new Chance(seed, DRAW.visit, device * DAYS + day)
  // An export holds what changed on the day before its date.
  let at = FIRST_DATE_MS + (day - 1) * DAY_MS + chance.below(DAY_MS - 3_600_000)
  for (let left = chance.place(EVENTS) + 1; left > 0; left -= 1) {
    at += chance.below(900_000)
    yield { at, form: { asked: formMet(chance), chance } }
  }
}

/** @param {number} ms @param {Traps} traps */
function stamp(ms, { wholeSeconds, offset }) {
  const text = new Date(ms).toISOString()
  if (offset) return `${text.slice(0, 23)}+00:00`
  return wholeSeconds ? `${text.slice(0, 19)}Z` : text
}

/** @param {import('./catalogue.mjs').Form} form @param {number} at @param {Writing} writing */
function eventOf(form, at, writing) {
  const { id, person, chosen, traps, chance } = writing
  const time = stamp(at, traps)
  return {
    id: chance.uuid(),
    created_at: time,
    updated_at: time,
    status: traps.pending ? 'pending_approval' : 'confirmed',
    regulation: 'gdpr',
    domain: form.domain,
    ...(chance.yes(0.2) ? { metadata: { page: `/account/${chance.below(10_000)}` } } : {}),
    user: { id, organization_user_id: person.ouid },
    consents: {
      channels: channelsOf(chosen, form.channels),
      purposes: marked(purposesOf(chosen, form.purposes), writing),
      ...(form === BANNER && person.hasVendors ? bannerOf(writing) : {}),
    },
    ...(form === CALL_CENTRE
      ? { delegate: { id: `agent-${chance.below(400)}`, name: 'Call centre', metadata: { team: person.country } } }
      : {}),
    ...(chance.yes(0.1) ? { proofs_id: [`${chance.hex(16)}.png`] } : {}),
  }
}

/** @param {Writing} writing @param {{createdAt: number, updatedAt: number, version: number}} at */
function userOf(writing, { createdAt, updatedAt, version }) {
  const { id, person, chosen, traps, chance } = writing
  const first = { id, organization_id: 'acme-org', organization_user_id: person.ouid }
  const times = { version, created_at: stamp(createdAt, traps), updated_at: stamp(updatedAt, traps) }
  const rest = {
    metadata: { ...person.metadata, last_visit: chance.below(1_000_000), ...trapMetadata(traps, chance) },
    country: person.country,
    last_seen_country: chance.yes(0.95) ? person.country : 'US',
  }
  const consents = {
    channels: channelsOf(chosen, ALL_CHANNELS),
    purposes: marked(purposesOf(chosen, ALL_PURPOSES), writing),
    ...(person.hasVendors ? bannerOf(writing) : NO_BANNER),
  }
  return traps.otherOrder
    ? { consents, updated_at: times.updated_at, ...rest, version, ...first, created_at: times.created_at }
    : { ...first, organization_user_id_type: null, ...times, ...rest, consents }
}

/** Where nobody is to be like anybody else, the first purpose carries metadata that no other has. */
function marked(/** @type {ReturnType<typeof purposesOf>} */ purposes, /** @type {Writing} */ { unlike, chance }) {
  return unlike ? purposes.map((one, at) => (at === 0 ? { ...one, metadata: { form: chance.hex(8) } } : one)) : purposes
}

const NO_BANNER = { vendors: { enabled: [], disabled: [], enabled_li: [], disabled_li: [] }, tcfcs: null }

/** A consent string begins with its dates and ends with what was chosen. @param {Writing} writing */
const bannerOf = ({ person, chance }) => ({
  vendors: vendorsOf(person.style, chance),
  tcfcs: `CP${chance.base64url(12)}.${TCF_TAILS[person.style]}${chance.base64url(8)}`,
})

const TCF_TAILS = {
  all: new Chance(1, DRAW.person, 1).base64url(120),
  none: 'A'.repeat(80),
  mixed: new Chance(1, DRAW.person, 2).base64url(100),
}

/** @param {Traps} traps @param {Chance} chance */
function trapMetadata({ nestedNames, quotes, notAscii }, chance) {
  return {
    ...(nestedNames
      ? {
          // Names that matter one level up, with values that would win there.
          previous: {
            id: chance.uuid(),
            organization_user_id: 'old@example.com',
            updated_at: '2026-10-30T00:00:00.000Z',
            version: 999,
            consents: { purposes: [{ id: 'newsletter', enabled: chance.yes(0.5) }] },
          },
        }
      : {}),
    ...(quotes ? { note: `said "call me at ${chance.below(24)}", left a \\ and }},"events":[{"id":"none"` } : {}),
    ...(notAscii ? { full_name: `Zoë Łukasiewicz-Ångström 山田 👍 ${chance.below(1000)}` } : {}),
  }
}
