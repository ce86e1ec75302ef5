/** Every code of the registry is told in docs/errors.md, raised somewhere, and made to happen by a test. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_MANUAL } from '../../src/lib/error-manual.ts'
import { ERROR_CODES, type ErrorCode } from '../../src/lib/errors.ts'
import { ROOT, textOf } from '../support/documents.ts'
import { errorsPage } from '../support/errors-page.ts'

const FILE = join(ROOT, 'docs/errors.md')
const CODES = Object.keys(ERROR_CODES) as ErrorCode[]

/** The text of all files of a folder, comments left out: a code that is only spoken of is not used. */
function codeIn(folder: string, leftOut: readonly string[]): string {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs)$/.test(name) && !name.includes('node_modules') && !leftOut.includes(name))
    .map((name) => readFileSync(join(ROOT, folder, name), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ''))
    .join('\n')
}

describe('docs/errors.md', () => {
  it('tells every code as the manual has it (vitest -u writes it anew)', async () => {
    const written = textOf('docs/errors.md')
    const begin = '<!-- codes:begin -->\n'
    const end = '<!-- codes:end -->'
    const head = written.slice(0, written.indexOf(begin) + begin.length)
    expect(head).toContain(begin)
    await expect(`${head}${errorsPage()}\n${written.slice(written.indexOf(end))}`).toMatchFileSnapshot(FILE)
  })

  it('has causes and fixes that are whole sentences', () => {
    for (const code of CODES) {
      const { means, causes, fixes } = ERROR_MANUAL[code]
      expect(means, code).toMatch(/[^.]$/)
      for (const one of [...causes, ...fixes]) expect(one, code).toMatch(/\.$/)
    }
  })
})

describe('the registry', () => {
  const source = codeIn('src', ['lib/errors.ts', 'lib/error-manual.ts'])
  const tests = codeIn('test', ['unit/errors-docs.test.ts', 'unit/docs.test.ts', 'unit/exit-code.test.ts'])

  it.each(CODES)('%s is raised somewhere in the program', (code) => {
    expect(source).toContain(`'${code}'`)
  })

  it.each(CODES)('%s is made to happen by a test', (code) => {
    // As the code that is expected of an error, or at the beginning of a message.
    const expected = [`code: '${code}'`, `toBe('${code}')`, `'${code}: `, `\`${code}: `, `^${code}: `]
    expect(expected.filter((text) => tests.includes(text))).not.toEqual([])
  })
})
