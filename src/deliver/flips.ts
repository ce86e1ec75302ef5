/** How many known choices a run would turn over, told from the store alone before the first write (semantics §8.7). */

import { createHash } from 'node:crypto'
import type { BrakeSettings } from '../config/settings.ts'
import { CodedError } from '../lib/errors.ts'
import { ownValue } from '../projection/contact-row.ts'
import { guard } from '../projection/guard.ts'
import type { LedgerEntry, Place } from '../store/store.ts'
import { allowedAtOnce, planNamed } from './brake-plan.ts'
import type { WantedValue } from './ledger.ts'

/** A choice wanted at a place. */
export interface WantedChoice {
  readonly place: Place
  readonly optsIn: boolean
  readonly wanted: WantedValue
}

/** Counts flips of what the ledger knows, and names the whole of them: the plan that `--accept` takes. */
export class Flips {
  toOptedIn = 0
  toOptedOut = 0
  readonly #hash = createHash('sha256')

  /** A flip: the ledger's value differs and, were it still there, the guard would let the wanted one replace it. */
  count({ place, optsIn, wanted }: WantedChoice, entry: LedgerEntry | undefined): void {
    const known = entry?.confirmed
    if (known === undefined || known.value === wanted.value) return
    const own = ownValue(entry, (value) => value === known.value) ?? known
    const held = { ...own, ours: true, loTolerance: 0, hiTolerance: 0 }
    const claim = { stance: optsIn ? 'opt-in' : 'refusal', lo: wanted.lo, hi: wanted.hi } as const
    if (guard(claim, held, 'newest') !== 'write') return
    if (optsIn) this.toOptedIn += 1
    else this.toOptedOut += 1
    this.#hash.update(`${place} ${optsIn}\n`)
  }

  /** Names exactly these flips; once asked for, no more can be counted. */
  plan(): string {
    return planNamed(this.#hash)
  }
}

/** @throws CodedError `brake` where more than the allowed number would flip either way and `accepted` is another plan. */
export function applyBrake(
  flips: Flips,
  known: number,
  { target, brake, accepted }: { target: string; brake: BrakeSettings; accepted: string | undefined },
): void {
  const allowed = allowedAtOnce(brake, known)
  if (flips.toOptedIn <= allowed && flips.toOptedOut <= allowed) return
  const plan = flips.plan()
  if (plan === accepted) return
  throw new CodedError('brake', [
    {
      where: `target ${target}, before the first write`,
      found: `${flips.toOptedIn} choices to turn to opted in and ${flips.toOptedOut} to opted out, of ${known} known`,
      expected: `at most ${allowed} either way`,
      remedy: `Look into it; if it is right, run again with --accept ${plan}.`,
    },
  ])
}
