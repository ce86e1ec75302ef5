/** The federated token of a workload identity: a file that the platform writes and rotates (Entra: workload identity federation). */

import { readFile } from 'node:fs/promises'
import { TokenRefusal } from './token-refusal.ts'

/** Three parts in base64url. Whatever else lies at a mistaken path is not sent to anybody. */
const TOKEN_FORM = /^[\w-]+\.[\w-]+\.[\w-]+$/

/**
 * Reads the token as it is now.
 * @throws TokenRefusal that names the path, where there is no file or no token in it.
 */
export async function readFederatedToken(path: string): Promise<string> {
  let text: string
  try {
    text = (await readFile(path, 'utf8')).trim()
  } catch {
    throw noToken('no readable file', path)
  }
  if (text === '') throw noToken('an empty file', path)
  if (!TOKEN_FORM.test(text)) throw noToken('a file that holds no signed token', path)
  return text
}

function noToken(found: string, path: string): TokenRefusal {
  return new TokenRefusal('federated_token_unreadable', {
    where: 'authentication.workloadIdentity',
    found: `${found} at ${path}`,
    expected: 'the federated token of this workload',
    remedy: 'Let the platform project a service account token there, or name its path in workloadIdentity.tokenFile.',
  })
}
