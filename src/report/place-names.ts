/** What the places of a report are about, by the mapping: purposes and topics have ids, which nobody knows by heart. */

import type { ExplicitReference, TargetSettings } from '../config/settings.ts'
import type { NamePlace } from './page/choices.ts'

/** Columns of the contact name themselves. */
export function placeNames(targets: readonly Pick<TargetSettings, 'name' | 'mode' | 'entries'>[]): NamePlace {
  const names = new Map<string, string>()
  for (const { name, mode, entries } of targets) {
    if (mode !== 'consent') continue
    for (const { id, value } of entries) names.set(JSON.stringify([name, id]), shortened(value))
  }
  return (target, place) => {
    const [id = '', channel] = place.split(' ')
    const name = names.get(JSON.stringify([target, id]))
    return name === undefined ? undefined : [name, channel].filter((part) => part !== undefined).join(' · ')
  }
}

/** `consents_purposes_newsletter_enabled` is about `newsletter`. */
function shortened(value: string | ExplicitReference): string {
  if (typeof value === 'string') return value.replace(/^consents_purposes_(.+?)(_enabled)?$/, '$1')
  return [value.purpose, value.preference, value.value].filter((part) => part !== undefined).join('/')
}
