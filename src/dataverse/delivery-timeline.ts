/** How the requests of one environment went over time: answers, rows, refusals, waits. */

import { Timeline, type TimelineFigures } from '../lib/timeline.ts'
import type { Limit } from '../pace/pace.ts'
import type { Reply } from './send.ts'

/** A moment by both clocks, in milliseconds. */
interface Moment {
  readonly nowMs: number
  readonly wallMs: number
}

/** Begins with the first thing that is worth counting. */
export class DeliveryTimeline {
  #timeline: Timeline | undefined

  /** `rows` are those that the request was to write; they count if all went well. */
  replied({ status }: Reply, rows: number, limit: Limit | undefined, moment: Moment): void {
    const timeline = this.#at(moment)
    timeline.add('requests', moment.nowMs, 1)
    if (rows > 0 && status < 300) timeline.add('rows', moment.nowMs, rows)
    if (limit !== undefined) timeline.add(`throttled: ${limit}`, moment.nowMs, 1)
  }

  /** From and until are of the monotonic clock. */
  waits(cause: string, fromMs: number, untilMs: number, moment: Moment): void {
    this.#at(moment).spread(`waited: ${cause}`, fromMs, untilMs, untilMs - fromMs)
  }

  figures(): TimelineFigures | undefined {
    return this.#timeline?.figures()
  }

  #at({ nowMs, wallMs }: Moment): Timeline {
    this.#timeline ??= new Timeline(nowMs, wallMs)
    return this.#timeline
  }
}
