/** What Customer Insights – Journeys is set to do with consent: enforcement models, audience configuration. */

import { CodedError } from '../lib/errors.ts'
import { type Connection, getObject } from './connection.ts'
import type { Guid } from './dataverse.ts'
import type { AudienceSettings, EnforcementModel, PurposeModels } from './inspection.ts'
import { objectsOf } from './json.ts'
import { readIn } from './read.ts'

/** `msdynmkt_purposeenforcementmodel`. */
const MODELS: ReadonlyMap<unknown, EnforcementModel> = new Map([
  [534120000, 'restrictive'],
  [534120001, 'non-restrictive'],
  [534120002, 'disabled'],
])

/** The column of a purpose that holds the model of each channel; the one without a channel in its name is e-mail's. */
const MODEL_COLUMNS = {
  email: 'msdynmkt_enforcementmodel',
  text: 'msdynmkt_smsenforcementmodel',
  voice: 'msdynmkt_voiceenforcementmodel',
  custom: 'msdynmkt_customenforcementmodel',
} as const

/** The models of the purposes that exist among `ids`. */
export async function purposeModels(
  connection: Connection,
  ids: readonly Guid[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Guid, PurposeModels>> {
  const query = {
    set: 'msdynmkt_purposes',
    primaryId: 'msdynmkt_purposeid',
    select: ['msdynmkt_purposeid', ...Object.values(MODEL_COLUMNS)],
    column: 'msdynmkt_purposeid',
    values: ids,
    guids: true,
    what: 'read msdynmkt_purpose',
  }
  const { rows } = await readIn(connection, query, signal)
  return new Map(
    rows.map(({ id, columns }) => {
      const models = Object.entries(MODEL_COLUMNS).flatMap(([channel, column]) => {
        const model = MODELS.get(columns[column])
        return model === undefined ? [] : [[channel, model] as const]
      })
      return [id, Object.fromEntries(models)]
    }),
  )
}

/** The audience configuration of contacts. Older environments have no such table: nothing then. */
export async function audience(connection: Connection, signal: AbortSignal): Promise<AudienceSettings | undefined> {
  const select = 'msdynmkt_entityname,msdynmkt_emailaddressfields,msdynmkt_phonenumberfields'
  const path = `msdynmkt_contactpointsettingses?$select=${select}&$top=50`
  try {
    const rows = objectsOf(await getObject(connection, path, 'read msdynmkt_contactpointsettings', signal), 'value')
    const own = rows.filter((row) => row['msdynmkt_entityname'] === 'contact')
    if (own.length === 0) return undefined
    const joined = (column: string) => own.map((row) => String(row[column] ?? '')).join(' ')
    return {
      emailFields: joined('msdynmkt_emailaddressfields'),
      phoneFields: joined('msdynmkt_phonenumberfields'),
    }
  } catch (error) {
    if (error instanceof CodedError && error.code === 'dataverse-rejects-request') return undefined
    throw error
  }
}
