/** Which sets of one key a state keeps (`consent/state.ts`, `newestSets`). */

import { itemEnd } from './made'
import { isAfter } from './mark'
import { isSame } from './table'

/** More sets, or more value ids in them, are put another way. */
export const MOST_SETS: i32 = 64
const MOST_VALUES: i32 = 64

/** By index: the address of a set, and a bit for each value id that it holds. */
const sets = memory.data(4 * MOST_SETS, 4)
const holdings = memory.data(8 * MOST_SETS, 8)
/** By index: the range of a value id. */
const values = memory.data(8 * MOST_VALUES, 4)
let setCount = 0
let valueCount = 0

/**
 * A set is kept while, for some value id, it is the newest that holds it or the newest that lacks it. Puts the addresses
 * of such sets into a list and answers their number, less than 0 where there are too many to tell.
 */
export function reachable(list: i32, to: i32): i32 {
  setCount = 0
  valueCount = 0
  const second = load<i32>(list, 12)
  if (second === 0 || load<i32>(second, 12) === 0) return all(list, to)
  for (let set = list; set !== 0; set = load<i32>(set, 12)) if (!addSet(set)) return -1
  // A value id that no set holds is lacking in all of them.
  let kept = newest(0, 0)
  let bit: u64 = 1
  for (let value = 0; value < valueCount; value += 1) {
    kept |= newest(bit, bit) | newest(bit, 0)
    bit <<= 1
  }
  let count = 0
  for (let index = 0; index < setCount; index += 1) {
    if (((kept >> index) & 1) === 0) continue
    store<i32>(to + (count << 2), setAt(index))
    count += 1
  }
  return count
}

/** Of two different sets each holds or lacks a value id that the other does not. */
function all(list: i32, to: i32): i32 {
  let count = 0
  for (let set = list; set !== 0; set = load<i32>(set, 12)) {
    store<i32>(to + (count << 2), set)
    count += 1
  }
  return count
}

function setAt(index: i32): i32 {
  return load<i32>(<i32>sets + (index << 2))
}

/** False where there is no room. */
function addSet(set: i32): bool {
  if (setCount === MOST_SETS) return false
  let held: u64 = 0
  const end = load<i32>(set, 4)
  for (let at = load<i32>(set); at < end; ) {
    const valueEnd = itemEnd(at, end)
    const value = indexOfValue(at, valueEnd)
    if (value < 0) return false
    held |= (<u64>1) << value
    at = valueEnd + 1
  }
  store<i32>(<i32>sets + (setCount << 2), set)
  store<u64>(<i32>holdings + (setCount << 3), held)
  setCount += 1
  return true
}

/** The index of the value id in this range; less than 0 where there is no room. */
function indexOfValue(start: i32, end: i32): i32 {
  for (let value = 0; value < valueCount; value += 1) {
    const known = <i32>values + (value << 3)
    if (load<i32>(known, 4) === end - start && isSame(load<i32>(known), start, end - start)) return value
  }
  if (valueCount === MOST_VALUES) return -1
  store<i32>(<i32>values + (valueCount << 3), start)
  store<i32>(<i32>values + (valueCount << 3), end - start, 4)
  valueCount += 1
  return valueCount - 1
}

/** The newest of the sets whose holding of `bit` is this, a bit for each. */
function newest(bit: u64, held: u64): u64 {
  let found: u64 = 0
  let mark = 0
  for (let index = 0; index < setCount; index += 1) {
    if ((load<u64>(<i32>holdings + (index << 3)) & bit) !== held) continue
    const own = load<i32>(setAt(index), 8)
    if (mark === 0 || isAfter(own, mark)) {
      mark = own
      found = (<u64>1) << index
    } else if (!isAfter(mark, own)) {
      found |= (<u64>1) << index
    }
  }
  return found
}
