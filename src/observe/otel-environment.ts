/** What the standard `OTEL_*` variables ask for: which signals are sent, and how. Nothing of OpenTelemetry is loaded for it. */

import { parseSecureUrl } from '../config/secure-url.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** How one signal is sent. The exporters read endpoint, headers, compression and certificates themselves. */
export interface Signal {
  readonly protocol: 'http/protobuf' | 'http/json'
  /** The time that one export may take. */
  readonly timeoutMs: number
}

export interface OtelWishes {
  readonly traces?: Signal
  readonly metrics?: Signal & { readonly intervalMs: number }
  /** What the variables ask for in vain; no value of them is told. */
  readonly complaints: readonly string[]
}

/** Nothing of a run waits longer for a collector, whatever the variables say. */
export const FLUSH_MS = 5_000

const METRIC_INTERVAL_MS = 60_000

const SIGNALS = ['TRACES', 'METRICS'] as const

/** Reads the variables; without an endpoint nothing is asked for. */
export function otelWishes(env: Environment): OtelWishes {
  const complaints: string[] = []
  if (textOf(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return { complaints }
  const [traces, metrics] = SIGNALS.map((signal) => signalOf(env, signal, complaints))
  const interval = Number(textOf(env, 'OTEL_METRIC_EXPORT_INTERVAL') ?? Number.NaN)
  const intervalMs = interval >= FLUSH_MS ? interval : METRIC_INTERVAL_MS
  return { ...(traces && { traces }), ...(metrics && { metrics: { ...metrics, intervalMs } }), complaints }
}

function signalOf(env: Environment, signal: (typeof SIGNALS)[number], complaints: string[]): Signal | undefined {
  const own = `OTEL_EXPORTER_OTLP_${signal}`
  const [name, endpoint] = firstOf(env, `${own}_ENDPOINT`, 'OTEL_EXPORTER_OTLP_ENDPOINT')
  if (endpoint === undefined) return undefined
  const exporter = textOf(env, `OTEL_${signal}_EXPORTER`) ?? 'otlp'
  if (exporter === 'none') return undefined
  const refuse = (what: string): undefined => {
    if (!complaints.includes(what)) complaints.push(what)
  }
  if (exporter !== 'otlp') return refuse(`OTEL_${signal}_EXPORTER: only otlp and none are known; nothing is sent`)
  const [protocolName, protocol = 'http/protobuf'] = firstOf(env, `${own}_PROTOCOL`, 'OTEL_EXPORTER_OTLP_PROTOCOL')
  if (protocol !== 'http/protobuf' && protocol !== 'http/json')
    return refuse(`${protocolName}: only http/protobuf and http/json are known; nothing is sent`)
  if (parseSecureUrl(endpoint) === undefined)
    return refuse(
      `${name}: an https URL without user name and query is expected (http on loopback only); nothing is sent`,
    )
  const [, timeout] = firstOf(env, `${own}_TIMEOUT`, 'OTEL_EXPORTER_OTLP_TIMEOUT')
  const asked = Number(timeout ?? Number.NaN)
  return { protocol, timeoutMs: asked > 0 ? Math.min(asked, FLUSH_MS) : FLUSH_MS }
}

/** A variable that is empty counts as one that is not set (OpenTelemetry: environment variables). */
function textOf(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim()
  return value === '' ? undefined : value
}

function firstOf(env: Environment, ...names: readonly [string, ...string[]]): [name: string, value?: string] {
  for (const name of names) {
    const value = textOf(env, name)
    if (value !== undefined) return [name, value]
  }
  return [names[0]]
}
