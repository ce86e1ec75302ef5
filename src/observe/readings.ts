/** The values of the metrics, as they stand: written by the run, read by whatever tells them. */

import type { LabelsOf, MetricName } from './metrics.ts'

export interface Reading {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Mutable: a run fills it while it lasts. */
export class Readings {
  readonly #common: Readonly<Record<string, string>>
  readonly #readings = new Map<MetricName, Map<string, Reading>>()

  /** `common`: labels that every reading has. */
  constructor(common: Readonly<Record<string, string>> = {}) {
    this.#common = common
  }

  set<Name extends MetricName>(name: Name, value: number, labels: LabelsOf<Name>): void {
    this.#put(name, labels, () => value)
  }

  add<Name extends MetricName>(name: Name, value: number, labels: LabelsOf<Name>): void {
    this.#put(name, labels, (before) => before + value)
  }

  /** Every reading of one metric; none where it was never set. */
  of(name: MetricName): Reading[] {
    return [...(this.#readings.get(name)?.values() ?? [])]
  }

  #put(name: MetricName, own: Readonly<Record<string, string>>, next: (before: number) => number): void {
    const labels = { ...this.#common, ...own }
    const key = JSON.stringify(Object.entries(labels).sort())
    const readings = this.#readings.get(name) ?? new Map<string, Reading>()
    this.#readings.set(name, readings.set(key, { labels, value: next(readings.get(key)?.value ?? 0) }))
  }
}
