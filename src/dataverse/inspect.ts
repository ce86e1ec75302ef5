/** The inspection of an environment over its connections: ours, and each application user's own. */

import { defect } from '../lib/errors.ts'
import { someWith } from './bounded.ts'
import type { Connection } from './connection.ts'
import { definition } from './definition.ts'
import type { Inspection } from './inspection.ts'
import { audience, purposeModels } from './journeys.ts'
import { privileges, roles, signIn, users } from './users.ts'

/** `open` ends a call with the environment's closing as well. */
export function inspectionOf(
  connection: Connection,
  own: readonly Connection[],
  open: (signal: AbortSignal) => AbortSignal,
): Inspection {
  const by = (user: number) => own[user] ?? defect('inspection', 'an application user that is not configured')
  return {
    userCount: own.length,
    signIn: (user, signal) => signIn(by(user), open(signal)),
    users: (ids, signal) => users(connection, ids, open(signal)),
    roles: (userId, signal) => roles(connection, userId, open(signal)),
    privileges: (user, userId, names, signal) => privileges(by(user), userId, names, open(signal)),
    definition: (logicalName, signal) => definition(connection, logicalName, open(signal)),
    someWith: (table, column, most, signal) => someWith(connection, table, column, most, open(signal)),
    purposeModels: (ids, signal) => purposeModels(connection, ids, open(signal)),
    audience: (signal) => audience(connection, open(signal)),
  }
}
