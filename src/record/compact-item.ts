/**
 * The items of a compact content. Each is a byte that says what it is, and then:
 *
 *   NO, YES     name                      a boolean choice of the line (or, inside an event, of the event)
 *   SET         name, text                a set, as the JSON string it stood in the line as, or nothing for null
 *   ATTRIBUTE   name, text                an attribute, as the JSON it stood in the line as
 *   EVENT       hi, lo, length, items, text   its span, the items of that many bytes, its id; DROPPED does not count
 *
 * A name is two bytes, a length two, an instant eight; a text is its length and its bytes. All little-endian.
 */

export const NO = 1
export const YES = 2
export const SET = 3
export const ATTRIBUTE = 4
export const EVENT = 5
export const DROPPED = 6

/** Bytes of an event before its items. */
export const EVENT_HEAD = 1 + 8 + 8 + 2
