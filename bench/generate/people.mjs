/** Who the invented people are, and on which days they are exported. */

import { Chance, limitsOf } from './chance.mjs'

/** What chance is drawn for; the numbers keep the draws apart. */
export const DRAW = { person: 1, device: 2, visit: 3, traps: 4, part: 5, plan: 6, before: 7, text: 8 }

export const DAYS = 5

/** A block of 20 Didomi users belongs to 15 people: twelve have one, two have two, one has four. */
const BLOCK = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12, 13, 13, 14, 14, 14, 14]
const BLOCK_PERSONS = 15

/** Shares of Didomi users with lines on one, two, … five of the days: 2.4 days on average. */
const DAYS_SEEN = limitsOf([30, 27, 23, 13, 7])

const GUESTS = 0.01
const STYLES = limitsOf([40, 22, 38])
const OUID_KINDS = limitsOf([70, 15, 15])
const COUNTRIES = ['FR', 'DE', 'ES', 'IT', 'BE', 'CH', 'GB', 'PL']
const COUNTRY_LIMITS = limitsOf([50, 14, 10, 8, 6, 4, 4, 4])
const FIRST =
  'ana bea carl dora emil finn gina hugo ida jan kira leo mia nils olga paul rosa sam tess udo vera will yara zoe'
const LAST =
  'abel berg costa dahl ernst faber garcia huber ivens jung klein lange martin novak ott petit rossi smit tran vidal'
const FIRST_NAMES = FIRST.split(' ')
const LAST_NAMES = LAST.split(' ')
const MAIL = ['example.com', 'example.org', 'example.net']
const SOURCES = ['web', 'app', 'shop', 'import-2023', 'fair']
const SEGMENTS = ['new', 'active', 'sleeping', 'lost', 'vip']
const CITIES = ['Paris', 'Lyon', 'Berlin', 'Madrid', 'Milano', 'Gent', 'Basel', 'Leeds', 'Gdansk', 'Nantes']

/** @typedef {'all' | 'none' | 'mixed'} Style how somebody chooses: accepts all, refuses all, or one by one */

/**
 * @typedef {object} Person
 * @property {string | null} ouid null for a guest
 * @property {Style} style
 * @property {string} country
 * @property {boolean} hasVendors came through a banner with vendors
 * @property {Record<string, unknown>} metadata
 */

/** How many people that many Didomi users are. @param {number} devices */
export const personsOf = (devices) => (devices / BLOCK.length) * BLOCK_PERSONS

/** A number of Didomi users as whole blocks, at least one. @param {number} devices */
export const wholeBlocks = (devices) => Math.max(1, Math.round(devices / BLOCK.length)) * BLOCK.length

/** @param {number} device */
const personNumber = (device) => Math.floor(device / BLOCK.length) * BLOCK_PERSONS + (BLOCK[device % BLOCK.length] ?? 0)

/** The days on which a Didomi user is exported, as bits. @param {number} seed @param {number} device */
export function daysOf(seed, device) {
  const chance = new Chance(seed, DRAW.plan, device)
  let left = chance.place(DAYS_SEEN) + 1
  let bits = 0
  while (left > 0) {
    const bit = 1 << chance.below(DAYS)
    if ((bits & bit) !== 0) continue
    bits |= bit
    left -= 1
  }
  return bits
}

/** The person a Didomi user belongs to. @param {number} seed @param {number} device @returns {Person} */
export function personOf(seed, device) {
  const number = personNumber(device)
  const chance = new Chance(seed, DRAW.person, number)
  return {
    ouid: chance.yes(GUESTS) ? null : ouidOf(number, chance),
    style: /** @type {const} */ (['all', 'none', 'mixed'])[chance.place(STYLES)] ?? 'mixed',
    country: COUNTRIES[chance.place(COUNTRY_LIMITS)] ?? 'FR',
    hasVendors: chance.yes(0.2),
    metadata: metadataOf(number, chance),
  }
}

/** @param {number} number @param {Chance} chance */
function ouidOf(number, chance) {
  switch (chance.place(OUID_KINDS)) {
    case 0:
      return `${chance.pick(FIRST_NAMES)}.${chance.pick(LAST_NAMES)}.${number.toString(36)}@${chance.pick(MAIL)}`
    case 1:
      return `crm-${String(number).padStart(9, '0')}`
    default:
      return chance.hex(32)
  }
}

/** @param {number} number @param {Chance} chance */
function metadataOf(number, chance) {
  /** @type {Record<string, unknown>} */
  const metadata = {
    crm_id: `C-${String(number * 7 + chance.below(7)).padStart(9, '0')}`,
    source: chance.pick(SOURCES),
  }
  if (chance.yes(0.6)) metadata.segment = chance.pick(SEGMENTS)
  if (chance.yes(0.4)) metadata.score = Math.round(chance.next() * 10_000) / 100
  if (chance.yes(0.3))
    metadata.store = { id: chance.below(900) + 100, city: chance.pick(CITIES), favourite: chance.yes(0.5) }
  if (chance.yes(0.2)) metadata.tags = [chance.pick(SEGMENTS), `campaign-${chance.below(500)}`]
  if (chance.yes(0.3)) metadata.phone = `+4477009${String(chance.below(100_000)).padStart(5, '0')}`
  return metadata
}
