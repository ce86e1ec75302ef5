/** System jobs: one row of `asyncoperation` per delivery, from waiting to succeeded or failed. */
import { isoSeconds } from './clock.ts'
import { JOB_COMPLETED, JOB_STATUS } from './hook-tables.ts'
import type { Value } from './schema.ts'
import type { DataverseState } from './state.ts'
import type { RowWrite } from './webhook-event.ts'
import type { Step } from './webhook-steps.ts'

/** Puts a waiting job; `id` is the `OperationId` of the delivery. Jobs raise no events and cost no entitlement. */
export function openJob(state: DataverseState, id: string, step: Step, write: RowWrite, correlationId: string): void {
  const now = isoSeconds(state.clock.now())
  const table = state.table('asyncoperation')
  const owner = state.table('systemuser').get(write.userId)
  table.put(id, {
    ...Object.fromEntries([...table.schema.columns.values()].map((each) => [each.logicalName, each.defaultValue])),
    asyncoperationid: id,
    name: step.name,
    operationtype: 1,
    messagename: write.message,
    primaryentitytype: write.schema.logicalName,
    correlationid: correlationId,
    requestid: write.requestId,
    depth: 1,
    retrycount: 0,
    owningextensionid: step.id,
    regardingobjectid: write.id,
    'regardingobjectid@type': write.schema.logicalName,
    createdon: now,
    createdby: write.userId,
    modifiedon: now,
    modifiedby: write.userId,
    ownerid: write.userId,
    'ownerid@type': 'systemuser',
    owninguser: write.userId,
    owningbusinessunit: owner?.['businessunitid'] ?? null,
    versionnumber: state.nextVersion(),
  })
}

/** The delivery begins. */
export function startJob(state: DataverseState, id: string): void {
  change(state, id, { statecode: 2, statuscode: JOB_STATUS.inProgress, startedon: isoSeconds(state.clock.now()) })
}

/** How a delivery ended; `failure` is undefined where it succeeded. */
export interface JobEnd {
  readonly retries: number
  readonly failure: string | undefined
}

/** The delivery ended; a job that succeeded goes away where its step says so. */
export function endJob(state: DataverseState, id: string, step: Step, { retries, failure }: JobEnd): void {
  if (failure === undefined && step.autoDelete) {
    state.table('asyncoperation').remove(id)
    return
  }
  change(state, id, {
    statecode: JOB_COMPLETED,
    statuscode: failure === undefined ? JOB_STATUS.succeeded : JOB_STATUS.failed,
    completedon: isoSeconds(state.clock.now()),
    retrycount: retries,
    message: failure ?? null,
    friendlymessage: failure ?? null,
  })
}

/** A job that somebody deleted meanwhile stays away. */
function change(state: DataverseState, id: string, changes: Readonly<Record<string, Value>>): void {
  const table = state.table('asyncoperation')
  const job = table.get(id)
  if (job === undefined) return
  table.put(id, { ...job, ...changes, modifiedon: isoSeconds(state.clock.now()), versionnumber: state.nextVersion() })
}
