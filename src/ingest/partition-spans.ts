/** The spans of partitions that are read object by object, several partitions at once. */

import { noObserver, type Observer, type OpenSpan, spanned } from '../observe/observer.ts'
import type { IngestCounts } from '../report/ingest-report.ts'
import type { SelectedPartition } from './selection.ts'

export class PartitionSpans {
  readonly #observer: Observer
  readonly #selected: readonly SelectedPartition[]
  readonly #open = new Map<number, OpenSpan>()

  constructor(observer: Observer | undefined, selected: readonly SelectedPartition[]) {
    this.#observer = observer ?? noObserver
    this.#selected = selected
  }

  /** Reads one object of the partition at this place; its first one opens the partition's span. */
  object<T>(place: number, work: () => Promise<T>): Promise<T> {
    const { exportId = '', date = '' } = this.#selected[place]?.partition ?? {}
    const seen = { 'didomi_dataverse.export_id': exportId, 'didomi_dataverse.date': date }
    const span = this.#open.get(place) ?? this.#observer.open('ingest partition', seen)
    this.#open.set(place, span)
    return span.within(() => spanned(this.#observer, 'ingest object', seen, work))
  }

  /** Tells what its objects gave so far; once the partition is `complete` its span ends. */
  concluded(place: number, objects: number, counts: IngestCounts | undefined, complete: boolean): void {
    const span = this.#open.get(place)
    span?.set({
      'didomi_dataverse.objects': objects,
      'didomi_dataverse.lines': counts?.lines ?? 0,
      'didomi_dataverse.rejects': counts?.rejects ?? 0,
    })
    if (!complete) return
    span?.end()
    this.#open.delete(place)
  }

  /** Ends those that are left: damaged, archived in vain, or read on by others. */
  end(): void {
    for (const span of this.#open.values()) span.end()
    this.#open.clear()
  }
}
