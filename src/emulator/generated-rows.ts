/** Rows by the million from one pattern, so that a large environment needs no large seed file. */

/** So many rows of a table that differ by their number alone. */
export interface GeneratedRows {
  /** Entity set or logical name. */
  readonly table: string
  readonly count: number
  /** Raw values; in texts `{n}` becomes the number of the row, from 1, and `{n:12}` the same with leading zeros. */
  readonly row: Readonly<Record<string, unknown>>
}

/** The rows one by one, each a fresh object. */
export function* generatedRows({ count, row }: GeneratedRows): Generator<Record<string, unknown>> {
  const columns = Object.entries(row).map(([name, value]) => [name, makerOf(value)] as const)
  for (let number = 1; number <= count; number++) {
    const made: Record<string, unknown> = {}
    for (const [name, make] of columns) made[name] = make(number)
    yield made
  }
}

function makerOf(value: unknown): (number: number) => unknown {
  if (typeof value !== 'string' || !/\{n(:\d+)?\}/.test(value)) return () => value
  // Every second piece is what a pair of braces holds: nothing, or a width.
  const pieces = value.split(/\{n(?::(\d+))?\}/)
  return (number) =>
    pieces.map((piece, at) => (at % 2 === 0 ? piece : String(number).padStart(Number(piece ?? 0), '0'))).join('')
}
