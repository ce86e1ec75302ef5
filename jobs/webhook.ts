/** Registers the receiver in Dataverse, looks how that stands, or takes it away again. */

import type { TargetSettings, WebhookSettings } from '../src/config/settings.ts'
import type { Dataverse } from '../src/dataverse/dataverse.ts'
import type { WebhookRegistry } from '../src/dataverse/webhooks.ts'
import { exitCode } from '../src/report/exit-code.ts'
import { demandPrivileges, missingPrivileges, privilegesToLook, READ_JOBS } from '../src/reverse/webhook-privileges.ts'
import {
  failedDeliveries,
  findWebhook,
  listingRegistrar,
  register,
  unregister,
} from '../src/reverse/webhook-registration.ts'
import { watchedTable } from '../src/reverse/webhook-tables.ts'
import { MOST_FAILED, type WebhookReport } from '../src/reverse/webhook-text.ts'
import { endpointName, wantedIn } from '../src/reverse/webhook-wanted.ts'

export interface WebhookPorts {
  readonly registry: WebhookRegistry
  readonly dataverse: Pick<Dataverse, 'whoAreWe'>
}

export interface WebhookRequest {
  readonly step: WebhookReport['step']
  readonly target: TargetSettings
  readonly webhook: WebhookSettings
  readonly url: string
}

/** Nothing is written before it is known that all of it may be. @throws CodedError `forbidden`, `config-invalid`, … */
export async function webhook(
  { registry, dataverse }: WebhookPorts,
  { step, target, webhook, url }: WebhookRequest,
  signal: AbortSignal,
): Promise<WebhookReport> {
  const watched = watchedTable(target)
  const [{ userId }] = await dataverse.whoAreWe(signal)
  const held = await privilegesToLook(registry, signal)
  const found = await findWebhook(registry, endpointName(target.name), url, signal)
  const administrator = await registry.isAdministrator(signal)
  const about = { version: 1, job: 'webhook', step, target: target.name, url, table: watched.table } as const
  const told = { ...about, elsewhere: found.elsewhere, kept: 0, administrator, applicationUser: userId }

  if (step === 'uninstall') {
    const listed = await unregister(listingRegistrar, found, signal)
    demandPrivileges(listed.changes, held)
    const { changes, kept } = await unregister(registry, found, signal)
    return { ...told, changes, kept, missingPrivileges: [], exitCode: exitCode(kept > 0 ? ['deferred'] : []) }
  }

  const wanted = await wantedIn(registry, target.name, url, webhook, watched, signal)
  const listed = await register(listingRegistrar, found, wanted, signal)
  if (step === 'status') {
    const failed = held.has(READ_JOBS) ? await failedDeliveries(registry, found, MOST_FAILED, signal) : undefined
    const code = exitCode(listed.length > 0 ? ['deferred'] : [])
    const lacking = { changes: listed, missingPrivileges: missingPrivileges(listed, held), exitCode: code }
    return { ...told, ...lacking, ...(failed !== undefined && { failedDeliveries: failed }) }
  }
  demandPrivileges(listed, held)
  return { ...told, changes: await register(registry, found, wanted, signal), missingPrivileges: [], exitCode: 0 }
}
