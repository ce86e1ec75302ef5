/** What every command begins with: its configuration read, its log and progress on stderr, its ports open, signals heard. */

import { setMaxListeners } from 'node:events'
import { readFile } from 'node:fs/promises'
import { loadSettings } from '../config/load.ts'
import type { Settings } from '../config/settings.ts'
import { systemClock } from '../lib/clock.ts'
import { type Log, openLog } from '../lib/log.ts'
import { noProgress, type Progress } from '../lib/progress.ts'
import type { Observer } from '../observe/observer.ts'
import { openPorts, type Pod, type Ports, type World } from '../wire.ts'
import { interruptible } from './interruption.ts'
import { isTerminal, terminalProgress } from './progress.ts'
import { lineProgress } from './progress-lines.ts'

/** The flags that every command with a configuration has. */
export interface OpeningFlags {
  readonly config: string
  readonly json: boolean
  readonly quiet: boolean
  readonly logLevel: string
  /** Milliseconds that the run may take. */
  readonly deadline?: number
  /** One of the processes that do a job together; absent where this one is alone. */
  readonly pod?: Pod
}

/** Where a command says what it does; both write to stderr alone. */
export interface Voices {
  readonly log: Log
  readonly progress: Progress
  /** Absent where nobody looks on from outside. */
  readonly observer?: Observer
}

/** The log of a level, and progress: bars at a terminal, JSON lines in a pod and with `--json`, nothing with `--quiet`. */
export function openVoices({ json, quiet, logLevel }: Omit<OpeningFlags, 'config'>): Voices {
  const log = openLog(logLevel, process.stderr)
  if (quiet) return { log, progress: noProgress }
  const bars = !json && isTerminal(process.stderr, process.env)
  return {
    log,
    progress: bars ? terminalProgress(process.stderr) : lineProgress(process.stderr, { all: json, clock: systemClock }),
  }
}

/**
 * Reads the configuration; its warnings go to the log.
 * @throws CodedError `config-invalid`, `secret-missing`, `document-invalid`, `mapping-invalid`
 */
export async function openSettings(file: string, log: Log): Promise<Settings> {
  const settings = await loadSettings(file, {
    env: process.env,
    readFile: (path) => readFile(path, 'utf8'),
    cwd: process.cwd(),
  })
  for (const warning of settings.warnings) log.warn({}, warning)
  return settings
}

/** What a command works with once all is open; `signal` is aborted by SIGINT and SIGTERM, and by a lease that is lost. */
export interface Opened {
  readonly settings: Settings
  readonly ports: Ports
  readonly signal: AbortSignal
}

/**
 * Opens settings and ports (and with them the store's lease), does the work and closes all of it, whatever happens.
 * `check` looks at the settings before the store is touched.
 */
export async function withPorts<T>(
  flags: OpeningFlags,
  version: string,
  work: (opened: Opened) => Promise<T>,
  check: (settings: Settings) => void = () => {},
): Promise<T> {
  const voices = openVoices(flags)
  const settings = await openSettings(flags.config, voices.log)
  check(settings)
  return withOpenPorts(settings, voices, flags, version, work)
}

/** The same with settings that were read already. */
export async function withOpenPorts<T>(
  settings: Settings,
  voices: Voices,
  { deadline, pod, openStore }: Pick<OpeningFlags, 'deadline' | 'pod'> & Pick<World, 'openStore'>,
  version: string,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  // From here on: the first process of a container does not hear a signal that nobody listens for.
  const interruption = interruptible(deadline, (text) => voices.log.warn({}, text))
  try {
    const ports = await openPorts(settings, {
      ...voices,
      version,
      ...(pod && { pod }),
      ...(openStore && { openStore }),
    })
    try {
      const lost = ports.leaseLost === undefined ? [] : [ports.leaseLost]
      const signal = AbortSignal.any([interruption.signal, ...lost])
      const abandoned = AbortSignal.any([interruption.abandoned, ...lost])
      // Everything that waits at once listens: as many as there are chunks of persons.
      setMaxListeners(0, signal, abandoned)
      return await work({ settings, ports: { ...ports, abandoned }, signal })
    } finally {
      await ports.close()
    }
  } finally {
    interruption.end()
  }
}
