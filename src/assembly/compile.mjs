/**
 * Compiles the modules of this folder to WebAssembly, beside their sources for tests and below `dist` for the program:
 * `node src/assembly/compile.mjs`. What is newer than every source is left as it is, so that nothing is written under a reader.
 */

import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const ROOT = join(HERE, '..', '..')

/** By module: its memory in pages of 64 KiB, which never grows. */
const MODULES = { scan: 160 }

const OPTIONS = ['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', '--enable', 'simd']

const modifiedAt = async (path) => (await stat(path).catch(() => undefined))?.mtimeMs ?? 0

const sources = (await readdir(HERE)).filter((name) => /\.(ts|mjs)$/.test(name)).map((name) => join(HERE, name))
const newest = Math.max(...(await Promise.all([...sources, join(ROOT, 'src/consent/json-byte.ts')].map(modifiedAt))))

for (const [name, pages] of Object.entries(MODULES)) {
  const targets = [join(HERE, `${name}.wasm`), join(ROOT, 'dist/src/assembly', `${name}.wasm`)]
  const built = await Promise.all(targets.map(modifiedAt))
  if (built.every((at) => at > newest)) continue
  const wasm = await compiled(name, pages)
  for (const target of targets) await replace(target, wasm)
}

/** The module's bytes; what the compiler complains of goes to stderr. */
async function compiled(name, pages) {
  const memory = ['--initialMemory', `${pages}`, '--maximumMemory', `${pages}`]
  const paths = ['--baseDir', ROOT, '--outFile', `${name}.wasm`]
  // Loaded only where there is something to do: that takes a second.
  const { default: asc } = await import('assemblyscript/asc')
  let wasm
  const { error, stderr } = await asc.main([`src/assembly/${name}.ts`, ...paths, ...OPTIONS, ...memory], {
    writeFile: (_, content) => {
      wasm = content
    },
  })
  if (error !== null || wasm === undefined) {
    process.stderr.write(stderr.toString())
    process.exit(1)
  }
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
