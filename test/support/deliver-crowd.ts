/** More persons than one chunk holds, some of whom share a contact or an address with somebody of another chunk. */

import { personId } from '../../src/consent/person-id.ts'
import { COMMERCIAL_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import { groupBy } from '../../src/lib/group.ts'
import { CONSENTS, DAYS, id, type Saying, saysNews, since } from './deliver-samples.ts'
import type { TargetDraft, WorldDraft } from './deliver-settings.ts'
import type { DeliverWorld } from './deliver-world.ts'

/** Persons of one chunk (`deliver.ts`): in the order of their ids, so many are taken up at once. */
const CHUNK = 1_000

const NEWS = 'consents_purposes_news_enabled'

/** Consent rows for the address in `emailaddress2`, which several contacts may have. */
export const CROWD_CONSENTS: TargetDraft = {
  type: 'microsoft-dynamics-cpc',
  mappings: [{ id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: NEWS }],
  options: { contactPoints: [{ channel: 'email', from: 'contact.emailaddress2' }] },
}

export const CROWD_COLUMNS: TargetDraft = {
  type: 'microsoft-dynamics',
  mappings: [{ id: 'new_news', value: NEWS }],
}

/** One person: its OUID, and the contact and address that it has, alone or with others. */
export interface Member {
  readonly ouid: string
  readonly contactId: string
  readonly address: string
  readonly chunk: number
}

/**
 * `single` persons for themselves; then `shared` contacts with three persons each (their OUIDs differ in case alone) and
 * `shared` addresses with three contacts each.
 */
export function crowd(single: number, shared: number): Member[] {
  const members = [
    ...Array.from({ length: single }, (_, n) => member(`u${n}@example.com`, n + 1, `to-u${n}@example.com`)),
    ...Array.from({ length: shared }, (_, n) =>
      ['one', 'One', 'ONE'].map((name) => member(`${name}${n}@example.com`, 10_001 + n, `to-one${n}@example.com`)),
    ).flat(),
    ...Array.from({ length: shared }, (_, n) =>
      [0, 1, 2].map((k) => member(`many${n}-${k}@example.com`, 20_001 + 3 * n + k, `to-many${n}@example.com`)),
    ).flat(),
  ]
  return inChunks(members)
}

function inChunks(members: readonly Omit<Member, 'chunk'>[]): Member[] {
  const sorted = [...members].sort((one, other) => (personId(one.ouid) < personId(other.ouid) ? -1 : 1))
  return sorted.map((one, index) => ({ ...one, chunk: Math.floor(index / CHUNK) }))
}

/** `single` persons for themselves, and two of different chunks, in that order, who have one contact. */
export function crowdWithPair(single: number, chunks: readonly [number, number]) {
  for (let n = 0; ; n += 1) {
    const [one, other] = [`one${n}@example.com`, `One${n}@example.com`]
    const pair = [one, other].map((ouid) => member(ouid, 10_001, 'to-one@example.com'))
    const members = inChunks([...crowd(single, 0), ...pair])
    const [first, second] = [one, other].map((ouid) => members.find((each) => each.ouid === ouid))
    if (first?.chunk === chunks[0] && second?.chunk === chunks[1]) return { members, first, second }
  }
}

const member = (ouid: string, n: number, address: string) => ({ ouid, contactId: id(n), address })

/** Members who share `by` with somebody of another chunk, by what they share. */
export function sharedBetweenChunks(members: readonly Member[], by: 'contactId' | 'address'): Member[][] {
  return [...groupBy(members, (one) => one[by]).values()].filter((group) => new Set(group.map((m) => m.chunk)).size > 1)
}

/** An environment with everybody's contact, and nothing written yet. */
export function crowdDraft(
  members: readonly Member[],
  target: TargetDraft,
  more: Partial<WorldDraft> = {},
): WorldDraft {
  const contacts = [...groupBy(members, ({ contactId }) => contactId)].map(([contactid, [first]]) => ({
    contactid,
    emailaddress1: first?.ouid.toLowerCase(),
    emailaddress2: first?.address,
    modifiedon: since(-99 * DAYS),
  }))
  const seed = { columns: { contacts: [{ type: 'boolean', name: 'new_news' } as const] }, rows: { contacts } }
  return { ...more, targets: [target], emulator: { ...more.emulator, seed } }
}

/** What each member says: yes, but one of three no, by its place in the crowd. */
export function sayings(members: readonly Member[], at = -DAYS): Saying[] {
  return members.map(({ ouid }, index) => saysNews(ouid, index % 3 !== 0, since(at - index * 1_000)))
}

/** What Dataverse holds, without who wrote it and when: contact columns and consent values. */
export function held({ emulator }: DeliverWorld): Record<string, unknown> {
  const columns = emulator.world.rows('contact').map((row) => [`contact ${row['contactid']}`, row['new_news']])
  const consents = emulator.world
    .rows(CONSENTS)
    .map((row) => [`consent ${row[`${CONSENTS}id`]}`, row['msdynmkt_value']])
  return Object.fromEntries([...columns, ...consents].sort(([one], [other]) => (String(one) < String(other) ? -1 : 1)))
}
