/** How the database compares text: without case, without trailing blanks and, mostly, without accents. */

/** Folds texts so that two of them are equal in the database exactly if their folded forms are identical. */
export interface Collation {
  fold(text: string): string
  /** The same for patterns, where trailing blanks count. */
  foldPattern(text: string): string
  /** Whether keys in URLs compare exactly all the same: nobody knows. */
  readonly exactKeys: boolean
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is exactly ASCII, whose folding needs no Unicode
const ASCII = /^[\x00-\x7f]*$/

/** `accentInsensitive` is fixed when an environment is created; most are, some (Finnish, Swedish) are not. */
export function openCollation(accentInsensitive: boolean, exactKeys = false): Collation {
  const foldPattern = (text: string): string => {
    if (ASCII.test(text)) return text.toLowerCase()
    const lower = text.normalize('NFC').toLowerCase()
    return accentInsensitive ? lower.normalize('NFD').replace(/\p{M}+/gu, '') : lower
  }
  return { exactKeys, foldPattern, fold: (text) => foldPattern(text).replace(/ +$/, '') }
}
