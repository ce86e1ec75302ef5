/** The order of texts everywhere it matters: by code unit of UTF-16, on their bytes in UTF-8. */

import { byteAt } from './json'

/** Less than 0, 0, or more than 0. */
export function compareTexts(aStart: i32, aEnd: i32, bStart: i32, bEnd: i32): i32 {
  const common = min(aEnd - aStart, bEnd - bStart)
  for (let index = 0; index < common; index += 1) {
    const a = byteAt(aStart + index)
    const b = byteAt(bStart + index)
    if (a !== b) return rankOf(a) - rankOf(b)
  }
  return aEnd - aStart - (bEnd - bStart)
}

/** Bytes are in order of code points; those beyond the first plane are made of units that come before U+E000. */
function rankOf(byte: i32): i32 {
  return byte === 0xee || byte === 0xef ? byte + 0x10 : byte
}

/** Is the record at one address before that at the other? */
export type IsBefore = (a: i32, b: i32) => bool

/** Puts addresses in order, a list of so many from `list` on: quick where they are few or nearly in order, never slow. */
export function sort(list: i32, count: i32, isBefore: IsBefore): void {
  let gap = 1
  while (gap < count / 3) gap = gap * 3 + 1
  for (; gap > 0; gap /= 3) {
    for (let index = gap; index < count; index += 1) {
      const moved = load<i32>(list + (index << 2))
      let place = index
      for (; place >= gap; place -= gap) {
        const before = load<i32>(list + ((place - gap) << 2))
        if (!isBefore(moved, before)) break
        store<i32>(list + (place << 2), before)
      }
      store<i32>(list + (place << 2), moved)
    }
  }
}
