/** A bearer token by client credentials, asked for plainly and kept until shortly before it ends. */
import { type Dispatcher, request } from 'undici'
import { CodedError } from '../lib/errors.ts'
import { parsed } from './caller.ts'

/** What a token is asked for with. */
export interface TokenSettings {
  readonly url: string
  readonly authority: string
  readonly clientId: string
  readonly clientSecret: string
  readonly dispatcher: Dispatcher
  /** Milliseconds that only grow. */
  readonly uptime: () => number
}

/** A token is renewed this long before its end. */
const MARGIN_MS = 300_000

/** Gives the token of the moment. Rejects with `token-refused` where none is given; one request at a time. */
export function tokenSource(settings: TokenSettings): () => Promise<string> {
  let held: { readonly token: string; readonly until: number } | undefined
  return async () => {
    if (held === undefined || settings.uptime() >= held.until) held = await ask(settings)
    return held.token
  }
}

async function ask(settings: TokenSettings): Promise<{ token: string; until: number }> {
  const { url, authority, clientId, clientSecret, dispatcher, uptime } = settings
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    scope: `${url}/.default`,
  })
  let status = 'no answer'
  let cause: unknown
  try {
    const reply = await request(`${authority}/oauth2/v2.0/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: form.toString(),
      dispatcher,
    })
    const json = parsed(await reply.body.text()) as { access_token?: unknown; expires_in?: unknown } | undefined
    status = `status ${reply.statusCode}`
    if (reply.statusCode === 200 && typeof json?.access_token === 'string') {
      const lifetimeMs = Number(json.expires_in ?? 0) * 1_000
      return { token: json.access_token, until: uptime() + Math.max(lifetimeMs - MARGIN_MS, lifetimeMs / 2) }
    }
  } catch (error) {
    cause = error
  }
  const [expected, remedy] = ['a token', 'Check tenant, client id, secret and --authority.']
  throw new CodedError('token-refused', [{ where: 'the authority', found: status, expected, remedy }], { cause })
}
