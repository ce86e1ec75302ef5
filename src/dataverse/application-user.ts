/** An application user: how it proves who it is, and what it is granted. */

/** A secret that shows itself only when asked: it cannot be logged by accident. */
export interface Secret {
  reveal(): string
}

/** How an app registration proves to its authority that it is itself. */
export type Credential =
  | { readonly kind: 'secret'; readonly secret: Secret }
  | {
      readonly kind: 'certificate'
      /** SHA-256 of the certificate, hex. */
      readonly thumbprintSha256: string
      /** PEM. */
      readonly privateKey: Secret
      /** The certificate chain in PEM, where the authority wants it sent. */
      readonly x5c?: Secret
    }
  | {
      readonly kind: 'workload-identity'
      /** Path of the federated token: somebody else rotates it, so it is read anew for each token request. */
      readonly tokenFile: string
    }

/** An app registration: an application user that proves who it is. */
export interface RegistrationSettings {
  readonly tenantId: string
  readonly clientId: string
  readonly credential: Credential
  /** A whole authority URL instead of the one derived from the environment's host; AD FS: `https://…/adfs/`. */
  readonly authority?: string
  /** OpenID metadata of the authority as JSON text, so that it is not asked for. */
  readonly authorityMetadata?: string
  /** Host names of authorities that Microsoft does not know. */
  readonly knownAuthorities?: readonly string[]
  /** Instead of `<environment>/.default`. */
  readonly scope?: string
}

/** Which identity of the machine: of the user-assigned ones the one named, else the system-assigned one. */
export type IdentityChoice =
  | { readonly clientId: string }
  | { readonly resourceId: string }
  | { readonly objectId: string }
  | 'system-assigned'

/** An identity that Azure gives the machine: nothing is kept here, and its tenant is Azure's to know. */
export interface ManagedIdentitySettings {
  readonly credential: { readonly kind: 'managed-identity'; readonly identity: IdentityChoice }
  /** Instead of `<environment>/.default`. */
  readonly scope?: string
}

/** A token as it was granted; times in milliseconds since the epoch. */
export interface Grant {
  readonly token: string
  readonly expiresAtMs: number
  /** From then on a fresh one is asked for; the old one still works until it expires. */
  readonly renewAtMs: number
}

/**
 * Asks for a token; `fresh` leaves out whatever is remembered.
 * @throws CodedError `token-refused`, or `NoAnswer` where nobody could be asked.
 */
export type GrantToken = (fresh: boolean) => Promise<Grant>
