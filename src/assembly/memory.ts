/**
 * Where everything stands in the memory that a module shares with its caller. It only grows when the caller asks for
 * it, whose views of it are then to be made anew. What a module does not use is never touched, and costs nothing. Its
 * constants lie below all of this.
 */

import { ALIGNMENT } from '../record/entry-layout'

const KIBI: i32 = 1_024

/** The line, followed by a line feed; or a window of lines, each followed by one. */
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

/** Entries of usual lines, one behind the other, until the caller takes them; there is room for any that is alone. */
export const ENTRIES: i32 = MEMOS + MEMO_BYTES * MEMOS_KEPT
export const ENTRIES_BYTES: i32 = HEAD_BYTES + LONGEST_CONTENT + MARGIN

/** What the scanner uses ends here. */
export const SCANNED_END: i32 = ENTRIES + ENTRIES_BYTES

/*
 * What the reducer keeps: a bucket of entries, and the state that comes of those of one Didomi user.
 */

/** Texts that had to be made. */
export const MADE: i32 = SCANNED_END
export const MADE_BYTES: i32 = 1_024 * KIBI
/** Rows, each with the text of a state, until the caller takes them. */
export const ROWS: i32 = (MADE + MADE_BYTES + MARGIN) & -MARGIN
export const ROWS_BYTES: i32 = 8_192 * KIBI

/** Stamps of lines and marks of events. */
export const MARKS: i32 = ROWS + ROWS_BYTES
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

/** By source of entries: where the slots of its table's numbers stand. */
export const TABLES: i32 = SLOTS_OF + SLOTS_OF_BYTES
export const MOST_SOURCES: i32 = 1_024

/** The entries of a bucket, however many. */
export const BUCKET: i32 = (TABLES + 4 * MOST_SOURCES + MARGIN) & -MARGIN

/** Where the next entry or row may begin that is behind this place. */
export function aligned(place: i32): i32 {
  return (place + ALIGNMENT - 1) & -ALIGNMENT
}

const PAGE: i32 = 64 * KIBI

/** Sees to it that there is memory up to `end` and a little beyond; false where there is none to be had. */
export function reserve(end: i32): bool {
  const missing = (end + MARGIN + PAGE - 1) / PAGE - memory.size()
  return missing <= 0 || memory.grow(missing) >= 0
}

/** Takes the place of a start: the member is missing, or it stands as nearly always. */
export const MISSING: i32 = -1
export const USUAL: i32 = -2
