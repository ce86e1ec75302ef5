/** Takes what Dataverse tells of into the inbox until it is told to stop; `reverse` reads the rows that were touched. */

import type { Settings, WebhookSettings } from '../src/config/settings.ts'
import type { Clock } from '../src/lib/clock.ts'
import type { Log } from '../src/lib/log.ts'
import { certificateOf, renewingChanges } from '../src/reverse/certificate.ts'
import type { ReceivingInbox } from '../src/reverse/inbox.ts'
import { openReceiver, type Receiver, type ReceiverCounts } from '../src/reverse/receiver.ts'
import { watchedTable } from '../src/reverse/webhook-tables.ts'

export interface ReceivePorts {
  readonly inbox: ReceivingInbox
  readonly clock: Clock
  readonly log: Log
}

/** How often the counts are logged, where they changed. */
const TELL_MS = 60_000
/** How often it is looked whether somebody laid a new certificate there. */
const RENEW_MS = 60_000

/**
 * Listens until `signal` is aborted, answers what is under way, and tells what came. `listening` hears of the receiver
 * once it is there. @throws CodedError `config-invalid`
 */
export async function receive(
  { inbox, clock, log }: ReceivePorts,
  { targets }: Pick<Settings, 'targets'>,
  webhook: WebhookSettings,
  listening: (receiver: Receiver) => void,
  signal: AbortSignal,
): Promise<ReceiverCounts> {
  const tls = await certificateOf(webhook)
  const receiver = await openReceiver({
    inbox,
    writable: () => inbox.check(),
    settings: webhook,
    ...(tls && { tls }),
    tables: new Set(targets.map((target) => watchedTable(target).table)),
    log,
    monotonic: clock.monotonic,
  })
  const telling = setInterval(tellingChanges(receiver.counts, log), TELL_MS)
  const renewing = setInterval(renewingChanges(receiver, webhook, tls, log), RENEW_MS)
  try {
    listening(receiver)
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    return receiver.counts
  } finally {
    clearInterval(telling)
    clearInterval(renewing)
    await receiver.drain()
  }
}

/** What is none of ours is told louder: a registration, or a secret, that has parted from the configuration. */
function tellingChanges(counts: Readonly<ReceiverCounts>, log: Log): () => void {
  const amiss = ({ strange, unauthorised, malformed, tooLarge, failed }: ReceiverCounts) =>
    strange + unauthorised + malformed + tooLarge + failed
  let told = { ...counts }
  return () => {
    const now = { ...counts }
    if (amiss(now) > amiss(told)) log.warn(now, 'events so far, some of them not taken')
    else if (now.accepted > told.accepted || now.own > told.own) log.info(now, 'events so far')
    told = now
  }
}
