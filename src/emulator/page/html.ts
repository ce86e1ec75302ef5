/** HTML in which every value is text unless it was made here: what stands in a row cannot become a part of the page. */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A piece of a page. Only `html` and `trusted` make one. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What may stand in a template: pieces as they are, all else escaped, nothing for undefined. */
export type HtmlValue = Html | string | number | undefined | readonly HtmlValue[]

/** Text of our own that is already HTML, CSS or script. Never a value. */
export function trusted(text: string): Html {
  return new Html(text)
}

/** A template whose values are safe between tags and in quoted attributes; nowhere else may values stand. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts.map((part, index) => part + textOf(values[index])).join(''))
}

function textOf(value: HtmlValue): string {
  if (value === undefined) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'string') return escaped(value)
  return typeof value === 'number' ? String(value) : value.map(textOf).join('')
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
