/** Counts of one target while it is heard. */

import type { HeardReport } from '../report/reverse-report.ts'
import type { OpenLook } from '../store/told.ts'
import type { Ruling } from './decide.ts'
import { addQuiet, noQuiet, type Quiet } from './hearing.ts'

export class HeardCounts {
  read: HeardReport['read'] = 'changes'
  rows = 0
  deletedRows = 0
  looks = 0
  readonly #quiet = noQuiet()
  readonly #foreign = { told: 0, known: 0, superseded: 0, parked: 0 }

  quiet(more: Quiet): void {
    addQuiet(this.#quiet, more)
  }

  ruled({ kind }: Ruling): void {
    if (kind === 'unmapped') this.#quiet.unmapped += 1
    else this.#foreign[kind] += 1
  }

  report(
    rest: Pick<HeardReport, 'target' | 'mode' | 'warnings'> & { readonly waiting: readonly OpenLook[] },
  ): HeardReport {
    const { read, rows, deletedRows, looks } = this
    const sum = (counts: object) => Object.values(counts).reduce<number>((total, count) => total + Number(count), 0)
    const foreign = sum(this.#foreign)
    const waiting: Record<string, number> = {}
    for (const { reason } of rest.waiting) waiting[reason] = (waiting[reason] ?? 0) + 1
    const places = sum(this.#quiet) + foreign
    return { ...rest, read, rows, deletedRows, looks, places, ...this.#quiet, foreign, ...this.#foreign, waiting }
  }
}
