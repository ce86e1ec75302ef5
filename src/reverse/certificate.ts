/** The receiver's certificate: read at start, and again when somebody laid a new one there. */

import { readFile } from 'node:fs/promises'
import type { WebhookSettings } from '../config/settings.ts'
import { CodedError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Certificate, Receiver } from './receiver.ts'

/** To be called now and then. A certificate that cannot be read or used is told, and looked at again the next time; the old one stays. */
export function renewingChanges(
  receiver: Pick<Receiver, 'renew'>,
  webhook: WebhookSettings,
  first: Certificate | undefined,
  log: Log,
): () => Promise<void> {
  let tried = first
  return async () => {
    try {
      const now = await certificateOf(webhook)
      if (now === undefined || (now.cert === tried?.cert && now.key === tried.key)) return
      receiver.renew(now)
      tried = now
      log.info({}, 'a new certificate')
    } catch (error) {
      log.error({}, error instanceof CodedError ? error.message : 'no new certificate')
    }
  }
}

/** Both files; `undefined` where plain HTTP is spoken. @throws CodedError `config-invalid` */
export async function certificateOf({ tls }: WebhookSettings): Promise<Certificate | undefined> {
  return tls && { cert: await pem(tls.certificate), key: await pem(tls.key) }
}

async function pem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    const where = 'reverse.webhook.tls'
    const [found, expected, remedy] = [`no readable file ${path}`, 'a PEM file', 'Create or mount it.']
    throw new CodedError('config-invalid', [{ where, found, expected, remedy }])
  }
}
