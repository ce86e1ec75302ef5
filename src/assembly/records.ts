/**
 * The entries of a bucket by record: those of each Didomi user in a chain, newest first, and the chains in order of person
 * and `user.id`. Links and chains are kept in the bucket's own memory and behind it.
 */

import { AS_OF, PART, PERSON, SOURCE, TEXTS } from '../record/entry-layout'
import { aligned, BUCKET, reserve } from './memory'
import { compareTexts, sort } from './order'
import { isSame } from './table'

/** Asks whether the part of this number does not count. */
declare function askDamaged(part: i32): bool

/** So that what is kept of them fits into a memory of two gibibytes. */
const MOST_BYTES: i32 = 0x3fffffff
/** An entry without any text or content. */
const LEAST_ENTRY: i32 = 56

let list = 0
let count = 0
/** Chains by hash of their persons, of which an id is one already. */
let slots = 0
let mask = 0

/** Sees to it that so many bytes of entries find room from `BUCKET` on, and what is kept of them; false where there is none. */
export function makeRoom(length: i32): bool {
  // For each entry its chain, and the least power of two that is twice as many as all of them.
  return length <= MOST_BYTES && reserve(BUCKET + length + (length / LEAST_ENTRY + 4) * 20)
}

/** Begins with a bucket of so many bytes; its entries are to be added source by source. */
export function beginRecords(length: i32): void {
  const end = BUCKET + length
  let entries = 0
  for (let at = BUCKET; at < end; at = nextEntry(at)) entries += 1
  let size = 16
  while (size < entries * 2) size *= 2
  list = end
  slots = list + 4 * entries
  mask = size - 1
  memory.fill(slots, 0, 4 * size)
}

/** Adds the entries in this range, which begins with one; their names are those of this source. */
export function addRecords(start: i32, end: i32, source: i32, mayBeDamaged: bool): void {
  for (let at = start; at < end; ) {
    const next = nextEntry(at)
    if (!mayBeDamaged || !askDamaged(load<i32>(at, PART))) {
      store<u16>(at, source, SOURCE)
      addEntry(at)
    }
    at = next
  }
}

/** Puts the records in order; answers their number. */
export function sortRecords(): i32 {
  count = 0
  for (let slot = slots; slot <= slots + (mask << 2); slot += 4) {
    const entry = load<i32>(slot)
    if (entry === 0) continue
    store<i32>(list + (count << 2), entry)
    count += 1
  }
  sort(list, count, isBefore)
  return count
}

/** The newest entry of a record. */
export function recordAt(index: i32): i32 {
  return load<i32>(list + (index << 2))
}

/** The next older entry of the same record; 0 where there is none. */
export function olderThan(entry: i32): i32 {
  return load<i32>(entry, PART)
}

/** The place behind the texts of an entry: that of its content. */
export function contentOf(entry: i32): i32 {
  const userId = userIdOf(entry)
  return userId + 4 + load<i32>(userId)
}

function userIdOf(entry: i32): i32 {
  return entry + TEXTS + 4 + load<i32>(entry, TEXTS)
}

function nextEntry(at: i32): i32 {
  return aligned(at + load<i32>(at))
}

function addEntry(entry: i32): void {
  let slot = load<i32>(entry, PERSON + 4) & mask
  while (true) {
    const place = slots + (slot << 2)
    const known = load<i32>(place)
    if (known === 0 || isOfRecord(known, entry)) {
      insert(place, known, entry)
      return
    }
    slot = (slot + 1) & mask
  }
}

/** Where the newest stands first, what an older line says again is passed over at a glance. The part is not asked for any more. */
function insert(chain: i32, first: i32, entry: i32): void {
  const asOf = load<f64>(entry, AS_OF)
  let link = chain
  let older = first
  while (older !== 0 && load<f64>(older, AS_OF) >= asOf) {
    link = older + PART
    older = load<i32>(older, PART)
  }
  store<i32>(entry, older, PART)
  store<i32>(link, entry)
}

function isOfRecord(a: i32, b: i32): bool {
  if (load<u64>(a, PERSON) !== load<u64>(b, PERSON) || load<u64>(a, PERSON + 8) !== load<u64>(b, PERSON + 8))
    return false
  const aUser = userIdOf(a)
  const bUser = userIdOf(b)
  const length = load<i32>(aUser)
  return length === load<i32>(bUser) && isSame(aUser + 4, bUser + 4, length)
}

function isBefore(a: i32, b: i32): bool {
  const aHigh = bswap<u64>(load<u64>(a, PERSON))
  const bHigh = bswap<u64>(load<u64>(b, PERSON))
  if (aHigh !== bHigh) return aHigh < bHigh
  const aLow = bswap<u64>(load<u64>(a, PERSON + 8))
  const bLow = bswap<u64>(load<u64>(b, PERSON + 8))
  if (aLow !== bLow) return aLow < bLow
  const aUser = userIdOf(a)
  const bUser = userIdOf(b)
  return compareTexts(aUser + 4, aUser + 4 + load<i32>(aUser), bUser + 4, bUser + 4 + load<i32>(bUser)) < 0
}
