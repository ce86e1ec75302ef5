/** The emulators as a process of their own: ready line on stdout, gone at SIGTERM. */
import { readFile } from 'node:fs/promises'
import { type DidomiEmulator, startDidomiEmulator } from './didomi.ts'
import type { DidomiEmulatorOptions } from './didomi-settings.ts'
import { type Emulator, type EmulatorOptions, startEmulator } from './emulator.ts'
import type { EmulatorSeed } from './seed.ts'
import { DEFAULT_APP_ID } from './seed-ids.ts'

/** What the command line may say. */
export interface RunOptions {
  readonly port: number
  /** Path of a JSON file with an `EmulatorSeed`. */
  readonly seedFile: string | undefined
  /** The documented limits and a plain environment's service time; default neither. */
  readonly limits?: boolean
  /** Environment seconds in one second of the machine; default 1. */
  readonly timeScale?: number
  /** Simulated web servers behind the address; default 1. */
  readonly servers?: number
  /** A Didomi API beside it; default none. */
  readonly didomi?: DidomiRunOptions
}

/** The Didomi API of the same process. */
export interface DidomiRunOptions {
  /** 0 takes a free one. */
  readonly port: number
  /** Path of a JSON file with `DidomiEmulatorOptions`. */
  readonly seedFile: string | undefined
}

/**
 * Starts, prints one line of JSON, and resolves after SIGTERM or SIGINT closed everything: `url`, `port` and `clientId` of
 * the Dataverse, and `didomi` with `apiRoot`, `exportLogUrl`, `organizationId` and `key`. Secrets are not printed. Rejects
 * where a port is taken or a seed does not fit.
 */
export async function runEmulator(options: RunOptions): Promise<void> {
  const emulator = await openDataverse(options)
  const didomi = await openDidomi(options.didomi).catch(async (error: unknown) => {
    await emulator.close()
    throw error
  })
  // Before the ready line: who reads it may end the emulator at once.
  const ended = new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
  })
  process.stdout.write(`${JSON.stringify(readiness(emulator, didomi))}\n`)
  await ended
  await Promise.all([emulator.close(), didomi?.close()])
}

async function openDataverse({ port, seedFile, limits = false, timeScale = 1, servers = 1 }: RunOptions) {
  const load: EmulatorOptions = limits ? { limits: {}, serviceTime: {} } : {}
  const seed = seedFile === undefined ? {} : ((await readJson(seedFile)) as EmulatorSeed)
  return startEmulator({ ...load, timeScale, servers, port, seed })
}

async function openDidomi(options: DidomiRunOptions | undefined): Promise<DidomiEmulator | undefined> {
  if (options === undefined) return undefined
  const { port, seedFile } = options
  const seed = seedFile === undefined ? {} : ((await readJson(seedFile)) as DidomiEmulatorOptions)
  return startDidomiEmulator({ ...seed, port })
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'))
}

function readiness({ url, port }: Emulator, didomi: DidomiEmulator | undefined): object {
  const dataverse = { url, port, clientId: DEFAULT_APP_ID }
  if (didomi === undefined) return dataverse
  const { apiRoot, exportLogUrl, organizationId, key } = didomi
  return { ...dataverse, didomi: { apiRoot, exportLogUrl, organizationId, key } }
}
