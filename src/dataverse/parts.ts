/** Rows divided into the parts that requests carry. */

/** Two of equal length, or the first of them the larger by one. */
export const halved = <T>(items: readonly T[]): [T[], T[]] => divided(items, 1 / 2)

/** Two, the first of them such a share of all. */
export function divided<T>(items: readonly T[], share: number): [T[], T[]] {
  const at = Math.ceil(items.length * share)
  return [items.slice(0, at), items.slice(at)]
}

/** Parts of about equal length, none above `size`. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  return equalParts(items, Math.ceil(items.length / size))
}

/** So many of about equal length: a small rest would cost nearly as much as a whole message. */
export function equalParts<T>(items: readonly T[], count: number): T[][] {
  const parts: T[][] = []
  for (let part = 0; part < count; part += 1) {
    parts.push(items.slice(Math.floor((part * items.length) / count), Math.floor(((part + 1) * items.length) / count)))
  }
  return parts
}
