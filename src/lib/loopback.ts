/** Which hosts are this machine alone. */

import { isIP } from 'node:net'

/** Whether what is sent there leaves the machine nowhere. */
export function isLoopbackHost(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** The same of a URL, which writes an IPv6 address in brackets. */
export function isLoopbackUrl({ hostname }: Pick<URL, 'hostname'>): boolean {
  return isLoopbackHost(hostname.replace(/^\[|\]$/g, ''))
}
