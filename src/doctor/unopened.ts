/** Stands for an environment that could not even be opened (a key that is none, an address that is none): whoever asks hears why. */

import type { InspectedDataverse } from '../dataverse/inspection.ts'

/** Every method fails with this error. `users` is how many application users are configured. */
export function unopened(error: unknown, users: number): InspectedDataverse {
  const refused = () => Promise.reject(error)
  const refusing = (): never => {
    throw error
  }
  return {
    inspection: {
      userCount: users,
      signIn: refused,
      users: refused,
      roles: refused,
      privileges: refused,
      definition: refused,
      someWith: refused,
      purposeModels: refused,
      audience: refused,
    },
    whoAreWe: refused,
    concurrency: refusing,
    figures: refusing,
    table: refused,
    purposes: refused,
    topics: refused,
    rowsIn: refused,
    rowsWithAny: refusing,
    anyStartingWith: refused,
    write: refused,
    changes: refusing,
  }
}
