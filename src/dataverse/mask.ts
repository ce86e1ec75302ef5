/** Error messages of Dataverse and its plug-ins without the personal data that they like to quote. */

const MASK = '***'

/** Long enough to say what is wrong, too short to carry a row. */
const MAX_LENGTH = 300

/** How much of a message is looked at; the rest is dropped before any pattern runs over it. */
const MAX_INPUT = 4_000

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

const fromCodePoint = (code: number): string => (code <= 0x10ffff ? String.fromCodePoint(code) : '')

function percentDecoded(run: string): string {
  try {
    return decodeURIComponent(run)
  } catch {
    return run
  }
}

/** Undoes one layer of JSON, URL and HTML escapes. Percent runs are decoded as UTF-8, unreadable ones are kept. */
function unescaped(text: string): string {
  return text
    .replace(/\\u\{?([0-9a-f]{4,6})\}?/gi, (_, hex: string) => fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/\\(["'/\\])/g, '$1')
    .replace(/\\[nrt]/g, ' ')
    .replace(/(?:%[0-9a-f]{2})+/gi, percentDecoded)
    .replace(/&#(?:x([0-9a-f]{1,6})|(\d{1,7}));/gi, (_, hex?: string, dec?: string) =>
      fromCodePoint(hex === undefined ? Number(dec) : Number.parseInt(hex, 16)),
    )
    .replace(/&(amp|lt|gt|quot|apos|nbsp);/gi, (_, name: string) => ENTITIES[name.toLowerCase()] ?? '')
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** Every way in which one value may stand in a message whose escapes are undone (a blank may be `+` in a URL). */
function spellings(value: string): string[] {
  const base64 = Buffer.from(value, 'utf8').toString('base64').replace(/=+$/, '')
  const utf16 = Buffer.from(value, 'utf16le').toString('base64').replace(/=+$/, '')
  const plain = [value, unescaped(value), unescaped(unescaped(value))].flatMap((text) => [
    text,
    text.normalize('NFC'),
    text.normalize('NFD'),
    text.toUpperCase(),
    text.toLowerCase(),
    text.replace(/\s+/g, ' '),
    text.replace(/ /g, '+'),
  ])
  const coded = [base64, utf16].flatMap((text) => [text, text.replace(/\+/g, '-').replace(/\//g, '_')])
  return [...plain, ...coded].filter((text) => text.trim() !== '')
}

/** Its words, too: a server that shortens a value quotes its beginning. */
const wordsOf = (value: string): string[] => value.split(/[^\p{L}\p{N}]+/u).filter((word) => word.length >= 4)

/** Upper and lower case alike, whatever a pattern without regard to case would take for equal. */
const caseless = (text: string): string => text.toLowerCase().toUpperCase()

/** One spelling, and its text without case: most stand in no message, and a pattern of all would take long to compile. */
interface Spelling {
  readonly caseless: string
  readonly pattern: string
}

/** All spellings, longest first; words and very short values count as whole words only. */
function spellingsOf(values: readonly string[]): readonly Spelling[] {
  const whole = values.flatMap(spellings)
  const words = new Set([...values.flatMap(wordsOf), ...whole.filter(({ length }) => length < 3)])
  const anywhere = new Set(whole.filter(({ length }) => length >= 3))
  return [...new Set([...whole, ...words])]
    .sort((a, b) => b.length - a.length)
    .map((text) => {
      const pattern = anywhere.has(text) ? literal(text) : `(?<![\\p{L}\\p{N}])${literal(text)}(?![\\p{L}\\p{N}])`
      return { caseless: caseless(text), pattern }
    })
}

/** The text without what is spelt so. */
function without(own: readonly Spelling[], text: string): string {
  const folded = caseless(text)
  const parts = own.filter((spelling) => folded.includes(spelling.caseless)).map(({ pattern }) => pattern)
  return parts.length === 0 ? text : text.replace(new RegExp(parts.join('|'), 'giu'), MASK)
}

/** Quoted text; an unclosed double quote runs to the end. */
const QUOTED = /"([^"]*)"?|(?<![\p{L}\p{N}])'(.*?)'(?![\p{L}\p{N}])/gu

/** What is personal by its look, whoever it belongs to. */
const PERSONAL: readonly RegExp[] = [
  /[“”„«‘`].*?[“”»’`]/gu,
  // Duplicate errors hold XML with the other row inside: from the first tag to the last.
  /<.*>/g,
  /[^\s,;()]*(?:@|%40)[^\s,;()]*/gi,
  /\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b/gi,
  // Telephone numbers are written with gaps: five digits in all, however they are grouped.
  /\+?\d(?:[\s./()-]{0,2}\d){4,}/g,
  // Base64 and the like: long runs of mixed case with digits; column names are of one case, and privileges
  // (`prvCreatemsdynmkt_contactpointconsent4`) are what the operator has to grant.
  /(?<![\w+/])(?!prv(?:Create|Read|Write|Delete|Append|AppendTo|Assign|Share)[A-Za-z]\w+(?![\w+/=-]))(?=[\w+/-]*[a-z])(?=[\w+/-]*[A-Z])(?=[\w+/-]*\d)[\w+/-]{16,}={0,2}/g,
]

/** Error codes survive; they would fall to the digit rule. */
const CODE = /\b0x[0-9a-f]{8}\b/gi

const quotesMasked = (text: string, known: ReadonlySet<string>): string =>
  text.replace(QUOTED, (quoted, double?: string, single?: string) =>
    known.has(double ?? single ?? '') ? quoted : MASK,
  )

/**
 * Masks a message: quoted text, tags, addresses, GUIDs, numbers of five digits and more, base64, and every spelling
 * (case, URL, JSON, HTML, base64) of `values`, the row's own. Quoted names in `known` (columns, tables) stay, or the
 * operator could not tell which column is meant. One line of at most 300 characters.
 */
export function maskMessage(
  message: string,
  values: readonly string[],
  known: ReadonlySet<string> = new Set(),
): string {
  const own = spellingsOf(values)
  const masked = (text: string): string => without(own, text)

  let text = masked(message.slice(0, MAX_INPUT))
  for (let layer = 0; layer < 2; layer += 1) text = masked(unescaped(text))
  text = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  const parts = text.split(CODE)
  const codes = text.match(CODE) ?? []
  const clean = parts.map((part) =>
    PERSONAL.reduce((rest, look) => rest.replace(look, MASK), quotesMasked(part, known)),
  )
  const line = clean.map((part, index) => part + (codes[index] ?? '')).join('')
  return line
    .replace(/(?:\*{3}[\s,;:'"]*){2,}/g, `${MASK} `)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_LENGTH)
}
