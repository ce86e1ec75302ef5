/** Settings under which nothing brakes: for what is only looked at, or was looked at already. */

import type { Settings } from '../config/settings.ts'

const NO_BRAKE = { share: Number.POSITIVE_INFINITY, atLeast: 0 }

/** The same settings, with a brake that lets everything pass (semantics §8.7). */
export function withoutBrake(settings: Settings): Settings {
  return { ...settings, targets: settings.targets.map((target) => ({ ...target, brake: NO_BRAKE })) }
}
