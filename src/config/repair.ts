/** Reads the text of an integration document, and mends the two faults that the vendor's printed examples have (semantics §4). */

/** A parsed document text: the value and the repairs that were made, or what is wrong with it. */
export type ReadText =
  | { readonly value: unknown; readonly repairs: readonly string[] }
  | { readonly fault: { readonly found: string; readonly expected: string; readonly remedy: string } }

const CLOSERS: Readonly<Record<string, string>> = { '{': '}', '[': ']' }

/** A marker no document holds: a list in place of a text that the text `"a" or "b"` becomes. */
const ALTERNATIVES = '\u0000alternatives'

/** Parses JSON; where that fails, tries the two repairs. Faults never quote the text. */
export function readDocumentText(text: string): ReadText {
  const source = text.replace(/^\uFEFF/, '')
  const strict = parseJson(source)
  if ('value' in strict) return { value: strict.value, repairs: [] }

  const repairs: string[] = []
  const joined = joinAlternatives(source)
  const closers = missingClosers(joined.text)
  const mended = parseJson(joined.text + closers)
  if (!('value' in mended)) {
    return {
      fault: {
        found: `no valid JSON (line ${lineAt(source, strict.position)})`,
        expected: 'JSON',
        remedy: 'Look for a missing comma, quote or brace there; a printed example may need repair before it is used.',
      },
    }
  }
  const spread = joined.count === 0 ? mended.value : spreadAlternatives(mended.value)
  if (spread === AMBIGUOUS) {
    return {
      fault: {
        found: 'a bare `or` between two texts',
        expected: 'one text; alternatives are read only where a list of entries shows one `id` or another',
        remedy: 'Keep the alternative that is meant.',
      },
    }
  }
  if (joined.count > 0) {
    repairs.push(`read ${joined.count} bare \`or\` between alternatives as one entry per alternative`)
  }
  if (closers !== '') repairs.push(`added the missing \`${closers}\` at the end`)
  return { value: spread, repairs }
}

type Parsed = { readonly value: unknown } | { readonly position: number }

/** The engine's message quotes the text around the fault, so only its position is kept. */
function parseJson(text: string): Parsed {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined
    return { position: position === undefined ? text.length : Number(position) }
  }
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

const STRING = '"(?:[^"\\\\]|\\\\.)*"'

/** Turns each `"a" or "b" or …` into a marked list; an `or` inside a text is part of that text. */
function joinAlternatives(text: string): { readonly text: string; readonly count: number } {
  let count = 0
  const joined = text.replace(new RegExp(`${STRING}(?:\\s+or\\s+${STRING})*`, 'gi'), (match) => {
    const texts = match.match(new RegExp(STRING, 'g')) ?? []
    if (texts.length < 2) return match
    count += texts.length - 1
    return `[${JSON.stringify(ALTERNATIVES)}, ${texts.join(', ')}]`
  })
  return { text: joined, count }
}

/** The braces and brackets still open at the end, closed in order; none where the text ends inside a text or closes too much. */
function missingClosers(text: string): string {
  const open: string[] = []
  for (const [token] of text.matchAll(new RegExp(`${STRING}|[{}[\\]]`, 'g'))) {
    const closer = CLOSERS[token]
    if (closer !== undefined) open.push(closer)
    else if (token === '}' || token === ']') {
      if (open.pop() !== token) return ''
    }
  }
  return open.reverse().join('')
}

const AMBIGUOUS = Symbol('ambiguous alternatives')

/** Spreads marked lists: an item of a list whose `id` has alternatives becomes one item per alternative. */
function spreadAlternatives(value: unknown): unknown {
  if (Array.isArray(value)) {
    if (value[0] === ALTERNATIVES) return AMBIGUOUS
    const items = value.flatMap((item) => spreadItem(item)).map((item) => spreadAlternatives(item))
    return items.includes(AMBIGUOUS) ? AMBIGUOUS : items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, item]) => [key, spreadAlternatives(item)] as const)
  return entries.some(([, item]) => item === AMBIGUOUS) ? AMBIGUOUS : Object.fromEntries(entries)
}

function spreadItem(item: unknown): unknown[] {
  if (typeof item !== 'object' || item === null || !('id' in item)) return [item]
  const { id } = item
  if (!Array.isArray(id) || id[0] !== ALTERNATIVES) return [item]
  return id.slice(1).map((alternative: unknown) => ({ ...item, id: alternative }))
}
