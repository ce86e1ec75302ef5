/** The grammar of `$filter`: text to a tree of conditions. */
import { ApiError, badSyntax, notUnderstood } from './api-error.ts'

/** A literal of a filter; `enum` is the member name of a qualified enumeration literal. */
export type Literal =
  | { readonly kind: 'text' | 'guid' | 'instant' | 'date' | 'enum'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null'; readonly value: null }

/** The comparison operators of OData that Dataverse knows. */
export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le'

/** A parsed filter. */
export type Expression =
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'compare'; readonly path: string; readonly operator: Comparison; readonly literal: Literal }
  | {
      readonly kind: 'like'
      readonly path: string
      readonly position: 'startswith' | 'endswith' | 'contains'
      readonly text: string
    }
  | { readonly kind: 'in'; readonly path: string; readonly values: readonly string[]; readonly negated: boolean }

/** A query may hold this many conditions; `In` is one (Dataverse: `TooManyConditionsInQuery`). */
const MAX_CONDITIONS = 500
/** Texts in an `In` may have this many characters. */
const MAX_IN_TEXT = 850

const TOKEN =
  /\s*(?:(Microsoft\.Dynamics\.CRM\.\w+'[^']*')|('(?:[^']|'')*')|(\[(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\]"'])*\])|([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})|(\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))|(\d{4}-\d{2}-\d{2})|(-?\d+(?:\.\d+)?)|(@?[A-Za-z_][\w./@]*)|([(),=]))/y

interface Token {
  readonly kind: 'enum' | 'text' | 'array' | 'guid' | 'instant' | 'date' | 'number' | 'word' | 'mark'
  readonly text: string
}

const KINDS: readonly Token['kind'][] = ['enum', 'text', 'array', 'guid', 'instant', 'date', 'number', 'word', 'mark']

function tokenise(filter: string): Token[] {
  const tokens: Token[] = []
  const end = filter.trimEnd().length
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(filter)
    if (match === null) throw badSyntax(`Syntax error at position ${at} in the filter.`)
    const group = match.slice(1).findIndex((text) => text !== undefined)
    tokens.push({ kind: KINDS[group] ?? 'mark', text: match[group + 1] ?? '' })
  }
  return tokens
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #aliases: ReadonlyMap<string, string>
  #at = 0
  #conditions = 0

  constructor(filter: string, aliases: ReadonlyMap<string, string>) {
    this.#tokens = tokenise(filter)
    this.#aliases = aliases
  }

  parse(): Expression {
    const expression = this.#or()
    if (this.#at < this.#tokens.length) throw this.#unexpected()
    if (this.#conditions > MAX_CONDITIONS) {
      throw new ApiError(
        400,
        '0x8004430C',
        `TooManyConditionsInQuery: number of conditions in query exceeded maximum limit of ${MAX_CONDITIONS}.`,
      )
    }
    return expression
  }

  #or(): Expression {
    let left = this.#and()
    while (this.#accept('or')) left = { kind: 'or', left, right: this.#and() }
    return left
  }

  #and(): Expression {
    let left = this.#unary()
    while (this.#accept('and')) left = { kind: 'and', left, right: this.#unary() }
    return left
  }

  #unary(): Expression {
    if (this.#accept('not')) return { kind: 'not', operand: this.#unary() }
    if (this.#accept('(')) {
      const inner = this.#or()
      this.#expect(')')
      return inner
    }
    this.#conditions++
    const { text, kind } = this.#next()
    if (kind !== 'word') throw this.#unexpected()
    if (!this.#accept('(')) return this.#comparison(text)
    if (text === 'startswith' || text === 'endswith' || text === 'contains') return this.#like(text)
    if (text === 'Microsoft.Dynamics.CRM.In') return this.#in(false)
    if (text === 'Microsoft.Dynamics.CRM.NotIn') return this.#in(true)
    throw notUnderstood(`the filter function '${text}'`)
  }

  #comparison(path: string): Expression {
    const operator = this.#next().text
    if (!['eq', 'ne', 'gt', 'ge', 'lt', 'le'].includes(operator)) throw this.#unexpected()
    return { kind: 'compare', path, operator: operator as Comparison, literal: this.#literal() }
  }

  #like(position: 'startswith' | 'endswith' | 'contains'): Expression {
    const path = this.#next().text
    this.#expect(',')
    const literal = this.#literal()
    this.#expect(')')
    if (literal.kind !== 'text') throw badSyntax(`The function '${position}' needs a text.`)
    return { kind: 'like', path, position, text: literal.value }
  }

  #in(negated: boolean): Expression {
    const named = new Map<string, Token>()
    do {
      const name = this.#next().text
      this.#expect('=')
      named.set(name, this.#resolved(this.#next()))
    } while (this.#accept(','))
    this.#expect(')')
    const property = named.get('PropertyName')
    const list = named.get('PropertyValues')
    if (property?.kind !== 'text' || list?.kind !== 'array')
      throw badSyntax('In needs PropertyName and PropertyValues.')
    return { kind: 'in', path: unquote(property.text), values: parseArray(list.text), negated }
  }

  #literal(): Literal {
    const { kind, text } = this.#resolved(this.#next())
    switch (kind) {
      case 'text':
        return { kind, value: unquote(text) }
      case 'number':
        return { kind, value: Number(text) }
      case 'guid':
        return { kind, value: text.toLowerCase() }
      case 'instant':
      case 'date':
        return { kind, value: text }
      case 'enum':
        return { kind, value: text.slice(text.indexOf("'") + 1, -1) }
      case 'word':
        if (text === 'null') return { kind: 'null', value: null }
        if (text === 'true' || text === 'false') return { kind: 'boolean', value: text === 'true' }
        throw notUnderstood(`a comparison with '${text}'`)
      default:
        throw this.#unexpected()
    }
  }

  /** Replaces a parameter alias by what the query string says it stands for. */
  #resolved(token: Token): Token {
    if (token.kind !== 'word' || !token.text.startsWith('@')) return token
    const value = this.#aliases.get(token.text)
    if (value === undefined) throw badSyntax(`The parameter alias '${token.text}' has no value.`)
    const [resolved, ...rest] = tokenise(value)
    if (resolved === undefined || rest.length > 0) throw badSyntax(`The value of '${token.text}' cannot be read.`)
    return resolved
  }

  #next(): Token {
    const token = this.#tokens[this.#at]
    if (token === undefined) throw badSyntax('The filter ends too early.')
    this.#at++
    return token
  }

  #accept(text: string): boolean {
    const token = this.#tokens[this.#at]
    if (token === undefined || token.kind === 'text' || token.text !== text) return false
    this.#at++
    return true
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw this.#unexpected()
  }

  #unexpected(): ApiError {
    return badSyntax(`Syntax error near token ${this.#at} of the filter.`)
  }
}

function unquote(text: string): string {
  return text.slice(1, -1).replaceAll("''", "'")
}

/** Double quotes are the safe form; single quotes are turned into them, which an apostrophe inside a value breaks. */
function parseArray(text: string): string[] {
  let json: unknown
  try {
    json = JSON.parse(text.includes('"') ? text : text.replaceAll("'", '"'))
  } catch {
    throw badSyntax('The array of property values cannot be read.')
  }
  if (!Array.isArray(json)) throw badSyntax('The property values must be an array.')
  return json.map((value) => {
    const item = String(value)
    if (item.length > MAX_IN_TEXT) throw badRequestLength()
    return item
  })
}

function badRequestLength(): ApiError {
  return new ApiError(400, '0x80060888', `A value of the In condition is longer than ${MAX_IN_TEXT} characters.`)
}

/** Parses a decoded filter; `aliases` holds the parameter values (`@p1`). Throws 400 for syntax and too many conditions. */
export function parseFilter(filter: string, aliases: ReadonlyMap<string, string>): Expression {
  return new Parser(filter, aliases).parse()
}
