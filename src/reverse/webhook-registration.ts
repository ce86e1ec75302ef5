/** From what is registered to what shall be: the same walk makes changes, lists them, or takes everything away. */

import type { Guid, Row } from '../dataverse/dataverse.ts'
import type { RegistrationTable, WebhookRegistry } from '../dataverse/webhooks.ts'
import type { JsonValue } from '../record/record.ts'
import { type Message, OURS, type WantedStep, type WantedWebhook } from './webhook-wanted.ts'

type Columns = Readonly<Record<string, JsonValue>>

/** One change, as far as anybody may hear of it: names of columns, no values. */
export interface RegistrationChange {
  readonly verb: 'create' | 'update' | 'remove'
  readonly table: RegistrationTable
  /** Of steps and images. */
  readonly message?: Message
  /** Of updates: what differs. */
  readonly columns?: readonly string[]
}

/** Where changes go: to Dataverse, or into a list. */
export type Registrar = Pick<WebhookRegistry, 'create' | 'update' | 'remove'>

interface FoundStep {
  readonly row: Row
  readonly images: readonly Row[]
}

/** What Dataverse holds of one receiver. */
export interface FoundWebhook {
  /** Of this name and URL; more than one is left over from a run that was cut off. */
  readonly endpoints: ReadonlyArray<{ readonly row: Row; readonly steps: readonly FoundStep[] }>
  /** Endpoints of this name that call another URL: another installation, or one that moved. */
  readonly elsewhere: number
}

const STEP_COLUMNS = [
  ...['name', 'stage', 'mode', 'rank', 'supporteddeployment', 'asyncautodelete', 'filteringattributes', 'statecode'],
  ...['_sdkmessageid_value', '_sdkmessagefilterid_value'],
]

/** Reads only. */
export async function findWebhook(
  registry: WebhookRegistry,
  name: string,
  url: string,
  signal: AbortSignal,
): Promise<FoundWebhook> {
  const named = await registry.endpoints(name, ['name', 'url', 'contract', 'authtype', 'description'], signal)
  const here = named.filter(({ columns }) => columns['url'] === url)
  const endpoints: Array<FoundWebhook['endpoints'][number]> = []
  for (const row of here) {
    const steps: FoundStep[] = []
    for (const step of await registry.stepsOf(row.id, STEP_COLUMNS, signal)) {
      const select = ['name', 'entityalias', 'imagetype', 'messagepropertyname', 'attributes']
      steps.push({ row: step, images: await registry.imagesOf(step.id, select, signal) })
    }
    endpoints.push({ row, steps })
  }
  return { endpoints, elsewhere: named.length - here.length }
}

/** Failed deliveries of its steps that Dataverse remembers, at most `most`. */
export async function failedDeliveries(
  registry: WebhookRegistry,
  { endpoints }: FoundWebhook,
  most: number,
  signal: AbortSignal,
): Promise<number> {
  let failed = 0
  for (const { row } of endpoints.flatMap(({ steps }) => steps)) {
    failed += await registry.failedDeliveries(row.id, most, signal)
  }
  return Math.min(failed, most)
}

/** Makes what is found what is wanted; answers every change, none where all is right. */
export async function register(
  registrar: Registrar,
  found: FoundWebhook,
  wanted: WantedWebhook,
  signal: AbortSignal,
): Promise<RegistrationChange[]> {
  const changes = new Changes(registrar, signal)
  const [endpoint, ...leftovers] = found.endpoints
  const endpointId = await registerEndpoint(changes, endpoint?.row, wanted)
  const left = new Set((endpoint?.steps ?? []).filter(isOurs))
  for (const step of wanted.steps) {
    const there = [...left].find(({ row }) => hangsOn(row, step))
    if (there !== undefined) left.delete(there)
    await registerStep(changes, endpointId, there, step)
  }
  await removeSteps(changes, [...left])
  for (const leftover of leftovers) await removeEndpoint(changes, leftover)
  return changes.made
}

/**
 * Takes away what is ours; an endpoint that somebody else's step still uses stays (Dataverse refuses to delete it), and
 * `kept` tells their number.
 */
export async function unregister(
  registrar: Registrar,
  { endpoints }: FoundWebhook,
  signal: AbortSignal,
): Promise<{ readonly changes: RegistrationChange[]; readonly kept: number }> {
  const changes = new Changes(registrar, signal)
  let kept = 0
  for (const endpoint of endpoints) kept += await removeEndpoint(changes, endpoint)
  return { changes: changes.made, kept }
}

async function registerEndpoint(changes: Changes, there: Row | undefined, wanted: WantedWebhook): Promise<Guid> {
  const { name, url, columns, authvalue } = wanted
  if (there === undefined) return changes.create({ table: 'endpoint' }, { name, url, ...columns, authvalue })
  // The secret goes along with any change: what an endpoint of another hand holds cannot be seen.
  await changes.update({ table: 'endpoint' }, there, columns, { authvalue })
  return there.id
}

async function registerStep(
  changes: Changes,
  endpointId: Guid,
  there: FoundStep | undefined,
  { message, messageId, filterId, columns, image }: WantedStep,
): Promise<void> {
  const { statecode: _, ...created } = columns
  const stepId = there
    ? there.row.id
    : await changes.create(
        { table: 'step', message },
        {
          ...created,
          'eventhandler_serviceendpoint@odata.bind': `/serviceendpoints(${endpointId})`,
          'sdkmessageid@odata.bind': `/sdkmessages(${messageId})`,
          'sdkmessagefilterid@odata.bind': `/sdkmessagefilters(${filterId})`,
        },
      )
  const imageThere = there?.images.find((each) => each.columns['entityalias'] === image['entityalias'])
  if (imageThere !== undefined) await changes.update({ table: 'image', message }, imageThere, image)
  else {
    const bind = { 'sdkmessageprocessingstepid@odata.bind': `/sdkmessageprocessingsteps(${stepId})` }
    await changes.create({ table: 'image', message }, { ...image, ...bind })
  }
  if (there !== undefined) await changes.update({ table: 'step', message }, there.row, columns)
}

async function removeSteps(changes: Changes, steps: readonly FoundStep[]): Promise<void> {
  for (const { row, images } of steps) {
    for (const image of images) await changes.remove({ table: 'image' }, image.id)
    await changes.remove({ table: 'step' }, row.id)
  }
}

async function removeEndpoint(changes: Changes, { row, steps }: FoundWebhook['endpoints'][number]): Promise<number> {
  const ours = steps.filter(isOurs)
  await removeSteps(changes, ours)
  const kept = steps.length - ours.length
  if (kept === 0) await changes.remove({ table: 'endpoint' }, row.id)
  return kept
}

const isOurs = ({ row }: FoundStep): boolean => String(row.columns['name']).startsWith(OURS)

const hangsOn = ({ columns }: Row, { messageId, filterId }: WantedStep): boolean =>
  columns['_sdkmessageid_value'] === messageId && columns['_sdkmessagefilterid_value'] === filterId

/** Lists of columns are sets; everything else is compared as it is. */
function differs(name: string, there: JsonValue | undefined, wanted: JsonValue): boolean {
  if (!/attributes$/.test(name)) return (there ?? null) !== wanted
  const set = (value: JsonValue | undefined) =>
    String(value ?? '')
      .split(',')
      .map((column) => column.trim())
      .sort()
      .join(',')
  return set(there) !== set(wanted)
}

/** Sends changes on, and remembers them without their values. */
class Changes {
  readonly made: RegistrationChange[] = []
  readonly #registrar: Registrar
  readonly #signal: AbortSignal

  constructor(registrar: Registrar, signal: AbortSignal) {
    this.#registrar = registrar
    this.#signal = signal
  }

  async create(what: Pick<RegistrationChange, 'table' | 'message'>, columns: Columns): Promise<Guid> {
    const id = await this.#registrar.create(what.table, columns, this.#signal)
    this.made.push({ verb: 'create', ...what })
    return id
  }

  /** Sends what differs, and `besides` with it; nothing where nothing does. */
  async update(
    what: Pick<RegistrationChange, 'table' | 'message'>,
    there: Row,
    wanted: Columns,
    besides: Columns = {},
  ): Promise<void> {
    const changed = Object.entries(wanted).filter(([name, value]) => differs(name, there.columns[name], value))
    if (changed.length === 0) return
    await this.#registrar.update(what.table, there.id, { ...Object.fromEntries(changed), ...besides }, this.#signal)
    this.made.push({ verb: 'update', ...what, columns: changed.map(([name]) => name) })
  }

  async remove(what: Pick<RegistrationChange, 'table' | 'message'>, id: Guid): Promise<void> {
    await this.#registrar.remove(what.table, id, this.#signal)
    this.made.push({ verb: 'remove', ...what })
  }
}

/** Changes nothing: what it is told is only listed. */
export const listingRegistrar: Registrar = {
  create: async () => '00000000-0000-0000-0000-000000000000',
  update: async () => {},
  remove: async () => {},
}
