/** `init` on the command line: flags, or answers at a terminal, become a first configuration. */

import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { proposal } from '../../jobs/init.ts'
import { loadSettings } from '../config/load.ts'
import { configJsonSchema } from '../config/schema.ts'
import { type Answers, configurationText, SCHEMA_FILE, type SourceAnswer } from '../init/configuration-text.ts'
import type { Proposal } from '../init/proposal.ts'
import { CodedError } from '../lib/errors.ts'
import { ingestSettingsOf } from './ingest-settings.ts'
import { openVoices, withOpenPorts } from './opening.ts'

/** The flags of `init` as commander gives them. */
export interface InitFlags {
  readonly out: string
  readonly mode?: 'consent' | 'contact'
  readonly instance?: string
  readonly tenant?: string
  readonly clientId?: string
  readonly secretVariable: string
  readonly source?: string
  /** JSON. */
  readonly authentication?: string
  readonly logLevel: string
}

/** Writes the configuration and its schema; never over a file. Answers the exit code. */
export async function runInit(flags: InitFlags, version: string): Promise<number> {
  const out = resolve(flags.out)
  if (existsSync(out)) throw usage('--out', 'a file that is there already', 'a name that is free')
  const answers = await answersOf(flags)
  const voices = openVoices({ ...flags, json: false, quiet: true })
  const folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-init-'))
  try {
    const readFile = async () => configurationText(answers, placeholder(answers.mode))
    const settings = await loadSettings(out, { env: process.env, readFile, cwd: process.cwd() })
    const store = { kind: 'sqlite', sqlite: join(folder, 'store.db'), spillFolder: join(folder, 'spill') } as const
    const notes: string[] = []
    const found = await withOpenPorts({ ...settings, store }, voices, {}, version, ({ ports, signal }) => {
      const own = { ...settings, store }
      return proposal(ports, own, ingestSettingsOf(own, {}), answers.mode, (note) => void notes.push(note), signal)
    })
    await writeFile(out, configurationText(answers, found), { flag: 'wx', mode: 0o644 })
    const schema = join(dirname(out), SCHEMA_FILE)
    if (!existsSync(schema)) await writeFile(schema, `${JSON.stringify(configJsonSchema(), null, 2)}\n`)
    const { pairs, destinationsLeft, choicesLeft } = found
    const lines = [
      `Wrote ${relative(process.cwd(), out) || out}: ${pairs.length} choices mapped by name, ${destinationsLeft.length} purposes, topics or columns and ${choicesLeft.length} choices left as comments.`,
      ...notes.map((note) => `! ${note}`),
      'Check each mapping. Then: didomi-dataverse plan --config …',
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
    return 0
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A mapping has at least one entry; this one is never looked up. */
function placeholder(mode: Answers['mode']): Proposal {
  const id = mode === 'contact' ? 'emailaddress1' : 'purpose:00000000-0000-4000-8000-000000000000'
  return {
    pairs: [{ destination: { id, name: '' }, choice: { value: 'x', name: '' } }],
    destinationsLeft: [],
    choicesLeft: [],
  }
}

async function answersOf(flags: InitFlags): Promise<Answers> {
  const { secretVariable, authentication } = flags
  const asking = process.stdin.isTTY ? createInterface({ input: process.stdin, output: process.stderr }) : undefined
  const answer = async (flag: string, given: string | undefined, question: string): Promise<string> => {
    const text = given ?? (await asking?.question(`${question}: `))
    if (text === undefined || text.trim() === '') throw usage(flag, 'nothing', question)
    return text.trim()
  }
  try {
    const mode = await answer('--mode', flags.mode, 'consent (contact point consents) or contact (columns)')
    if (mode !== 'consent' && mode !== 'contact') throw usage('--mode', 'another word', 'consent or contact')
    return {
      mode,
      instance: await answer('--instance', flags.instance, 'address of the environment, https://….dynamics.com'),
      tenantId: await answer('--tenant', flags.tenant, 'directory (tenant) id'),
      clientId: await answer('--client-id', flags.clientId, 'application (client) id'),
      secretVariable,
      source: sourceOf(await answer('--source', flags.source, 'the export: a folder, s3://bucket or gs://bucket')),
      ...(authentication !== undefined && { authentication: jsonOf(authentication) }),
    }
  } finally {
    asking?.close()
  }
}

function sourceOf(text: string): SourceAnswer {
  const [, scheme, bucket, prefix] = /^(s3|gs):\/\/([^/]+)\/?(.*)$/.exec(text) ?? []
  if (scheme === undefined || bucket === undefined) return { kind: 'directory', directory: text }
  return { kind: scheme === 's3' ? 's3' : 'gcs', bucket, ...(prefix ? { prefix } : {}) }
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Told below.
  }
  throw usage('--authentication', 'a text that is no JSON object', 'keys of `authentication` as JSON')
}

function usage(where: string, found: string, expected: string): CodedError {
  return new CodedError('usage', [{ where, found, expected, remedy: 'See didomi-dataverse init --help.' }])
}
