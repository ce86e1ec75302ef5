/** The headers that leave custom logic out (Dataverse: bypass custom business logic). */
import { badRequest } from './api-error.ts'
import type { Bypass } from './webhook-event.ts'

/** Steps that one request may name (Dataverse: `BypassBusinessLogicExecutionStepIdsLimit`, 3 unless changed). */
const MAX_STEP_IDS = 3

/**
 * What a request bypasses, or undefined for nothing. `MSCRM.BypassCustomPluginExecution` leaves out synchronous logic
 * alone, so it says nothing about webhooks. Throws 400 for more step ids than allowed.
 */
export function bypassOf(headers: ReadonlyMap<string, string>): Bypass | undefined {
  const kinds = headers.get('mscrm.bypassbusinesslogicexecution')
  const steps = headers.get('mscrm.bypassbusinesslogicexecutionstepids')
  if (kinds === undefined && steps === undefined) return undefined
  const stepIds = new Set(listOf(steps))
  if (stepIds.size > MAX_STEP_IDS) throw badRequest(`At most ${MAX_STEP_IDS} step ids can be bypassed.`)
  return { stepIds, asynchronous: listOf(kinds).includes('customasync') }
}

function listOf(header: string | undefined): readonly string[] {
  return (header ?? '')
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '')
}
