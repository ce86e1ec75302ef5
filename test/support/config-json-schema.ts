/** Judges a value by JSON Schema, for the keywords our settings' schema uses; an unknown keyword throws. */

type Schema = Readonly<Record<string, unknown>>

const ANNOTATIONS = new Set(['$schema', 'title', 'description', 'default'])

/** Whether the value is valid. */
export function isValid(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, argument]) => {
    if (ANNOTATIONS.has(keyword)) return true
    const judge = KEYWORDS[keyword]
    if (judge === undefined) throw new Error(`JSON Schema keyword ${keyword} is not known here`)
    return judge(argument, value, schema)
  })
}

type Judge = (argument: unknown, value: unknown, schema: Schema) => boolean

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function isOfType(type: unknown, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isObject(value)
    case 'array':
      return Array.isArray(value)
    case 'null':
      return value === null
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return Number.isFinite(value)
    default:
      return typeof value === type
  }
}

const ofString =
  (judge: (argument: never, value: string) => boolean): Judge =>
  (argument, value) =>
    typeof value !== 'string' || judge(argument as never, value)
const ofNumber =
  (judge: (argument: number, value: number) => boolean): Judge =>
  (argument, value) =>
    typeof value !== 'number' || judge(argument as number, value)

const KEYWORDS: Readonly<Record<string, Judge>> = {
  type: (types, value) => [types].flat().some((type) => isOfType(type, value)),
  enum: (values, value) => (values as unknown[]).includes(value),
  const: (expected, value) => expected === value,
  anyOf: (schemas, value) => (schemas as Schema[]).some((schema) => isValid(schema, value)),
  oneOf: (schemas, value) => (schemas as Schema[]).filter((schema) => isValid(schema, value)).length === 1,
  not: (schema, value) => !isValid(schema as Schema, value),
  pattern: ofString((pattern: string, value) => new RegExp(pattern, 'u').test(value)),
  minLength: ofString((least: number, value) => [...value].length >= least),
  minimum: ofNumber((least, value) => value >= least),
  maximum: ofNumber((most, value) => value <= most),
  minItems: (least, value) => !Array.isArray(value) || value.length >= (least as number),
  maxItems: (most, value) => !Array.isArray(value) || value.length <= (most as number),
  items: (schema, value) => !Array.isArray(value) || value.every((item) => isValid(schema as Schema, item)),
  required: (keys, value) => !isObject(value) || (keys as string[]).every((key) => Object.hasOwn(value, key)),
  dependentRequired: (table, value) =>
    !isObject(value) ||
    Object.entries(table as Record<string, string[]>).every(
      ([key, needed]) => !Object.hasOwn(value, key) || needed.every((name) => Object.hasOwn(value, name)),
    ),
  properties: (table, value) =>
    !isObject(value) ||
    Object.entries(table as Record<string, Schema>).every(
      ([key, schema]) => !Object.hasOwn(value, key) || isValid(schema, value[key]),
    ),
  propertyNames: (schema, value) =>
    !isObject(value) || Object.keys(value).every((key) => isValid(schema as Schema, key)),
  additionalProperties: (rest, value, schema) => {
    if (!isObject(value)) return true
    const named = (schema['properties'] ?? {}) as object
    const others = Object.keys(value).filter((key) => !Object.hasOwn(named, key))
    return rest === false ? others.length === 0 : others.every((key) => isValid(rest as Schema, value[key]))
  },
}
