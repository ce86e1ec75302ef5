/** Which registered steps a row write fires. */
import type { StepImage } from './execution-context.ts'
import { ASYNCHRONOUS } from './hook-tables.ts'
import type { TableSchema } from './schema.ts'
import type { DataverseState } from './state.ts'
import type { Row } from './table.ts'
import type { RowWrite } from './webhook-event.ts'
import { columnList } from './webhook-registration.ts'

/** A step that is enabled, with what it was registered for. */
export interface Step {
  readonly id: string
  readonly name: string
  readonly endpointId: string
  readonly message: string
  /** Undefined: every column fires it. */
  readonly filtering: ReadonlySet<string> | undefined
  readonly images: readonly StepImage[]
  /** The user whose rights it runs with; null: the caller's. */
  readonly impersonatedId: string | null
  /** Whether its system jobs go away when they succeed. */
  readonly autoDelete: boolean
}

/** The enabled steps of a table, by rank; those without a filter hear of every table. */
export function stepsOf(state: DataverseState, { logicalName }: TableSchema): Step[] {
  const filters = state.table('sdkmessagefilter')
  const steps: Row[] = []
  for (const row of state.table('sdkmessageprocessingstep').all()) {
    if (row['statecode'] !== 0 || row['mode'] !== ASYNCHRONOUS) continue
    const filterId = row['sdkmessagefilterid'] ?? null
    const table = filterId === null ? logicalName : filters.get(String(filterId))?.['primaryobjecttypecode']
    if (table === logicalName) steps.push(row)
  }
  return steps.sort((a, b) => Number(a['rank']) - Number(b['rank'])).map((row) => openStep(state, row))
}

/** Whether any enabled step hears of the table; cheap, for it is asked in every transaction. */
export function hasSteps(state: DataverseState, schema: TableSchema): boolean {
  return state.table('sdkmessageprocessingstep').size > 0 && stepsOf(state, schema).length > 0
}

function openStep(state: DataverseState, row: Row): Step {
  const id = String(row['sdkmessageprocessingstepid'])
  const filtering = row['filteringattributes'] ?? null
  const images = state.table('sdkmessageprocessingstepimage')
  return {
    id,
    name: String(row['name'] ?? id),
    endpointId: String(row['eventhandler']),
    message: String(state.table('sdkmessage').get(String(row['sdkmessageid']))?.['name']),
    filtering: filtering === null ? undefined : new Set(columnList(String(filtering))),
    images: images.find(['sdkmessageprocessingstepid'], [id]).map((imageId) => openImage(images.get(imageId) ?? {})),
    impersonatedId: (row['impersonatinguserid'] as string | null | undefined) ?? null,
    autoDelete: row['asyncautodelete'] === true,
  }
}

function openImage(row: Row): StepImage {
  return {
    alias: String(row['entityalias']),
    type: Number(row['imagetype']),
    columns: columnList(String(row['attributes'] ?? '')),
  }
}

/**
 * Whether the write fires the step. Filtering columns count when they are present in an update, changed or not, and do
 * not apply to other messages (Dataverse: sending unchanged values counts as changing them).
 */
export function fires(step: Step, write: RowWrite): boolean {
  if (step.message !== write.message) return false
  if (write.message !== 'Update' || step.filtering === undefined) return true
  return Object.keys(write.columns).some((name) => step.filtering?.has(name))
}

/** Whether the request asked to leave the step out; that it works for webhooks is not documented. */
export function isBypassed(step: Step, { bypass }: RowWrite): boolean {
  return bypass !== undefined && (bypass.asynchronous || bypass.stepIds.has(step.id))
}
