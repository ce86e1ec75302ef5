/**
 * Compiles the modules of this folder to WebAssembly, beside their sources for tests and below `dist` for the program:
 * `node src/assembly/compile.mjs`, and before all tests. What is newer than every source is left as it is, so that
 * nothing is written under a reader.
 */

import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const ROOT = join(HERE, '..', '..')

/** By module: the files whose exports it gives. */
const MODULES = {
  scan: ['scan', 'entry', 'content', 'members', 'memory', 'person'],
  reduce: ['reduce', 'records', 'draft-slot', 'memory', 'table'],
}
/** What they take from elsewhere. */
const CONSTANTS = ['src/record/json-byte.ts', 'src/record/compact-item.ts', 'src/record/entry-layout.ts']

const OPTIONS = ['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', '--enable', 'simd']

export default async function compile() {
  const own = (await readdir(HERE)).filter((name) => /\.(ts|mjs)$/.test(name)).map((name) => join(HERE, name))
  const sources = [...own, ...CONSTANTS.map((path) => join(ROOT, path))]
  const newest = Math.max(...(await Promise.all(sources.map(modifiedAt))))
  for (const [name, entries] of Object.entries(MODULES)) {
    const targets = [join(HERE, `${name}.wasm`), join(ROOT, 'dist/src/assembly', `${name}.wasm`)]
    const built = await Promise.all(targets.map(modifiedAt))
    if (built.every((at) => at > newest)) continue
    const wasm = await compiled(name, entries)
    for (const target of targets) await replace(target, wasm)
  }
}

async function modifiedAt(path) {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0
}

/** The module's bytes; throws what the compiler complains of. */
async function compiled(name, entries) {
  const paths = ['--baseDir', ROOT, '--outFile', `${name}.wasm`]
  // Loaded only where there is something to do: that takes a second.
  const { default: asc } = await import('assemblyscript/asc')
  let wasm
  const { error, stderr } = await asc.main(
    [...entries.map((entry) => `src/assembly/${entry}.ts`), ...paths, ...OPTIONS],
    {
      writeFile: (_, content) => {
        wasm = content
      },
    },
  )
  if (error !== null || wasm === undefined) throw new Error(`${name}.wasm cannot be compiled\n${stderr.toString()}`)
  return wasm
}

/** Writes a file so that whoever reads it meets the old one or the new one, whole. */
async function replace(path, content) {
  await mkdir(dirname(path), { recursive: true })
  const unfinished = `${path}.${process.pid}`
  try {
    await writeFile(unfinished, content)
    await rename(unfinished, path)
  } finally {
    await rm(unfinished, { force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await compile()
