/** What a conformance case is: a small scenario of requests, and what a Dataverse answers to them. */
import type { Matcher } from './match.ts'

/** Anything a JSON body may hold; texts and property names may hold placeholders such as `{id1}`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** How sure the fact is: told by the vendor, concluded or seen in the field, or to be found out. */
export type Confidence = 'documented' | 'inferred' | 'unknown'

/**
 * What a case needs beside the columns that its placeholders name: `emulator` is the control port, and freedom to
 * change schema, privileges and time; `bulk`, `tracking` and `consent` are features that an environment may lack.
 */
export type Need = 'emulator' | 'bulk' | 'tracking' | 'consent'

/** One request inside a batch. */
export interface PartRequest {
  readonly method: string
  /** Relative to the service root, or absolute; sent as it is. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Json
  readonly contentId?: string
}

/** A part of a batch: one request, or a change set. */
export type BatchPart = PartRequest | { readonly changeSet: readonly PartRequest[] }

/** One request. `path` is below the service root unless it starts with `/` (the origin) or is an absolute URL. */
export interface CaseRequest {
  readonly method: string
  readonly path: string
  /** Values are percent-encoded on the way out, names are not. */
  readonly query?: Readonly<Record<string, string>>
  /** An `Authorization` of the empty text sends none at all. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: Json
  /** Sent as it is, in place of `body`. */
  readonly text?: string
  /** Sent as a multipart batch, in place of `body`. */
  readonly batch?: readonly BatchPart[]
  /** The same text many times over, for long URLs: appended to the path. */
  readonly padding?: { readonly text: string; readonly times: number }
}

/** What must hold of an answer, or of a part of a batch's answer; what is left out is not looked at. */
export interface Expectation {
  readonly status?: number | readonly number[]
  /** Error codes, compared without case; one of them must be the answer's. */
  readonly code?: string | readonly string[]
  /** A regular expression that the error's message matches. */
  readonly message?: string
  readonly body?: Matcher
  /** True: no body at all. */
  readonly empty?: boolean
  /** By header name; matched against the value, which is absent where the header is. */
  readonly headers?: Readonly<Record<string, Matcher>>
  readonly contentId?: string
  /** The parts of a batch's answer, change sets unfolded; exactly so many. */
  readonly parts?: readonly Expectation[]
}

/** One step. `keep` names values of the answer for later placeholders: `body:a.0.b` or `header:name`. */
export interface Step {
  readonly request: CaseRequest
  readonly expect?: Expectation
  readonly keep?: Readonly<Record<string, string>>
  /** In place of `expect`, for what is unknown: every answer that is thought possible, by the setting that gives it. */
  readonly either?: Readonly<Record<string, Expectation>>
}

/** One case. */
export interface ConformanceCase {
  readonly id: string
  readonly topic: string
  /** The rule that the case shows. */
  readonly title: string
  /** The section of the public reference that the expectation rests on. */
  readonly cites: string
  readonly confidence: Confidence
  readonly needs: readonly Need[]
  /** Contacts that stand there before the first step: row n is `{idN}`, with the key `{keyN}` and these columns. */
  readonly given: readonly { readonly [column: string]: Json }[]
  readonly steps: readonly Step[]
  /** Always run at the end, never judged: takes back what a step did to the environment. */
  readonly after: readonly CaseRequest[]
  /** Of an unknown: the switch that decides between the answers of `either`. */
  readonly switch?: string
}
