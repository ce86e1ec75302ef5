/**
 * Runs the command line as an operator would: an export on disk, a configuration, a child process, an emulated
 * Dataverse. Begin with `startEmulatorProcess()` (or `startEmulator` in the test's own process, wrapped by `controlOf`) and
 * `openPlace()`; then `place.writeDay(…)`, `place.configure(…)`, `place.run()`. Needs `dist` (`npm run build`).
 */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { CounterFigures } from '../../src/emulator/counters.ts'
import type { FaultMatch } from '../../src/emulator/faults.ts'
import type { JournalEntry } from '../../src/emulator/journal.ts'
import type { EmulatorSeed } from '../../src/emulator/seed.ts'
import { DEFAULT_APP_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import type { RunReport } from '../../src/report/run-report.ts'

const ROOT = new URL('../../', import.meta.url)
const CLI = fileURLToPath(new URL('dist/src/cli.js', ROOT))
const EMULATOR = fileURLToPath(new URL('dist/src/emulator/main.js', ROOT))
const TENANT = '00000000-0000-4000-8000-00000000000a'

/** A row as the control door shows it: every column under its logical name. */
export type ControlRow = Readonly<Record<string, unknown>>

/** The emulator's control door. */
export interface Control {
  readonly url: string
  /** Any control request; answers the parsed body, throws for a refusal. */
  ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown>
  rows(set: string): Promise<ControlRow[]>
  counters(): Promise<CounterFigures>
  journal(): Promise<JournalEntry[]>
  /** Somebody in the environment changes a row. */
  edit(set: string, id: string, changes: ControlRow): Promise<void>
  /** Stops the environment's clock at this time. */
  freeze(at: string): Promise<void>
  /** Keeps back the answer of the nth matching request, after its commit; answers the hold's number. */
  hold(match: FaultMatch, nth?: number): Promise<number>
  /** Resolves once that request has committed. */
  held(id: number, signal?: AbortSignal): Promise<void>
  /** Back to what the emulator began with, plus the seed. */
  begin(seed: EmulatorSeed): Promise<void>
}

/** The control door of an emulator at `url`, whichever process it runs in. */
export function controlOf(url: string): Control {
  const ask: Control['ask'] = async (method, path, body, signal) => {
    const response = await fetch(`${url}/__emulator/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
      ...(signal === undefined ? {} : { signal }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  // A hold that no request came to stays first in the emulator's line: the next request to be kept takes it.
  let unused: number | undefined
  return {
    url,
    ask,
    rows: async (set) => (await ask('GET', `rows/${set}`)) as ControlRow[],
    counters: async () => (await ask('GET', 'counters')) as CounterFigures,
    journal: async () => (await ask('GET', 'journal')) as JournalEntry[],
    edit: async (set, id, changes) => void (await ask('PATCH', `rows/${set}/${id}`, changes)),
    freeze: async (at) => void (await ask('POST', 'time', { freezeAt: at })),
    hold: async (match, nth = 1) => {
      if (unused === undefined) unused = ((await ask('POST', 'hold', { match, nth })) as { id: number }).id
      else await ask('POST', 'faults', [{ match, nth, action: { kind: 'hold-after-commit' } }])
      return unused
    },
    held: async (id, signal) => {
      await ask('GET', `hold/wait?id=${id}`, undefined, signal)
      unused = undefined
    },
    begin: async (seed) => {
      await ask('POST', 'reset')
      unused = undefined
      await ask('POST', 'seed', seed)
    },
  }
}

/** An emulator in a process of its own; whoever starts it closes it. */
export async function startEmulatorProcess(): Promise<Control & { close(): Promise<void> }> {
  const child = spawn(process.execPath, [EMULATOR, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return {
    ...controlOf((JSON.parse(line) as { url: string }).url),
    close: async () => {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** One mapping entry of an integration document. */
export interface Mapping {
  readonly id: string
  readonly value: string | object
}

/** What is not the same in every test: a target's settings, and `upsert_mode` of its document. */
export type TargetOverrides = Readonly<Record<string, unknown>> & { readonly name?: string; readonly upsert?: boolean }

function target(url: string, type: string, mappings: readonly Mapping[], given: TargetOverrides): object {
  const { upsert = false, ...overrides } = given
  const authority = `https://login.example.com/${TENANT}`
  const integration = {
    type,
    authentication: { client_id: DEFAULT_APP_ID, client_secret: DEFAULT_SECRET, tenant_id: TENANT, instance: url },
    properties: {},
    mappings,
    upsert_mode: upsert,
  }
  const authentication = {
    authority,
    knownAuthorities: ['login.example.com'],
    authorityMetadata: {
      token_endpoint: `${url}/${TENANT}/oauth2/v2.0/token`,
      authorization_endpoint: `${authority}/authorize`,
      issuer: `${authority}/v2.0`,
      jwks_uri: `${authority}/keys`,
    },
  }
  return { integration, authentication, ...overrides }
}

/** A target of contact columns (semantics §5), called `contact` unless the overrides name it. */
export function contactTarget(url: string, mappings: readonly Mapping[], overrides: TargetOverrides = {}): object {
  return target(url, 'microsoft-dynamics', mappings, { name: 'contact', ...overrides })
}

/** A target of contact point consents (semantics §6), called `consent` unless the overrides name it. */
export function consentTarget(url: string, mappings: readonly Mapping[], overrides: TargetOverrides = {}): object {
  return target(url, 'microsoft-dynamics-cpc', mappings, { name: 'consent', ...overrides })
}

/** How a run ended. */
export interface RunResult {
  /** Null where a signal ended the process. */
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** The run's report; undefined where the run printed none. */
  readonly report: RunReport | undefined
}

/** A run under way. */
export interface RunUnderWay {
  readonly ended: Promise<RunResult>
  kill(signal: NodeJS.Signals): void
}

export interface RunOptions {
  /** Flags after `sync --config FILE --json`. */
  readonly flags?: readonly string[]
  /** Arguments of Node itself, before the program. */
  readonly node?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** One partition to write. Several `parts` are several objects. */
export interface Day {
  readonly date: string
  readonly parts: ReadonlyArray<readonly string[]>
  readonly exportId?: string
  /** Whether `_SUCCESS` is written too; default true. */
  readonly sealed?: boolean
}

/** A folder with an export, a configuration and a store. */
export interface Place {
  readonly folder: string
  /** The store's file. */
  readonly store: string
  /** The folder of a partition's objects. */
  partition(date: string, exportId?: string): string
  writeDay(day: Day): Promise<void>
  /** Writes `_SUCCESS` of a partition. */
  seal(date: string, exportId?: string): Promise<void>
  /** Writes the configuration: targets, and top-level settings beside them. */
  configure(targets: readonly object[], settings?: Readonly<Record<string, unknown>>): Promise<void>
  start(options?: RunOptions): RunUnderWay
  run(options?: RunOptions): Promise<RunResult>
  remove(): Promise<void>
}

const EXPORT_ID = 'e1'

/** A fresh place below the system's temporary folder; whoever opens it removes it. */
export async function openPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'sync-run-'))
  const config = join(folder, 'didomi-dataverse.json')
  const partition = (date: string, exportId = EXPORT_ID) =>
    join(folder, 'export', 'data', `export-id=${exportId}`, `date=${date}`, 'users')
  const seal = (date: string, exportId?: string) => writeFile(join(partition(date, exportId), '_SUCCESS'), '')
  const start = ({ flags = [], node = [], env = {} }: RunOptions = {}): RunUnderWay => {
    const args = [...node, CLI, 'sync', '--config', config, '--json', '--quiet', '--log-level', 'error', ...flags]
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return { ended: endOf(child), kill: (signal) => void child.kill(signal) }
  }
  return {
    folder,
    store: join(folder, 'state', 'store.db'),
    partition,
    seal,
    start,
    run: (options) => start(options).ended,
    writeDay: async ({ date, parts, exportId, sealed = true }) => {
      await mkdir(partition(date, exportId), { recursive: true })
      for (const [number, lines] of parts.entries()) {
        const name = `part-${String(number).padStart(5, '0')}.json.gz`
        await writeFile(join(partition(date, exportId), name), gzipSync(lines.map((line) => `${line}\n`).join('')))
      }
      if (sealed) await seal(date, exportId)
    },
    configure: (targets, settings = {}) =>
      writeFile(
        config,
        JSON.stringify({
          source: { directory: './export' },
          store: { sqlite: './state/store.db' },
          targets,
          ...settings,
        }),
      ),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

async function endOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<RunResult> {
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { exitCode, signal, stdout, stderr, report: reportIn(stdout) }
}

/** The report is the one line of stdout; a killed run may have written a part of it. */
function reportIn(stdout: string): RunReport | undefined {
  return stdout.endsWith('}\n') ? (JSON.parse(stdout) as RunReport) : undefined
}
