/** Signed assertions (JSON Web Tokens) as a client presents them: read, and verified against a key. */
import { constants, type KeyObject, verify } from 'node:crypto'

/** A token whose three parts could be read; nothing of it is believed yet. */
export interface Assertion {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly signed: Buffer
  readonly signature: Buffer
}

/** The algorithms that assertions may be signed with (Entra ID: certificate credentials). */
const ALGORITHMS: ReadonlyMap<unknown, { readonly padding: number; readonly saltLength?: number }> = new Map([
  ['RS256', { padding: constants.RSA_PKCS1_PADDING }],
  ['PS256', { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }],
])

/** `undefined` for anything but three base64url parts of which two are JSON objects, signed as `RS256` or `PS256`. */
export function parseAssertion(text: string): Assertion | undefined {
  const [head = '', body = '', tail = '', ...more] = text.split('.')
  const header = objectIn(head)
  const claims = objectIn(body)
  if (more.length > 0 || tail === '' || header === undefined || claims === undefined) return undefined
  if (!ALGORITHMS.has(header['alg'])) return undefined
  return { header, claims, signed: Buffer.from(`${head}.${body}`), signature: Buffer.from(tail, 'base64url') }
}

function objectIn(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** Whether the holder of this key's private half signed it. */
export function isSignedBy({ header, signed, signature }: Assertion, key: KeyObject): boolean {
  const algorithm = ALGORITHMS.get(header['alg'])
  if (algorithm === undefined || key.asymmetricKeyType !== 'rsa') return false
  return verify('sha256', signed, { key, ...algorithm }, signature)
}

/** Whether a claim is this text, or a list that holds it. */
export function claims({ claims: all }: Assertion, name: string, text: string): boolean {
  const claim = all[name]
  return Array.isArray(claim) ? claim.includes(text) : claim === text
}

/** Clocks may differ by so much. (Entra ID: five minutes; inferred.) */
const SKEW_MS = 300_000

/** Whether it may be used now; `now` in milliseconds since the epoch. Without an end it may not. */
export function isCurrent({ claims: { exp, nbf } }: Assertion, now: number): boolean {
  if (typeof exp !== 'number' || exp * 1_000 + SKEW_MS <= now) return false
  return typeof nbf !== 'number' || nbf * 1_000 - SKEW_MS <= now
}
