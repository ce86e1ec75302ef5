/** What a stored value of a legacy column says. Pure. */

import { type ContactColumn, sameValue, statesNothing } from '../projection/contact-column.ts'
import type { JsonValue } from '../record/record.ts'
import type { Question } from './pairing.ts'

/** `empty`: nothing is said. `unreadable`: neither what stands for yes nor what stands for no. */
export type Answer = 'yes' | 'no' | 'empty' | 'unreadable'

/** Spellings are compared as those of CSV columns are: trimmed and without regard to case (semantics §2.7). */
const folded = (text: string): string => text.trim().toLowerCase()

/** The answer that a stored value gives to a question. An inverted column has its inversion in its encoding. */
export function answerIn({ column, value }: Pick<Question, 'column' | 'value'>, stored: JsonValue | undefined): Answer {
  if (stored === undefined || statesNothing(stored)) return 'empty'
  const { encoding } = column
  switch (encoding.form) {
    case 'choice':
      if (holds(column, stored, encoding.yes)) return 'yes'
      return holds(column, stored, encoding.no) ? 'no' : 'unreadable'
    case 'set': {
      const items = String(stored).split(',')
      const wanted = encoding.codes === undefined ? value : encoding.codes.get(value ?? '')?.toString()
      if (wanted === undefined) return 'unreadable'
      return items.some((item) => item.trim() === wanted) ? 'yes' : 'no'
    }
    case 'attribute':
      return 'unreadable'
  }
}

function holds(column: ContactColumn, stored: JsonValue, wanted: JsonValue): boolean {
  return typeof stored === 'string' && typeof wanted === 'string'
    ? folded(stored) === folded(wanted)
    : sameValue(column, stored, wanted)
}
