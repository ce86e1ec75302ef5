/** What was read at the left end, in numbers that add up. */

import type { ConsentEntry } from '../projection/slot.ts'
import { DATINGS, type Dating } from './dating.ts'
import { goesTo, type Speaker, type SpeakerPage } from './speaker.ts'

/** Counts of rows, of the answers in them, and of where those go. */
export interface ReadingReport {
  readonly rows: number
  readonly merged: number
  readonly malformed: number
  readonly speakers: number
  /** Speakers times questions. */
  readonly answers: number
  readonly statements: number
  readonly empty: number
  readonly unreadable: number
  readonly dated: Readonly<Record<Dating, number>>
  readonly withoutAddress: number
  readonly placed: number
  /** Slots that the placed statements touch, counted once for each of them. */
  readonly placements: number
  readonly tooLongAddresses: number
}

export class ReadingCounts {
  #rows = 0
  #merged = 0
  #malformed = 0
  #speakers = 0
  #statements = 0
  #empty = 0
  #unreadable = 0
  #withoutAddress = 0
  #placed = 0
  #placements = 0
  #tooLong = 0
  readonly #dated = Object.fromEntries(DATINGS.map((dating) => [dating, 0])) as Record<Dating, number>

  page({ speakers, merged, malformed }: SpeakerPage, entries: readonly ConsentEntry[]): void {
    this.#rows += speakers.length + merged + malformed
    this.#merged += merged
    this.#malformed += malformed
    for (const speaker of speakers) this.#speaker(speaker, entries)
  }

  #speaker({ utterances, empty, unreadable, points, tooLong }: Speaker, entries: readonly ConsentEntry[]): void {
    this.#speakers += 1
    this.#statements += utterances.length
    this.#empty += empty
    this.#unreadable += unreadable
    if (tooLong) this.#tooLong += 1
    for (const { entries: positions, dating } of utterances) {
      this.#dated[dating] += 1
      const slots = positions.flatMap((position) => {
        const entry = entries[position]
        return entry === undefined ? [] : points.filter((point) => goesTo(entry, point))
      })
      if (slots.length === 0) this.#withoutAddress += 1
      else this.#placed += 1
      this.#placements += slots.length
    }
  }

  report(questions: number): ReadingReport {
    return {
      rows: this.#rows,
      merged: this.#merged,
      malformed: this.#malformed,
      speakers: this.#speakers,
      answers: this.#speakers * questions,
      statements: this.#statements,
      empty: this.#empty,
      unreadable: this.#unreadable,
      dated: this.#dated,
      withoutAddress: this.#withoutAddress,
      placed: this.#placed,
      placements: this.#placements,
      tooLongAddresses: this.#tooLong,
    }
  }
}
