/** Writes what docs/errors.md says of the codes, from their manual. */

import { ERROR_MANUAL } from '../../src/lib/error-manual.ts'
import { ERROR_CODES, type ErrorCode } from '../../src/lib/errors.ts'
import { exitCode } from '../../src/report/exit-code.ts'

/** A table of all codes, then a section for each, in the order of the registry. */
export function errorsPage(): string {
  const codes = Object.keys(ERROR_CODES) as ErrorCode[]
  const table = codes.map((code) => `| [\`${code}\`](#${code}) | ${exitOf(code)} | ${ERROR_MANUAL[code].means} |`)
  return ['| Code | Exit | Means |', '|---|---|---|', ...table, ...codes.map(section)].join('\n')
}

function section(code: ErrorCode): string {
  const { means, causes, fixes } = ERROR_MANUAL[code]
  const title = means.charAt(0).toUpperCase() + means.slice(1)
  return [
    `\n## ${code}`,
    `\n${title}. Exit ${exitOf(code)}.`,
    '\nCause:\n',
    ...causes.map((one) => `- ${one}`),
    '\nFix:\n',
    ...fixes.map((one) => `- ${one}`),
  ].join('\n')
}

const exitOf = (code: ErrorCode): number => exitCode([ERROR_CODES[code]])
