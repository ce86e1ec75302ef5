/** From a tree of conditions to a test of rows, as the database compares. */
import { badRequest } from './api-error.ts'
import type { Collation } from './collation.ts'
import { isGuid } from './column-value.ts'
import type { Comparison, Expression, Literal } from './filter-parser.ts'
import type { Value } from './schema.ts'

/** How a property is compared; `any` takes every literal. */
export type PropertyKind = 'text' | 'number' | 'boolean' | 'guid' | 'instant' | 'date' | 'enum' | 'any'

/** How to read the properties of whatever is filtered. `kindOf` throws where the property does not exist. */
export interface Properties<R> {
  kindOf(path: string): PropertyKind
  read(row: R, path: string): Value
}

/** Tells whether a row matches. */
export type Test<R> = (row: R) => boolean

/** Turns a tree into a test. Throws 400 for unknown properties and literals of the wrong type. */
export function compileFilter<R>(expression: Expression, properties: Properties<R>, collation: Collation): Test<R> {
  switch (expression.kind) {
    case 'and':
    case 'or': {
      const left = compileFilter(expression.left, properties, collation)
      const right = compileFilter(expression.right, properties, collation)
      return expression.kind === 'and' ? (row) => left(row) && right(row) : (row) => left(row) || right(row)
    }
    case 'not': {
      const operand = compileFilter(expression.operand, properties, collation)
      return (row) => !operand(row)
    }
    case 'compare':
      return comparison(expression.path, expression.operator, expression.literal, properties, collation)
    case 'like': {
      const pattern = likePattern(expression.text, expression.position, collation)
      const { path } = expression
      if (properties.kindOf(path) !== 'text' && properties.kindOf(path) !== 'any') {
        throw badRequest(`The function '${expression.position}' needs a text property, not '${path}'.`)
      }
      return (row) => {
        const value = properties.read(row, path)
        return typeof value === 'string' && pattern.test(collation.foldPattern(value))
      }
    }
    case 'in': {
      const { path, negated } = expression
      const kind = properties.kindOf(path)
      const wanted = new Set(expression.values.map((value) => comparable(inValue(kind, value), kind, collation)))
      return (row) => {
        const value = properties.read(row, path)
        return (value !== null && wanted.has(comparable(value, kind, collation))) !== negated
      }
    }
  }
}

function inValue(kind: PropertyKind, text: string): Exclude<Value, null> {
  if (kind === 'number') return Number(text)
  if (kind === 'boolean') return text === 'true'
  return text
}

function comparison<R>(
  path: string,
  operator: Comparison,
  literal: Literal,
  properties: Properties<R>,
  collation: Collation,
): Test<R> {
  const kind = properties.kindOf(path)
  requireSameType(path, kind, literal)
  if (literal.kind === 'null') {
    if (operator !== 'eq' && operator !== 'ne') throw badRequest(`The operator '${operator}' cannot compare with null.`)
    return (row) => (properties.read(row, path) === null) === (operator === 'eq')
  }
  const wanted = comparable(literal.value, kind, collation)
  return (row) => {
    const value = properties.read(row, path)
    if (value === null) return operator === 'ne'
    return holds(operator, comparable(value, kind, collation), wanted)
  }
}

function holds(operator: Comparison, value: string | number | boolean, wanted: string | number | boolean): boolean {
  switch (operator) {
    case 'eq':
      return value === wanted
    case 'ne':
      return value !== wanted
    case 'gt':
      return value > wanted
    case 'ge':
      return value >= wanted
    case 'lt':
      return value < wanted
    case 'le':
      return value <= wanted
  }
}

function comparable(value: Exclude<Value, null>, kind: PropertyKind, collation: Collation): string | number | boolean {
  if (typeof value !== 'string') return value
  if (kind === 'instant') return Date.parse(value)
  return kind === 'guid' ? value.toLowerCase() : collation.fold(value)
}

const ACCEPTED: Readonly<Record<Exclude<PropertyKind, 'any'>, readonly Literal['kind'][]>> = {
  text: ['text'],
  number: ['number'],
  boolean: ['boolean'],
  guid: ['guid'],
  instant: ['instant', 'date'],
  date: ['date'],
  enum: ['enum'],
}

function requireSameType(path: string, kind: PropertyKind, literal: Literal): void {
  if (kind === 'any' || literal.kind === 'null' || ACCEPTED[kind].includes(literal.kind)) return
  throw badRequest(
    `A binary operator with incompatible types was detected. Property '${path}' (${kind}) cannot be compared with a ${literal.kind}.`,
  )
}

/** `%`, `_` and `[…]` are wildcards in the text functions, as in SQL. */
function likePattern(text: string, position: 'startswith' | 'endswith' | 'contains', collation: Collation): RegExp {
  const body = collation.foldPattern(text).replace(/\[[^\]]*\]|[%_]|[\\^$.*+?()|{}[\]]/g, (part) => {
    if (part === '%') return '.*'
    if (part === '_') return '.'
    return part.length > 1 ? part : `\\${part}`
  })
  const start = position === 'contains' || position === 'endswith' ? '' : '^'
  return new RegExp(`${start}${body}${position === 'endswith' ? ' *$' : ''}`, 's')
}

/**
 * Ids of the rows that may match, found through an index, or `undefined` where only a scan tells.
 * `find` answers for an indexable property or returns `undefined`.
 */
export function candidates(
  expression: Expression,
  find: (path: string, value: string) => readonly string[] | undefined,
): ReadonlySet<string> | undefined {
  switch (expression.kind) {
    case 'and': {
      const left = candidates(expression.left, find)
      const right = candidates(expression.right, find)
      if (left === undefined || right === undefined) return left ?? right
      return left.size < right.size ? left : right
    }
    case 'or': {
      const left = candidates(expression.left, find)
      const right = candidates(expression.right, find)
      return left === undefined || right === undefined ? undefined : new Set([...left, ...right])
    }
    case 'compare': {
      const { literal, operator, path } = expression
      if (operator !== 'eq' || (literal.kind !== 'text' && literal.kind !== 'guid')) return undefined
      const found = find(path, literal.value)
      return found === undefined ? undefined : new Set(found)
    }
    case 'in': {
      if (expression.negated) return undefined
      const ids = new Set<string>()
      for (const value of expression.values) {
        const found = find(expression.path, isGuid(value) ? value.toLowerCase() : value)
        if (found === undefined) return undefined
        for (const id of found) ids.add(id)
      }
      return ids
    }
    case 'like':
    case 'not':
      return undefined
  }
}
