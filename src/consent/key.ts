/** The name of a choice: a tuple written with `/` (semantics §1, "key"). */

/**
 * What a statement is about. `set` is the whole set of a v2 preference's selected values; it answers the question
 * of every `value` below it.
 */
export type Key =
  | { readonly kind: 'purpose'; readonly purpose: string }
  | { readonly kind: 'purpose-li'; readonly purpose: string }
  | { readonly kind: 'preference'; readonly purpose: string; readonly preference: string }
  | { readonly kind: 'set'; readonly purpose: string; readonly preference: string }
  | { readonly kind: 'value'; readonly purpose: string; readonly preference: string; readonly value: string }
  | { readonly kind: 'channel'; readonly channel: string }
  | { readonly kind: 'purpose-channel'; readonly purpose: string; readonly channel: string }

/** A key as text: its parts joined with `/`, with `%` and `/` inside an id escaped, so that no id can forge a key. */
export type KeyText = string

const escaped = (id: string): string => id.replace(/%/g, '%25').replace(/\//g, '%2F')
const unescaped = (part: string): string => part.replace(/%2F/g, '/').replace(/%25/g, '%')

/** Writes a key as text; `purpose-channel` is written `channel/P/C` (semantics §1). */
export function keyText(key: Key): KeyText {
  switch (key.kind) {
    case 'purpose':
    case 'purpose-li':
      return `${key.kind}/${escaped(key.purpose)}`
    case 'preference':
    case 'set':
      return `${key.kind}/${escaped(key.purpose)}/${escaped(key.preference)}`
    case 'value':
      return `value/${escaped(key.purpose)}/${escaped(key.preference)}/${escaped(key.value)}`
    case 'channel':
      return `channel/${escaped(key.channel)}`
    case 'purpose-channel':
      return `channel/${escaped(key.purpose)}/${escaped(key.channel)}`
  }
}

/** Reads what `keyText` wrote; `undefined` for any other text. */
export function parseKey(text: KeyText): Key | undefined {
  const [kind, ...parts] = text.split('/')
  const [a = '', b = '', c = ''] = parts.map(unescaped)
  switch (`${kind}/${parts.length}`) {
    case 'purpose/1':
      return { kind: 'purpose', purpose: a }
    case 'purpose-li/1':
      return { kind: 'purpose-li', purpose: a }
    case 'preference/2':
      return { kind: 'preference', purpose: a, preference: b }
    case 'set/2':
      return { kind: 'set', purpose: a, preference: b }
    case 'value/3':
      return { kind: 'value', purpose: a, preference: b, value: c }
    case 'channel/1':
      return { kind: 'channel', channel: a }
    case 'channel/2':
      return { kind: 'purpose-channel', purpose: a, channel: b }
    default:
      return undefined
  }
}
