/** A URL that credentials and consents may be sent to: https, or plain http that does not leave this machine. */

import { isLoopbackUrl } from '../lib/loopback.ts'

/** A coarse form for editors; `parseSecureUrl` decides. No user name, query or fragment. */
export const SECURE_URL_FORM =
  /^(https:\/\/[^\s@?#<>/\\]+|http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?)(\/[^\s@?#<>\\]*)?$/

/** What `parseSecureUrl` accepts, in words. */
export const SECURE_URL_EXPECTED = 'an https URL without user name, query and fragment; http on loopback only'

/** Reads a URL; `undefined` for anything but https, or http to loopback. */
export function parseSecureUrl(text: string): URL | undefined {
  if (!SECURE_URL_FORM.test(text) || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackUrl(url)) ? url : undefined
}

/** The same for webhooks, whose query may hold a signature. A coarse form for editors; `parseHookUrl` decides. */
export const HOOK_URL_FORM =
  /^(https:\/\/[^\s@?#<>/\\]+|http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?)(\/[^\s#<>\\]*)?$/

/** What `parseHookUrl` accepts, in words. */
export const HOOK_URL_EXPECTED = 'an https URL without user name and fragment; http on loopback only'

/** Reads the URL of a webhook; `undefined` for anything but https, or http to loopback. */
export function parseHookUrl(text: string): URL | undefined {
  if (!HOOK_URL_FORM.test(text) || !URL.canParse(text)) return undefined
  const [bare = ''] = text.split('?')
  return parseSecureUrl(bare) === undefined ? undefined : new URL(text)
}
