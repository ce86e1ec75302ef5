/** Filling the placeholders of a case with what its fixture made. */
import type { Json } from './case.ts'

/** Values by the name that stands in braces. */
export type Names = ReadonlyMap<string, string>

/** A name that nothing gives a value: a mistake in the case, or an answer that lacked what a step keeps. */
export class MissingName extends Error {
  readonly missing: string

  constructor(missing: string) {
    super(`nothing gave {${missing}} a value`)
    this.name = 'MissingName'
    this.missing = missing
  }
}

const PLACEHOLDER = /\{([A-Za-z][A-Za-z0-9]*)\}/g

/** Replaces every `{name}` of a text. */
export function fillText(text: string, names: Names): string {
  return text.replace(PLACEHOLDER, (_, name: string) => {
    const value = names.get(name)
    if (value === undefined) throw new MissingName(name)
    return value
  })
}

/** Replaces placeholders in every text and property name of a value. */
export function fill<T>(value: T, names: Names): T {
  if (typeof value === 'string') return fillText(value, names) as T
  if (Array.isArray(value)) return value.map((each) => fill(each, names)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [fillText(name, names), fill(each as Json, names)]),
  ) as T
}

/** The names that a value asks for. */
export function namesIn(value: unknown): ReadonlySet<string> {
  return new Set([...JSON.stringify(value).matchAll(PLACEHOLDER)].map((match) => match[1] ?? ''))
}
