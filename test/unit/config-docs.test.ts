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

/** What an operator's environment holds besides secrets. */
const NAMED: Readonly<Record<string, string>> = {
  DATAVERSE_INSTANCE: 'https://acme.crm4.dynamics.com',
  DATAVERSE_TENANT_ID: 'd2a4c6e8-1357-4b9d-8f02-6a8c0e2b4d6f',
  DATAVERSE_CLIENT_ID: '8c1f2b7e-4a53-4d0e-9b61-2f7c3e5a9d10',
}

it('every part of a configuration (`yml`) that is shown completes the least one, for editors too', async () => {
  const parts = DOCS.flatMap(blocksIn).filter(({ info }) => info === 'yml')
  expect(parts.length).toBeGreaterThan(5)
  for (const { text } of parts) {
    const config = {
      ...leastConfig(),
      ...parse(text.replace(/\$\{env:(DATAVERSE_\w+)\}/g, (all, name) => NAMED[name] ?? all)),
    }
    expect(isValid(configJsonSchema(), config), text).toBe(true)
    expect((await load(config)).warnings).toEqual([])
  }
})
