/** The house keeps its plan: no cycle, no barrel, arrows in one direction, adapters named in one place, small files. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { LONGEST } from './support/longest-first.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MAX_FILE_LINES = 300
const MAX_FUNCTION_LINES = 60

/** Files (`path`) and functions (`path function`) that may be longer, each with the reason. */
const REASONS: Readonly<Record<string, string>> = {
  'src/wire.ts': 'the only file that names adapters: each of them is a few lines here, and nowhere else',
  'src/emulator/platform-tables.ts platformTables': 'a list of table definitions: data, no logic',
}

/** Compiled to WebAssembly by a compiler of its own, which wants imports without an ending. */
const ASSEMBLY = /^src\/assembly\//
/** Constants that both compilers understand. */
const ASSEMBLY_MAY_IMPORT = ['json-byte', 'compact-item', 'entry-layout'].map((name) => `src/record/${name}.ts`)

const PURE = /^src\/(consent|mapping|projection)\//
const PURE_MAY_IMPORT = /^(src\/(consent|mapping|projection)\/.*|src\/record\/record\.ts|src\/lib\/errors\.ts)$/
/** Ports and settings, whose types pure code speaks in; only types, which are gone when it runs. */
const PURE_MAY_IMPORT_TYPES = /^src\/(config\/settings|dataverse\/dataverse|store\/store)\.ts$/
/** Of `uuid` only the versions that are computed from names; those by chance or clock are impure words. */
const PURE_PACKAGES = /^(node:crypto|uuid|libphonenumber-js(\/.*)?)$/
const IMPURE_WORDS = [
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bMath\.random\b/,
  /\bprocess\b/,
  /\bconsole\./,
  /\bfetch\(/,
  /\bperformance\b/,
  /\bset(Timeout|Interval|Immediate)\b/,
  /\brandom(UUID|Bytes|Int)\b/,
  /\bv[1467]\b/,
]

/** What only the wiring (and the adapter's own folder, and tests) may import. */
const ADAPTERS = [
  /^src\/store\/(sqlite|postgres)/,
  /^src\/source\/(directory|s3|gcs)/,
  /^src\/dataverse\/open/,
  /^src\/didomi\/open/,
  /^src\/observe\/(otel|text-file)\.ts$/,
]

/** Folders that know nothing of each other, so that one mistake cannot hide the other. */
const STRANGERS = ['dataverse,emulator', 'didomi,emulator']

interface SourceFile {
  readonly path: string
  readonly text: string
  /** Comments and the content of strings blanked, lines kept. */
  readonly code: string
  /** Own files as paths from the root, packages as they are written. */
  readonly imports: readonly string[]
}

const files = ['src', 'jobs'].flatMap(sourceFiles)

function sourceFiles(folder: string): SourceFile[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  const paths = entries.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name))
  return paths.map((path) => readSource(path, readFileSync(join(ROOT, path), 'utf8')))
}

function readSource(path: string, text: string): SourceFile {
  const code = blanked(text)
  // The word must be code: the same word in a comment or a string imports nothing.
  const written = [...text.matchAll(/(?<=^|[\s;}])(?:from|import)\s*\(?\s*'([^'\n]+)'/gm)]
    .filter(({ index }) => /^(from|import)\b/.test(code.slice(index)))
    .map((match) => match[1] ?? '')
  const imports = written.map((name) =>
    name.startsWith('.')
      ? `${relative(ROOT, join(ROOT, dirname(path), name))}${ASSEMBLY.test(path) ? '.ts' : ''}`
      : name,
  )
  return { path, text, code, imports }
}

/** Comments, strings, templates and regular expressions become blanks, so that words and braces in them do not count. */
function blanked(text: string): string {
  const parts =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[=(,:?&|!]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g
  return text.replace(parts, (part) => part.replace(/[^\n]/g, ' '))
}

/** The first import cycle below a file, as a path; `undefined` where there is none. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  function visit(path: string, trail: readonly string[]): string[] | undefined {
    const seenAt = trail.indexOf(path)
    if (seenAt >= 0) return [...trail.slice(seenAt), path]
    if (done.has(path)) return undefined
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next, [...trail, path])
      if (cycle !== undefined) return cycle
    }
    done.add(path)
    return undefined
  }
  for (const path of graph.keys()) {
    const cycle = visit(path, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}

/** A file that exports, but nothing of its own. */
function isBarrel({ code }: SourceFile): boolean {
  const statements = code
    .replace(/\b(import|export)\s+(type\s+)?(\*(\s+as\s+\w+)?|\{[^}]*\}|\w+)(\s*,\s*\{[^}]*\})?(\s*from\s+)?/g, '')
    .trim()
  return /\bexport\b/.test(code) && statements.replace(/[\s;]/g, '') === ''
}

interface FunctionSpan {
  readonly name: string
  readonly lines: number
}

/**
 * Functions, methods and named arrow functions with a body in braces: from the line of the name to that of the
 * brace that closes the body. Relies on the formatter: a body's end stands at the indentation of its start.
 */
function functionsOf({ code, text }: SourceFile): FunctionSpan[] {
  const lines = code.split('\n')
  const written = text.split('\n')
  return lines.flatMap((line, start) => {
    const match =
      /^(\s*)(?:export\s+)?(?:default\s+)?(?:async\s+)?function\s*\*?\s*(\w+)/.exec(line) ??
      /^(\s*)(?:export\s+)?const\s+(\w+)[^=]*=\s*(?:async\s*)?(?:<[^>]*>)?\(/.exec(line) ??
      /^(\s+)(?:static\s+|async\s+|private\s+|get\s+|set\s+)*\*?([#\w]+)\s*(?:<[^>]*>)?\([^)]*(?:\).*\{)?$/.exec(line)
    if (match === null || /^(if|for|while|switch|return|catch)$/.test(match[2] ?? '')) return []
    const indent = match[1] ?? ''
    // A list of arguments ends without a body: a call, as data is written down.
    const close = lines.find((other, at) => at > start && /^\s*\S/.test(other) && !other.startsWith(`${indent} `))
    if (line.trimEnd().endsWith('(') && close?.startsWith(`${indent})`) && !close.trimEnd().endsWith('{')) return []
    const end = lines.findIndex(
      (other, at) => at > start && other.startsWith(`${indent}}`) && !/^\s*\}.*\{$/.test(other),
    )
    const open = lines.slice(start, end).some((other) => other.trimEnd().endsWith('{'))
    if (end < 0 || !open || (written[start] ?? '').trimEnd().endsWith('}')) return []
    return [{ name: match[2] ?? '', lines: end - start + 1 }]
  })
}

describe('the parser of this test', () => {
  it('finds static, type, side-effect and dynamic imports', () => {
    const text =
      "import { a } from './a.ts'\nimport type {\n  B,\n} from '../b/b.ts'\nimport './c.ts'\nconst d = await import('node:fs')\nexport { e } from './e.ts'\n"
    const { imports } = readSource('src/x/x.ts', text)
    expect(imports).toEqual(['src/x/a.ts', 'src/b/b.ts', 'src/x/c.ts', 'node:fs', 'src/x/e.ts'])
  })

  it('takes no words in strings and comments for imports', () => {
    const text =
      "const a = where('the date to count from')\nconst b = c('d')\n// import './e.ts'\nconst f = `\nimport './g.ts'\n`\n"
    expect(readSource('src/x/x.ts', text).imports).toEqual([])
  })

  it('finds a cycle, a barrel, and the length of a function', () => {
    expect(
      findCycle(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
    ).toEqual(['b', 'c', 'b'])
    expect(
      findCycle(
        new Map([
          ['a', ['b', 'c']],
          ['b', ['c']],
          ['c', []],
        ]),
      ),
    ).toBeUndefined()
    expect(isBarrel(readSource('src/x.ts', "/** All. */\nexport * from './a.ts'\nexport { b } from './b.ts'\n"))).toBe(
      true,
    )
    expect(isBarrel(readSource('src/x.ts', "import { b } from './b.ts'\nexport { b }\n"))).toBe(true)
    expect(isBarrel(readSource('src/x.ts', "export { b } from './b.ts'\nexport const a = 1\n"))).toBe(false)
    const long = `export async function long(a: string) {\n${'  a()\n'.repeat(70)}}\n`
    const method = `class A {\n  async send(\n    a: string,\n  ): Promise<void> {\n${'    a()\n'.repeat(5)}  }\n}\n`
    expect(functionsOf(readSource('src/x.ts', long))).toEqual([{ name: 'long', lines: 72 }])
    expect(functionsOf(readSource('src/x.ts', method))).toEqual([{ name: 'send', lines: 9 }])
  })

  it('does not mistake words in comments, strings and patterns for code', () => {
    const { code } = readSource('src/x.ts', "// process\nconst a = 'process' + `process`\nconst b = /process/u\n")
    expect(code).not.toContain('process')
    expect(code.split('\n')).toHaveLength(4)
  })
})

describe('the house', () => {
  it('has files', () => {
    expect(files.length).toBeGreaterThan(10)
  })

  it('has no import cycle', () => {
    expect(findCycle(new Map(files.map(({ path, imports }) => [path, imports])))).toBeUndefined()
  })

  it('has no barrel', () => {
    expect(files.filter(isBarrel).map(({ path }) => path)).toEqual([])
  })

  it('imports only files that exist', () => {
    const known = new Set(files.map(({ path }) => path))
    const lost = files.flatMap(({ path, imports }) =>
      imports.filter((name) => name.endsWith('.ts') && !known.has(name)).map((name) => `${path} → ${name}`),
    )
    expect(lost).toEqual([])
  })

  it('imports only packages that package.json declares', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const undeclared = files.flatMap(({ path, imports }) =>
      imports
        .filter((name) => !/^node:|\.ts$/.test(name))
        .map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name)
        .filter((name) => !Object.hasOwn(dependencies, name))
        .map((name) => `${path} → ${name}`),
    )
    expect(undeclared).toEqual([])
  })

  it('keeps consent, mapping and projection pure: no import of an adapter or the edge, of ports only types', () => {
    const forbidden = files
      .filter(({ path }) => PURE.test(path))
      .flatMap(({ path, imports, text }) =>
        imports
          .filter((name) => !(PURE_MAY_IMPORT.test(name) || PURE_PACKAGES.test(name)))
          .filter((name) => !(PURE_MAY_IMPORT_TYPES.test(name) && importsOnlyTypes(text, name)))
          .map((name) => `${path} → ${name}`),
      )
    expect(forbidden).toEqual([])
  })

  it('keeps consent, mapping and projection pure: no clock, chance, environment, console or network', () => {
    const forbidden = files
      .filter(({ path }) => PURE.test(path))
      .flatMap(({ path, code }) => IMPURE_WORDS.filter((word) => word.test(code)).map((word) => `${path}: ${word}`))
    expect(forbidden).toEqual([])
  })

  it('names an adapter in src/wire.ts alone', () => {
    const forbidden = files
      .filter(({ path }) => path !== 'src/wire.ts')
      .flatMap(({ path, imports }) =>
        imports
          .filter((name) => ADAPTERS.some((adapter) => adapter.test(name)) && folderOf(name) !== folderOf(path))
          .map((name) => `${path} → ${name}`),
      )
    expect(forbidden).toEqual([])
  })

  it('keeps what becomes WebAssembly apart: it knows itself and a few constants, and nobody imports it', () => {
    const forbidden = files.flatMap(({ path, imports }) =>
      imports
        .filter((name) => ASSEMBLY.test(path) !== ASSEMBLY.test(name) && name.endsWith('.ts'))
        .filter((name) => !(ASSEMBLY.test(path) && ASSEMBLY_MAY_IMPORT.includes(name)))
        .map((name) => `${path} → ${name}`),
    )
    expect(forbidden).toEqual([])
  })

  it('keeps emulator, dataverse and didomi strangers', () => {
    const forbidden = files.flatMap(({ path, imports }) =>
      imports
        .filter((name) => STRANGERS.includes([folderOf(path), folderOf(name)].sort().join()))
        .map((name) => `${path} → ${name}`),
    )
    expect(forbidden).toEqual([])
  })

  it(`has no file above ${MAX_FILE_LINES} lines without a reason`, () => {
    const long = files
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ path, lines }) => lines > MAX_FILE_LINES && REASONS[path] === undefined)
    expect(long).toEqual([])
  })

  it(`has no function above ${MAX_FUNCTION_LINES} lines without a reason`, () => {
    const long = files.flatMap((file) =>
      functionsOf(file)
        .filter(({ name, lines }) => lines > MAX_FUNCTION_LINES && REASONS[`${file.path} ${name}`] === undefined)
        .map(({ name, lines }) => `${file.path} ${name}: ${lines} lines`),
    )
    expect(long).toEqual([])
  })

  it('runs the longest test files first, by names that are theirs', () => {
    expect(LONGEST.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  it('gives no reason for what is not there', () => {
    const names = new Set(
      files.flatMap((file) => [file.path, ...functionsOf(file).map(({ name }) => `${file.path} ${name}`)]),
    )
    expect(Object.keys(REASONS).filter((name) => !names.has(name))).toEqual([])
  })
})

/** Is every import of this file an `import type`? */
function importsOnlyTypes(text: string, name: string): boolean {
  const file = name.split('/').slice(-2).join('/')
  const statements = text.match(/^import [^;]*?from '[^']+'/gms) ?? []
  const ours = statements.filter((statement) => statement.includes(`/${file}'`))
  return ours.length > 0 && ours.every((statement) => statement.startsWith('import type '))
}

/** The folder below `src` that a file belongs to. */
function folderOf(path: string): string {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? ''
}
