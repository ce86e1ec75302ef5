/** Whether a token request proves to be an app registration's: by secret, certificate assertion or federated assertion. */
import type { JsonWebKey } from 'node:crypto'
import { type Assertion, claims, isCurrent, isSignedBy, parseAssertion } from './entra-assertion.ts'
import { type Credentials, type FederatedCredential, publicKeyOf } from './entra-credentials.ts'
import { invalidClient, invalidRequest, type Refusal } from './entra-refusal.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** What a proof is held against. */
export interface ProofContext {
  readonly clientId: string
  readonly tenant: string
  /** The emulator's own. */
  readonly origin: string
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** The refusal, or `undefined` where the proof holds. The same assertion may be shown again: MSAL does until it expires. */
export async function refuteProof(
  form: URLSearchParams,
  credentials: Credentials,
  context: ProofContext,
): Promise<Refusal | undefined> {
  const text = form.get('client_assertion')
  if (text === null) return refuteSecret(form.get('client_secret'), credentials, context)
  if (form.get('client_assertion_type') !== JWT_BEARER) {
    return invalidRequest(50027, "The parameter 'client_assertion_type' must be the JWT bearer's URN.")
  }
  const assertion = parseAssertion(text)
  if (assertion === undefined) return invalidRequest(50027, 'JWT token is invalid or malformed.')
  const { iss, sub } = assertion.claims
  // An issuer that is no client is another identity provider.
  if (iss === context.clientId || (sub === context.clientId && credentials.federated.length === 0)) {
    return refuteCertificate(assertion, credentials, context)
  }
  return refuteFederated(assertion, credentials, context)
}

/** Entra ID: 7000215 for a wrong secret, 7000222 for one that has expired, 7000218 for none. */
function refuteSecret(given: string | null, { secrets }: Credentials, { now }: ProofContext): Refusal | undefined {
  if (given === null || given === '') {
    return invalidClient(7000218, "The request body must contain 'client_assertion' or 'client_secret'.")
  }
  const matching = secrets.filter(({ value }) => value === given)
  if (matching.some(({ endsAtMs }) => now < endsAtMs)) return undefined
  if (matching.length > 0) return invalidClient(7000222, 'The provided client secret keys are expired.')
  return invalidClient(7000215, 'Invalid client secret provided.')
}

/** Entra ID: 700021 where the client speaks for another, 700027 for the signature, 700024 for time, 700023 for audience. */
function refuteCertificate(
  assertion: Assertion,
  { certificates }: Credentials,
  context: ProofContext,
): Refusal | undefined {
  const { clientId, now } = context
  if (!claims(assertion, 'iss', clientId) || !claims(assertion, 'sub', clientId)) {
    return invalidClient(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
  }
  const { x5t, 'x5t#S256': x5tS256 } = assertion.header
  const certificate = certificates.find(({ sha1, sha256 }) => sha256 === x5tS256 || sha1 === x5t)
  const badSignature = (reason: string) =>
    invalidClient(700027, `Client assertion failed signature validation. [Reason - ${reason}]`)
  if (certificate === undefined) return badSignature('The key was not found.')
  if (!isSignedBy(assertion, certificate.key)) return badSignature('The signature does not fit the key.')
  if (now < certificate.startsAtMs || now >= certificate.endsAtMs) return badSignature('The key used is expired.')
  if (!isCurrent(assertion, now)) return outOfTime()
  if (audiencesOf(context).some((audience) => claims(assertion, 'aud', audience))) return undefined
  return invalidClient(700023, 'Client assertion audience claim does not match Realm issuer.')
}

const outOfTime = () => invalidClient(700024, 'Client assertion is not within its valid time range.')

/**
 * The token endpoint, and the tenant's issuer (inferred: both are met in the field), at this address and at the clouds'
 * own, since a client may be pointed here by nothing but its metadata.
 */
function audiencesOf({ origin, tenant }: ProofContext): string[] {
  const hosts = [
    origin,
    'https://login.microsoftonline.com',
    'https://login.microsoftonline.us',
    'https://login.partner.microsoftonline.cn',
  ]
  const paths = ['/oauth2/v2.0/token', '/oauth2/token', '/v2.0', '', '/']
  return hosts.flatMap((host) => paths.map((path) => `${host}/${tenant}${path}`))
}

/** Entra ID: 70025 without any trust, 700211 for the issuer, 700213 for the subject, 700212 for the audience. */
async function refuteFederated(
  assertion: Assertion,
  { federated }: Credentials,
  { now }: ProofContext,
): Promise<Refusal | undefined> {
  if (federated.length === 0) {
    return invalidClient(70025, 'The client has no configured federated identity credentials.')
  }
  const noMatch = (code: number, what: string) =>
    invalidClient(code, `No matching federated identity record found for presented assertion ${what}.`)
  const ofIssuer = federated.filter(({ issuer }) => claims(assertion, 'iss', issuer))
  if (ofIssuer.length === 0) return noMatch(700211, 'issuer')
  const ofSubject = ofIssuer.filter(({ subject }) => claims(assertion, 'sub', subject))
  if (ofSubject.length === 0) return noMatch(700213, 'subject')
  const credential = ofSubject.find(({ audience }) => claims(assertion, 'aud', audience))
  if (credential === undefined) return noMatch(700212, 'audience')
  const keys = await keysOf(credential)
  if (keys === undefined) return invalidRequest(50166, 'Request to External OIDC endpoint failed.')
  const { kid } = assertion.header
  const named = keys.filter((key) => kid === undefined || key['kid'] === undefined || key['kid'] === kid)
  if (named.length === 0) {
    return invalidClient(7000272, 'The key that signed the federated credential is not in the metadata of the issuer.')
  }
  if (!named.some((key) => isSignedBy(assertion, publicKeyOf(key)))) {
    return invalidRequest(
      50027,
      'JWT token is invalid: the token of the external issuer failed signature verification.',
    )
  }
  return isCurrent(assertion, now) ? undefined : outOfTime()
}

/** The issuer's keys; `undefined` where their address answers no key set. */
async function keysOf({ keys, jwksUrl }: FederatedCredential): Promise<readonly JsonWebKey[] | undefined> {
  if (jwksUrl === undefined) return keys
  try {
    const answer = await fetch(jwksUrl, { redirect: 'error' })
    const published = ((await answer.json()) as { readonly keys: readonly JsonWebKey[] }).keys
    for (const key of published) publicKeyOf(key)
    return [...keys, ...published]
  } catch {
    return undefined
  }
}
