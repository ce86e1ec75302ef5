/** A place without what tells of whom: enough for an administrator who has it before them, nothing for anybody else. */

/** `slot/email/ada.lovelace@example.com/…` → `email a•••@•••.com`; `contact/…4711/new_news` → `contact •••4711`. */
export function maskedPlace(place: string): string {
  const [kind, first = '', second = ''] = place.split('/')
  if (kind === 'contact') return `contact •••${first.slice(-4)}`
  const address = second.replace(/%2F/g, '/').replace(/%25/g, '%')
  const at = address.lastIndexOf('@')
  if (at === -1) return `${first} •••${address.slice(-2)}`
  const [begin = ''] = address
  return `${first} ${begin}•••@•••${/\.[a-z]+$/i.exec(address.slice(at))?.[0] ?? ''}`
}
