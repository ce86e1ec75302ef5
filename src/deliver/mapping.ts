/** A target's mapping fitted to what Dataverse and the store know: every problem is found before the first write, all at once. */

import type { MappingEntry, Settings, TargetSettings } from '../config/settings.ts'
import type { Key } from '../consent/key.ts'
import { keyText } from '../consent/key.ts'
import type { ColumnMetadata, Dataverse, PurposeRow, TableMetadata, TopicRow } from '../dataverse/dataverse.ts'
import { CodedError, type Complaint } from '../lib/errors.ts'
import { catalogueKeys, knownIds } from '../mapping/known-ids.ts'
import { readingText } from '../mapping/reading.ts'
import { type ConsentBindings, consentBindings } from '../projection/consent-row.ts'
import { type ContactColumn, contactColumn, wantsOf } from '../projection/contact-column.ts'
import type { ConsentEntry } from '../projection/slot.ts'
import type { Store } from '../store/store.ts'
import { contactColumnOf } from './contacts.ts'
import { Resolver } from './resolver.ts'

/** What a target writes, by mode. */
export type Mapping =
  | { readonly mode: 'contact'; readonly columns: readonly ContactColumn[] }
  | {
      readonly mode: 'consent'
      readonly entries: readonly ConsentEntry[]
      readonly consents: TableMetadata
      readonly bindings: ConsentBindings
    }

export interface FittedMapping {
  readonly mapping: Mapping
  readonly contacts: TableMetadata
  readonly warnings: readonly string[]
}

interface Ports {
  readonly store: Store
  readonly dataverse: Dataverse
}

/** What looking alone needs. */
interface Looks {
  readonly store: Pick<Store, 'knownIds' | 'frozenReadings'>
  readonly dataverse: Pick<Dataverse, 'table' | 'purposes' | 'topics'>
}

/**
 * Reads metadata, resolves every reference, freezes what resolved for the first time and marks persons due whose
 * choices a mapping can answer only now (semantics §4).
 * @throws CodedError `mapping-invalid` with every problem
 */
export async function fitMapping(
  ports: Ports,
  settings: Pick<Settings, 'catalogue' | 'lookup'>,
  target: TargetSettings,
  signal: AbortSignal,
): Promise<FittedMapping> {
  const { resolver, ...fitted } = await fitTo(ports, settings, target, false, signal)
  for (const [reference, reading] of resolver.fresh) await ports.store.freezeReading(target.name, reference, reading)
  await markNewlyAnswered(ports.store, target.name, resolver.answered)
  return fitted
}

/**
 * The same looked at only: nothing is frozen, nobody becomes due. What matches nothing known yet stays in the mapping as a
 * choice of its own, which nobody states: two mappings that name it alike still mean the same.
 * @throws CodedError `mapping-invalid` with every problem
 */
export async function lookAtMapping(
  ports: Looks,
  settings: Pick<Settings, 'catalogue' | 'lookup'>,
  target: TargetSettings,
  signal: AbortSignal,
): Promise<FittedMapping> {
  const { resolver: _, ...fitted } = await fitTo(ports, settings, target, true, signal)
  return fitted
}

async function fitTo(
  { store, dataverse }: Looks,
  settings: Pick<Settings, 'catalogue' | 'lookup'>,
  target: TargetSettings,
  keepsUnmatched: boolean,
  signal: AbortSignal,
): Promise<FittedMapping & { readonly resolver: Resolver }> {
  const known = knownIds([...(await store.knownIds()), ...catalogueKeys(settings.catalogue)])
  const resolver = new Resolver(known, settings.lookup, await store.frozenReadings(target.name), keepsUnmatched)
  const contacts = await dataverse.table('contact', signal)
  resolver.complaints.push(...contactComplaints(target, contacts))
  const mapping =
    target.mode === 'contact'
      ? fitColumns(resolver, target, contacts)
      : await fitConsents(resolver, dataverse, target, signal)
  const [first, ...others] = resolver.complaints
  if (first !== undefined) throw new CodedError('mapping-invalid', [first, ...others])
  return { mapping, contacts, warnings: resolver.warnings, resolver }
}

/** Persons stating a key that the mapping did not ask for before are due, and only they. */
async function markNewlyAnswered(store: Store, target: string, answered: readonly Key[]): Promise<void> {
  const scope = `mapping/${target}`
  const asked = JSON.stringify([...new Set(answered.map(keyText))].sort())
  const before = await store.fingerprint(scope)
  if (before === asked) return
  if (before !== undefined) {
    const known = new Set(JSON.parse(before) as string[])
    const fresh = answered.filter((key) => !known.has(keyText(key)))
    /** A value that becomes known is answered by sets that never held it. */
    const stated = fresh.map((key) => keyText(key.kind === 'value' ? { ...key, kind: 'set' } : key))
    await store.markStating(target, [...new Set(stated)].sort())
  }
  await store.setFingerprint(scope, asked)
}

function contactComplaints(target: TargetSettings, contacts: TableMetadata): Complaint[] {
  const fromContact = target.contactPoints.flatMap(({ from }) => contactColumnOf(from) ?? [])
  const needed = new Set([
    target.contact.matchAttribute,
    ...(target.mode === 'consent' ? fromContact : []),
    ...(target.upsert ? Object.keys(target.contact.template) : []),
  ])
  return [...needed].flatMap((name) =>
    contacts.columns.has(name) ? [] : [missingColumn(`target ${target.name}`, name)],
  )
}

const missingColumn = (where: string, name: string): Complaint => ({
  where,
  found: `no column ${name} on table contact`,
  expected: 'the logical name of an existing column',
  remedy: 'Create the column or correct the name (logical names are lower case).',
})

function fitColumns(resolver: Resolver, target: TargetSettings, contacts: TableMetadata): Mapping {
  const columns: ContactColumn[] = []
  for (const entry of target.entries) {
    const metadata: ColumnMetadata | undefined = contacts.columns.get(entry.id)
    if (metadata === undefined) {
      resolver.complaints.push(missingColumn(`mapping of ${entry.id}`, entry.id))
      continue
    }
    const resolved = resolver.resolve(entry, wantsOf(entry, metadata))
    if (resolved === undefined) continue
    const column = contactColumn(entry, metadata, resolved.reading, resolved.keys)
    if ('where' in column) resolver.complaints.push(column)
    else columns.push(column)
  }
  return { mode: 'contact', columns }
}

async function fitConsents(
  resolver: Resolver,
  dataverse: Looks['dataverse'],
  target: TargetSettings,
  signal: AbortSignal,
): Promise<Mapping> {
  const [consents, purposeTable, topicTable] = await Promise.all(
    [target.tables.consent, target.tables.purpose, target.tables.topic].map((name) => dataverse.table(name, signal)),
  )
  if (consents === undefined || purposeTable === undefined || topicTable === undefined)
    throw new TypeError('three tables')
  const bindings = consentBindings(consents, purposeTable, topicTable)
  if ('where' in bindings) throw new CodedError('mapping-invalid', [bindings])
  const wanted = target.entries.map((entry) => ({ entry, ...parseConsentId(entry.id) }))
  const topics = await dataverse.topics(
    wanted.filter(({ kind }) => kind === 'topic').map(({ id }) => id),
    signal,
  )
  const parents = topics.flatMap(({ purposeId }) => purposeId ?? [])
  const direct = wanted.filter(({ kind }) => kind === 'purpose').map(({ id }) => id)
  const purposes = await dataverse.purposes([...new Set([...direct, ...parents])], signal)

  const entries: ConsentEntry[] = []
  for (const { entry, kind, id } of wanted) {
    const purpose = fitConsent(resolver, entry, { kind, id }, purposes, topics)
    const resolved = resolver.resolve(entry, 'choice')
    if (purpose === undefined || resolved === undefined) continue
    if (resolved.keys.some((key) => key.kind === 'set') || resolved.reading.kind === 'attribute') {
      resolver.complaints.push({
        where: `mapping of ${entry.id}`,
        found: `${readingText(resolved.reading)}, which is no yes or no`,
        expected: 'a purpose, a preference, a value or a channel',
        remedy: 'Map one value of the set.',
      })
      continue
    }
    entries.push({
      kind,
      id,
      purpose,
      keys: resolved.keys,
      ...(entry.channel === undefined ? {} : { channel: entry.channel }),
    })
  }
  return { mode: 'consent', entries, consents, bindings }
}

function parseConsentId(text: string): { kind: 'purpose' | 'topic'; id: string } {
  const [kind, id = ''] = text.split(':')
  return { kind: kind === 'topic' ? 'topic' : 'purpose', id: id.toLowerCase() }
}

/** The purpose of an entry, or complaints about what Dataverse does not have (semantics §6.1). */
function fitConsent(
  { complaints, warnings }: Resolver,
  entry: MappingEntry,
  { kind, id }: { kind: 'purpose' | 'topic'; id: string },
  purposes: readonly PurposeRow[],
  topics: readonly TopicRow[],
): PurposeRow | undefined {
  const where = `mapping of ${entry.id}`
  const topic = kind === 'topic' ? topics.find((row) => row.id === id) : undefined
  const purposeId = kind === 'topic' ? topic?.purposeId : id
  const purpose = purposes.find((row) => row.id === purposeId)
  if (purpose === undefined) {
    const found = topic === undefined ? `no ${kind} with this id` : 'a topic without a purpose'
    complaints.push({
      where,
      found,
      expected: `an existing ${kind}`,
      remedy: 'Copy the id from Customer Insights – Journeys.',
    })
    return undefined
  }
  if (topic?.active === false || !purpose.active)
    warnings.push(`${where}: the ${topic?.active === false ? 'topic' : 'purpose'} is inactive`)
  if (purpose.tracking && entry.allowTracking !== true) {
    complaints.push({
      where,
      found: 'a purpose of type Tracking',
      expected: 'a commercial or transactional purpose',
      remedy: 'Set `allowTracking: true` under `entryOptions` if this is meant.',
    })
  }
  return purpose
}
