/** Looks for texts that must never show, in every form in which they could: as they are, escaped, coded, hashed. */

import { createHash } from 'node:crypto'

/** What is looked for; `what` names it in a finding, which never holds the text itself. */
export interface Canary {
  readonly what: string
  readonly text: string
}

interface Form {
  readonly form: string
  readonly text: string
  /** Whether upper and lower case are the same to this form. */
  readonly anyCase: boolean
}

const CODINGS = ['hex', 'base64', 'base64url'] as const

/** Every `\uXXXX`, as serialisers write that trust no byte above 7 bits. */
const asciiEscaped = (text: string): string =>
  text.replace(/[^\x20-\x7e]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)

const htmlEscaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, '&#39;')

const allEncoded = (text: string): string => encodeURIComponent(text).replace(/[!'()*.~_-]/g, hexEscape)
const hexEscape = (sign: string): string => `%${sign.charCodeAt(0).toString(16)}`

/** Base64 of a text that stands inside a longer one: by its place among the groups of three bytes, its edges cut off. */
function base64Inside(text: string): string[] {
  return [0, 1, 2].map((offset) => {
    const coded = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).toString('base64')
    return coded.replace(/=+$/, '').slice(offset === 0 ? 0 : offset + 1, -1)
  })
}

/** Every form of one text that the search knows. */
export function formsOf(text: string): Form[] {
  const spellings = [...new Set([text, text.toLowerCase(), text.toUpperCase(), text.normalize('NFC')])]
  const written: readonly (readonly [string, string])[] = [
    ['plain', text],
    ['url', encodeURIComponent(text)],
    ['url, all signs', allEncoded(text)],
    ['url of a form', new URLSearchParams([['', text]]).toString().slice(1)],
    ['url twice', encodeURIComponent(encodeURIComponent(text))],
    ['json', JSON.stringify(text).slice(1, -1)],
    ['json twice', JSON.stringify(JSON.stringify(text).slice(1, -1)).slice(1, -1)],
    ['json, ascii', asciiEscaped(JSON.stringify(text).slice(1, -1))],
    ['html', htmlEscaped(text)],
  ]
  const forms: Form[] = written.map(([form, found]) => ({ form, text: found, anyCase: true }))
  for (const spelling of spellings) {
    forms.push({ form: 'hex', text: Buffer.from(spelling).toString('hex'), anyCase: true })
    for (const inside of base64Inside(spelling)) {
      forms.push({ form: 'base64', text: inside, anyCase: false })
      forms.push({ form: 'base64url', text: inside.replace(/\+/g, '-').replace(/\//g, '_'), anyCase: false })
    }
    const utf16 = Buffer.from(spelling, 'utf16le')
    forms.push({
      form: 'base64 of utf-16',
      text: utf16.toString('base64').replace(/=+$/, '').slice(0, -1),
      anyCase: false,
    })
    for (const algorithm of ['md5', 'sha1', 'sha256', 'sha512']) {
      for (const coding of CODINGS) {
        const digest = createHash(algorithm).update(spelling).digest(coding).replace(/=+$/, '')
        // A shortened hash is as good as a whole one to whoever knows the text: the first 16 bytes are looked for.
        const length = coding === 'hex' ? 32 : 21
        forms.push({ form: `${algorithm} ${coding}`, text: digest.slice(0, length), anyCase: coding === 'hex' })
      }
    }
  }
  return forms
}

/** What of the canaries stands in the text, as `name in form`; empty where nothing leaks. */
export function leaksIn(haystack: string, canaries: readonly Canary[]): string[] {
  const folded = haystack.toLowerCase()
  const found = canaries.flatMap(({ what, text }) =>
    formsOf(text)
      .filter((form) => (form.anyCase ? folded.includes(form.text.toLowerCase()) : haystack.includes(form.text)))
      .map(({ form }) => `${what} in ${form}`),
  )
  return [...new Set(found)]
}
