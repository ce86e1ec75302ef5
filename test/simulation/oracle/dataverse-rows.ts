/** From Dataverse's column names to the oracle's words, so that a journal can be made from an emulator's. */

import type { Channel, ConsentColumns } from './history.ts'

const CHANNELS: Readonly<Record<number, Channel>> = {
  534120000: 'email',
  534120001: 'text',
  534120002: 'custom',
  534120003: 'voice',
}
const VALUES = { 534120000: 'unset', 534120001: 'in', 534120002: 'out' } as const

type Raw = Readonly<Record<string, unknown>>

/** The columns of `msdynmkt_contactpointconsent4` that a write or a row holds; lookups as `_…_value` or as a bind. */
export function consentColumns(raw: Raw): ConsentColumns {
  const address = raw['msdynmkt_contactpointvalue']
  const channel = CHANNELS[Number(raw['msdynmkt_contactpointtype'])]
  const purpose = guidOf(raw['_msdynmkt_purposeid_value'] ?? raw['msdynmkt_purposeId@odata.bind'])
  const topic = guidOf(raw['_msdynmkt_topicid_value'] ?? raw['msdynmkt_topicId@odata.bind'])
  return {
    ...(typeof address === 'string' ? { address } : {}),
    ...(channel === undefined ? {} : { channel }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(topic === undefined ? {} : { topic }),
    ...('msdynmkt_value' in raw ? { value: consentValue(raw['msdynmkt_value']) } : {}),
  }
}

function consentValue(code: unknown): 'in' | 'out' | 'unset' | null {
  if (code === null || code === undefined) return null
  const value = VALUES[Number(code) as keyof typeof VALUES]
  if (value === undefined) throw new Error('a consent row holds a value that is no code of msdynmkt_consentvalue')
  return value
}

function guidOf(lookup: unknown): string | undefined {
  if (typeof lookup !== 'string') return undefined
  return (/\(([^)]+)\)$/.exec(lookup)?.[1] ?? lookup).toLowerCase()
}
