/** Tokens of one application user: one token request at a time, and the token at hand until it must be renewed. */

import { systemClock } from '../lib/clock.ts'
import type { ApiRoot } from './api-root.ts'
import type { Grant, ManagedIdentitySettings, RegistrationSettings } from './application-user.ts'
import { openManagedIdentity } from './managed-identity.ts'
import { openRegistration } from './registration.ts'
import { NoAnswer } from './send.ts'
import type { TokenSource } from './token.ts'

/** One application user of an environment. */
export type AuthenticationSettings = RegistrationSettings | ManagedIdentitySettings

/** How long the token at hand is used on, once its renewal found nobody: else every request would wait for one more try. */
const RENEWAL_PAUSE_MS = 30_000

function isManaged(settings: AuthenticationSettings): settings is ManagedIdentitySettings {
  return settings.credential.kind === 'managed-identity'
}

/** Waits for a promise that others share, but no longer than the signal allows. */
function untilAborted<T>(shared: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    shared.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/**
 * Opens the token source of one application user. MSAL does not coalesce callers, so one call at a time goes to it and
 * all wait for the same answer. Tokens are dated by the machine's own clock, as MSAL does.
 * @throws CodedError `token-refused` here or from `token`; from `token` also `NoAnswer` (nothing was sent to Dataverse).
 */
export function openTokens(settings: AuthenticationSettings, root: ApiRoot, timeoutMs: number): TokenSource {
  const scope = settings.scope ?? `${root.origin}/.default`
  const grant = isManaged(settings)
    ? openManagedIdentity(settings, scope, timeoutMs)
    : openRegistration(settings, root, scope, timeoutMs)
  let held: Grant | undefined
  let refusedToken: string | undefined
  let flight: Promise<string> | undefined

  async function acquire(): Promise<string> {
    try {
      let granted = await grant(false)
      if (granted.token === refusedToken) granted = await grant(true)
      if (granted.token !== refusedToken) held = granted
      return granted.token
    } catch (error) {
      const now = systemClock.now()
      if (!(error instanceof NoAnswer) || held === undefined || held.expiresAtMs <= now) throw error
      held = { ...held, renewAtMs: now + RENEWAL_PAUSE_MS }
      return held.token
    }
  }

  return {
    token: async (signal) => {
      signal.throwIfAborted()
      const now = systemClock.now()
      if (held !== undefined && now < held.renewAtMs && now < held.expiresAtMs) return held.token
      const shared = flight ?? acquire()
      flight = shared
      const land = () => {
        if (flight === shared) flight = undefined
      }
      shared.then(land, land)
      return untilAborted(shared, signal)
    },
    // Many requests may be refused with one token; only the first of them lets a fresh one be fetched. A flight that
    // is under way may bring the refused token, so it is not waited for.
    forget: (token) => {
      if (token === refusedToken) return
      refusedToken = token
      held = undefined
      flight = undefined
    },
  }
}
