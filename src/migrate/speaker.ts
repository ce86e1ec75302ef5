/** Who speaks at the left end of a migration – a contact, a row of a CSV file – and what is kept of it by address. */

import type { Statement } from '../consent/statement.ts'
import { type Instant, SINCE_EVER } from '../consent/time.ts'
import type { ContactPoint } from '../projection/contact-point.ts'
import type { ConsentEntry } from '../projection/slot.ts'
import type { Spoken } from '../store/migration-file.ts'
import type { PersonId } from '../store/store.ts'
import type { Dating } from './dating.ts'

/** One answered question. */
export interface Utterance {
  /** Positions in the current document's entries. */
  readonly entries: readonly number[]
  readonly statement: Statement
  readonly dating: Dating
}

/** A contact or a CSV row with what it says. */
export interface Speaker {
  readonly id: string
  /** By whose OUID the evidence names it; absent where there is none. */
  readonly person?: PersonId
  readonly points: readonly ContactPoint[]
  readonly tooLong: boolean
  readonly utterances: readonly Utterance[]
  readonly empty: number
  readonly unreadable: number
  /** Didomi purposes that it refuses, paired or not (semantics §6.7). */
  readonly refuses: readonly string[]
}

/** Speakers read together, and what else was read. */
export interface SpeakerPage {
  readonly speakers: readonly Speaker[]
  /** Rows that speak for nobody: merged contacts, whose masters do; malformed CSV rows. */
  readonly merged: number
  readonly malformed: number
}

/** What a speaker says at one address. */
export interface SaidHere {
  readonly person?: PersonId
  readonly said: ReadonlyArray<{ readonly entry: number; readonly statement: Statement }>
  readonly refuses: readonly string[]
}

/** Does an entry go to this channel? */
export const goesTo = ({ channel }: ConsentEntry, point: Pick<ContactPoint, 'channel'>): boolean =>
  channel === undefined || channel === point.channel

/** A speaker's words at each of its addresses; addresses at which it has nothing to say are left out. */
export function spokenOf(speaker: Speaker, entries: readonly ConsentEntry[]): Spoken[] {
  return speaker.points.flatMap((point): Spoken[] => {
    const said = speaker.utterances.flatMap(({ entries: positions, statement }) =>
      positions.flatMap((position) => {
        const entry = entries[position]
        return entry !== undefined && goesTo(entry, point) ? [written(position, statement)] : []
      }),
    )
    if (said.length === 0 && speaker.refuses.length === 0) return []
    const text: Written = { s: said, ...(speaker.person && { p: speaker.person }), r: speaker.refuses }
    return [{ channel: point.channel, address: point.address, speaker: speaker.id, said: JSON.stringify(text) }]
  })
}

type WrittenStatement = readonly [entry: number, value: 0 | 1, lo: number | null, hi: number | null, event?: string]

interface Written {
  readonly s: readonly WrittenStatement[]
  readonly p?: PersonId
  readonly r: readonly string[]
}

const bound = (instant: Instant): number | null => (instant === SINCE_EVER ? null : instant)

function written(entry: number, { value, lo, hi, event }: Statement): WrittenStatement {
  const start = [entry, value ? 1 : 0, bound(lo), bound(hi)] as const
  return event === undefined ? start : [...start, event]
}

/** Reads what `spokenOf` wrote. */
export function saidIn({ said }: Pick<Spoken, 'said'>): SaidHere {
  const { s, p, r } = JSON.parse(said) as Written
  return {
    ...(p !== undefined && { person: p }),
    said: s.map(([entry, value, lo, hi, event]) => ({
      entry,
      statement: {
        value: value === 1,
        lo: lo ?? SINCE_EVER,
        hi: hi ?? SINCE_EVER,
        ...(event !== undefined && { event }),
      },
    })),
    refuses: r,
  }
}
