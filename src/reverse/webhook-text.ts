/** What `reverse webhook` tells, as text. */

import type { RegistrationChange } from './webhook-registration.ts'

/** What came of one step. No secret, and no value of a column, is in it. */
export interface WebhookReport {
  readonly version: 1
  readonly job: 'webhook'
  readonly step: 'install' | 'status' | 'uninstall'
  readonly target: string
  readonly url: string
  /** Logical name of the table that is listened to. */
  readonly table: string
  /** Made; of `status`: what `install` would do. */
  readonly changes: readonly RegistrationChange[]
  /** Endpoints of our name that call another URL. */
  readonly elsewhere: number
  /** Steps of others that keep our endpoint from being removed. */
  readonly kept: number
  /** Failed deliveries that Dataverse still remembers; absent where we may not look. */
  readonly failedDeliveries?: number
  /** Of `status`: what `install` would lack. */
  readonly missingPrivileges: readonly string[]
  readonly administrator: boolean
  /** Our systemuserid, for `reverse.webhook.ownUsers`. */
  readonly applicationUser: string
  readonly exitCode: number
}

export const ADMINISTRATOR_WARNING =
  'The application user is System Administrator: take that role away again (Power Platform admin center, Environments, ' +
  'Settings, Application users, Edit security roles); the role of the README is enough from now on.'

/** How many failed deliveries are counted at most. */
export const MOST_FAILED = 100

/** A few lines for a person to read. */
export function webhookText(report: WebhookReport): string {
  const { step, changes, elsewhere, kept, failedDeliveries, missingPrivileges, administrator } = report
  const lines = [`webhook ${report.target} → ${report.url}: ${headline(report)}`]
  for (const change of changes) lines.push(`  ${step === 'status' ? 'to ' : ''}${changeText(change)}`)
  if (elsewhere > 0) lines.push(`  ${elsewhere} more of this name call another URL: see them with --url`)
  if (kept > 0) lines.push(`  the endpoint stays: ${kept} steps of others use it`)
  if (failedDeliveries !== undefined && failedDeliveries > 0) {
    const count = failedDeliveries >= MOST_FAILED ? `${MOST_FAILED} or more` : String(failedDeliveries)
    lines.push(`  ${count} deliveries failed (system jobs); change tracking brings what they were about`)
  }
  if (missingPrivileges.length > 0) lines.push(`  install lacks ${missingPrivileges.join(', ')}`)
  if (administrator) lines.push(`  ${ADMINISTRATOR_WARNING}`)
  if (step === 'status') lines.push(`  our application user: ${report.applicationUser}`)
  return lines.join('\n')
}

function headline({ step, changes, table }: WebhookReport): string {
  switch (step) {
    case 'install':
      return changes.length === 0 ? `was installed for ${table} already` : `installed for ${table}`
    case 'status':
      if (changes.length === 0) return `installed for ${table}, as it should be`
      return changes.some(({ verb, table: of }) => verb === 'create' && of === 'endpoint')
        ? 'not installed'
        : `installed for ${table}, but not as it should be`
    case 'uninstall':
      return changes.length === 0 ? 'nothing of ours is there' : 'uninstalled'
  }
}

function changeText({ verb, table, message, columns }: RegistrationChange): string {
  const of = message === undefined ? '' : ` of ${message}`
  return `${verb} ${table}${of}${columns === undefined ? '' : `: ${columns.join(', ')}`}`
}
