/** Perfect records, states, persons, entries, columns and rows, to be broken one thing at a time. */

import type { Choice } from '../../src/consent/choice.ts'
import type { KeyText } from '../../src/consent/key.ts'
import { join, type State, stateOf } from '../../src/consent/state.ts'
import type { SetStatement, Statement } from '../../src/consent/statement.ts'
import { type Instant, SECOND } from '../../src/consent/time.ts'
import type { ColumnMetadata } from '../../src/dataverse/dataverse.ts'
import type { ContactColumn } from '../../src/projection/contact-column.ts'
import type { Person } from '../../src/projection/person.ts'
import type { ConsentEntry, Slot, WantedSlot } from '../../src/projection/slot.ts'
import type { ConsentRow, SlotPolicies } from '../../src/projection/slot-rows.ts'
import type { RecordedEvent, UserRecord } from '../../src/record/record.ts'

/** Written out: a value made while a test file loads would hide which test needs it. */
export const PURPOSE = 'purpose/p'
export const PREFERENCE = 'preference/p/f'
export const SET = 'set/p/f'
export const VALUE_A = { kind: 'value', purpose: 'p', preference: 'f', value: 'a' } as const

/** A record that states nothing at instant 100, but for what is given. */
export function record(parts: Partial<UserRecord>): UserRecord {
  return { ouid: 'o', userId: 'u', version: -1, asOf: 100, statements: [], events: [], attributes: [], ...parts }
}

/** A line of `asOf` that states one choice. */
export function line(asOf: Instant, choice: Choice, key = PURPOSE, version = -1): UserRecord {
  return record({ asOf, version, statements: [[key, choice]] })
}

/** An event of [lo, hi], on a line that states nothing itself. */
export function event(lo: Instant, hi: Instant, choice: Choice, key = PURPOSE, id = ''): UserRecord {
  return record({ asOf: hi, events: [eventStatement({ key, choice, lo, hi, id })] })
}

/** An event that states one choice. */
export function eventStatement({
  key = PURPOSE,
  choice = true,
  ...parts
}: Partial<Omit<RecordedEvent, 'statements'>> & { readonly key?: KeyText; readonly choice?: Choice }): RecordedEvent {
  return { lo: 10, hi: 10, id: '', ...parts, statements: [[key, choice]] }
}

/** The state that several records give together. */
export function stateFrom(...records: readonly UserRecord[]): State {
  return records.map(stateOf).reduce(join, stateOf(record({})))
}

export const yes = (lo: Instant, hi: Instant): Statement => ({ value: true, lo, hi })
export const no = (lo: Instant, hi: Instant): Statement => ({ value: false, lo, hi })
export const ids = (lo: Instant, hi: Instant, ...values: readonly string[]): SetStatement => ({ ids: values, lo, hi })

export function person(...states: readonly State[]): Person {
  return { id: '0'.repeat(32), ouid: 'ada@example.com', states }
}

export const GUID = '11111111-2222-4333-8444-555555555555'
export const TOPIC_GUID = '22222222-2222-4333-8444-555555555555'
export const OWNER = '33333333-2222-4333-8444-555555555555'
export const OUR_UNIT = '44444444-2222-4333-8444-555555555555'
export const OTHER_UNIT = '55555555-2222-4333-8444-555555555555'
export const WE = '66666666-2222-4333-8444-555555555555'
export const SOMEBODY = '77777777-2222-4333-8444-555555555555'

/** δ of the samples. */
export const DELTA = 5 * SECOND

export const ENTRY: ConsentEntry = {
  kind: 'purpose',
  id: GUID,
  purpose: {
    id: GUID,
    active: true,
    tracking: false,
    owner: { kind: 'team', id: OWNER },
    businessUnitId: OUR_UNIT,
  },
  keys: [{ kind: 'purpose', purpose: 'p' }],
}

export const SLOT: Slot = { channel: 'email', address: 'ada@example.com', entry: ENTRY }

export const wantedAt = (statement: Statement): WantedSlot => ({ slot: SLOT, statement })

export const POLICIES: SlotPolicies = {
  conflict: 'newest',
  clockTolerance: DELTA,
  businessUnit: 'owner',
  us: new Set([WE]),
}

/** An Opted Out row that somebody else made at 100 s and saved last at 200 s. */
export function row(parts: Partial<ConsentRow> = {}): ConsentRow {
  return {
    id: GUID,
    etag: 'W/"1"',
    optedIn: false,
    reason: '',
    createdOn: 100 * SECOND,
    modifiedOn: 200 * SECOND,
    modifiedBy: SOMEBODY,
    businessUnitId: OUR_UNIT,
    ...parts,
  }
}

/** A writable boolean column. */
export function columnMetadata(parts: Partial<ColumnMetadata> = {}): ColumnMetadata {
  return {
    logicalName: 'acme_newsletter',
    type: 'boolean',
    validForCreate: true,
    validForUpdate: true,
    secured: false,
    ...parts,
  }
}

export function column(metadata: Partial<ColumnMetadata>, encoding: ContactColumn['encoding']): ContactColumn {
  const whole = columnMetadata(metadata)
  return { name: whole.logicalName, metadata: whole, keys: [{ kind: 'purpose', purpose: 'p' }], encoding }
}
