/** `init` on the command line: flags, or answers at a terminal, become a first configuration. */

import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { proposal } from '../../jobs/init.ts'
import { loadSettings } from '../config/load.ts'
import { configJsonSchema } from '../config/schema.ts'
import { type AnsweringFlags, type Answers, answersOf } from '../init/answers.ts'
import { configurationText, SCHEMA_FILE } from '../init/configuration-text.ts'
import type { Proposal } from '../init/proposal.ts'
import { CodedError } from '../lib/errors.ts'
import { ingestSettingsOf } from './ingest-settings.ts'
import { openVoices, withOpenPorts } from './opening.ts'

/** The flags of `init` as commander gives them. */
export interface InitFlags extends AnsweringFlags {
  readonly out: string
  readonly logLevel: string
}

/** Writes the configuration and its schema; never over a file. Answers the exit code. */
export async function runInit(flags: InitFlags, version: string): Promise<number> {
  const out = resolve(flags.out)
  if (existsSync(out)) throw usage('--out', 'a file that is there already', 'a name that is free')
  const answers = await answered(flags)
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
    pairs: [{ destination: { id, name: '' }, choice: { value: 'x', names: [''] } }],
    destinationsLeft: [],
    choicesLeft: [],
  }
}

/** Asks only where somebody sits at a terminal: a pipe is not kept waiting. */
async function answered(flags: InitFlags): Promise<Answers> {
  if (!process.stdin.isTTY) return answersOf(flags, undefined)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await answersOf(flags, (question) => terminal.question(question).catch(leftOpen))
  } finally {
    terminal.close()
  }
}

/** Ctrl+C and Ctrl+D end the asking, and with it the command. */
function leftOpen(error: unknown): never {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error
  const [found, expected, remedy] = ['the end of the input', 'an answer', 'Nothing was written: begin again.']
  throw new CodedError('interrupted', [{ where: 'init', found, expected, remedy }])
}

function usage(where: string, found: string, expected: string): CodedError {
  return new CodedError('usage', [{ where, found, expected, remedy: 'See didomi-dataverse init --help.' }])
}
