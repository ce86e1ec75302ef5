/** The id under which a person is stored and ordered: a hash, so that work is spread evenly and joins come in key order. */

import { hash } from 'node:crypto'

/** 32 hex digits: the first 16 bytes of SHA-256 over the normalised OUID in UTF-8. */
export function personId(ouid: string): string {
  return hash('sha256', ouid, 'hex').slice(0, 32)
}
