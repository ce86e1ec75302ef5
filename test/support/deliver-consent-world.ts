/** Ada, her contact and her choices in consent mode: what the tests of consent rows begin with. */

import { COMMERCIAL_PURPOSE_ID, SECOND_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import { consentRow, DAYS, id, OPTED_OUT, since } from './deliver-samples.ts'
import type { TargetDraft, WorldDraft } from './deliver-settings.ts'

export const NEWS = { id: `purpose:${COMMERCIAL_PURPOSE_ID}`, value: 'consents_purposes_news_enabled' }
export const OFFERS = { id: `purpose:${SECOND_PURPOSE_ID}`, value: 'consents_purposes_offers_enabled' }

export const ADA = 'ada@example.com'

/** A world with Ada's contact and one consent target that maps `NEWS`, unless `target` says otherwise. */
export function draft(
  target: Partial<TargetDraft> = {},
  rows: Record<string, readonly Record<string, unknown>[]> = {},
) {
  const contacts = [{ contactid: id(1), emailaddress1: ADA }]
  return {
    targets: [{ type: 'microsoft-dynamics-cpc', mappings: [NEWS], ...target }],
    emulator: { seed: { rows: { contacts, ...rows } } },
  } satisfies WorldDraft
}

/** Ada, who spoke a day ago. */
export const ada = { ouid: ADA, at: since(-DAYS) }

/** A row that somebody made by hand nine days ago: Ada's newsletter, opted out. */
export const byHand = (n: number, more: Partial<Parameters<typeof consentRow>[1]> = {}) =>
  consentRow(n, { address: ADA, value: OPTED_OUT, purpose: COMMERCIAL_PURPOSE_ID, at: since(-9 * DAYS), ...more })
