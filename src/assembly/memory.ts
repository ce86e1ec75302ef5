/**
 * Where everything stands in the memory that a module shares with its caller. It never grows, so that the caller's views
 * of it stay good. What a module does not use is never touched, and costs nothing. Its constants lie below all of this.
 */

const KIBI: i32 = 1_024

/** The line, followed by a line feed. */
export const LINE: i32 = 64 * KIBI
export const LONGEST_LINE: i32 = 2_048 * KIBI
/** Strings are looked at in pieces of so many bytes, beyond the end of the line too. */
export const MARGIN: i32 = 64

/** What stands before the content in an entry, which ends where the content begins. */
const HEAD_BYTES: i32 = 8 * KIBI
export const LONGEST_IN_HEAD: i32 = 2_048

/** What the line states, as a compact content. */
export const CONTENT: i32 = LINE + LONGEST_LINE + MARGIN + HEAD_BYTES
export const LONGEST_CONTENT: i32 = 1_024 * KIBI

/** Ranges of the user's members: start and end, or a mark in the place of the start; then its instant. */
export const USER: i32 = CONTENT + LONGEST_CONTENT
export const USER_BYTES: i32 = 64

/** One record for each event: ranges of its members as of the user's, its place in the content, its two instants. */
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

/** The names met in the object at hand, two bytes each. */
export const MET_NAMES: i32 = TEXTS + TEXTS_BYTES

/** What entries of arrays came to. */
export const MEMOS: i32 = MET_NAMES + 2 * MOST_NAMES
export const MEMO_BYTES: i32 = 512
export const MEMOS_KEPT: i32 = 4_096

/** What the scanner uses ends here. */
export const SCANNED_END: i32 = MEMOS + MEMO_BYTES * MEMOS_KEPT

/*
 * What the reducer keeps: the contents of one Didomi user's lines, and the state that comes of them.
 */

export const CONTENTS: i32 = SCANNED_END
export const CONTENTS_BYTES: i32 = 2_048 * KIBI
/** Texts that had to be made. */
export const MADE: i32 = CONTENTS + CONTENTS_BYTES
export const MADE_BYTES: i32 = 1_024 * KIBI
/** The state's text. */
export const STATE: i32 = MADE + MADE_BYTES
export const STATE_BYTES: i32 = 4_096 * KIBI

/** Stamps of lines and marks of events. */
export const MARKS: i32 = STATE + STATE_BYTES
export const MARK_BYTES: i32 = 36
export const MOST_MARKS: i32 = 32_768
/** Sets that were stated. */
export const SETS: i32 = MARKS + MARK_BYTES * MOST_MARKS
export const SET_BYTES: i32 = 16
export const MOST_SETS: i32 = 32_768
export const MOST_DRAFT_SLOTS: i32 = 32_768
/** The slots used by the state at hand: those of keys, then those of attributes. */
export const USED: i32 = SETS + SET_BYTES * MOST_SETS

/** One for each name of a key or an attribute, kept from state to state. */
export const DRAFT_SLOTS: i32 = USED + 8 * MOST_DRAFT_SLOTS
export const DRAFT_SLOT_BYTES: i32 = 96
/** Their names. */
export const SLOT_NAMES: i32 = DRAFT_SLOTS + DRAFT_SLOT_BYTES * MOST_DRAFT_SLOTS
export const SLOT_NAMES_BYTES: i32 = 4_096 * KIBI
/** By table of names: the slot of each number. */
export const SLOTS_OF: i32 = SLOT_NAMES + SLOT_NAMES_BYTES
export const SLOTS_OF_BYTES: i32 = 2_048 * KIBI

/** What the reducer uses ends here. */
export const REDUCED_END: i32 = SLOTS_OF + SLOTS_OF_BYTES

const PAGE: i32 = 64 * KIBI

/** Sees to it that there is memory up to `end` and a little beyond. */
export function reserve(end: i32): void {
  memory.grow((end + MARGIN + PAGE - 1) / PAGE - memory.size())
}

/** Takes the place of a start: the member is missing, or it stands as nearly always. */
export const MISSING: i32 = -1
export const USUAL: i32 = -2
