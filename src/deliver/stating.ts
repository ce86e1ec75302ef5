/** Does a person state anything that is mapped? Decides for whom a contact is created (semantics §5.2). */

import type { Settings } from '../config/settings.ts'
import { type Person, personAttribute, personSet, personStatement } from '../projection/person.ts'
import type { Mapping } from './mapping.ts'

/** `statement`: anything mapped. `opt-in`: a yes to something mapped. */
export function statesSomething(
  { mapping, settings }: { readonly mapping: Mapping; readonly settings: Pick<Settings, 'events'> },
  person: Person,
  kind: 'statement' | 'opt-in',
): boolean {
  const { events } = settings
  const saysYes = (keys: Parameters<typeof personStatement>[1]) => {
    const said = personStatement(person, keys, events)
    return kind === 'opt-in' ? said?.value === true : said !== undefined
  }
  if (mapping.mode === 'consent') return mapping.entries.some(({ keys }) => saysYes(keys))
  return mapping.columns.some(({ encoding, keys }) => {
    if (encoding.form === 'choice') return saysYes(keys)
    if (encoding.form === 'set') {
      const set = personSet(person, keys, events)
      return kind === 'opt-in' ? (set?.ids.length ?? 0) > 0 : set !== undefined
    }
    const { name } = encoding
    return kind === 'statement' && name !== 'organization_user_id' && personAttribute(person, name) !== undefined
  })
}
