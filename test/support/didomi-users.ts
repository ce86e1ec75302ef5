/** Users as Didomi's API answers them, and a client to an emulated API. */

import { type DidomiOptions, openDidomi } from '../../src/didomi/open.ts'
import type { DidomiEmulator } from '../../src/emulator/didomi.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { countingClock } from './dataverse-options.ts'
import { below, type Chance } from './sync-world.ts'

/** What differs from a user who said yes to `newsletter` at noon. */
export interface UserWish {
  readonly id?: string
  readonly at?: string
  readonly enabled?: boolean | null
  readonly purposes?: readonly object[]
  readonly user?: Readonly<Record<string, unknown>>
}

export const NOON = '2026-10-20T12:00:00.000Z'

/** One user; the answer has no events. */
export function userOf(ouid: unknown, { id = 'd1', at = NOON, enabled = true, purposes, user }: UserWish = {}): object {
  return {
    id,
    organization_user_id: ouid,
    organization_id: 'acme',
    created_at: '2026-01-01T00:00:00.000Z',
    updated_at: at,
    version: 3,
    country: 'FR',
    regulation: 'gdpr',
    consents: { purposes: purposes ?? [{ id: 'newsletter', enabled }] },
    ...user,
  }
}

/** Users of this many persons, some of them with two devices, in the order of nobody. */
export function usersOf(chance: Chance, persons: number): object[] {
  return Array.from({ length: persons }, (_, number) => number).flatMap((number) =>
    (chance() < 0.2 ? ['d1', 'd2'] : ['d1']).map((id) =>
      userOf(`p${number}@example.com`, {
        id: `${number} ${id}`,
        at: `2026-10-${10 + below(chance, 20)}T0${below(chance, 10)}:00:00.000Z`,
        purposes: [
          { id: 'newsletter', enabled: chance() < 0.5 },
          { id: 'offers', values: { interests: { value: chance() < 0.5 ? 'sports,travel' : 'food' } } },
        ],
      }),
    ),
  )
}

/** What a client to this API is opened with: a clock that only counts, no jitter. */
export function didomiOptions(
  { apiRoot, exportLogUrl, organizationId, key, secret }: DidomiEmulator,
  more: Partial<DidomiOptions> = {},
): DidomiOptions {
  return {
    organizationId,
    key,
    secret: { reveal: () => secret },
    apiRoot,
    exportLogUrl,
    regulations: ['gdpr'],
    userAgent: 'didomi-dataverse/test',
    clock: countingClock(),
    random: () => 0,
    onWait: () => {},
    ...more,
  }
}

export const didomiAt = (emulator: DidomiEmulator, more: Partial<DidomiOptions> = {}) =>
  openDidomi(didomiOptions(emulator, more))

/** A clock that stands still until `pass` moves it; a sleep moves it too. */
export function settableClock(startMs: number): Clock & { pass(ms: number): void } {
  let ms = 0
  return {
    now: () => startMs + ms,
    monotonic: () => ms,
    sleep: async (waitMs, signal) => {
      signal?.throwIfAborted()
      ms += waitMs
    },
    pass: (waitMs) => {
      ms += waitMs
    },
  }
}
