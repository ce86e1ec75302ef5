/** How well a text can be told from its ground (WCAG: contrast ratio). */

/** From 0 for black to 1 for white (WCAG: relative luminance). */
export function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? [])
    .map((each) => Number(each) / 255)
    .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Of two luminances: 1 for none, 21 for black on white. */
export function contrast(one: number, other: number): number {
  const [low, high] = [Math.min(one, other), Math.max(one, other)]
  return (high + 0.05) / (low + 0.05)
}
