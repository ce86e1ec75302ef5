/** Small words for hand-written histories. Times are seconds since the night of 1 March 2026. */

import {
  type Columns,
  type ConsentColumns,
  type ConsentWorld,
  type ContactWorld,
  DEFAULT_POLICIES,
  type History,
  type JournalEntry,
  type Line,
  type Policies,
  type Run,
  US,
} from './history.ts'
import { instant } from './instant.ts'

const NIGHT = Date.parse('2026-03-01T00:00:00Z')

/** The text of a time. */
export function at(seconds: number): string {
  return new Date(NIGHT + seconds * 1000).toISOString()
}

/** The instant of a time, in µs. */
export function us(seconds: number): number {
  return Number.isFinite(seconds) ? instant(at(seconds)) : seconds
}

/** `consents` with one purpose. */
export function says(enabled: unknown, id = 'P'): object {
  return { purposes: [{ id, enabled }] }
}

/** `consents` with one v2 set. */
export function picks(value: unknown, purpose = 'P', preference = 'F'): object {
  return { purposes: [{ id: purpose, values: { [preference]: { value } } }] }
}

/** A line of person `who` as of a time. `user` and `record` add to or replace what is there. */
export function line(
  asOf: number,
  consents: object,
  more: { who?: unknown; user?: object; events?: object[]; run?: number; date?: string } = {},
): Line {
  const { who = 'ann@example.com', user = {}, events = [], run = 0, date = '2026-03-01' } = more
  const record = {
    user: { id: 'u1', organization_user_id: who, version: 1, updated_at: at(asOf), consents, ...user },
    events,
  }
  return { record, run, date }
}

/** A confirmed event. */
export function event(id: string, lo: number, hi: number, consents: object, more: object = {}): object {
  return { id, created_at: at(lo), updated_at: at(hi), status: 'confirmed', consents, ...more }
}

/** Runs that begin at the given times and last 100 s. */
export function runs(...starts: number[]): Run[] {
  return starts.map((start) => ({ startedAt: at(start), endedAt: at(start + 100) }))
}

type Kind = JournalEntry['kind']

/** A journal entry of a contact. */
export function contact(kind: Kind, seconds: number, id: string, columns: Columns, by: string): JournalEntry {
  return { at: at(seconds), table: 'contact', id, kind, columns, by }
}

/** A journal entry of a consent row; a create is of Ann's e-mail and purpose g1 unless told otherwise. */
export function consent(kind: Kind, seconds: number, id: string, columns: ConsentColumns, by: string): JournalEntry {
  const slot: ConsentColumns = kind === 'create' ? { address: 'ann@example.com', channel: 'email', purpose: 'g1' } : {}
  return { at: at(seconds), table: 'consent', id, kind, columns: { ...slot, ...columns }, by }
}

/** Ann's contact, there before everything. */
export const ANN = contact('create', 0, 'c1', { emailaddress1: 'Ann@example.com' }, 'seed')

/** A history with one run at 10,000 unless told otherwise. */
export function history(lines: Line[], journal: readonly JournalEntry[], more: Partial<History> = {}): History {
  return { lines, journal, runs: runs(10_000), ...more }
}

/** CPC mode with purpose P mapped to purpose g1, by the contact's e-mail. */
export function consentWorld(policies: Partial<Policies> = {}, more: Partial<ConsentWorld> = {}): ConsentWorld {
  return {
    mode: 'cpc',
    matchAttribute: 'emailaddress1',
    upsert: 'off',
    duplicates: 'all',
    mapping: [{ key: 'purpose/P', kind: 'purpose', guid: 'g1' }],
    contactPoints: [{ channel: 'email', from: 'contact.emailaddress1' }],
    policies: { ...DEFAULT_POLICIES, ...policies },
    ...more,
  }
}

/** Contact mode with purpose P mapped to the column `news`. */
export function contactWorld(policies: Partial<Policies> = {}, more: Partial<ContactWorld> = {}): ContactWorld {
  return {
    mode: 'contact',
    matchAttribute: 'emailaddress1',
    upsert: 'off',
    duplicates: 'all',
    mapping: [{ key: 'purpose/P', column: 'news', yes: true, no: false }],
    policies: { ...DEFAULT_POLICIES, ...policies },
    ...more,
  }
}

export { US }
