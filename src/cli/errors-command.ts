/** `errors` on the command line: the manual of the error codes, without its links. */

import { ERROR_MANUAL } from '../lib/error-manual.ts'
import { CodedError, ERROR_CODES, type ErrorCode } from '../lib/errors.ts'
import { exitCode } from '../report/exit-code.ts'

const isCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_CODES, text)

/** `[a lost store](operations.md#a-lost-store)` → `a lost store (docs/operations.md#a-lost-store)`. */
const plain = (text: string): string => text.replace(/\[([^\]]+)\]\(([^)]+)\)/g, '$1 (docs/$2)')

/** Prints one code's entry, or all codes with what they mean. */
export function runErrors(code: string | undefined): void {
  if (code !== undefined && !isCode(code))
    throw new CodedError('usage', [
      {
        where: 'errors',
        found: 'a code that does not exist',
        expected: 'a code with which a message begins',
        remedy: 'See didomi-dataverse errors for all of them.',
      },
    ])
  process.stdout.write(`${code === undefined ? listText() : entryText(code)}\n`)
}

function listText(): string {
  const codes = Object.keys(ERROR_CODES).filter(isCode)
  const width = Math.max(...codes.map(({ length }) => length))
  return codes.map((code) => `${code.padEnd(width)}  ${ERROR_MANUAL[code].means}`).join('\n')
}

function entryText(code: ErrorCode): string {
  const { means, causes, fixes } = ERROR_MANUAL[code]
  const list = (texts: readonly string[]) => texts.map((text) => `  - ${plain(text)}`)
  return [
    `${code}: ${plain(means)} (exit ${exitCode([ERROR_CODES[code]])})`,
    'Cause:',
    ...list(causes),
    'Fix:',
    ...list(fixes),
  ].join('\n')
}
