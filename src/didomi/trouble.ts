/** What can go wrong with Didomi's API, in the four parts of a message. Never a token, a key, a user or an answer's text. */

import { CodedError } from '../lib/errors.ts'

/** The key or the contract refuses us: nothing but an operator mends it. */
export function forbidden(where: string, found: string): CodedError {
  return new CodedError('didomi-forbidden', [
    {
      where,
      found,
      expected: 'a private API key of this organization whose contract holds the Consents API',
      remedy:
        'Check `didomi.key`, `didomi.secret` and `didomi.organizationId`; ask Didomi whether the call is in the contract.',
    },
  ])
}

/** Whether the key is good, but the contract does not hold the catalogue: it may hold the consents all the same. */
export function isCatalogueClosed(error: unknown): boolean {
  return error instanceof CodedError && error.code === 'didomi-forbidden' && error.complaints[0]?.where !== 'session'
}

/** The API is out of reach, or answers what nobody documents. */
export function unavailable(where: string, found: string, options?: ErrorOptions): CodedError {
  return new CodedError(
    'didomi-unavailable',
    [
      {
        where,
        found,
        expected: "an answer of Didomi's API as it is documented",
        remedy:
          'Run again later, a bootstrap goes on where it stopped; if it stays so, check `didomi.apiRoot` and the network.',
      },
    ],
    options,
  )
}

/** The cursor is refused, which may come from an earlier run: going on from it is impossible. */
export function cursorRefused(where: string, status: number): CodedError {
  return new CodedError('didomi-unavailable', [
    {
      where,
      found: `HTTP ${status} for the cursor of the next page`,
      expected: 'that page',
      remedy: 'Run again; if it stays so, begin anew with --restart: what was read is kept.',
    },
  ])
}
