/** Checked settings as written → the receiver's, as used. */

import { resolve } from 'node:path'
import { defect } from '../lib/errors.ts'
import { present } from './present.ts'
import { parseDurationMs, parseSizeBytes } from './quantity.ts'
import type { WrittenSettings } from './schema.ts'
import { Secret } from './secret.ts'
import type { WebhookSettings } from './settings.ts'

type WrittenWebhook = NonNullable<NonNullable<WrittenSettings['reverse']>['webhook']>

/** Relative paths lie in `folder`. */
export function buildWebhook(
  { secrets, tls, maxBody, requestTimeout, ownUsers, ...rest }: WrittenWebhook,
  folder: string,
): WebhookSettings {
  const [first, ...others] = secrets.map((secret) => new Secret(secret))
  return present({
    ...rest,
    secrets: [first ?? defect('config/build', 'a webhook without a secret'), ...others] as const,
    tls: tls && { certificate: resolve(folder, tls.certificate), key: resolve(folder, tls.key) },
    maxBodyBytes: parseSizeBytes(maxBody) ?? defect('config/build', 'a size that the schema let through'),
    requestTimeoutMs: parseDurationMs(requestTimeout) ?? defect('config/build', 'a time that the schema let through'),
    ownUsers: ownUsers.map((id) => id.toLowerCase()),
  })
}
