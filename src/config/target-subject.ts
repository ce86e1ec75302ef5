/** What the rules about one target look at. */

import type { Complaint } from '../lib/errors.ts'
import type { Environment } from './application-user.ts'
import type { IntegrationDocument } from './document.ts'
import type { Where } from './place.ts'
import type { WrittenTarget } from './schema.ts'

/** A target with its document, the environment that completes it, and how places in both are named. */
export interface TargetSubject {
  readonly target: WrittenTarget
  readonly document: IntegrationDocument
  readonly env: Environment
  readonly where: Where
  readonly documentWhere: Where
}

/** A rule; `says` is its sentence in docs/configuration.md. */
export interface Rule<Subject> {
  readonly says: string
  readonly check: (subject: Subject) => Complaint[]
}
