import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { FILE_RULES } from '../../src/config/file-rules.ts'
import { TARGET_RULES } from '../../src/config/rules.ts'
import { configJsonSchema } from '../../src/config/schema.ts'
import { leastConfig, load } from '../support/config-files.ts'
import { isValid } from '../support/config-json-schema.ts'
import { keyTable } from '../support/config-table.ts'
import { blocksIn, DOCS } from '../support/documents.ts'

const FILE = fileURLToPath(new URL('../../docs/configuration.md', import.meta.url))

function between(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->\n`, `<!-- ${name}:end -->`]
  return `${text.slice(0, text.indexOf(begin) + begin.length)}${content}\n${text.slice(text.indexOf(end))}`
}

it('docs/configuration.md shows every key and rule as the schema has it (vitest -u writes it anew)', async () => {
  const rules = [...FILE_RULES, ...TARGET_RULES].map(({ says }) => `- ${says}`).join('\n')
  const written = await readFile(FILE, 'utf8')
  expect(keyTable(configJsonSchema()).split('\n').length).toBeGreaterThan(70)
  await expect(between(between(written, 'keys', keyTable(configJsonSchema())), 'rules', rules)).toMatchFileSnapshot(
    FILE,
  )
})

it('every part of a configuration (`yml`) that is shown completes the least one, for editors too', async () => {
  const parts = DOCS.flatMap(blocksIn).filter(({ info }) => info === 'yml')
  expect(parts.length).toBeGreaterThan(5)
  for (const { text } of parts) {
    const config = { ...leastConfig(), ...parse(text) }
    expect(isValid(configJsonSchema(), config), text).toBe(true)
    expect((await load(config)).warnings).toEqual([])
  }
})
