/** Whom an event is about, and the sets that the person has at Didomi now (semantics §11.4). */

import { setOf } from '../consent/choice.ts'
import { keyText, parseKey } from '../consent/key.ts'
import { compareMarks, parseState, type Stamp, type State } from '../consent/state.ts'
import type { Events } from '../consent/statement.ts'
import { SINCE_EVER } from '../consent/time.ts'
import type { Didomi, UserName } from '../didomi/didomi.ts'
import { type Person, personSet } from '../projection/person.ts'
import type { ReadingSettings } from '../record/record.ts'
import type { Store } from '../store/store.ts'
import type { ToldStatement } from '../store/told.ts'
import type { Sets } from './event.ts'

/**
 * The person by its OUID; where OUIDs are normalised, Didomi may spell it otherwise and would take it for somebody else, so
 * then by the record that spoke last.
 */
export async function userName(
  store: Pick<Store, 'recordsOf'>,
  { id: person, ouid }: Person,
  normalise: ReadingSettings['normalise'],
): Promise<UserName> {
  if (normalise === 'none') return { organization_user_id: ouid }
  const records = (await store.recordsOf(person))
    .filter(({ userId }) => userId !== '')
    .map(({ userId, state }) => ({ userId, stamp: lastStamp(parseState(state)) }))
  const [newest] = records.sort((a, b) => compareMarks(b.stamp, a.stamp))
  return newest === undefined ? { organization_user_id: ouid } : { id: newest.userId }
}

function lastStamp({ said }: State): Stamp {
  const stamps = [...said.values()].flatMap((byChoice) => [...byChoice.values()])
  return stamps.reduce<Stamp>((a, b) => (compareMarks(b, a) > 0 ? b : a), [SINCE_EVER, -1])
}

/**
 * The sets of which single values are told. The record at Didomi is asked, since one that is older than Didomi's would bring
 * back what the person has taken away meanwhile; of several records only what all of them hold.
 */
export async function setsOf(
  didomi: Pick<Didomi, 'user'>,
  name: UserName,
  person: Person,
  statements: readonly ToldStatement[],
  events: Events,
  signal: AbortSignal,
): Promise<Sets> {
  const keys = statements.flatMap(({ key: text }) => {
    const key = parseKey(text)
    return key?.kind === 'value' ? [{ ...key, kind: 'set' as const }] : []
  })
  if (keys.length === 0) return new Map()
  const user = await didomi.user(name, signal)
  return new Map(
    keys.map((key) => {
      const now = setAt(user, key.purpose, key.preference)
      const known = personSet(person, [key], events)?.ids
      const several = person.states.filter(({ said }) => said.has(keyText(key))).length > 1
      const ids = now === undefined ? (known ?? []) : several ? now.filter((id) => known?.includes(id) ?? true) : now
      return [keyText(key), setOf(ids)]
    }),
  )
}

type Json = Readonly<Record<string, unknown>>

const objectIn = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}

/** The set of a user as Didomi answers it, read as semantics §2.6 reads a line. */
function setAt(user: unknown, purpose: string, preference: string): string[] | undefined {
  const { purposes } = objectIn(objectIn(user)['consents'])
  const node = (Array.isArray(purposes) ? purposes : []).map(objectIn).find(({ id }) => id === purpose)
  const choice = objectIn(objectIn(node?.['values'])[preference])
  if (!('value' in choice)) return undefined
  const { value } = choice
  if (typeof value !== 'string') return []
  return value
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '')
}
