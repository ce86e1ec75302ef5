/** What the invented organisation asks for, and where: purposes, preferences, values, channels, vendors and forms. */

import { skewed } from './chance.mjs'

/**
 * @typedef {object} ValueList a v2 preference: a set of values, the first ones the most popular
 * @property {string} id
 * @property {readonly string[]} values
 * @property {readonly number[]} limits
 * @property {number} most
 */

/**
 * @typedef {object} Purpose
 * @property {string} id
 * @property {number} popularity the share of people who choose one by one and say yes
 * @property {readonly ValueList[]} lists
 * @property {readonly string[]} preferences of API v1
 * @property {readonly string[]} channels of the purpose, API v1
 * @property {boolean} interest whether legitimate interest is claimed
 */

/** @param {string} id @param {number} most @param {readonly string[]} values @returns {ValueList} */
const list = (id, most, values) => ({ id, values, limits: skewed(values.length), most })

/** @param {string} stem @param {number} count */
const numbered = (stem, count) =>
  Array.from({ length: count }, (_, place) => `${stem}-${((place + 7) * 7919).toString(36)}`)

/** @param {string} id @param {number} popularity @param {Partial<Purpose>} [more] @returns {Purpose} */
const purpose = (id, popularity, more = {}) => ({
  id,
  popularity,
  lists: [],
  preferences: [],
  channels: [],
  interest: false,
  ...more,
})

/** @type {readonly Purpose[]} */
export const PURPOSES = [
  purpose('newsletter', 0.62, {
    lists: [list('topics-k3Jd', 6, numbered('topic', 18)), list('frequency-P9x', 1, numbered('every', 4))],
  }),
  purpose('partner_offers', 0.31),
  purpose('surveys', 0.4, { preferences: ['product-feedback', 'customer-interviews'] }),
  purpose('product_updates', 0.55, { lists: [list('brands-Zr7', 8, numbered('brand', 24))] }),
  purpose('geolocation_data', 0.28),
  purpose('profiling', 0.33, { interest: true }),
  purpose('loyalty_programme', 0.7, { channels: ['email', 'sms'] }),
]

/** @param {number} place @returns {Purpose} */
export function purposeAt(place) {
  const found = PURPOSES[place]
  if (found === undefined) throw new Error(`no purpose ${place}`)
  return found
}

export const CHANNELS = [
  { id: 'email', popularity: 0.7 },
  { id: 'sms', popularity: 0.35 },
  { id: 'phone', popularity: 0.18 },
  { id: 'post', popularity: 0.25 },
]

export const VENDORS = ['google', 'facebook', ...numbered('c:vendor', 8)]

/** The form of the banner, which asks for vendors too. */
export const BANNER = { domain: 'www.example.com', purposes: [4, 5], channels: [] }

/** The form whose answers somebody else types in. */
export const CALL_CENTRE = { domain: 'callcentre.example.com', purposes: [2, 6], channels: [0, 2] }

/** Where people are asked: each form asks for its own purposes (by place) and channels. */
const FORMS = [
  { domain: 'privacy.example.com', purposes: [0, 1], channels: [0] },
  BANNER,
  { domain: 'shop.example.com', purposes: [1, 3], channels: [0] },
  { domain: 'club.example.com', purposes: [0, 6], channels: [1, 3] },
  CALL_CENTRE,
]
const FORM_LIMITS = skewed(FORMS.length)

/** @typedef {{domain: string, purposes: readonly number[], channels: readonly number[]}} Form */

/** A form as it is met, the first ones more often. @param {import('./chance.mjs').Chance} chance @returns {Form} */
export const formMet = (chance) => FORMS[chance.place(FORM_LIMITS)] ?? BANNER
