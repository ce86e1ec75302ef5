/** A place without what tells of whom: enough for an administrator who has it before them, nothing for anybody else. */

import { pointOfPlace } from '../projection/slot.ts'

/** `slot/email/ada.lovelace@example.com/…` → `email a•••@•••.com`; `contact/…4711/new_news` → `contact •••4711`. */
export function maskedPlace(place: string): string {
  const point = pointOfPlace(place)
  if (point === undefined) return `contact •••${(place.split('/')[1] ?? '').slice(-4)}`
  const { channel, address } = point
  const at = address.lastIndexOf('@')
  if (at === -1) return `${channel} •••${address.slice(-2)}`
  const [begin = ''] = address
  return `${channel} ${begin}•••@•••${/\.[a-z]+$/i.exec(address.slice(at))?.[0] ?? ''}`
}
