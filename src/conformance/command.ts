/** The conformance command: from flags to exit code. */
import { openAgent } from '../lib/egress.ts'
import { CodedError, type Next } from '../lib/errors.ts'
import { Caller, type CallerSettings } from './caller.ts'
import { CORPUS } from './corpus.ts'
import { readOptions } from './options.ts'
import { reportJson, reportText } from './report.ts'
import { type ConformanceReport, count } from './result.ts'
import { runCorpus } from './run.ts'
import { DEFAULT_SCHEMA, readSchema } from './schema.ts'
import { tokenSource } from './token.ts'

/** What the command takes from its process. */
export interface CommandPorts {
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Milliseconds that only grow. */
  readonly uptime: () => number
  readonly signal: AbortSignal
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

const EXITS: Partial<Record<Next, number>> = { configuration: 2, authorisation: 3, deferred: 6 }
const INTERRUPTED = 130

/**
 * Runs the corpus and returns the exit code: 0 all as expected, 1 something deviates or was left behind, 2 a mistake in
 * the call, 3 no entry, 6 no answer, 130 interrupted.
 */
export async function conformance(ports: CommandPorts): Promise<number> {
  try {
    return await measure(ports)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    ports.err(`${error.message}\n`)
    return EXITS[error.next] ?? 1
  }
}

async function measure({ args, environment, uptime, signal, out }: CommandPorts): Promise<number> {
  const { url, authority, clientId, clientSecret, schemaFile, topics, json } = readOptions(args, environment)
  const schema = schemaFile === undefined ? DEFAULT_SCHEMA : await readSchema(schemaFile)
  const corpus = CORPUS.filter(({ topic }) => topics.length === 0 || topics.includes(topic))
  if (corpus.length === 0) throw unknownTopic()
  const dispatcher = openAgent({})
  try {
    const token = tokenSource({ url, authority, clientId, clientSecret, dispatcher, uptime })
    const caller = { url, token, dispatcher }
    await enter(caller, signal)
    const report = await runCorpus({ caller, schema, corpus, signal })
    out(json ? reportJson(report) : reportText(report))
    return exitOf(report)
  } finally {
    await dispatcher.destroy()
  }
}

function exitOf({ results, leftBehind, interrupted }: ConformanceReport): number {
  if (interrupted) return INTERRUPTED
  return count(results, 'deviates') > 0 || leftBehind !== 0 ? 1 : 0
}

/** Nothing is worth measuring where the caller does not get in. */
async function enter(settings: Omit<CallerSettings, 'signal'>, signal: AbortSignal): Promise<void> {
  const where = 'WhoAmI of the environment'
  const expected = 'status 200'
  let status: number
  try {
    status = (await new Caller({ ...settings, signal }).send({ method: 'GET', path: 'WhoAmI' })).status
  } catch (error) {
    if (error instanceof CodedError) throw error
    const [found, remedy] = ['no answer', 'Check --url and the network.']
    throw new CodedError('dataverse-unavailable', [{ where, found, expected, remedy }], { cause: error })
  }
  if (status === 200) return
  const code = status === 401 ? 'unauthenticated' : status === 403 ? 'forbidden' : 'dataverse-unavailable'
  const remedy = 'The environment needs an application user for the client id, with rights on contacts and consents.'
  throw new CodedError(code, [{ where, found: `status ${status}`, expected, remedy }])
}

function unknownTopic(): CodedError {
  const topics = [...new Set(CORPUS.map(({ topic }) => topic))].join(', ')
  const remedy = 'Name one of them, or leave the flag out.'
  return new CodedError('usage', [{ where: '--topic', found: 'no topic of the corpus', expected: topics, remedy }])
}
