/** What the checks of one target look at: its settings, its environment, and what is asked for once and used by several. */

import type { Settings, TargetSettings } from '../config/settings.ts'
import type { PurposeRow, TableMetadata, TopicRow } from '../dataverse/dataverse.ts'
import type { InspectedDataverse, SignedIn } from '../dataverse/inspection.ts'
import type { Clock } from '../lib/clock.ts'
import type { StoreGlance } from '../store/glance.ts'
import { type ContactSample, contactSample } from './contact-sample.ts'

export interface TargetWorld {
  readonly target: TargetSettings
  readonly settings: Pick<Settings, 'catalogue' | 'lookup' | 'credentials'>
  readonly dataverse: InspectedDataverse
  readonly clock: Clock
  /** Nothing where there is no store yet. */
  readonly glance: () => Promise<StoreGlance | undefined>
  /** Rows of a sample; 0 takes none. */
  readonly sample: number
  /** Who our application users are, each asked once. */
  readonly signIn: (user: number, signal: AbortSignal) => Promise<SignedIn>
  /** Metadata of a table, read once. */
  readonly table: (logicalName: string, signal: AbortSignal) => Promise<TableMetadata>
  /** What the mapping names of purposes and topics, with the purposes above the topics; read once. */
  readonly mapped: (signal: AbortSignal) => Promise<MappedRows>
  /** A sample of contacts; read once. */
  readonly contacts: (signal: AbortSignal) => Promise<ContactSample>
}

export interface MappedRows {
  readonly purposes: readonly PurposeRow[]
  readonly topics: readonly TopicRow[]
}

type Parts = Omit<TargetWorld, 'signIn' | 'table' | 'mapped' | 'contacts'>

/** The world of a target. What failed once has failed for all: the checks that need it say so by themselves. */
export function targetWorld(parts: Parts): TargetWorld {
  const { dataverse } = parts
  const mapped = once((_: '', signal) => mappedRows(parts, signal))
  const asked = {
    ...parts,
    signIn: once((user: number, signal) => dataverse.inspection.signIn(user, signal)),
    table: once((name: string, signal) => dataverse.table(name, signal)),
    mapped: (signal: AbortSignal) => mapped('', signal),
  }
  const contacts = once((_: '', signal) => contactSample(asked, signal))
  return { ...asked, contacts: (signal) => contacts('', signal) }
}

async function mappedRows({ target, dataverse }: Parts, signal: AbortSignal): Promise<MappedRows> {
  const topics = await dataverse.topics(mappedIds(target, 'topic'), signal)
  const above = topics.flatMap(({ purposeId }) => purposeId ?? [])
  const purposes = await dataverse.purposes([...new Set([...mappedIds(target, 'purpose'), ...above])], signal)
  return { purposes, topics }
}

/** Asks once for each key; whoever asks again gets the same answer. */
export function once<Key, T>(
  ask: (key: Key, signal: AbortSignal) => Promise<T>,
): (key: Key, signal: AbortSignal) => Promise<T> {
  const asked = new Map<Key, Promise<T>>()
  return (key, signal) => {
    const known = asked.get(key)
    if (known !== undefined) return known
    const fresh = ask(key, signal)
    asked.set(key, fresh)
    return fresh
  }
}

/** The ids of purposes and topics that a mapping names. */
export function mappedIds(target: TargetSettings, kind: 'purpose' | 'topic'): string[] {
  const prefix = `${kind}:`
  const ids = target.entries.flatMap(({ id }) => (id.startsWith(prefix) ? [id.slice(prefix.length).toLowerCase()] : []))
  return [...new Set(ids)]
}
