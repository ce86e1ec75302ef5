/** Writes of the model as HTTP requests, and what their answers say of each unit. */
import type { Address, Condition, SentColumns, Unit, Write } from './emulator-model.ts'
import type { Heard, Sent, Verdict } from './emulator-permitted.ts'

/** One HTTP request; `path` below the service root. */
export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** An answer that arrived whole. */
export interface WireAnswer {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

const JSON_TYPE = { 'Content-Type': 'application/json' }
const CRLF = '\r\n'

function columnsOf({ ouid, title, mute }: SentColumns): Record<string, unknown> {
  return {
    ...(ouid === undefined ? {} : { new_ouid: ouid }),
    ...(title === undefined ? {} : { jobtitle: title }),
    ...(mute === undefined ? {} : { new_mute: mute }),
  }
}

function rowOf({ id, key }: Address): string {
  return id === undefined ? `contacts(new_ouid='${key}')` : `contacts(${id})`
}

function conditionHeaders(condition: Condition, etagAt: (stamp: number) => string): Record<string, string> {
  if (condition === 'none') return {}
  if (condition === 'absent') return { 'If-None-Match': '*' }
  return { 'If-Match': condition === 'exists' ? '*' : etagAt(condition.stamp) }
}

/** One write as a request of its own; `etagAt` knows the version that a row had at a stamp. */
export function requestOf(write: Write, etagAt: (stamp: number) => string): WireRequest {
  if (write.kind === 'create') {
    const body = JSON.stringify({ contactid: write.id, ...columnsOf(write.columns) })
    return { method: 'POST', path: 'contacts', headers: JSON_TYPE, body }
  }
  if (write.kind === 'bulk') {
    const path = `contacts/Microsoft.Dynamics.CRM.${write.message}`
    const targets = write.targets.map(({ address, columns }) => ({
      '@odata.type': 'Microsoft.Dynamics.CRM.contact',
      ...(address.id === undefined ? { '@odata.id': rowOf(address) } : { contactid: address.id }),
      ...columnsOf(columns),
    }))
    return { method: 'POST', path, headers: JSON_TYPE, body: JSON.stringify({ Targets: targets }) }
  }
  const headers = conditionHeaders(write.condition, etagAt)
  const path = rowOf(write.address).replaceAll(' ', '%20')
  if (write.kind === 'delete') return { method: 'DELETE', path, headers, body: undefined }
  return {
    method: 'PATCH',
    path,
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify(columnsOf(write.columns)),
  }
}

/** Units as one `$batch`; those that `isSet` says are change sets. */
export function batchOf(
  { units, continues }: Sent,
  isSet: readonly boolean[],
  etagAt: (stamp: number) => string,
): WireRequest {
  let contentId = 0
  const httpPart = (write: Write, inSet: boolean): string => {
    const { method, path, headers, body } = requestOf(write, etagAt)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    return [
      'Content-Type: application/http',
      'Content-Transfer-Encoding: binary',
      ...(inSet ? [`Content-ID: ${++contentId}`] : []),
      '',
      `${method} /api/data/v9.2/${path} HTTP/1.1`,
      ...lines,
      '',
      body ?? '',
    ].join(CRLF)
  }
  const unitPart = (unit: Unit, at: number): string => {
    if (isSet[at] !== true) return unit.map((write) => httpPart(write, false)).join('')
    const parts = unit.map((write) => httpPart(write, true))
    return [`Content-Type: multipart/mixed; boundary=set_${at}`, '', multipart(`set_${at}`, parts)].join(CRLF)
  }
  const prefer = continues ? { Prefer: 'odata.continue-on-error' } : {}
  const headers = { 'Content-Type': 'multipart/mixed; boundary=batch_1', ...prefer }
  return { method: 'POST', path: '$batch', headers, body: multipart('batch_1', units.map(unitPart)) }
}

function multipart(boundary: string, parts: readonly string[]): string {
  return `${parts.map((part) => `--${boundary}${CRLF}${part}${CRLF}`).join('')}--${boundary}--${CRLF}`
}

/** What a caller knows after an answer, or without one. Throws for answers that no server should give. */
export function hear(answer: WireAnswer | undefined, units: number, isBatch: boolean, continues: boolean): Heard {
  if (answer === undefined) return 'unknown'
  const { status, contentType, text } = answer
  if (status === 599) throw new Error(text)
  const all = (verdict: Verdict) => Array.from({ length: units }, () => verdict)
  if (!isBatch || !contentType.startsWith('multipart/mixed')) {
    const verdict = verdictOf(status)
    if (isBatch && verdict === 'applied') throw new Error('a batch was acknowledged without its parts')
    return verdict === 'unknown' ? 'unknown' : all(verdict)
  }
  const statuses = partStatuses(contentType, text)
  const failed = statuses.findIndex((each) => each >= 400)
  if (continues ? statuses.length !== units || status !== 200 : false) throw new Error('a part has no answer')
  if (!continues && failed === -1 && (statuses.length !== units || status !== 200)) {
    throw new Error('a part has no answer')
  }
  if (!continues && failed !== -1 && (failed !== statuses.length - 1 || status !== statuses[failed])) {
    throw new Error('a batch went on after an error, or hid it')
  }
  return all('refused').map((verdict, at) => verdictOf(statuses[at]) ?? verdict)
}

function verdictOf(status: number): Verdict
function verdictOf(status: number | undefined): Verdict | undefined
function verdictOf(status: number | undefined): Verdict | undefined {
  if (status === undefined) return undefined
  if (status < 300) return 'applied'
  // Of what stands behind a gateway nobody knows whether it was done.
  return [502, 503, 504].includes(status) ? 'unknown' : 'refused'
}

/** One status for each unit: of a change set that of its failed request, else that of its first. */
function partStatuses(contentType: string, text: string): number[] {
  return splitParts(contentType, text).map((part) => {
    const nested = /^Content-Type: (multipart\/mixed;[^\r\n]*)/i.exec(part)?.[1]
    const inner = nested === undefined ? [part] : splitParts(nested, part)
    const statuses = inner.map((each) => Number(/^HTTP\/1\.1 (\d{3})/m.exec(each)?.[1]))
    if (statuses.some(Number.isNaN)) throw new Error('a part of the answer has no status')
    return statuses.find((status) => status >= 400) ?? statuses[0] ?? 599
  })
}

function splitParts(contentType: string, text: string): string[] {
  const boundary = /boundary="?([^";]+)/.exec(contentType)?.[1] ?? ''
  const pieces = `${CRLF}${text}`.split(`${CRLF}--${boundary}`)
  if (pieces.length < 2 || !pieces.at(-1)?.startsWith('--')) throw new Error('the answer is not a whole multipart')
  return pieces.slice(1, -1).map((piece) => piece.slice(CRLF.length))
}
