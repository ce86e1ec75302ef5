/** `emulate`: a Dataverse with its identity provider, and a Didomi API, on this machine. */

import { runEmulator } from '../emulator/run.ts'
import { CodedError } from '../lib/errors.ts'

/** Its flags; ports left out are any free ones. */
export interface EmulateFlags {
  readonly port?: number
  readonly seed?: string
  readonly limits: boolean
  readonly timeScale: number
  readonly servers: number
  /** `--no-didomi` makes it false. */
  readonly didomi: boolean
  readonly didomiPort?: number
  readonly didomiSeed?: string
}

/** Resolves when a signal ended it. @throws CodedError `usage` for a port that is taken or a seed that will not do. */
export async function runEmulate(flags: EmulateFlags): Promise<void> {
  const { port = 0, seed, limits, timeScale, servers, didomiPort = 0, didomiSeed } = flags
  try {
    await runEmulator({
      port,
      seedFile: seed,
      limits,
      timeScale,
      servers,
      ...(flags.didomi ? { didomi: { port: didomiPort, seedFile: didomiSeed } } : {}),
    })
  } catch (error) {
    const found = error instanceof Error && 'code' in error ? String(error.code) : 'a seed that cannot be read'
    const [expected, remedy] = ['a free port and a seed that fits the tables', 'Choose others.']
    throw new CodedError('usage', [{ where: 'emulate', found, expected, remedy }], { cause: error })
  }
}
