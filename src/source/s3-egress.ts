/** How the SDK's clients reach AWS: directly, or through the proxy of the environment, of which the SDK knows nothing. */

import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { proxyFor } from '../lib/egress.ts'

type Handler = Extract<NonNullable<S3ClientConfig['requestHandler']>, { readonly connectionTimeout?: number }>

/** The settings of a client's connections. @throws CodedError `config-invalid` for a proxy that is none */
export function requestHandlerFor(url: URL, connectionTimeout: number): Handler {
  const proxy = proxyFor(url)
  return {
    connectionTimeout,
    ...(proxy !== undefined && { httpsAgent: new HttpsProxyAgent(proxy, { keepAlive: true }) }),
  }
}

/** Where a bucket lies, as far as the way there depends on it. */
export function bucketUrl(bucket: string, region: string, endpoint: string | undefined): URL {
  return new URL(endpoint ?? `https://${bucket}.s3.${region}.${domainOf(region)}`)
}

/** Where the token service of a region lies, in the same sense. */
export function tokenServiceUrl(region: string): URL {
  return new URL(process.env['AWS_ENDPOINT_URL_STS'] ?? `https://sts.${region}.${domainOf(region)}`)
}

/** AWS: the domains of its partitions. */
const domainOf = (region: string): string => (region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com')
