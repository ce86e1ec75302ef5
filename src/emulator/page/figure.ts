/** Numbers as people read them. */

/** `1,234,567` */
export function figure(value: number): string {
  return value.toLocaleString('en-US')
}

/** `1 row`, `2,000 rows` */
export function counted(value: number, noun: string): string {
  return `${figure(value)} ${noun}${value === 1 ? '' : 's'}`
}
