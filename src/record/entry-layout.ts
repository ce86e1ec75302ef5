/**
 * An entry, a record as it is spilled: its length, the part it came from, asOf and version, the person (16 bytes), its
 * form, then two texts (OUID and user id), each after its length, and the content: compact, or the whole record as JSON.
 * In a bucket that is reduced, the source it was read from is noted behind the form.
 * All little-endian but the person, whose bytes are in order. Entries begin at multiples of eight bytes, so that they
 * are moved and read in words; what lies between two of them means nothing.
 */

export const PART = 4
export const AS_OF = 8
export const VERSION = 16
export const PERSON = 24
export const FORM = 40
export const SOURCE = 42
export const TEXTS = 44

export const COMPACT = 0
export const JSON_FORM = 1

export const ALIGNMENT = 8
