/** A settings file and its surroundings in memory, for tests: perfect until a test breaks one thing. */

import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LoadSurroundings, loadSettings } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'
import { CodedError } from '../../src/lib/errors.ts'

export const SECRET = 'canary-8d1f-never-printed'
/** Threads that run at once in the surroundings, whatever the machine. */
export const CORES = 3

/** The text of a fixture document. */
export function fixture(name: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../../fixtures/integrations/${name}`, import.meta.url)), 'utf8')
}

/** The least configuration that is right, with an integration document by path. */
export function leastConfig(): { source: Record<string, unknown>; targets: Record<string, unknown>[] } & Record<
  string,
  unknown
> {
  return { source: { directory: './exports' }, targets: [{ name: 'crm', integration: 'current.json' }] }
}

/** A document in place, as the vendor would hold it. */
export async function document(name: 'current.json' | 'legacy.json' | 'older.json'): Promise<Record<string, unknown>> {
  return JSON.parse(await fixture(name))
}

/** Surroundings whose files are `files` (by absolute path), else the fixtures (by base name). */
export function surroundings(files: Readonly<Record<string, string>> = {}): LoadSurroundings {
  return {
    cwd: '/srv/job',
    cores: CORES,
    env: {
      DATAVERSE_CLIENT_SECRET: SECRET,
      SECOND_CLIENT_SECRET: SECRET,
      DIDOMI_API_SECRET: SECRET,
      WEBHOOK_SECRET: 'canary-3f27-of-the-receiver-never-printed',
      HEARTBEAT_URL: 'https://hc.example.com/canary-5a1b',
      TEAMS_WEBHOOK_URL: 'https://teams.example.com/hook?sig=canary-77c1',
      SLACK_WEBHOOK_URL: 'https://hooks.slack.example.com/canary-2f0d',
      EVENTS_WEBHOOK_URL: 'https://events.example.com/v2/enqueue',
      ROUTING_KEY: 'canary-9e4c-never-printed',
      EXPORTS: '/mnt/exports',
    },
    readFile: async (path) => files[path] ?? (await fixture(basename(path))),
  }
}

/** Loads a configuration given as a value or as text. */
export function load(config: unknown, files: Readonly<Record<string, string>> = {}): Promise<Settings> {
  const text = typeof config === 'string' ? config : JSON.stringify(config, null, 2)
  return loadSettings('conf/didomi.yaml', surroundings({ '/srv/job/conf/didomi.yaml': text, ...files }))
}

/** The error a configuration is refused with. */
export async function refusal(config: unknown, files: Readonly<Record<string, string>> = {}): Promise<CodedError> {
  try {
    await load(config, files)
  } catch (error) {
    if (error instanceof CodedError) return error
    throw error
  }
  throw new Error('the configuration was accepted')
}
