/** The address of a Dataverse environment, and the authority that issues tokens for it. */

import { parseSecureUrl } from './secure-url.ts'

/** Where an environment is reached. */
export interface Instance {
  /** Scheme, host and port, without a slash at the end. */
  readonly origin: string
  /** The Web API, such as `https://acme.crm4.dynamics.com/api/data/v9.2`, without a slash at the end. */
  readonly root: string
  /** The scope of a token for this environment (Dataverse: client credentials ask for `<origin>/.default`). */
  readonly scope: string
}

/** The API version the program is written against; an instance may name another one (on-premises servers differ). */
const API_PATH = '/api/data/v9.2'

/** What `parseInstance` accepts, in words. */
export const INSTANCE_EXPECTED =
  'https://<host>, https://<host>/<organisation> (on-premises) or either with /api/data/v9.2; http on loopback only'

/** Reads the three written forms of an instance; `undefined` for anything else. */
export function parseInstance(text: string): Instance | undefined {
  const url = parseSecureUrl(text)
  if (url === undefined) return undefined
  const path = /^(\/(?!api(?:\/|$))[\w-]+)?(\/api\/data\/v\d+\.\d+)?$/.exec(url.pathname.replace(/\/+$/, ''))
  if (path === null) return undefined
  const [, organisation = '', api = API_PATH] = path
  return { origin: url.origin, root: `${url.origin}${organisation}${api}`, scope: `${url.origin}/.default` }
}

const PUBLIC_AUTHORITY = 'login.microsoftonline.com'

/** Host suffix of an environment → host of its authority (Dataverse: national clouds). */
const AUTHORITIES: ReadonlyArray<readonly [suffix: string, host: string]> = [
  ['.dynamics.com', PUBLIC_AUTHORITY],
  ['.microsoftdynamics.us', 'login.microsoftonline.us'],
  ['.appsplatform.us', 'login.microsoftonline.us'],
  ['.dynamics.cn', 'login.partner.microsoftonline.cn'],
]

/** The authority of an environment; `known` is false where the host is of no Microsoft cloud (on-premises). */
export function defaultAuthority(
  instance: Instance,
  tenantId: string,
): { readonly url: string; readonly known: boolean } {
  const { hostname } = new URL(instance.origin)
  const host = AUTHORITIES.find(([suffix]) => hostname.endsWith(suffix))?.[1]
  return { url: `https://${host ?? PUBLIC_AUTHORITY}/${encodeURIComponent(tenantId)}`, known: host !== undefined }
}
