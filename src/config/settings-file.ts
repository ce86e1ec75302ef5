/** The text of a settings file, YAML or JSON, as plain values with their places. */

import { LineCounter, parseDocument } from 'yaml'
import { CodedError, type Complaint } from '../lib/errors.ts'
import { placesWithLines, type Where } from './place.ts'

/** Values nobody has checked yet, and where each of them stands. */
export interface WrittenFile {
  readonly value: unknown
  readonly where: Where
}

/**
 * Parses YAML 1.2, of which JSON is a part; a key given twice is an error.
 *
 * @throws CodedError `config-invalid`. The parser's own messages quote the text, so only their code and line are told.
 */
export function parseSettingsText(text: string, file: string): WrittenFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' })
  const [first, ...rest] = [...document.errors, ...document.warnings].map((error): Complaint => {
    const remedy = 'Look at the indentation, the quotes and the blank behind each colon.'
    const where = `${file}:${lines.linePos(error.pos[0]).line}`
    return { where, found: `text that YAML does not allow (${error.code})`, expected: 'YAML or JSON', remedy }
  })
  if (first !== undefined) throw new CodedError('config-invalid', [first, ...rest])
  try {
    return { value: document.toJS(), where: placesWithLines(file, document, lines) }
  } catch {
    const found = 'an alias that leads nowhere, or too many'
    throw new CodedError('config-invalid', [{ where: file, found, expected: 'YAML or JSON', remedy: 'Write it out.' }])
  }
}
