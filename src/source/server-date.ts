/** The time on the server of an object store, from the `Date` of any answer: a refusal has one too, so nobody signs in. */

import type { LocationSettings } from '../config/settings.ts'

const LIMIT_MS = 10_000

/** Milliseconds since the epoch; nothing where the server does not tell, or for a folder. */
export async function serverDate(location: LocationSettings, signal: AbortSignal): Promise<number | undefined> {
  const url = addressOf(location)
  if (url === undefined) return undefined
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)])
  const { headers } = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: limit })
  const ms = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(ms) ? undefined : ms
}

function addressOf(location: LocationSettings): string | undefined {
  switch (location.kind) {
    case 'directory':
      return undefined
    case 's3': {
      const { endpoint, region } = location
      return endpoint ?? `https://s3${region === undefined ? '' : `.${region}`}.amazonaws.com/`
    }
    case 'gcs':
      return location.endpoint ?? 'https://storage.googleapis.com/'
  }
}
