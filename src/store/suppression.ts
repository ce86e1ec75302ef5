/** What an erasure leaves behind: a keyed hash of the OUID, and the instant up to which nothing counts (semantics §8.9). */

import { createHmac } from 'node:crypto'
import { textAfter } from '../consent/after.ts'
import type { Instant } from '../consent/time.ts'
import { normaliseOuid } from '../record/normalise.ts'
import type { ReadingSettings } from '../record/record.ts'
import type { StateRow } from './store.ts'

/** How OUIDs are spelt: `identity.normalise`. */
export type Spelling = ReadingSettings['normalise']

/** Each spelling makes equal what those before it make equal, and more. */
const SPELLINGS: readonly Spelling[] = ['none', 'lowercase', 'email']

/**
 * The hashes to keep for a person erased under `spelling`. A rebuild may spell OUIDs otherwise (semantics §8.6), and the
 * person must not come back by it; so there is one for each spelling that makes no finer differences.
 */
export function hashesToKeep(key: Uint8Array, ouid: string, spelling: Spelling): Uint8Array[] {
  return coarserThan(spelling).map((later) => hashOf(key, spelling, later, ouid))
}

/** The hashes under which a person read under `spelling` may have been kept, whatever spelling held then. */
export function hashesToFind(key: Uint8Array, ouid: string, spelling: Spelling): Uint8Array[] {
  const coarser = coarserThan(spelling)
  return SPELLINGS.map((then) => hashOf(key, then, coarser.includes(then) ? then : spelling, ouid))
}

/** The spelling itself, and those that make fewer differences. */
const coarserThan = (spelling: Spelling): readonly Spelling[] => SPELLINGS.slice(SPELLINGS.indexOf(spelling))

function hashOf(key: Uint8Array, erasedUnder: Spelling, readUnder: Spelling, ouid: string): Uint8Array {
  const text = `suppression/${erasedUnder}/${readUnder}/${normaliseOuid(ouid, readUnder)}`
  return createHmac('sha256', key).update(text, 'utf8').digest()
}

/** Rows as they may be joined, and how many of them had something left out. */
export interface Admitted {
  readonly rows: readonly StateRow[]
  readonly suppressed: number
}

/** Leaves out what persons said up to their erasure; `until` answers its instant. */
export function admitted(rows: readonly StateRow[], until: (row: StateRow) => Instant | undefined): Admitted {
  const kept: StateRow[] = []
  let suppressed = 0
  for (const row of rows) {
    const instant = until(row)
    if (instant === undefined) {
      kept.push(row)
      continue
    }
    const { person, ouid, userId, state: said } = row
    const state = textAfter(said, instant)
    if (state !== said) suppressed += 1
    if (state !== undefined) kept.push({ person, ouid, userId, state })
  }
  return { rows: kept, suppressed }
}
