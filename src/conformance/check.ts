/** Holding an answer against what a case expects of it. */
import { type Answer, parsed } from './caller.ts'
import type { Expectation } from './case.ts'
import { type Matcher, type Mismatch, mismatch } from './match.ts'
import type { AnswerPart } from './multipart.ts'

type Checked = Pick<Answer, 'status' | 'headers' | 'text'> &
  Partial<Pick<Answer, 'json' | 'parts'>> &
  Partial<Pick<AnswerPart, 'contentId'>>

/** The first thing that is not as expected, or `undefined`. */
export function check(answer: Checked, expected: Expectation, at = ''): Mismatch | undefined {
  const json = 'json' in answer ? answer.json : parsed(answer.text)
  return (
    checkStatus(answer, json, expected, at) ??
    checkError(json, expected, at) ??
    (expected.empty === true && answer.text !== ''
      ? { at: `${at}body`, expected: 'no body', found: `${answer.text.length} characters` }
      : undefined) ??
    (expected.body === undefined ? undefined : mismatch(json, expected.body, `${at}body`)) ??
    checkHeaders(answer, expected, at) ??
    (expected.contentId === undefined || expected.contentId === answer.contentId
      ? undefined
      : { at: `${at}Content-ID`, expected: expected.contentId, found: String(answer.contentId) }) ??
    checkParts(answer, expected)
  )
}

function checkStatus(answer: Checked, json: unknown, { status, code }: Expectation, at: string): Mismatch | undefined {
  const allowed: readonly number[] = status === undefined ? [] : typeof status === 'number' ? [status] : status
  if (allowed.length === 0 || allowed.includes(answer.status)) return undefined
  const expected = `${allowed.join(' or ')}${code === undefined ? '' : ` ${list(code).join(' or ')}`}`
  return { at: `${at}status`, expected, found: `${answer.status} ${errorOf(json)?.code ?? ''}`.trim() }
}

function checkError(json: unknown, { code, message }: Expectation, at: string): Mismatch | undefined {
  const error = errorOf(json)
  if (code !== undefined && !list(code).some((each) => each.toLowerCase() === error?.code?.toLowerCase())) {
    return { at: `${at}error.code`, expected: list(code).join(' or '), found: error?.code ?? 'no error body' }
  }
  return message === undefined ? undefined : mismatch(error?.message, { $matches: message }, `${at}error.message`)
}

function checkHeaders(answer: Checked, { headers = {} }: Expectation, at: string): Mismatch | undefined {
  for (const [name, matcher] of Object.entries(headers) as [string, Matcher][]) {
    const found = mismatch(answer.headers.get(name.toLowerCase()), matcher, `${at}header ${name}`)
    if (found !== undefined) return found
  }
  return undefined
}

function checkParts(answer: Checked, { parts }: Expectation): Mismatch | undefined {
  if (parts === undefined) return undefined
  const found = answer.parts
  if (found?.length !== parts.length) {
    const count = found === undefined ? 'no multipart body' : `${found.length}: ${found.map((each) => each.status)}`
    return { at: 'parts', expected: String(parts.length), found: count }
  }
  for (const [index, each] of found.entries()) {
    const wrong = check(each, parts[index] ?? {}, `part ${index + 1} `)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function list(code: string | readonly string[]): readonly string[] {
  return typeof code === 'string' ? [code] : code
}

/** The code and message of an error body, as far as they are there. */
export function errorOf(json: unknown): { readonly code?: string; readonly message?: string } | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const { error } = json as { error?: unknown }
  return typeof error === 'object' && error !== null ? (error as { code?: string; message?: string }) : undefined
}
