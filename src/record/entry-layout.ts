/**
 * An entry, a record as it is spilled: its length, the part it came from, its form, the person (16 bytes), asOf and
 * version, then two texts (OUID and user id), each after its length, and the content: compact, or the whole record as
 * JSON. All little-endian but the person, whose bytes are in order.
 */

export const PART = 4
export const FORM = 8
export const PERSON = 9
export const AS_OF = 25
export const VERSION = 33
export const TEXTS = 41

export const COMPACT = 0
export const JSON_FORM = 1
