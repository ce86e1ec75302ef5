/** The ports that delivery needs. */

import type { Dataverse } from '../dataverse/dataverse.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Progress } from '../lib/progress.ts'
import type { Store } from '../store/store.ts'

export interface DeliverPorts {
  readonly store: Store
  readonly dataverse: Dataverse
  readonly clock: Clock
  readonly log: Log
  readonly progress: Progress
}
