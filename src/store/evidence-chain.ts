/** The evidence log as a chain: each entry's hash covers its bytes and the hash before it, so that no change stays hidden. */

import { hash } from 'node:crypto'
import { formatInstant } from '../consent/time.ts'
import type { EvidenceEntry, EvidenceLink } from './evidence.ts'

/** The text that is hashed: an entry without its hash, as `evidence export` writes it. */
export function entryText({ subject, sealed, at, ...entry }: Omit<EvidenceEntry, 'hash'>): string {
  return JSON.stringify({
    sequence: entry.sequence,
    at: formatInstant(at),
    run: entry.run,
    organization: entry.organization,
    target: entry.target,
    decision: entry.decision,
    subject: Buffer.from(subject).toString('hex'),
    sealed: Buffer.from(sealed).toString('base64'),
  })
}

/** The hash of an entry that follows the one with the hash `before`. */
export function entryHash(before: Uint8Array, entry: Omit<EvidenceEntry, 'hash'>): Uint8Array {
  return hash('sha256', Buffer.concat([before, Buffer.from(entryText(entry), 'utf8')]), 'buffer')
}

/** Gives entries their place behind `head`, in order; the last one's is the new head. */
export function chained(
  head: EvidenceLink,
  entries: ReadonlyArray<Omit<EvidenceEntry, 'sequence' | 'hash'>>,
): { readonly entries: EvidenceEntry[]; readonly head: EvidenceLink } {
  const placed: EvidenceEntry[] = []
  let last = head
  for (const entry of entries) {
    const next = { ...entry, sequence: last.sequence + 1 }
    last = { ...next, hash: entryHash(last.hash, next) }
    placed.push({ ...next, hash: last.hash })
  }
  return { entries: placed, head: { sequence: last.sequence, hash: last.hash } }
}
