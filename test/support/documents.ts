/** README and docs as tests read them: code blocks, commands, tables, code spans. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/** The repository's folder. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Every document a reader is sent to, from the root. */
export const DOCS = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'deploy/README.md',
  'docs/semantics.md',
  'docs/operations.md',
  'docs/errors.md',
  'docs/configuration.md',
  'docs/migration.md',
  'docs/reverse.md',
  'docs/observability.md',
  'docs/emulator.md',
  'docs/tutorial.md',
  'docs/administrator.md',
  'docs/data-engineer.md',
  'docs/privacy-officer.md',
  'docs/comparison.md',
]
/** A document's text. */
export const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** A fenced code block; `info` stands behind its fence. */
export interface Block {
  readonly info: string
  readonly text: string
}

/** The fenced code blocks of a document. */
export const blocksIn = (path: string): Block[] =>
  [...textOf(path).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, info = '', text = '']) => ({ info, text }))

/** The lines of `sh` blocks: each is a command that must work. Other blocks (`console`, `text`) are only shown. */
export const commandsIn = (path: string): string[] =>
  blocksIn(path).flatMap(({ info, text }) => (info === 'sh' ? text.trim().split('\n') : []))

/** The complete configurations that are shown. */
export const examples = DOCS.flatMap((path) => blocksIn(path).filter(({ info }) => info === 'yaml'))

/** The cells of a table between `<!-- name:begin -->` and `<!-- name:end -->`, without its head. */
export function tableIn(path: string, name: string): string[][] {
  const text = textOf(path)
  const table = text.slice(text.indexOf(`<!-- ${name}:begin -->`), text.indexOf(`<!-- ${name}:end -->`))
  const rows = table.split('\n').filter((line) => line.startsWith('|'))
  expect(rows.length).toBeGreaterThan(2)
  return rows.slice(2).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** What stands in single backticks. */
export const codeSpansIn = (text: string): string[] => [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
/** A document without its code blocks. */
export const proseOf = (path: string) => textOf(path).replace(/^```[\s\S]*?^```$/gm, '')
