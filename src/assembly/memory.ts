/**
 * Where everything stands in the memory that the line scanner shares with its caller. It never grows, so that the
 * caller's views of it stay good. Below the line are the module's own constants.
 */

const KIBI: i32 = 1_024

/** The line, followed by a line feed. */
export const LINE: i32 = 64 * KIBI
export const LONGEST_LINE: i32 = 2_048 * KIBI
/** Strings are looked at in pieces of so many bytes, beyond the end of the line too. */
export const MARGIN: i32 = 64

/** What the line states, as a compact content. */
export const CONTENT: i32 = LINE + LONGEST_LINE + MARGIN
export const LONGEST_CONTENT: i32 = 1_024 * KIBI

/** Ranges of the user's members: start and end, or a mark in the place of the start. */
export const USER: i32 = CONTENT + LONGEST_CONTENT
export const USER_BYTES: i32 = 64

/** One record for each event: ranges of its members as of the user's, then its place in the content. */
export const EVENTS: i32 = USER + USER_BYTES
export const EVENT_BYTES: i32 = 64
export const MOST_EVENTS: i32 = 4_096

/** By number of a name: the object in which it was last met. */
export const MET: i32 = EVENTS + EVENT_BYTES * MOST_EVENTS
export const MOST_NAMES: i32 = 65_536

/** Two numbers for each purpose and each preference, as the caller made them known. */
export const PAIRS: i32 = MET + 4 * MOST_NAMES
export const PAIR_BYTES: i32 = 8
export const MOST_PAIRS: i32 = MOST_NAMES

/** The table of names met, and their texts. */
export const TABLE: i32 = PAIRS + PAIR_BYTES * MOST_PAIRS
export const SLOT_BYTES: i32 = 20
export const SLOTS: i32 = 65_536
export const TEXTS: i32 = TABLE + SLOT_BYTES * SLOTS
export const TEXTS_BYTES: i32 = 2_048 * KIBI

/** Takes the place of a start: the member is missing, or it stands as nearly always. */
export const MISSING: i32 = -1
export const USUAL: i32 = -2
