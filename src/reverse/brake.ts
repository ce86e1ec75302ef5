/** Looks at all that is to be told before the first event is posted (semantics §11.4). Pure. */

import { createHash } from 'node:crypto'
import type { BrakeSettings } from '../config/settings.ts'
import { allowedAtOnce, planNamed } from '../deliver/brake-plan.ts'
import { CodedError } from '../lib/errors.ts'
import type { ToldStatement } from '../store/told.ts'

/**
 * `untold` in the order of their events; `records`: how many the store holds.
 *
 * @throws CodedError `brake` where more than the allowed number of any kind is to be told and `accepted` is another plan
 */
export function brakeOnTelling(
  untold: readonly ToldStatement[],
  records: number,
  { brake, accepted }: { readonly brake: BrakeSettings; readonly accepted: string | undefined },
): void {
  const count = (is: (value: ToldStatement['value']) => boolean) => untold.filter(({ value }) => is(value)).length
  const counts = [count((value) => value === true), count((value) => value === false), count(Array.isArray)]
  const allowed = allowedAtOnce(brake, records)
  if (counts.every((one) => one <= allowed)) return
  const hash = createHash('sha256')
  for (const { event, person, key } of untold) hash.update(`${event} ${person} ${key}\n`)
  const plan = planNamed(hash)
  if (plan === accepted) return
  const [optIns, refusals, sets] = counts
  throw new CodedError('brake', [
    {
      where: 'reverse, before the first event',
      found: `${optIns} opt-ins, ${refusals} refusals and ${sets} sets to tell Didomi; the store holds ${records} records`,
      expected: `at most ${allowed} of each`,
      remedy: `Look into it; if it is right, run again with --accept ${plan}, which tells just these.`,
    },
  ])
}
