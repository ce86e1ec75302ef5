/** Writes the table of docs/configuration.md from the JSON Schema of the settings. */

type Schema = Readonly<Record<string, unknown>>

/** One row per key that holds a value of its own; objects and lists of objects are entered. */
export function keyTable(schema: Schema): string {
  return ['| Key | Values | Default | Meaning |', '|---|---|---|---|', ...rows(schema, '')].join('\n')
}

function rows(schema: Schema, prefix: string): string[] {
  const required = new Set(schema['required'] as string[] | undefined)
  const properties = (schema['properties'] ?? {}) as Record<string, Schema>
  return Object.entries(properties).flatMap(([key, child]) => keyRows(`${prefix}${key}`, child, required.has(key)))
}

function keyRows(path: string, schema: Schema, required: boolean): string[] {
  const description = schema['description']
  if (typeof description !== 'string') throw new Error(`${path} has no description`)
  const inside = rows(schema, `${path}.`)
  if (inside.length > 0 && (required || 'default' in schema)) return inside
  const fallback = required ? '**required**' : 'default' in schema ? code(JSON.stringify(schema['default'])) : '–'
  const row = `| ${code(path)} | ${values(schema)} | ${fallback} | ${description.replaceAll('|', '\\|')} |`
  if (inside.length > 0) return [row, ...inside]
  const one = oneOrMany(schema)
  if (one !== undefined) return [row, ...rows(one, `${path}.`)]
  const items = schema['items'] as Schema | undefined
  if (items?.['properties'] !== undefined) return [row, ...rows(items, `${path}[].`)]
  const entries = schema['additionalProperties'] as Schema | undefined
  if (entries?.['properties'] !== undefined) return [row, ...rows(entries, `${path}.*.`)]
  return [row]
}

/** What there is one or a list of; `undefined` where the schema says something else. */
function oneOrMany(schema: Schema): Schema | undefined {
  const [one, many, ...others] = (schema['anyOf'] ?? []) as Schema[]
  const isBoth = one?.['properties'] !== undefined && JSON.stringify(one) === JSON.stringify(many?.['items'])
  return isBoth && others.length === 0 ? one : undefined
}

function values(schema: Schema): string {
  if (schema['enum'] !== undefined) return (schema['enum'] as string[]).map(code).join(', ')
  if (schema['type'] === 'array') return `list of: ${values(schema['items'] as Schema)}`
  if (schema['propertyNames'] !== undefined) return 'map'
  if (schema['properties'] !== undefined) return 'object'
  if (schema['anyOf'] !== undefined) return [...new Set((schema['anyOf'] as Schema[]).map(values))].join(', ')
  const type = [schema['type']].flat().map(String)
  const { minimum, maximum } = schema
  const range = minimum === undefined ? '' : ` ${minimum} … ${maximum}`
  return (
    type.map((name) => (name === 'string' ? 'text' : name === 'boolean' ? '`true`, `false`' : name)).join(', ') + range
  )
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``
}
