/** Options to open a Dataverse on loopback: a clock that only counts, no jitter, tokens from the server itself. */

import type { RegistrationSettings } from '../../src/dataverse/application-user.ts'
import type { TableMetadata } from '../../src/dataverse/dataverse.ts'
import type { DataverseOptions } from '../../src/dataverse/open.ts'
import type { Clock } from '../../src/lib/clock.ts'

/** A clock whose sleep returns at once and moves the time; `slept` tells the pauses. */
export function countingClock(startMs = 1_800_000_000_000): Clock & { readonly slept: number[] } {
  let ms = 0
  const slept: number[] = []
  return {
    slept,
    now: () => startMs + ms,
    monotonic: () => ms,
    sleep: async (waitMs, signal) => {
      signal?.throwIfAborted()
      slept.push(waitMs)
      ms += waitMs
    },
  }
}

export const TENANT = '00000000-0000-4000-8000-00000000000a'
const CLIENT = '00000000-0000-4000-8000-00000000000b'

/** MSAL takes https authorities only; the metadata then names a token endpoint on loopback. */
export function authenticationAt(
  tokenEndpoint: string,
  secret = 'not-a-secret',
  clientId = CLIENT,
): RegistrationSettings {
  const authority = `https://login.example.com/${TENANT}`
  return {
    tenantId: TENANT,
    clientId,
    credential: { kind: 'secret', secret: { reveal: () => secret } },
    authority,
    knownAuthorities: ['login.example.com'],
    authorityMetadata: JSON.stringify({
      token_endpoint: tokenEndpoint,
      authorization_endpoint: `${authority}/authorize`,
      issuer: `${authority}/v2.0`,
      jwks_uri: `${authority}/keys`,
    }),
  }
}

export function optionsFor(origin: string, more: Partial<DataverseOptions> = {}): DataverseOptions {
  return {
    apiRoot: `${origin}/api/data/v9.2/`,
    authentication: [authenticationAt(`${origin}/token`)],
    userAgent: 'didomi-dataverse/test',
    clock: countingClock(),
    random: () => 0,
    ...more,
  }
}

/** A contact table as metadata gives it, small. */
export function contactTable(bulk = true): TableMetadata {
  const column = { validForCreate: true, validForUpdate: true, secured: false }
  const text = (logicalName: string) => [logicalName, { ...column, logicalName, type: 'text', maxLength: 100 }] as const
  return {
    logicalName: 'contact',
    entitySetName: 'contacts',
    primaryId: 'contactid',
    changeTracking: true,
    elastic: false,
    columns: new Map([text('emailaddress1'), text('lastname')]),
    lookups: new Map(),
    bulk: { createMultiple: bulk, updateMultiple: bulk },
  }
}

/** The n-th id of a test. */
export const guid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`
