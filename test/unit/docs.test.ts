/** The tables of README and docs agree with the code; links and citations lead somewhere. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../../src/lib/errors.ts'
import { exitCode, type Finding } from '../../src/report/exit-code.ts'
import { blocksIn, codeSpansIn, DOCS, proseOf, ROOT, tableIn, textOf } from '../support/documents.ts'

describe('tables', () => {
  it('§9 the exit codes of README and operations.md are those of the program', () => {
    const findings: Finding[] = [...Object.values(ERROR_CODES), 'rejects-or-quarantine', 'retention']
    const given = new Set([0, ...findings.map((finding) => exitCode([finding]))])
    const operations = tableIn('docs/operations.md', 'exit-codes')
    /** 8 is a plan's, not an error's (§9). */
    expect(operations.map(([code]) => Number(code))).toEqual([...given, 8].sort((a, b) => a - b))
    expect(tableIn('README.md', 'exit-codes')).toEqual(operations.map(([code, means]) => [code, means]))
  })

  it('§9 of several exit codes the first of the documented order is given', () => {
    const findings: Finding[] = [...new Set(Object.values(ERROR_CODES)), 'retention']
    for (const path of ['docs/semantics.md', 'docs/operations.md']) {
      const order = /the first of ((?:\d+, )+\d+)/.exec(textOf(path))?.[1]?.split(', ').map(Number) ?? []
      expect(order).toHaveLength(8)
      for (const a of findings) {
        for (const b of findings) {
          const codes = [exitCode([a]), exitCode([b])]
          expect(exitCode([a, b])).toBe([130, 143, ...order].find((code) => codes.includes(code)))
        }
      }
    }
  })

  it('every permission that a refusal names stands in operations.md', () => {
    const sources = ['s3', 'gcs'].map((cloud) => textOf(`src/source/${cloud}-refusal.ts`)).join('\n')
    const named = sources.match(/\b(?:s3|kms|sts):[A-Z]\w+|\b(?:storage\.objects|serviceusage\.services)\.\w+/g) ?? []
    const listed = new Set(
      tableIn('docs/operations.md', 'permissions').flatMap(([, permissions = '']) => codeSpansIn(permissions)),
    )
    expect(new Set(named).size).toBeGreaterThan(8)
    /** What somebody else has to do before we can read. */
    const notOurs = ['s3:RestoreObject']
    expect([...new Set(named)].filter((one) => !listed.has(one) && !notOurs.includes(one))).toEqual([])
  })

  it('the settings that are spoken of exist', () => {
    const keys = tableIn('docs/configuration.md', 'keys').map(([key = '']) => key.replaceAll('`', ''))
    const spoken = DOCS.flatMap((path) => codeSpansIn(proseOf(path)))
      .map(
        (span) =>
          /^((?:identity|source|archive|didomi|store|rejects|quarantine|retention|migration|metrics|heartbeat|credentials|park|brake|contact|authentication)\.\w+)/.exec(
            span,
          )?.[1],
      )
      .filter((key) => key !== undefined && !key.startsWith('source.sqlite'))
    expect(spoken.length).toBeGreaterThan(15)
    expect(
      spoken.filter(
        (key) => !keys.some((known) => known === key || known.endsWith(`.${key}`) || known.startsWith(`${key}.`)),
      ),
    ).toEqual([])
  })
})

describe('blocks that are only shown', () => {
  const shown = DOCS.flatMap((path) => blocksIn(path).map((block) => ({ path, ...block })))

  it('JSON is JSON', () => {
    const json = shown.filter(({ info }) => info === 'json')
    expect(json.length).toBeGreaterThan(1)
    for (const { text } of json) expect(() => JSON.parse(text), text).not.toThrow()
  })

  it('every kind of block is one that is run, loaded, or told apart from those', () => {
    const kinds = new Set(shown.map(({ info }) => info))
    expect([...kinds].sort()).toEqual(['console', 'json', 'sh', 'sql', 'text', 'yaml', 'yml'])
  })

  it('npm scripts and files of the repository that commands name exist', () => {
    const { scripts } = JSON.parse(textOf('package.json'))
    const texts = shown.filter(({ info }) => ['console', 'sh', 'text'].includes(info)).map(({ text }) => text)
    const run = texts.flatMap((text) => [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name))
    expect(run.length).toBeGreaterThan(5)
    expect(run.filter((name) => scripts[name] === undefined)).toEqual([])
    const named = texts.flatMap((text) => text.match(/(?<![\w./-])(?:deploy|fixtures|test)\/[\w./-]+/g) ?? [])
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })
})

describe('references', () => {
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .trim()
      .replaceAll(' ', '-')

  it('every relative link leads to a file, and to a heading of it', () => {
    const links = DOCS.flatMap((path) =>
      [...proseOf(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ path, target })),
    ).filter(({ target }) => !target.includes('://'))
    expect(links.length).toBeGreaterThan(10)
    for (const { path, target } of links) {
      const [file = '', anchor] = target.split('#')
      const full = file === '' ? join(ROOT, path) : resolve(ROOT, dirname(path), file)
      expect(`${path} → ${target} ${existsSync(full)}`).toBe(`${path} → ${target} true`)
      if (anchor === undefined) continue
      const headings = [...readFileSync(full, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading))
      expect(headings).toContain(anchor)
    }
  })

  /** Rules of each section of semantics.md: its numbered list, where it has one. */
  function rules(): Map<number, number> {
    const sections = textOf('docs/semantics.md').split(/^## (?=\d+\. )/m)
    return new Map(
      sections.slice(1).map((section) => {
        const numbers = [...section.matchAll(/^(\d+)\. \S/gm)].map(([, number]) => Number(number))
        return [numbers[0] ?? 0, Math.max(0, ...numbers.slice(1))]
      }),
    )
  }

  it('semantics.md has eleven sections with their rules', () => {
    expect([...rules()]).toEqual([
      [1, 0],
      [2, 7],
      [3, 5],
      [4, 0],
      [5, 6],
      [6, 8],
      [7, 0],
      [8, 9],
      [9, 0],
      [10, 5],
      [11, 6],
    ])
  })

  it('every § that code, tests and documents cite is a rule of semantics.md', () => {
    const known = rules()
    const files = ['src', 'jobs', 'test', 'docs'].flatMap((top) =>
      readdirSync(join(ROOT, top), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|md)$/.test(name) && !name.includes('node_modules'))
        .map((name) => join(top, name)),
    )
    const cited = files.flatMap((path) =>
      [...textOf(path).matchAll(/§(\d+)(?:\.(\d+))?/g)].map(([text, section, rule]) => ({ path, text, section, rule })),
    )
    expect(cited.length).toBeGreaterThan(100)
    const lost = cited.filter(({ section, rule }) => Number(rule ?? 0) > (known.get(Number(section)) ?? -1))
    expect(lost.map(({ path, text }) => `${path} ${text}`)).toEqual([])
  })
})
