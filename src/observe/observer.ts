/** The port through which a run is looked at from outside: spans, and readings of metrics. */

import { CodedError } from '../lib/errors.ts'
import { Readings } from './readings.ts'
import type { Attributes, SpanName } from './spans.ts'

/** A span that has begun. */
export interface OpenSpan {
  /** What `work` begins stands below this span. */
  within<T>(work: () => T): T
  set(attributes: Attributes): void
  end(): void
}

export interface Observer {
  /** Begins a span below the one under way; `title` is what it is called where its kind says too little. */
  open(name: SpanName, attributes: Attributes, title?: string): OpenSpan
  /** The ids of the span under way, as logs name them; nothing where nobody traces. */
  ids(): { readonly trace_id?: string; readonly span_id?: string }
  readonly readings: Readings
}

const NO_SPAN: OpenSpan = { within: (work) => work(), set: () => {}, end: () => {} }

/** Looks at nothing. */
export const noObserver: Observer = { open: () => NO_SPAN, ids: () => ({}), readings: new Readings() }

/** Does `work` as a span; what it throws is noted by its kind alone: a message may quote data. */
export async function spanned<T>(
  observer: Observer | undefined,
  name: SpanName,
  attributes: Attributes,
  work: (span: OpenSpan) => Promise<T>,
  title?: string,
): Promise<T> {
  const span = (observer ?? noObserver).open(name, attributes, title)
  try {
    return await span.within(() => work(span))
  } catch (error) {
    span.set({ 'error.type': errorType(error) })
    throw error
  } finally {
    span.end()
  }
}

/** The code of an error, or its kind. */
export function errorType(error: unknown): string {
  if (error instanceof CodedError) return error.code
  return error instanceof Error ? error.name : typeof error
}
