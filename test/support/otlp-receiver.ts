/** A collector on loopback: takes traces and metrics over OTLP/HTTP, as protobuf or JSON, and keeps all of it. */

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'

/** The parts of opentelemetry-proto 1.x that are looked at here; what it does not name is skipped when decoding. */
const PROTO = `
syntax = "proto3";
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message KeyValue { string key = 1; AnyValue value = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Status { string message = 2; int32 code = 3; }
message Event { string name = 2; repeated KeyValue attributes = 3; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  repeated KeyValue attributes = 9; repeated Event events = 11; Status status = 15;
}
message ScopeSpans { repeated Span spans = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Traces { repeated ResourceSpans resource_spans = 1; }
message NumberDataPoint { repeated KeyValue attributes = 7; double as_double = 4; sfixed64 as_int = 6; }
message Gauge { repeated NumberDataPoint data_points = 1; }
message Metric { string name = 1; string description = 2; string unit = 3; Gauge gauge = 5; }
message ScopeMetrics { repeated Metric metrics = 2; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
message Metrics { repeated ResourceMetrics resource_metrics = 1; }
`

export interface ReceivedSpan {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  /** Empty for a root. */
  readonly parentSpanId: string
  readonly attributes: Readonly<Record<string, string | number>>
  readonly events: number
  /** 2 is an error. */
  readonly status: number
}

export interface ReceivedPoint {
  readonly name: string
  readonly unit: string
  readonly attributes: Readonly<Record<string, string | number>>
  readonly value: number
}

export interface OtlpReceiver {
  readonly url: string
  readonly spans: readonly ReceivedSpan[]
  /** Of the newest export of each process. */
  readonly points: readonly ReceivedPoint[]
  readonly resources: ReadonlyArray<Readonly<Record<string, string | number>>>
  readonly requests: ReadonlyArray<{ readonly path: string; readonly headers: IncomingMessage['headers'] }>
  /** What came since it was last asked, uncompressed, as bytes read as Latin-1: what text it holds can be searched for. */
  raw(): string
  close(): Promise<void>
}

type Json = Record<string, unknown>

/** `silent`: takes connections and never answers. */
export async function startOtlpReceiver({ silent = false } = {}): Promise<OtlpReceiver> {
  const { root } = protobuf.parse(PROTO, { keepCase: false })
  const spans: ReceivedSpan[] = []
  const points: ReceivedPoint[] = []
  const resources: Readonly<Record<string, string | number>>[] = []
  const requests: { path: string; headers: IncomingMessage['headers'] }[] = []
  const bodies: Buffer[] = []
  const take = (path: string, message: Json) => {
    if (path.endsWith('/v1/traces')) {
      for (const { resource, scopeSpans } of listOf(message, 'resourceSpans')) {
        resources.push(attributesOf(resource))
        for (const scope of scopeSpans as Json[]) spans.push(...listOf(scope, 'spans').map(spanOf))
      }
      return
    }
    for (const { resource, scopeMetrics } of listOf(message, 'resourceMetrics')) {
      resources.push(attributesOf(resource))
      points.splice(
        0,
        points.length,
        ...(scopeMetrics as Json[]).flatMap((scope) => listOf(scope, 'metrics').flatMap(pointsOf)),
      )
    }
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = request.url ?? ''
      requests.push({ path, headers: request.headers })
      if (silent) return
      const sent = Buffer.concat(chunks)
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
      bodies.push(body)
      const type = root.lookupType(path.endsWith('/v1/traces') ? 'Traces' : 'Metrics')
      const json = request.headers['content-type'] === 'application/json'
      const options = { longs: Number, bytes: String, arrays: true }
      take(path, json ? JSON.parse(body.toString('utf8')) : type.toObject(type.decode(body), options))
      response.writeHead(200, { 'content-type': request.headers['content-type'] ?? '' }).end(json ? '{}' : '')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    points,
    resources,
    requests,
    raw: () => Buffer.concat(bodies.splice(0)).toString('latin1'),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function listOf(message: Json, key: string): Json[] {
  return (message[key] ?? []) as Json[]
}

function attributesOf(holder: unknown): Readonly<Record<string, string | number>> {
  return Object.fromEntries(
    listOf((holder ?? {}) as Json, 'attributes').map(({ key, value }) => {
      const [only] = Object.values(value as Record<string, string | number>)
      return [key as string, only ?? '']
    }),
  )
}

/** Ids are hexadecimal in JSON; of bytes protobufjs makes base64, which for 8 and 16 of them ends in `=`. */
function idOf(id: unknown): string {
  const text = String(id ?? '')
  return text.endsWith('=') ? Buffer.from(text, 'base64').toString('hex') : text
}

function spanOf(span: Json): ReceivedSpan {
  return {
    name: String(span['name']),
    kind: Number(span['kind']),
    traceId: idOf(span['traceId']),
    spanId: idOf(span['spanId']),
    parentSpanId: idOf(span['parentSpanId']),
    attributes: attributesOf(span),
    events: listOf(span, 'events').length,
    status: Number((span['status'] as Json | undefined)?.['code'] ?? 0),
  }
}

function pointsOf(metric: Json): ReceivedPoint[] {
  const { name, unit } = metric as { name: string; unit: string }
  return listOf((metric['gauge'] ?? {}) as Json, 'dataPoints').map((point) => ({
    name,
    unit,
    attributes: attributesOf(point),
    value: Number(point['asDouble'] ?? point['asInt'] ?? 0),
  }))
}
