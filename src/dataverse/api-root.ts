/** The Web API root of one environment: the one origin that requests, next links and delta links may go to. */

import { CodedError } from '../lib/errors.ts'
import { isLoopbackUrl } from '../lib/loopback.ts'

/** A parsed API root. `path` begins and ends with `/`: `/api/data/v9.2/`, on premises `/org/api/data/v9.1/`. */
export interface ApiRoot {
  readonly origin: string
  readonly hostname: string
  readonly path: string
}

/** Is plain http tolerable for this address? Loopback only: a token must never cross a network in the clear. */
export function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackUrl(url))
}

/**
 * Parses the configured root, such as `https://acme.crm4.dynamics.com/api/data/v9.2/`.
 * @throws CodedError `config-invalid` where it is no https URL (http: loopback only) or carries a query.
 */
export function parseApiRoot(text: string): ApiRoot {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const usable = url !== undefined && isSecure(url) && !url.username && !url.password && !url.search && !url.hash
  if (!usable) {
    throw new CodedError('config-invalid', [
      {
        where: 'Dataverse API root',
        found: 'an address that is not a plain https URL',
        expected: 'the form https://<organisation>.crm4.dynamics.com/api/data/v9.2/ (http for loopback hosts only)',
        remedy: 'Correct the instance URL in the configuration.',
      },
    ])
  }
  return {
    origin: url.origin,
    hostname: url.hostname,
    path: url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`,
  }
}

/**
 * The request target (absolute path and query) of a path below the root or of a link that Dataverse gave. A link's
 * text is kept as it is: re-encoding breaks its cookie (Dataverse: paging).
 * @throws CodedError `config-invalid` where the link points to another origin: the token must not follow it.
 */
export function requestTarget(root: ApiRoot, path: string): string {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(path)) return printable(path.startsWith('/') ? path : root.path + path)
  const url = URL.canParse(path) ? new URL(path) : undefined
  const pathAt = path.indexOf('/', path.indexOf('//') + 2)
  if (url?.origin !== root.origin || pathAt < 0) {
    throw new CodedError('config-invalid', [
      {
        where: 'Dataverse next link',
        found: 'a link to another origin',
        expected: `a link below ${root.origin}`,
        remedy: 'Configure the URL that the server itself uses in its answers.',
      },
    ])
  }
  return printable(path.slice(pathAt))
}

/** A request line holds visible ASCII only; a raw blank or line break would end it early. */
function printable(target: string): string {
  return target.replace(/[^\x21-\x7e]/gu, (character) =>
    encodeURIComponent(character.replace(/\p{Surrogate}/u, '\uFFFD')),
  )
}
