/** Opens what `src/assembly` was compiled to. */

import { readFileSync } from 'node:fs'

type Imports = ConstructorParameters<typeof WebAssembly.Instance>[1]

/**
 * An instance of a module, with a memory of its own; answers what its entries export, of which the compiler makes no types.
 * @param imports what it asks, by the file that asks
 */
export function openAssembly(name: 'scan' | 'reduce', imports: Imports): unknown {
  const module = new WebAssembly.Module(readFileSync(new URL(`../assembly/${name}.wasm`, import.meta.url)))
  return new WebAssembly.Instance(module, imports).exports
}
