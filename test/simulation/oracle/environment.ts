/** Dataverse as the journal tells it: rows at any moment, who their persons are, and which place a row is. */

import type { Channel, Columns, ConsentColumns, History, JournalEntry, World } from './history.ts'
import { instant } from './instant.ts'

/** A row after one journal entry. `columns` undefined: deleted. `changed`: the columns which that entry wrote. */
export interface Version {
  readonly index: number
  readonly at: number
  readonly by: string
  readonly kind: JournalEntry['kind']
  readonly changed: Columns
  readonly columns: Columns | undefined
}

/** A row's whole life. */
export interface Timeline {
  readonly id: string
  readonly versions: readonly Version[]
}

/** Every row that ever was, by table. */
export interface Timelines {
  readonly contact: readonly Timeline[]
  readonly consent: readonly Timeline[]
}

/** Replays the journal. */
export function timelinesOf(history: History): Timelines {
  const rows = { contact: new Map<string, Version[]>(), consent: new Map<string, Version[]>() }
  for (const [index, entry] of history.journal.entries()) {
    const versions = rows[entry.table].get(entry.id) ?? []
    const before = versions.at(-1)?.columns
    const changed: Columns = { ...entry.columns }
    const columns = entry.kind === 'delete' ? undefined : { ...before, ...changed }
    versions.push({ index, at: instant(entry.at), by: entry.by, kind: entry.kind, changed, columns })
    rows[entry.table].set(entry.id, versions)
  }
  const lives = (map: Map<string, Version[]>) => [...map].map(([id, versions]) => ({ id, versions }))
  return { contact: lives(rows.contact), consent: lives(rows.consent) }
}

/** The row's last version before the journal entry `index` (∞: at the end); undefined where it was not yet there. */
export function versionBefore(row: Timeline, index: number): Version | undefined {
  return row.versions.findLast((version) => version.index < index)
}

/** The columns of all rows of a table that exist before the journal entry `index`. */
export function rowsBefore(rows: readonly Timeline[], index: number): Map<string, Columns> {
  return new Map(
    rows.flatMap((row): [string, Columns][] => {
      const columns = versionBefore(row, index)?.columns
      return columns === undefined ? [] : [[row.id, columns]]
    }),
  )
}

/** NFC, trim, lower-case: how an address or match attribute is compared (semantics §5.1). */
export function folded(text: unknown): string {
  return typeof text === 'string' ? text.normalize('NFC').trim().toLowerCase() : ''
}

/** The contacts of a person, masters standing for merged rows, deactivated rows included (semantics §5.1). */
export function contactsOf(person: string, contacts: ReadonlyMap<string, Columns>, world: World): string[] {
  const found = new Set<string>()
  for (const [id, columns] of contacts) {
    if (folded(columns[world.matchAttribute]) === folded(person)) found.add(masterOf(id, contacts))
  }
  return [...found]
}

function masterOf(id: string, contacts: ReadonlyMap<string, Columns>): string {
  const seen = new Set<string>()
  let last = id
  while (!seen.has(last)) {
    seen.add(last)
    const master = contacts.get(last)?.['masterid']
    if (typeof master !== 'string' || !contacts.has(master)) return last
    last = master
  }
  return last
}

/** The normalised address of a channel (semantics §6.3); undefined: not usable. 'too long' → rejected-by-dataverse. */
export function normaliseAddress(channel: Channel, raw: unknown): string | undefined {
  if (typeof raw !== 'string') return undefined
  if (channel === 'email') return raw.includes('@') ? folded(raw) : undefined
  if (channel === 'custom') return raw.trim() === '' ? undefined : raw.trim()
  // FREEDOM: a phone library knows more numbers; the oracle answers for those that are international already.
  const digits = raw.trim().replace(/[\s().-]/g, '')
  return /^\+[1-9]\d{6,14}$/.test(digits) ? digits : undefined
}

/** Longest address that Dataverse takes (semantics §6.3). */
export const LONGEST_ADDRESS = 400

/** Somebody who may speak for a link. `acting`: not parked, not ambiguous, so that the person's own delivery reaches it. */
export interface Speaker {
  readonly person: string
  readonly acting: boolean
}

/** Who is linked to what: `contact|<id>` in contact mode, `<channel>|<address>` in CPC mode. */
export function linksOf(
  persons: Iterable<string>,
  contacts: ReadonlyMap<string, Columns>,
  world: World,
): Map<string, Speaker[]> {
  const links = new Map<string, Speaker[]>()
  for (const person of persons) {
    const own = contactsOf(person, contacts, world)
    const ambiguous = own.length > 1 && world.duplicates === 'refuse'
    const reached =
      world.mode === 'contact' ? own.map((id) => `contact|${id}`) : addressesOf(person, own, contacts, world)
    for (const link of new Set(reached)) links.set(link, [...(links.get(link) ?? []), { person, acting: !ambiguous }])
  }
  return links
}

/** FREEDOM: a person without contact and without `addressOnly` is parked and counts for no address here. */
function addressesOf(
  person: string,
  own: readonly string[],
  contacts: ReadonlyMap<string, Columns>,
  world: World & { mode: 'cpc' },
): string[] {
  if (own.length === 0 && !world.policies.addressOnly) return []
  return world.contactPoints.flatMap(({ channel, from }) => {
    const column = from.replace(/^contact\./, '')
    const raw = from === 'organization_user_id' ? [person] : own.map((id) => contacts.get(id)?.[column])
    return raw.flatMap((one) => {
      const address = normaliseAddress(channel, one)
      return address === undefined ? [] : [`${channel}|${address}`]
    })
  })
}

/** The slot of a consent row as `nameOf` writes it; undefined where the row has no whole slot. */
export function slotOf(columns: Columns): string | undefined {
  const row = columns as ConsentColumns
  if (row.channel === undefined || row.address === undefined) return undefined
  const topic = typeof row.topic === 'string' ? row.topic : undefined
  const guid = (topic ?? row.purpose)?.toLowerCase()
  // E-mail is compared folded; other channels as they stand, trimmed.
  const address = row.channel === 'email' ? folded(row.address) : row.address.trim()
  return guid === undefined
    ? undefined
    : `${row.channel}|${address}|${topic === undefined ? 'purpose' : 'topic'}|${guid}`
}
