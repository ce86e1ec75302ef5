/** What somebody has chosen so far, how they answer a form, and how Didomi writes it down. */

import { CHANNELS, purposeAt, VENDORS } from './catalogue.mjs'

/** On a form seen before, most answers stay as they were. */
const KEPT = 0.85
/** Who accepts or refuses everything still makes an exception now and then. */
const EXCEPTIONS = 0.04

/**
 * @typedef {object} PurposeChoice
 * @property {boolean | null} enabled null: chosen only below the purpose
 * @property {boolean | null} interest
 * @property {readonly string[]} values one text per list: ids joined with commas
 * @property {readonly (boolean | null)[]} preferences
 * @property {readonly boolean[]} channels
 */

/**
 * @typedef {object} Choices answers by place in the catalogue; undefined: never asked
 * @property {(PurposeChoice | undefined)[]} purposes
 * @property {(boolean | undefined)[]} channels
 */

/** @returns {Choices} */
export const nothingChosen = () => ({ purposes: [], channels: [] })

/**
 * Fills in a form: the answers are added to what was chosen before.
 *
 * @param {Choices} chosen changed in place
 * @param {{purposes: readonly number[], channels: readonly number[]}} form
 * @param {import('./people.mjs').Style} style
 * @param {import('./chance.mjs').Chance} chance
 */
export function answer(chosen, form, style, chance) {
  for (const place of form.purposes) {
    const before = chosen.purposes[place]
    if (before === undefined || !chance.yes(KEPT)) chosen.purposes[place] = answerPurpose(place, style, chance)
  }
  for (const place of form.channels) {
    if (chosen.channels[place] !== undefined && chance.yes(KEPT)) continue
    chosen.channels[place] = says(style, CHANNELS[place]?.popularity ?? 0, chance)
  }
}

/** @param {import('./people.mjs').Style} style @param {number} popularity @param {import('./chance.mjs').Chance} chance */
function says(style, popularity, chance) {
  if (style === 'mixed') return chance.yes(popularity)
  return (style === 'all') !== chance.yes(EXCEPTIONS)
}

/** @param {number} place @param {import('./people.mjs').Style} style @param {import('./chance.mjs').Chance} chance */
function answerPurpose(place, style, chance) {
  const { popularity, lists, preferences, channels, interest } = purposeAt(place)
  const enabled = says(style, popularity, chance)
  // One in ten who choose one by one only chooses below the purpose.
  const silent = style === 'mixed' && preferences.length > 0 && chance.yes(0.1)
  return {
    enabled: silent ? null : enabled,
    interest: interest ? style !== 'none' || chance.yes(0.3) : null,
    values: lists.map((list) => (enabled ? drawValues(list, chance) : '')),
    preferences: preferences.map(() => (chance.yes(0.1) ? null : says(style, popularity, chance))),
    channels: channels.map(() => says(style, popularity, chance)),
  }
}

/**
 * Ids of a list, popular ones more often. Nobody clicks more than a few: each further one is less likely.
 *
 * @param {import('./catalogue.mjs').ValueList} list
 * @param {import('./chance.mjs').Chance} chance
 */
function drawValues({ values, limits, most }, chance) {
  /** @type {Set<string>} */
  const drawn = new Set()
  do drawn.add(values[chance.place(limits)] ?? '')
  while (drawn.size < most && chance.yes(0.6))
  return [...drawn].join(',')
}

/**
 * The purposes as the export writes them.
 *
 * @param {Choices} chosen
 * @param {readonly number[]} places
 */
export function purposesOf(chosen, places) {
  return places.flatMap((place) => {
    const choice = chosen.purposes[place]
    const { id, lists, preferences, channels, interest } = purposeAt(place)
    if (choice === undefined) return []
    return [
      {
        id,
        enabled: choice.enabled,
        ...(interest ? { enabled_li: choice.interest } : {}),
        ...(lists.length === 0
          ? {}
          : { values: Object.fromEntries(lists.map((list, at) => [list.id, { value: choice.values[at] }])) }),
        ...(preferences.length === 0
          ? {}
          : {
              preferences: preferences.map((preference, at) => ({ id: preference, enabled: choice.preferences[at] })),
            }),
        ...(channels.length === 0
          ? {}
          : { channels: channels.map((channel, at) => ({ id: channel, enabled: choice.channels[at] })) }),
      },
    ]
  })
}

/** @param {Choices} chosen @param {readonly number[]} places */
export function channelsOf(chosen, places) {
  return places.flatMap((place) => {
    const enabled = chosen.channels[place]
    return enabled === undefined ? [] : [{ id: CHANNELS[place]?.id, enabled }]
  })
}

/** @param {import('./people.mjs').Style} style @param {import('./chance.mjs').Chance} chance */
export function vendorsOf(style, chance) {
  const enabled = VENDORS.filter(() => says(style, 0.5, chance))
  const disabled = VENDORS.filter((vendor) => !enabled.includes(vendor))
  return { enabled, disabled, enabled_li: enabled.slice(0, 4), disabled_li: disabled.slice(0, 4) }
}
