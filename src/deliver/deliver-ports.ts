/** The ports that delivery needs. */

import type { Dataverse } from '../dataverse/dataverse.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Progress } from '../lib/progress.ts'
import type { Observer } from '../observe/observer.ts'
import type { Store } from '../store/store.ts'
import type { SharedKeys, Work } from '../work/work.ts'

export interface DeliverPorts {
  readonly store: Store
  readonly dataverse: Dataverse
  readonly clock: Clock
  readonly log: Log
  readonly progress: Progress
  /** Absent where nobody looks on from outside. */
  readonly observer?: Observer
  /** Aborted when what is in flight is waited for no longer; absent where it is not waited for at all. */
  readonly abandoned?: AbortSignal
  /** What the pods of a job share out; absent where this process is alone. */
  readonly pods?: { readonly work: Work; readonly keys: SharedKeys }
  /** Resolves once nothing of a process that held the store before can be under way any more; absent where it ends with its process. */
  readonly quiet?: (signal: AbortSignal) => Promise<void>
}
