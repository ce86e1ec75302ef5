/** `reverse serve` on the command line: listens until a signal comes, and then ends in order with 130 or 143. */

import { receive } from '../../jobs/receive.ts'
import type { ReverseSettings, WebhookSettings } from '../config/settings.ts'
import { systemClock } from '../lib/clock.ts'
import { CodedError } from '../lib/errors.ts'
import { openInbox } from '../wire.ts'
import { interruptible } from './interruption.ts'
import { type OpeningFlags, openSettings, openVoices } from './opening.ts'

/** Says on stdout where it listens, and at the end what came. @throws CodedError `interrupted`, `terminated` */
export async function runReverseServe(flags: OpeningFlags): Promise<never> {
  const { log } = openVoices(flags)
  const settings = await openSettings(flags.config, log)
  const webhook = webhookOf(settings.reverse)
  // From here on: the first process of a container does not hear a signal that nobody listens for.
  const { signal, end } = interruptible(undefined, (text) => log.warn({}, text))
  try {
    const inbox = await openInbox(settings.store, systemClock)
    try {
      const { tls, host, path } = webhook
      const counts = await receive(
        { inbox, clock: systemClock, log },
        settings,
        webhook,
        ({ port }) =>
          say(flags, { listening: { tls: tls !== undefined, host, port, path } }, () => {
            const at = `${host.includes(':') ? `[${host}]` : host}:${port}${path}`
            return `listening at ${tls === undefined ? 'http' : 'https'}://${at}`
          }),
        signal,
      )
      say(flags, { version: 1, job: 'receive', ...counts }, () => {
        const { accepted, own, strange, failed } = counts
        const refused = counts.unauthorised + counts.malformed + counts.tooLarge
        return `events: ${accepted} accepted, ${own} our own, ${strange} of other tables, ${refused} refused, ${failed} failed`
      })
    } finally {
      await inbox.close()
    }
    throw signal.reason
  } finally {
    end()
  }
}

/** @throws CodedError `config-invalid` where no receiver is configured */
export function webhookOf(reverse: ReverseSettings): WebhookSettings {
  if (reverse?.webhook !== undefined) return reverse.webhook
  throw new CodedError('config-invalid', [
    {
      where: 'reverse.webhook',
      found: 'nothing',
      expected: 'how the receiver is reached, with a secret',
      remedy: 'Configure it; docs/reverse.md shows how.',
    },
  ])
}

function say({ json }: OpeningFlags, answer: object, text: () => string): void {
  process.stdout.write(`${json ? JSON.stringify(answer) : text()}\n`)
}
