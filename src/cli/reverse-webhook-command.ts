/** `reverse webhook install|status|uninstall` on the command line: the report on stdout, its exit code. */

import { webhook } from '../../jobs/webhook.ts'
import { parseSecureUrl, SECURE_URL_EXPECTED } from '../config/secure-url.ts'
import type { Settings, TargetSettings } from '../config/settings.ts'
import { CodedError } from '../lib/errors.ts'
import { ADMINISTRATOR_WARNING, type WebhookReport, webhookText } from '../reverse/webhook-text.ts'
import { openTarget } from '../wire.ts'
import { interruptible } from './interruption.ts'
import { type OpeningFlags, openSettings, openVoices } from './opening.ts'
import { webhookOf } from './reverse-serve-command.ts'

/** The flags of each step as commander gives them. */
export interface WebhookFlags extends Omit<OpeningFlags, 'quiet'> {
  readonly url: string
  readonly target?: string
}

/** Dataverse: serviceendpoint `url`. */
const MAX_URL = 2_000

/** Runs one step and answers its exit code; the store is not touched. */
export async function runWebhook(step: WebhookReport['step'], flags: WebhookFlags, version: string): Promise<number> {
  const { log, progress } = openVoices({ ...flags, quiet: true })
  checkUrl(flags.url)
  const settings = await openSettings(flags.config, log)
  const receiver = webhookOf(settings.reverse)
  const target = targetOf(settings, flags.target)
  const { signal, end } = interruptible(undefined, (text) => log.warn({}, text))
  try {
    const dataverse = openTarget(target, { log, progress, version })
    try {
      const ports = { dataverse, registry: dataverse.webhooks }
      const report = await webhook(ports, { step, target, webhook: receiver, url: flags.url }, signal)
      process.stdout.write(`${flags.json ? JSON.stringify(report) : webhookText(report)}\n`)
      if (flags.json && report.administrator) log.warn({}, ADMINISTRATOR_WARNING)
      return report.exitCode
    } finally {
      await dataverse.close()
    }
  } finally {
    end()
  }
}

function checkUrl(url: string): void {
  if (parseSecureUrl(url) !== undefined && url.length <= MAX_URL) return
  throw usage('--url', 'a text that is no such URL', SECURE_URL_EXPECTED)
}

function targetOf({ targets }: Settings, name: string | undefined): TargetSettings {
  const [only, second] = targets
  if (name === undefined && only !== undefined && second === undefined) return only
  const named = targets.find((target) => target.name === name)
  if (named !== undefined) return named
  throw usage(
    '--target',
    name === undefined ? `nothing, and ${targets.length} targets` : 'no target of this name',
    'a name',
  )
}

function usage(where: string, found: string, expected: string): CodedError {
  const remedy = 'See didomi-dataverse reverse webhook --help.'
  return new CodedError('usage', [{ where, found, expected, remedy }])
}
