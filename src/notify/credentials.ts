/** Credentials that end, as far as it can be known here: certificates tell it themselves, the rest is in the settings. */

import { X509Certificate } from 'node:crypto'
import type { Settings } from '../config/settings.ts'

export interface Ending {
  /** What it is called; nothing secret. */
  readonly name: string
  readonly endsAtMs: number
}

/** All of them, the first to end first. A chain that cannot be read is the sign-in's trouble, not ours. */
export function endingCredentials({ targets, credentials }: Pick<Settings, 'targets' | 'credentials'>): Ending[] {
  const certificates = targets.flatMap(({ name, authentication }) =>
    authentication.flatMap(({ credential }, user): Ending[] => {
      if (credential.kind !== 'certificate' || credential.x5c === undefined) return []
      const endsAtMs = endOf(credential.x5c.reveal())
      const whose = authentication.length === 1 ? name : `${name}, user ${user + 1}`
      return endsAtMs === undefined ? [] : [{ name: `certificate of ${whose}`, endsAtMs }]
    }),
  )
  return [...certificates, ...credentials.known].sort((a, b) => a.endsAtMs - b.endsAtMs)
}

/** The chain begins with the certificate itself. */
function endOf(pem: string): number | undefined {
  try {
    return Date.parse(new X509Certificate(pem).validTo)
  } catch {
    return undefined
  }
}
