/** How far lines were read ahead: the place of the first that is left, and how many were read before it. */
export interface Ahead {
  readonly at: number
  readonly lines: number
}

/** None was. */
export function nothingAhead(at: number): Ahead {
  return { at, lines: 0 }
}
