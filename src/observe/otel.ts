/** Spans and metrics over OTLP. The only file that knows OpenTelemetry; loaded where the environment asks for it. */

import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import {
  type Context,
  context,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Log } from '../lib/log.ts'
import { METRIC_NAMES, METRICS, otelName } from './metrics.ts'
import type { Observer, OpenSpan } from './observer.ts'
import { FLUSH_MS, type OtelWishes, type Signal } from './otel-environment.ts'
import type { Readings } from './readings.ts'
import type { Attributes } from './spans.ts'

export interface OtelOptions {
  readonly version: string
  /** Tells processes that do a job together apart. */
  readonly instance: string
  readonly log: Log
  readonly readings: Readings
}

const SCOPE = 'didomi-dataverse'

/** Attributes that every resource has, unless `OTEL_RESOURCE_ATTRIBUTES` or `OTEL_SERVICE_NAME` say otherwise. No detector looks at the process: its arguments may name persons. */
function resourceOf({ version, instance }: OtelOptions): Resource {
  const own = { 'service.name': SCOPE, 'service.version': version, 'service.instance.id': instance }
  return defaultResource()
    .merge(resourceFromAttributes(own))
    .merge(detectResources({ detectors: [envDetector] }))
}

/** The observer, and how to end it: whatever is not sent within `FLUSH_MS` is given up. */
export async function openOtel(
  { traces, metrics }: OtelWishes,
  options: OtelOptions,
): Promise<Observer & { close(): Promise<void> }> {
  const trouble = troubleTeller(options.log)
  const resource = resourceOf(options)
  const agents: HttpAgent[] = []
  const httpAgentOptions = (protocol: string) => {
    const agent = protocol === 'http:' ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true })
    agents.push(agent)
    return agent
  }
  const tracing = traces && (await openTracing(resource, { ...traces, httpAgentOptions }))
  const measuring = metrics && (await openMetrics(resource, { ...metrics, httpAgentOptions }, options.readings))
  return {
    open: tracing?.open ?? (() => NO_SPAN),
    ids: tracing?.ids ?? (() => ({})),
    readings: options.readings,
    close: async () => {
      if (!(await inTime([tracing?.shutdown(), measuring?.shutdown()]))) trouble()
      // A collector that neither answers nor hangs up must not keep the process.
      for (const agent of agents) agent.destroy()
      context.disable()
    },
  }
}

const NO_SPAN: OpenSpan = { within: (work) => work(), set: () => {}, end: () => {} }

interface Exporting extends Signal {
  readonly httpAgentOptions: (protocol: string) => HttpAgent
}

/** Tells of trouble, once: a collector that is away stays away, and its messages may quote what it was sent. */
function troubleTeller(log: Log): () => void {
  let told = false
  const tell = () => {
    if (!told) log.warn({}, 'telemetry could not be sent; the run goes on without it')
    told = true
  }
  const ignore = () => {}
  diag.setLogger(
    { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  return tell
}

async function openTracing(resource: Resource, { protocol, timeoutMs, httpAgentOptions }: Exporting) {
  const { OTLPTraceExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto')
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const exporter = new OTLPTraceExporter({ timeoutMillis: timeoutMs, httpAgentOptions })
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] })
  const tracer = provider.getTracer(SCOPE)
  const open: Observer['open'] = (name, attributes, title) => {
    const kind = name === 'request' ? SpanKind.CLIENT : SpanKind.INTERNAL
    const parent: Context = name === 'run' ? ROOT_CONTEXT : context.active()
    const span = tracer.startSpan(title ?? name, { kind, attributes }, parent)
    const inside = trace.setSpan(parent, span)
    return {
      within: (work) => context.with(inside, work),
      set: (more: Attributes) => {
        span.setAttributes(more)
        if (more['error.type'] !== undefined) span.setStatus({ code: SpanStatusCode.ERROR })
      },
      end: () => span.end(),
    }
  }
  const ids: Observer['ids'] = () => {
    const here = trace.getSpanContext(context.active())
    return here === undefined ? {} : { trace_id: here.traceId, span_id: here.spanId }
  }
  return { open, ids, shutdown: () => provider.shutdown() }
}

async function openMetrics(
  resource: Resource,
  { protocol, timeoutMs, intervalMs, httpAgentOptions }: Exporting & { readonly intervalMs: number },
  readings: Readings,
) {
  const { OTLPMetricExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-metrics-otlp-http')
      : await import('@opentelemetry/exporter-metrics-otlp-proto')
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ timeoutMillis: timeoutMs, httpAgentOptions }),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: timeoutMs,
  })
  const provider = new MeterProvider({ resource, readers: [reader] })
  const meter = provider.getMeter(SCOPE)
  for (const name of METRIC_NAMES) {
    const { unit, help } = METRICS[name]
    meter.createObservableGauge(otelName(name), { unit, description: help }).addCallback((result) => {
      for (const { labels, value } of readings.of(name)) result.observe(value, labels)
    })
  }
  return { shutdown: () => provider.shutdown() }
}

/** Whether all of it came to a good end within `FLUSH_MS`; it resolves then at the latest. */
async function inTime(work: ReadonlyArray<Promise<void> | undefined>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), FLUSH_MS)
  })
  const done = Promise.all(work).then(
    () => true,
    () => false,
  )
  const ended = await Promise.race([done, over])
  clearTimeout(timer)
  return ended
}
