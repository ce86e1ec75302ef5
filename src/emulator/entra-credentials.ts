/** What an app registration can prove itself with: secrets, certificates, and tokens of issuers it trusts. */
import { createPublicKey, type JsonWebKey, type KeyObject, X509Certificate } from 'node:crypto'
import { badRequest } from './api-error.ts'

/** A client secret; several of one registration overlap while they are rotated. */
export interface SecretSeed {
  readonly value: string
  /** ISO 8601; left out: it never expires. */
  readonly endsAt?: string
}

/** A certificate, of which the identity provider holds the public half. */
export interface CertificateSeed {
  /** PEM. */
  readonly certificate: string
}

/** Trust in the tokens of another issuer; all three texts are compared exactly (Entra ID: workload identity federation). */
export interface FederatedCredentialSeed {
  readonly issuer: string
  readonly subject: string
  /** Default `api://AzureADTokenExchange`. */
  readonly audience?: string
  /** The issuer's public keys. */
  readonly keys?: readonly JsonWebKey[]
  /** Where they are published instead; read anew for each assertion, on loopback alone. */
  readonly jwksUrl?: string
}

/** Everything is optional; without any the app gets no token. */
export interface CredentialSeeds {
  readonly secret?: string
  /** Beside `secret`. */
  readonly secrets?: readonly SecretSeed[]
  readonly certificates?: readonly CertificateSeed[]
  readonly federatedCredentials?: readonly FederatedCredentialSeed[]
}

/** A registered secret; `endsAtMs` in milliseconds since the epoch. */
export interface Secret {
  readonly value: string
  readonly endsAtMs: number
}

/** A registered certificate; thumbprints as base64url, as assertions carry them; times in milliseconds since the epoch. */
export interface Certificate {
  readonly sha1: string
  readonly sha256: string
  readonly key: KeyObject
  readonly startsAtMs: number
  readonly endsAtMs: number
}

/** A registered federated credential. */
export interface FederatedCredential
  extends Required<Pick<FederatedCredentialSeed, 'issuer' | 'subject' | 'audience'>> {
  readonly keys: readonly JsonWebKey[]
  readonly jwksUrl: string | undefined
}

/** The credentials of one registration. */
export interface Credentials {
  readonly secrets: readonly Secret[]
  readonly certificates: readonly Certificate[]
  readonly federated: readonly FederatedCredential[]
}

/** Reads seeds. Throws 400 for a certificate, a key, a date or a URL that will not do. */
export function openCredentials(seeds: CredentialSeeds): Credentials {
  const own = seeds.secret === undefined ? [] : [{ value: seeds.secret }]
  return {
    secrets: [...own, ...(seeds.secrets ?? [])].map(secretOf),
    certificates: (seeds.certificates ?? []).map(certificateOf),
    federated: (seeds.federatedCredentials ?? []).map(federatedOf),
  }
}

function secretOf({ value, endsAt }: SecretSeed): Secret {
  const endsAtMs = endsAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(endsAt)
  if (value === '' || Number.isNaN(endsAtMs)) throw badRequest('A secret needs a value and, if it ends, an ISO date.')
  return { value, endsAtMs }
}

function certificateOf({ certificate }: CertificateSeed): Certificate {
  try {
    const { fingerprint, fingerprint256, publicKey, validFrom, validTo } = new X509Certificate(certificate)
    const print = (hex: string) => Buffer.from(hex.replaceAll(':', ''), 'hex').toString('base64url')
    return {
      sha1: print(fingerprint),
      sha256: print(fingerprint256),
      key: publicKey,
      startsAtMs: Date.parse(validFrom),
      endsAtMs: Date.parse(validTo),
    }
  } catch {
    throw badRequest('A certificate of an application is no X.509 certificate in PEM.')
  }
}

function federatedOf(seed: FederatedCredentialSeed): FederatedCredential {
  const { issuer, subject, audience = 'api://AzureADTokenExchange', keys = [], jwksUrl } = seed
  if (jwksUrl !== undefined && !isLoopback(jwksUrl)) throw badRequest('A JWKS URL must be on loopback.')
  for (const key of keys) publicKeyOf(key)
  return { issuer, subject, audience, keys, jwksUrl }
}

function isLoopback(url: string): boolean {
  try {
    return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname)
  } catch {
    return false
  }
}

/** A JSON Web Key as a key to verify with. Throws 400 where it is none. */
export function publicKeyOf(key: JsonWebKey): KeyObject {
  try {
    return createPublicKey({ key, format: 'jwk' })
  } catch {
    throw badRequest('A key of a federated credential is no public JSON Web Key.')
  }
}
