/** The schema of `authentication`: one application user of the environment, or a list of them. */

import * as z from 'zod'
import { INSTANCE_EXPECTED } from './instance.ts'
import { closed, filledIn, formed, list, text } from './schema-parts.ts'
import { SECURE_URL_FORM } from './secure-url.ts'

const AUTHORITY_EXPECTED = 'an https URL'

const certificate = closed({
  privateKey: text.describe('Private key in PEM, as a reference.'),
  thumbprintSha256: formed(/^[0-9a-fA-F]{64}$/, 'a SHA-256 thumbprint: 64 hexadecimal digits').describe(
    'SHA-256 thumbprint of the certificate: 64 hexadecimal digits.',
  ),
  x5c: text.optional().describe('Certificate chain in PEM, as a reference; only for subject-name authentication.'),
})

const workloadIdentity = closed({
  tokenFile: formed(/^(?!eyJ)[^\r\n]+$/, 'the path of the token file, not the token in it')
    .optional()
    .describe(
      'Path of the federated token, read anew for each token request; without it `AZURE_FEDERATED_TOKEN_FILE`.',
    ),
})

const managedIdentity = closed({
  clientId: filledIn.optional().describe('Client id of a user-assigned identity.'),
  resourceId: filledIn.optional().describe('Resource id of a user-assigned identity: `/subscriptions/…`.'),
  objectId: filledIn.optional().describe('Object id of a user-assigned identity.'),
})

const user = closed({
  instance: formed(SECURE_URL_FORM, INSTANCE_EXPECTED)
    .optional()
    .describe("Address of the environment; wins over the document's."),
  tenantId: filledIn.optional().describe("Entra tenant; wins over the document's."),
  clientId: filledIn.optional().describe("Application (client) id; wins over the document's."),
  clientSecret: text.optional().describe("Client secret, as a reference; wins over the document's."),
  certificate: certificate.optional().describe('A certificate instead of a client secret.'),
  workloadIdentity: workloadIdentity
    .optional()
    .describe('The federated token of a workload instead of a client secret; `{}` where the platform sets `AZURE_…`.'),
  managedIdentity: managedIdentity
    .optional()
    .describe(
      'An identity that Azure gives the machine, instead of an app registration; `{}` is the system-assigned one.',
    ),
  authority: formed(/^https:\/\/[^\s@?#<>]+$/, AUTHORITY_EXPECTED)
    .optional()
    .describe("Who issues tokens; without it the cloud of the instance's host and the tenant decide. AD FS needs it."),
  authorityMetadata: z
    .union([text, z.record(z.string(), z.unknown())], {
      error: 'an OpenID configuration, as an object or as JSON text',
    })
    .optional()
    .describe("The authority's OpenID configuration, so that it is not fetched."),
  knownAuthorities: list(text, 'host names')
    .default([])
    .describe('Host names of authorities to trust without asking Microsoft about them.'),
})

/** One application user as written. */
export type WrittenUser = z.output<typeof user>

/** `authentication`. */
export const authenticationSchema = z.union(
  [user, list(user, 'application users').min(1, { error: 'at least one application user' })],
  { error: 'an application user, or a list of them' },
)

/** The application users as written: one is a list of one. */
export function writtenUsers(authentication: z.output<typeof authenticationSchema>): readonly WrittenUser[] {
  return Array.isArray(authentication) ? authentication : [authentication]
}
