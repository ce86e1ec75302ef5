/** A small declarative matcher of JSON values, so that expectations are data. */

/**
 * A plain value must be equal; an array element by element; an object must have the named properties, and may have
 * more. The `$` forms say other things: see `OPERATORS`.
 */
export type Matcher =
  | null
  | boolean
  | number
  | string
  | readonly Matcher[]
  | { readonly [property: string]: Matcher | undefined }

/** Why a value does not match, and where. Expected and found are words, never a foreign row's values. */
export interface Mismatch {
  readonly at: string
  readonly expected: string
  readonly found: string
}

type Operator = (value: unknown, argument: Matcher, at: string) => Mismatch | undefined

const OPERATORS: Readonly<Record<string, Operator>> = {
  /** The property is not there. */
  $absent: (value, _, at) => (value === undefined ? undefined : { at, expected: 'nothing', found: kindOf(value) }),
  /** An array or text of so many. */
  $length: (value, argument, at) => {
    const length = Array.isArray(value) || typeof value === 'string' ? value.length : undefined
    return length === argument ? undefined : { at, expected: `${argument} of them`, found: String(length) }
  },
  /** At least so many, or at least this number. */
  $atLeast: (value, argument, at) => {
    const figure = Array.isArray(value) ? value.length : value
    const holds = typeof figure === 'number' && figure >= Number(argument)
    return holds
      ? undefined
      : {
          at,
          expected: `at least ${argument}`,
          found: Array.isArray(value) ? `${value.length} of them` : kindOf(value),
        }
  },
  $matches: (value, argument, at) =>
    typeof value === 'string' && new RegExp(String(argument), 's').test(value)
      ? undefined
      : { at, expected: `a text like /${argument}/`, found: kindOf(value) },
  $type: (value, argument, at) =>
    kindOf(value).startsWith(String(argument)) ? undefined : { at, expected: String(argument), found: kindOf(value) },
  $not: (value, argument, at) =>
    mismatch(value, argument, at) === undefined
      ? { at, expected: `anything but ${JSON.stringify(argument)}`, found: 'that' }
      : undefined,
  $oneOf: (value, argument, at) =>
    Array.isArray(argument) && argument.some((each) => mismatch(value, each, at) === undefined)
      ? undefined
      : { at, expected: `one of ${JSON.stringify(argument)}`, found: told(value, argument) },
  /** Some element matches. */
  $some: (value, argument, at) =>
    Array.isArray(value) && value.some((each) => mismatch(each, argument, at) === undefined)
      ? undefined
      : { at, expected: `an element like ${JSON.stringify(argument)}`, found: `none in ${kindOf(value)}` },
  /** Every element matches, and there is one. */
  $each: (value, argument, at) => {
    if (!Array.isArray(value) || value.length === 0) return { at, expected: 'elements', found: kindOf(value) }
    for (const [index, each] of value.entries()) {
      const found = mismatch(each, argument, `${at}.${index}`)
      if (found !== undefined) return found
    }
    return undefined
  },
  /** All of these elements in any order, and no other. */
  $set: (value, argument, at) => {
    const wanted = Array.isArray(argument) ? (argument as readonly Matcher[]) : []
    const complete =
      Array.isArray(value) &&
      value.length === wanted.length &&
      wanted.every((each) => value.some((element) => mismatch(element, each, at) === undefined))
    return complete ? undefined : { at, expected: `the elements ${JSON.stringify(argument)}`, found: kindOf(value) }
  },
}

/** The first difference between a value and what is expected of it, or `undefined`. */
export function mismatch(value: unknown, matcher: Matcher, at = 'body'): Mismatch | undefined {
  if (Array.isArray(matcher)) {
    if (!Array.isArray(value) || value.length !== matcher.length) {
      return { at, expected: `${matcher.length} elements`, found: kindOf(value) }
    }
    return first(matcher.map((each, index) => mismatch(value[index], each as Matcher, `${at}.${index}`)))
  }
  if (typeof matcher !== 'object' || matcher === null) {
    return value === matcher ? undefined : { at, expected: JSON.stringify(matcher), found: told(value, matcher) }
  }
  return first(
    Object.entries(matcher).map(([name, inner]) => {
      if (inner === undefined) return undefined
      const operator = OPERATORS[name]
      if (operator !== undefined) return operator(value, inner, at)
      const held = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
      return mismatch(held, inner, `${at}.${name}`)
    }),
  )
}

function first(mismatches: readonly (Mismatch | undefined)[]): Mismatch | undefined {
  return mismatches.find((each) => each !== undefined)
}

/** What may be told of a value that somebody else may have written: its kind and size. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return `array of ${value.length}`
  return typeof value === 'string' ? `string of ${value.length} characters` : typeof value
}

/** Flags and numbers of the kind that was expected may be told as they are; texts never. */
function told(value: unknown, expected: Matcher): string {
  const plain = typeof value === 'number' || typeof value === 'boolean'
  return plain && typeof expected !== 'string' ? String(value) : kindOf(value)
}
