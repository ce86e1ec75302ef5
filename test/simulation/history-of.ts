/** A story in the oracle's words: lines, runs and the journal, with everything that was seeded as its first entries. */

import type { JournalEntry as ServerEntry } from '../../src/emulator/journal.ts'
import { APPLICATION_USER_ID } from '../../src/emulator/seed-ids.ts'
import type { Restore } from './backup.ts'
import { CONSENTS, MAPPED } from './common.ts'
import { consentColumns } from './oracle/dataverse-rows.ts'
import { slotOf } from './oracle/environment.ts'
import { DEFAULT_POLICIES, type History, type JournalEntry, nameOf, US, type World } from './oracle/history.ts'
import type { SeededContact } from './population.ts'
import type { Story } from './simulate.ts'

/** What the oracle is told of a story. */
export function historyOf(story: Story): History {
  const { lines, ends, world, population, restore, refused } = story
  const seeded = [...population.contacts, ...population.newcomers].flatMap((contact) => seedEntry(story, contact))
  const undone = (_: unknown, index: number) => restore === undefined || index < restore.from || index >= restore.to
  const written = world.journal().filter(undone).flatMap(entryOf)
  return {
    lines: lines.map(({ line, date, run }) => ({ record: line, date, ...(run === undefined ? {} : { run }) })),
    runs: ends.map(({ startedMs, endedMs, full, end, mishaps }) => ({
      startedAt: iso(startedMs),
      endedAt: iso(endedMs),
      full,
      broken: end.kind !== 'report' || mishaps.length > 0,
    })),
    // Seeds came before whatever was written at the same second.
    journal: [...seeded, ...written].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)),
    ...(restore && unwoundBy(story, restore)),
    ...(refused.length > 0 && { refusedByDataverse: refused }),
    ...(restore?.proven && { ledgerLostAt: [restore.at] }),
  }
}

/** Places that were written in the time that a restore took back: by somebody else, or (where nothing proves it) made by us. */
function unwoundBy({ world }: Story, { from, to, proven, refusals }: Restore & { readonly proven: boolean }) {
  const all = world.journal()
  const slots = new Map(all.flatMap((entry) => (entry.operation === 'create' ? [[entry.id, slotIn(entry)]] : [])))
  const placesOf = (entry: ServerEntry): (string | undefined)[] =>
    entry.table === 'contact'
      ? entry.changed.map((column) => nameOf({ table: 'contact', id: entry.id, column }))
      : [slots.get(entry.id)]
  const named = (entries: readonly ServerEntry[]) =>
    [...new Set(entries.flatMap(placesOf))].filter((one) => one !== undefined)
  const unwound = all.slice(from, to)
  const ours = ({ userId }: ServerEntry) => userId === APPLICATION_USER_ID
  return {
    // What the ledger knew to be refused, such as a row deleted before the backup, counts again too.
    unwound: [...named(unwound.filter((entry) => !ours(entry))), ...refusals.map(({ place }) => place)],
    unmade: proven ? [] : named(unwound.filter((entry) => ours(entry) && entry.operation === 'create')),
  }
}

function slotIn(entry: ServerEntry): string | undefined {
  const [told] = entryOf(entry)
  return told?.table === 'consent' ? slotOf({ ...told.columns }) : undefined
}

/** The settings of a story, as far as they shape what is right. */
export function worldOf({ mode, events }: Story): World {
  const everywhere = {
    matchAttribute: 'new_ouid',
    upsert: 'off',
    duplicates: 'all',
    policies: { ...DEFAULT_POLICIES, events },
  } as const
  if (mode === 'contact') {
    const mapping = Object.entries(MAPPED.contact).map(([purpose, column]) => ({
      key: `purpose/${purpose}`,
      column,
      yes: true,
      no: false,
    }))
    return { ...everywhere, mode: 'contact', mapping }
  }
  const mapping = Object.entries(MAPPED.consent).map(([purpose, guid]) => ({
    key: `purpose/${purpose}`,
    kind: 'purpose' as const,
    guid,
    channels: ['email'] as const,
  }))
  const contactPoints = [{ channel: 'email' as const, from: 'contact.emailaddress1' }]
  return { ...everywhere, mode: 'cpc', mapping, contactPoints }
}

/** A contact that was there from the beginning, or the moment at which somebody made it. */
function seedEntry({ world, madeAt }: Story, contact: SeededContact): JournalEntry[] {
  if (world.row('contact', contact.contactid) === undefined) return []
  const at = madeAt.get(contact.contactid) ?? '2026-01-01T00:00:00Z'
  return [{ at, table: 'contact', id: contact.contactid, kind: 'create', columns: { ...contact }, by: 'somebody' }]
}

function entryOf({ table, id, operation, columns, userId, at }: ServerEntry): JournalEntry[] {
  const common = { at, id, kind: operation, by: userId === APPLICATION_USER_ID ? US : userId }
  if (table === 'contact') return [{ ...common, table: 'contact', columns }]
  if (table !== CONSENTS) return []
  const { msdynmkt_purposeid: purpose, msdynmkt_topicid: topic, ...rest } = columns
  const lookups = {
    ...(purpose === undefined ? {} : { _msdynmkt_purposeid_value: purpose }),
    ...(topic === undefined ? {} : { _msdynmkt_topicid_value: topic }),
  }
  return [{ ...common, table: 'consent', columns: consentColumns({ ...rest, ...lookups }) }]
}

const iso = (ms: number): string => new Date(ms).toISOString()
