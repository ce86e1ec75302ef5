/** What a request will do, told from its text before it is done: how many reads, which rows, in which order. */
import { parseBatch } from './batch-parser.ts'
import { BULK_MESSAGES } from './bulk.ts'
import { splitProperty } from './property-requests.ts'
import { findRow, parseReference, parseRowKey, type RowKey, splitAddress } from './row-key.ts'
import type { RequestWork, RowWork, RowWrite } from './service-time.ts'
import type { DataverseState } from './state.ts'
import type { Table } from './table.ts'

/** What must be known of a request; `path` below the service root and percent-encoded, header names in lower case. */
export interface ForeseenRequest {
  readonly method: string
  readonly path: string
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** The work, and the name and position of every row that is locked while it lasts. */
export interface Foresight {
  readonly work: RequestWork
  readonly rows: ReadonlyMap<string, number>
}

const BULK_WRITES: Readonly<Record<(typeof BULK_MESSAGES)[number], RowWrite>> = {
  CreateMultiple: 'create',
  UpdateMultiple: 'update',
  UpsertMultiple: 'upsert',
}

/** Never throws: what is malformed does no work, and is refused when its turn comes. */
export function foresee(state: DataverseState, request: ForeseenRequest): Foresight {
  const plan = new Plan(state)
  if (request.path === '$batch') plan.addBatch(request)
  else plan.add(request)
  return plan
}

class Plan implements Foresight {
  readonly rows = new Map<string, number>()
  readonly work: { reads: number; rows: RowWork[] } = { reads: 0, rows: [] }
  readonly #state: DataverseState

  constructor(state: DataverseState) {
    this.#state = state
  }

  /** A batch holds the rows of all its parts to its end, because all of it is applied at its end. */
  addBatch(request: ForeseenRequest): void {
    const parts = orUndefined(() => parseBatch(request.headers.get('content-type') ?? '', request.body)) ?? []
    for (const part of parts) {
      for (const { method, url, headers, body } of part.kind === 'single' ? [part.request] : part.requests) {
        const path = url.replace(/^(?:https?:\/\/[^/]+)?\/.*?api\/data\/v9\.\d\//, '').replace(/\?.*$/s, '')
        this.add({ method, path, headers, body })
      }
    }
  }

  add(request: ForeseenRequest): void {
    if (request.method === 'GET') this.work.reads++
    else orUndefined(() => this.#addWrite(request))
  }

  #addWrite({ method, path, headers, body }: ForeseenRequest): void {
    const decoded = decodeURIComponent(path)
    const property = splitProperty(decoded)
    const owner = property && this.#state.tableOfSet(property.set)
    if (property !== undefined && owner !== undefined) {
      this.#addRow(owner, 'update', parseRowKey(owner, property.key))
      return
    }
    const [set = '', message = ''] = decoded.split('/Microsoft.Dynamics.CRM.')
    const bulk = BULK_MESSAGES.find((name) => name === message)
    const address = splitAddress(decoded)
    const table = this.#state.tableOfSet(address?.set ?? set)
    if (table === undefined) return
    if (bulk !== undefined) this.#addTargets(table, BULK_WRITES[bulk], body)
    else if (address !== undefined) {
      const write = method === 'DELETE' ? 'delete' : headers.has('if-match') ? 'update' : 'upsert'
      this.#addRow(table, write, parseRowKey(table, address.key))
    } else if (method === 'POST' && message === '') this.#addTarget(table, 'create', JSON.parse(body))
  }

  #addTargets(table: Table, write: RowWrite, body: string): void {
    const { Targets: targets } = JSON.parse(body) as { Targets?: unknown }
    if (!Array.isArray(targets)) return
    for (const target of targets) orUndefined(() => this.#addTarget(table, write, target))
  }

  #addTarget(table: Table, write: RowWrite, target: Readonly<Record<string, unknown>>): void {
    const reference = target['@odata.id']
    const id = target[table.schema.primaryId]
    if (typeof reference === 'string' && write !== 'create') {
      this.#addRow(table, write, parseReference(this.#state, reference, false).key)
    } else if (typeof id === 'string') this.#addRow(table, write, { kind: 'primary', id: id.toLowerCase() })
    else this.work.rows.push({ table: table.schema.logicalName, write, byKey: false })
    if (write === 'create') this.#lockKeys(table, target)
  }

  /** Two creates with one key value meet in the key's index, although neither row is there yet. */
  #lockKeys(table: Table, target: Readonly<Record<string, unknown>>): void {
    for (const { columns, status } of table.schema.keys) {
      const values = columns.map((name) => target[name] ?? null)
      if (status === 'Active' && values.some((value) => value !== null)) this.#lock(table, columns, values)
    }
  }

  #addRow(table: Table, write: RowWrite, key: RowKey): void {
    this.work.rows.push({ table: table.schema.logicalName, write, byKey: key.kind === 'alternate' })
    const row = findRow(table, key)
    if (row !== undefined) this.#lock(table, [table.schema.primaryId], [row[table.schema.primaryId]])
    else if (key.kind === 'primary') this.#lock(table, [table.schema.primaryId], [key.id])
    else this.#lock(table, key.key.columns, [...key.values.values()])
  }

  #lock(table: Table, columns: readonly string[], values: readonly unknown[]): void {
    const value = this.#state.collation.fold(values.map(String).join('\n'))
    const name = `${table.schema.logicalName} ${columns.join()}=${value}`
    if (!this.rows.has(name)) this.rows.set(name, this.rows.size)
  }
}

function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
