/** The emulator as a process of its own: ready line on stdout, gone at SIGTERM. */
import { readFile } from 'node:fs/promises'
import { startEmulator } from './emulator.ts'
import type { EmulatorSeed } from './seed.ts'

/** What the command line may say. */
export interface RunOptions {
  readonly port: number
  /** Path of a JSON file with an `EmulatorSeed`. */
  readonly seedFile: string | undefined
}

/** Starts, prints `{"url","port"}` as one line, and resolves after SIGTERM or SIGINT closed the emulator. */
export async function runEmulator({ port, seedFile }: RunOptions): Promise<void> {
  const seed = seedFile === undefined ? {} : (JSON.parse(await readFile(seedFile, 'utf8')) as EmulatorSeed)
  const emulator = await startEmulator({ port, seed })
  process.stdout.write(`${JSON.stringify({ url: emulator.url, port: emulator.port })}\n`)
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
  })
  await emulator.close()
}
