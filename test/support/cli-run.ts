/** The command line as a child process against an emulator in this one: export folder, configuration, store, request log. */

import { spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { emulatorAuthority } from '../../src/demo/configuration.ts'
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/emulator.ts'
import { DEFAULT_APP_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'
import { openSqliteDatabase } from '../../src/store/sqlite-database.ts'
import type { Row } from '../../src/store/stored-row.ts'

export const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url))
export const TENANT = 'd2a4c6e8-1357-4b9d-8f02-6a8c0e2b4d6f'
export const CONFIG = 'didomi-dataverse.yaml'
export const EXPORT_ID = 'c0ffee00-1a2b-4c3d-8e4f-5a6b7c8d9e0f'

/** How a child ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command line to its end; `env` completes an environment that holds nothing but the path. */
export function runCli(
  args: readonly string[],
  { cwd, env = {}, nodeArgs = [] }: { cwd?: string; env?: Record<string, string>; nodeArgs?: readonly string[] } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...nodeArgs, CLI, ...args], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const texts = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text
      })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...texts }))
  })
}

/** A request as it arrived at the emulator. */
export interface LoggedRequest {
  readonly method: string
  readonly url: string
  readonly headers: string
  body: string
}

/** Everything a run of the command line touches, in a folder of its own. */
export interface Lab {
  readonly folder: string
  readonly emulator: Emulator
  readonly requests: readonly LoggedRequest[]
  /** Every token a request carried. */
  readonly tokens: ReadonlySet<string>
  /** Writes one object below `users/` of a date. */
  part(date: string, name: string, content: string | Uint8Array, exportId?: string): Promise<string>
  seal(...dates: string[]): Promise<void>
  /** `sync --config …` with further flags. */
  sync(args?: readonly string[], env?: Record<string, string>): Promise<Ended>
  configure(configuration: object | string): Promise<void>
  /** Rows of the store; only between runs. */
  stored(sql: string): Row[]
  close(): Promise<void>
}

/** Opens a lab; whoever opens it closes it. */
export async function openLab(options: EmulatorOptions = {}): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-cli-'))
  const emulator = await startEmulator(options)
  const requests: LoggedRequest[] = []
  const tokens = new Set<string>()
  const listen = (message: unknown) => {
    const { request } = message as { request: IncomingMessage }
    if (request.socket.localPort !== emulator.port) return
    const [, token] = request.headers.authorization?.split(' ') ?? []
    if (token !== undefined) tokens.add(token)
    const headers = JSON.stringify({ ...request.headers, authorization: undefined })
    const logged = { method: request.method ?? '', url: request.url ?? '', headers, body: '' }
    requests.push(logged)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.once('end', () => {
      logged.body = Buffer.concat(chunks).toString('utf8')
    })
  }
  subscribe('http.server.request.start', listen)
  const usersOf = (date: string, exportId = EXPORT_ID) =>
    join(folder, 'export', 'data', `export-id=${exportId}`, `date=${date}`, 'users')
  const write = async (path: string, content: string | Uint8Array) => {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
    return path
  }
  return {
    folder,
    emulator,
    requests,
    tokens,
    part: (date, name, content, exportId) => write(join(usersOf(date, exportId), name), content),
    seal: async (...dates) => {
      for (const date of dates) await write(join(usersOf(date), '_SUCCESS'), '')
    },
    configure: async (configuration) => {
      const text = typeof configuration === 'string' ? configuration : JSON.stringify(configuration, null, 2)
      await write(join(folder, CONFIG), text)
    },
    sync: (args = [], env = {}) =>
      runCli(['sync', '--config', CONFIG, ...args], {
        cwd: folder,
        env: { DATAVERSE_CLIENT_SECRET: DEFAULT_SECRET, ...env },
      }),
    stored: (sql) => {
      const database = openSqliteDatabase(join(folder, 'state', 'didomi-dataverse.db'))
      try {
        return database.prepare(sql).all()
      } finally {
        database.close()
      }
    },
    close: async () => {
      unsubscribe('http.server.request.start', listen)
      await emulator.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** How a target signs in at an emulator: MSAL wants an https authority, whose token endpoint is the emulator's. */
export function signIn(url: string): { document: object; authority: object } {
  return {
    document: {
      client_id: DEFAULT_APP_ID,
      client_secret: `\${env:DATAVERSE_CLIENT_SECRET}`,
      tenant_id: TENANT,
      instance: url,
    },
    authority: emulatorAuthority(url, TENANT),
  }
}

export interface Entry {
  readonly id: string
  readonly value: string | object
}

/** A target at an emulator, in either mode; `more` are further settings of the target, and the document's `upsert_mode`. */
export function target(
  url: string,
  name: string,
  mode: 'contact' | 'consent',
  mappings: readonly Entry[],
  { upsert_mode = false, ...more }: { readonly upsert_mode?: boolean } & Readonly<Record<string, unknown>> = {},
): object {
  const { document, authority } = signIn(url)
  const type = mode === 'contact' ? 'microsoft-dynamics' : 'microsoft-dynamics-cpc'
  return {
    name,
    integration: { type, authentication: document, properties: {}, mappings, upsert_mode },
    authentication: authority,
    ...more,
  }
}

/** A whole configuration over the lab's export folder. Pages have tests of their own: they take their time to draw. */
export function configuration(targets: readonly object[], more: object = {}): object {
  return { source: { directory: './export' }, report: { page: false }, targets, ...more }
}

export interface LineWish {
  readonly id?: string
  readonly at?: string
  readonly purposes?: readonly object[]
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly user?: Readonly<Record<string, unknown>>
  readonly events?: readonly object[]
}

/** One line of an export: a person who said yes to `newsletter` at noon of the date, until a test says otherwise. */
export function line(ouid: unknown, date: string, wish: LineWish = {}): string {
  const at = wish.at ?? `${date}T12:00:00.000Z`
  const user = {
    id: wish.id ?? 'device-1',
    organization_user_id: ouid,
    created_at: at,
    updated_at: at,
    version: 1,
    country: 'FR',
    regulation: 'gdpr',
    ...(wish.metadata && { metadata: wish.metadata }),
    consents: { purposes: wish.purposes ?? [{ id: 'newsletter', enabled: true }] },
    ...wish.user,
  }
  return JSON.stringify({ user, events: wish.events ?? [] })
}

/** The day so many days before today, in UTC. */
export function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)
}
