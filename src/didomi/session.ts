/** The session: a token for the private API key, kept until shortly before it ends, renewed once when it is refused. */

import * as z from 'zod'
import type { Clock } from '../lib/clock.ts'
import { sessionAnswer } from './answers.ts'
import type { Answer, Call, Send } from './send.ts'
import { forbidden, unavailable } from './trouble.ts'

export interface SessionSettings {
  /** Where sessions are made. */
  readonly url: URL
  readonly key: string
  readonly secret: { reveal(): string }
  readonly clock: Clock
}

interface Session {
  readonly token: string
  /** On the monotonic clock; beyond it the token is not used any more. */
  readonly goodUntilMs: number
}

/** Didomi: a token lives an hour by default. */
const USUAL_LIFE_MS = 3_600_000
/** A token is renewed this long before its end, or after nine tenths of a shorter life. */
const MARGIN_MS = 60_000

/**
 * Puts the token on every call. A 401 drops the token and tries once more with a fresh one; a second 401 is final.
 * @throws CodedError `didomi-forbidden`, `didomi-unavailable`
 */
export function withSession(send: Send, settings: SessionSettings): Send {
  let session: Session | undefined
  const tokenOf = async (signal: AbortSignal): Promise<string> => {
    if (session === undefined || settings.clock.monotonic() >= session.goodUntilMs)
      session = await openSession(send, settings, signal)
    return session.token
  }
  return async (call: Call, signal: AbortSignal): Promise<Answer> => {
    const token = await tokenOf(signal)
    const answer = await send({ ...call, token }, signal)
    if (answer.status !== 401) return answer
    if (session?.token === token) session = undefined
    const again = await send({ ...call, token: await tokenOf(signal) }, signal)
    if (again.status === 401) throw forbidden(call.what, 'HTTP 401 twice, the second time with a fresh token')
    return again
  }
}

/** Didomi: a wrong key or secret answers 400. */
async function openSession(
  send: Send,
  { url, key, secret, clock }: SessionSettings,
  signal: AbortSignal,
): Promise<Session> {
  const what = 'session'
  const askedAtMs = clock.monotonic()
  const body = { type: 'api-key', key, secret: secret.reveal() }
  const answer = await send({ what, method: 'POST', url, body }, signal)
  if ([400, 401, 403].includes(answer.status)) throw forbidden(what, `HTTP ${answer.status}`)
  const token = answer.status < 300 ? sessionAnswer.safeParse(answer.json).data?.access_token : undefined
  if (token === undefined) throw unavailable(what, `HTTP ${answer.status} without a session`)
  const lifeMs = lifeOf(token, answer.answeredAtMs)
  return { token, goodUntilMs: askedAtMs + lifeMs - Math.min(MARGIN_MS, lifeMs / 10) }
}

const claims = z.object({ exp: z.number() })

/**
 * How long a token still lives by the server's own clock. A token that cannot be read lives the usual time: if that is
 * too long, the 401 tells.
 */
function lifeOf(token: string, answeredAtMs: number): number {
  try {
    const { exp } = claims.parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')))
    return Math.max(0, exp * 1_000 - answeredAtMs)
  } catch {
    return USUAL_LIFE_MS
  }
}
