/** The schema's issues as complaints of four parts. No value is ever part of one: any value may be a secret in the wrong place. */

import type * as z from 'zod'
import type { Complaint } from '../lib/errors.ts'
import { isPrintableKey, type Path, type Where } from './place.ts'
import type { IssueHints } from './schema-parts.ts'

const CORRECT = 'Correct it; docs/configuration.md lists every key.'

const EXPECTED_TYPES: Readonly<Record<string, string>> = {
  object: 'an object',
  record: 'a map',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  never: 'nothing here',
}

/** What kind of thing a value is; never the value. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'an empty value'
  if (value === '') return 'an empty text'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'string') return 'a text'
  return typeof value === 'number' ? 'a number' : 'true or false'
}

/** The value at a path; `undefined` where there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<PropertyKey, unknown>)[key]
  }
  return value
}

/** Turns the schema's issues about `root` into complaints. */
export function issueComplaints(issues: readonly z.core.$ZodIssue[], root: unknown, where: Where): Complaint[] {
  return issues.flatMap((issue) => {
    const meant = issuesOfTheOneMeant(issue, valueAt(root, issue.path))
    return meant === undefined ? issueComplaint(issue, root, where) : issueComplaints(meant, root, where)
  })
}

/** The issues with the one alternative that takes a value of this kind: they say more than that none fits. */
function issuesOfTheOneMeant(issue: z.core.$ZodIssue, value: unknown): z.core.$ZodIssue[] | undefined {
  if (issue.code !== 'invalid_union' || typeof value !== 'object' || value === null) return undefined
  const ofTheKind = issue.errors.filter(
    (issues) => !issues.some(({ code, path }) => path.length === 0 && /^invalid_(type|value)$/.test(code)),
  )
  const [meant] = ofTheKind
  if (meant === undefined || ofTheKind.length > 1) return undefined
  return meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
}

function issueComplaint(issue: z.core.$ZodIssue, root: unknown, where: Where): Complaint[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      where: where([...issue.path, key]),
      found: isPrintableKey(key) ? 'an unknown key' : 'an unknown key, perhaps a colon without a blank behind it',
      expected: issue.message,
      remedy: 'Rename or remove it.',
    }))
  }
  if (issue.code === 'invalid_key') {
    const expected = issue.issues[0]?.message ?? 'a key of another form'
    return [{ where: where(issue.path), found: 'a key of another form', expected, remedy: CORRECT }]
  }
  const hints: IssueHints = issue.code === 'custom' ? (issue.params ?? {}) : {}
  const value = valueAt(root, issue.path)
  const found = hints.oneOf === undefined ? kindOf(value) : keysFound(hints.oneOf, value)
  return [{ where: where(issue.path), found, expected: expectedBy(issue), remedy: hints.remedy ?? CORRECT }]
}

/** Which of the schema's own keys an object has. */
function keysFound(keys: readonly string[], value: unknown): string {
  const there = keys.filter((key) => Object.hasOwn(Object(value), key))
  return there.length === 0 ? 'none of them' : there.join(' and ')
}

/** The schema's own words where it has some; zod's own messages are never used. */
function expectedBy(issue: z.core.$ZodIssue): string {
  if (!/^(Invalid|Too) /.test(issue.message)) return issue.message
  if (issue.code === 'invalid_type') return EXPECTED_TYPES[issue.expected] ?? 'another kind of value'
  if (issue.code === 'invalid_value') return issue.values.map(String).join(' | ')
  return 'another value'
}
