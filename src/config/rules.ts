/** What a schema cannot express about one target: rules across fields, checked by the program only. */

import type { Complaint } from '../lib/errors.ts'
import { AUTHENTICATION_RULES } from './authentication-rules.ts'
import type { WrittenTarget } from './schema.ts'
import type { Rule, TargetSubject } from './target-subject.ts'

export const TARGET_RULES: readonly Rule<TargetSubject>[] = [
  { says: 'No mapping entry names the same `id` twice for one channel (§4).', check: entriesAreUnique },
  { says: 'Every id of `entryOptions` is an `id` of the integration document.', check: optionsHaveEntries },
  ...AUTHENTICATION_RULES,
]

/** Entry ids compare as they are written to Dataverse: GUIDs in lower case. */
export function canonicalId(id: string): string {
  return id.toLowerCase()
}

function entriesAreUnique({ target, document, documentWhere }: TargetSubject): Complaint[] {
  const { mode, entries } = document
  const channelOf = (index: number): string | undefined => {
    const entry = entries[index]
    if (entry === undefined || mode === 'contact') return undefined
    return optionsOf(target, entry.id)?.channel ?? entry.channel
  }
  return entries.flatMap((entry, index) => {
    const first = entries.findIndex((other, otherIndex) => {
      if (otherIndex >= index || canonicalId(other.id) !== canonicalId(entry.id)) return false
      const [here, there] = [channelOf(index), channelOf(otherIndex)]
      return here === undefined || there === undefined || here === there
    })
    if (first === -1) return []
    return [
      {
        where: documentWhere([...document.entriesPath, index, 'id']),
        found: `the id of entry ${first} again`,
        expected: 'one entry for an id and a channel',
        remedy: 'Remove one of the two, or give each a channel of its own.',
      },
    ]
  })
}

/** The settings' options for an entry's id. */
export function optionsOf(target: WrittenTarget, id: string): WrittenTarget['entryOptions'][string] | undefined {
  const named = Object.entries(target.entryOptions).find(([key]) => canonicalId(key) === canonicalId(id))
  return named?.[1]
}

function optionsHaveEntries({ target, document, where }: TargetSubject): Complaint[] {
  const known = new Set(document.entries.map(({ id }) => canonicalId(id)))
  return Object.keys(target.entryOptions)
    .filter((id) => !known.has(canonicalId(id)))
    .map((id) => ({
      where: where(['entryOptions', id]),
      found: 'options for an id that the integration document does not map',
      expected: "an entry's id",
      remedy: 'Correct the id, or remove the options.',
    }))
}
