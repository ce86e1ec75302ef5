/**
 * Ways out of this machine: through the proxy that the environment names (`HTTPS_PROXY`, `NO_PROXY`), as every program of
 * a company goes; what listens on this machine is reached without one.
 */

import { getProxyForUrl } from 'proxy-from-env'
import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici'
import { CodedError } from './errors.ts'
import { isLoopbackUrl } from './loopback.ts'

/**
 * The proxy that a URL is reached through; absent where it is reached itself. Plain HTTP is spoken with this machine and
 * with the metadata service of its host alone, and neither is behind a proxy.
 * @throws CodedError `config-invalid` for a proxy that is none
 */
export function proxyFor(url: URL): URL | undefined {
  if (url.protocol !== 'https:' || isLoopbackUrl(url)) return undefined
  const named = getProxyForUrl(url.href)
  if (named === '') return undefined
  const proxy = URL.canParse(named) ? new URL(named) : undefined
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy
  // What stands there may hold a password, and is not told.
  throw new CodedError('config-invalid', [
    {
      where: 'HTTPS_PROXY',
      found: proxy === undefined ? 'no URL' : `a proxy of the kind ${proxy.protocol}`,
      expected: 'http://HOST:PORT or https://HOST:PORT',
      remedy: 'Correct the variable, or take the host out with NO_PROXY.',
    },
  ])
}

/** Connections to whatever origin is asked, each by its own way; whoever opens them closes them. */
export function openAgent(options: Agent.Options): Agent {
  const factory = (origin: string | URL, own: object): Dispatcher => {
    const proxy = proxyFor(new URL(origin))
    return proxy === undefined ? new Pool(origin, own) : new ProxyAgent({ ...options, uri: proxy.href })
  }
  return new Agent({ ...options, factory })
}
