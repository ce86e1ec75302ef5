/** Where in a file a value stands, told without ever telling the value. */

import { type Document, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml'

export type Path = readonly PropertyKey[]

/** Names a place of one file for a complaint or a warning. */
export type Where = (path: Path) => string

// A slip such as `{key:value}` without a blank makes YAML read a value as part of a key: only keys that look like
// names or ids are printed.
const PRINTABLE_KEY = /^([\w$-]{1,64}|(purpose|topic):[0-9a-fA-F-]{36}|[a-z-]+(\/[\w-]{1,64}){1,3})$/
const PLAIN_NAME = /^[\w$-]+$/

/** Whether a key may be printed. */
export function isPrintableKey(key: PropertyKey): boolean {
  return typeof key === 'number' || PRINTABLE_KEY.test(String(key))
}

/** A path as text, such as `targets[0].contact.template`; `[…]` stands for a key that is better not printed. */
export function pathText(path: Path): string {
  const parts = path.map((key, index) => {
    if (typeof key === 'number') return `[${key}]`
    if (!isPrintableKey(key)) return '[…]'
    if (!PLAIN_NAME.test(String(key))) return `["${String(key)}"]`
    return index === 0 ? String(key) : `.${String(key)}`
  })
  return parts.join('')
}

/** Places of a file without lines. */
export function placesOf(file: string): Where {
  return (path) => (path.length === 0 ? file : `${file}: ${pathText(path)}`)
}

/** Places of a YAML or JSON file, with the line of the value or of the nearest thing around it. */
export function placesWithLines(file: string, document: Document, lines: LineCounter): Where {
  return (path) => {
    const line = lineOf(document.contents, path, lines)
    const at = line === undefined ? file : `${file}:${line}`
    return path.length === 0 ? at : `${at}: ${pathText(path)}`
  }
}

function lineOf(root: Node | null, path: Path, lines: LineCounter): number | undefined {
  let node: unknown = root
  let offset = root?.range?.[0]
  for (const key of path) {
    if (isSeq(node)) {
      node = node.items[Number(key)]
    } else if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
      if (pair !== undefined && isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair?.value
    } else break
    if (isSeq(node) || isMap(node) || isScalar(node)) {
      if (typeof key === 'number') offset = node.range?.[0] ?? offset
    } else break
  }
  return offset === undefined ? undefined : lines.linePos(offset).line
}

/** Places below a path. */
export function below(where: Where, prefix: Path): Where {
  return (path) => where([...prefix, ...path])
}
