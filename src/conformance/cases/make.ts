/** Short forms for writing cases down. */
import type {
  BatchPart,
  CaseRequest,
  Confidence,
  ConformanceCase,
  Expectation,
  Json,
  Need,
  PartRequest,
  Step,
} from '../case.ts'

type Headers = Readonly<Record<string, string>>
type Query = Readonly<Record<string, string>>
type Columns = { readonly [column: string]: Json }

/** What a case may say beside its steps. A number of rows stands for so many without further columns. */
export interface Setting {
  readonly given?: number | readonly Columns[]
  readonly needs?: readonly Need[]
  readonly after?: readonly CaseRequest[]
  readonly switch?: string
}

/** Makes cases of one topic that rest on one section. */
export function citing(topic: string, cites: string, confidence: Confidence) {
  return (id: string, title: string, setting: Setting, ...steps: readonly Step[]): ConformanceCase => ({
    id: `${topic}/${id}`,
    topic,
    title,
    cites,
    confidence,
    needs: setting.needs ?? [],
    given: typeof setting.given === 'number' ? Array(setting.given).fill({}) : (setting.given ?? []),
    steps,
    after: setting.after ?? [],
    ...(setting.switch === undefined ? {} : { switch: setting.switch }),
  })
}

/** A step: a request and what is expected of its answer. */
export function step(request: CaseRequest, expect: Expectation, keep?: Headers): Step {
  return keep === undefined ? { request, expect } : { request, expect, keep }
}

export function get(path: string, query?: Query, headers?: Headers): CaseRequest {
  return { method: 'GET', path, ...(query && { query }), ...(headers && { headers }) }
}

export function post(path: string, body: Json, headers?: Headers): CaseRequest {
  return { method: 'POST', path, body, ...(headers && { headers }) }
}

export function patch(path: string, body: Json, headers?: Headers): CaseRequest {
  return { method: 'PATCH', path, body, ...(headers && { headers }) }
}

export function remove(path: string, headers?: Headers): CaseRequest {
  return { method: 'DELETE', path, ...(headers && { headers }) }
}

/** A batch; `continueOnError` prefers that one failure does not stop it. */
export function batch(parts: readonly BatchPart[], headers?: Headers): CaseRequest {
  return { method: 'POST', path: '$batch', batch: parts, ...(headers && { headers }) }
}

/** A part of a batch. */
export function part(method: string, path: string, body?: Json, extras: Partial<PartRequest> = {}): PartRequest {
  return { method, path, ...(body === undefined ? {} : { body }), ...extras }
}

/** A part of a change set. */
export function member(contentId: string, method: string, path: string, body?: Json, headers?: Headers): PartRequest {
  return part(method, path, body, { contentId, ...(headers && { headers }) })
}

/** A bulk message on contact; every target gets its type. */
export function bulk(message: string, targets: readonly Columns[]): CaseRequest {
  const Targets = targets.map((target) => ({ '@odata.type': 'Microsoft.Dynamics.CRM.contact', ...target }))
  return post(`contacts/Microsoft.Dynamics.CRM.${message}`, { Targets })
}

/** A control request of the emulator. */
export function control(method: string, path: string, body?: Json): CaseRequest {
  return { method, path: `/__emulator/${path}`, ...(body === undefined ? {} : { body }) }
}

/** The contacts of a case that match a filter, by last name so that no other row is looked at. */
export function found(filter: string, query: Query = {}, headers?: Headers): CaseRequest {
  return get('contacts', { $select: 'contactid', $filter: `lastname eq '{p}' and (${filter})`, ...query }, headers)
}

/** Exactly these rows of the case, in any order. */
export function rows(...numbers: readonly number[]): Expectation {
  return { status: 200, body: { value: { $set: numbers.map((number) => ({ contactid: `{id${number}}` })) } } }
}

/** A success without a body. */
export const DONE: Expectation = { status: 204, empty: true }

/** A refusal with this code. */
export function refused(status: number | readonly number[], code?: string | readonly string[]): Expectation {
  return { status, ...(code === undefined ? {} : { code }) }
}

/** The row by GUID is there with these columns. */
export function holds(number: number, columns: Columns): Step {
  const select = Object.keys(columns).join(',')
  return step(get(`contacts({id${number}})`, { $select: select }), { status: 200, body: columns })
}

/** The row is not there. */
export function gone(number: number): Step {
  return step(get(`contacts({id${number}})`, { $select: 'contactid' }), { status: 404 })
}
