/** Flags and environment variables of the conformance run, read and refused before anything is sent. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { CodedError } from '../lib/errors.ts'
import { isLoopbackUrl } from '../lib/loopback.ts'

/** Everything the run is told. */
export interface ConformanceOptions {
  /** The environment's origin. */
  readonly url: string
  /** Who issues tokens: the URL before `/oauth2/v2.0/token`. */
  readonly authority: string
  readonly clientId: string
  readonly clientSecret: string
  /** Path of a file with the names of columns. */
  readonly schemaFile: string | undefined
  /** Only the topics of these names; all where empty. */
  readonly topics: readonly string[]
  readonly json: boolean
}

/** How the command is called. */
export const USAGE = `npm run conformance -- --url <environment> --i-own-this-sandbox [--authority <url>] [--schema <file>]
  [--topic <name> …] [--client-secret-file <file>] [--json]
DATAVERSE_TENANT_ID, DATAVERSE_CLIENT_ID and DATAVERSE_CLIENT_SECRET say who calls.`

type Environment = Readonly<Record<string, string | undefined>>

/** Reads them. Throws `usage` or `secret-missing`; no secret is ever in a message. */
export function readOptions(args: readonly string[], environment: Environment): ConformanceOptions {
  const flags = parseFlags(args)
  if (flags.url === undefined) throw usage('--url', 'nothing', 'the URL of an environment', USAGE)
  const url = secureOrigin('--url', flags.url)
  if (flags['i-own-this-sandbox'] !== true) {
    throw usage(
      '--i-own-this-sandbox',
      'no such flag',
      'your word that the environment is a sandbox of yours',
      'The run creates, changes and deletes contacts and consents of its own, which may start plug-ins and flows.',
    )
  }
  const tenant = environment['DATAVERSE_TENANT_ID']
  return {
    url: url.origin,
    authority: flags.authority === undefined ? authorityOf(url, tenant) : secureUrl('--authority', flags.authority),
    clientId: named(environment, 'DATAVERSE_CLIENT_ID'),
    clientSecret: secretOf(environment, flags['client-secret-file']),
    schemaFile: flags.schema,
    topics: flags.topic ?? [],
    json: flags.json ?? false,
  }
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: { type: 'string' },
        authority: { type: 'string' },
        schema: { type: 'string' },
        topic: { type: 'string', multiple: true },
        'client-secret-file': { type: 'string' },
        'i-own-this-sandbox': { type: 'boolean' },
        json: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw usage(
      'the command line',
      error instanceof Error ? error.message : 'something unreadable',
      'known flags',
      USAGE,
    )
  }
}

function secureUrl(where: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackUrl(url))
  if (url === undefined || !secure || url.username !== '' || url.search !== '') {
    throw usage(where, 'another text', 'an https URL; http on loopback only', 'Tokens travel over TLS.')
  }
  return text.replace(/\/+$/, '')
}

function secureOrigin(where: string, text: string): URL {
  return new URL(secureUrl(where, text))
}

/** The cloud of the host and the tenant (Dataverse: national clouds, 1.5); an emulator issues its own tokens. */
function authorityOf(url: URL, tenant: string | undefined): string {
  if (!url.hostname.includes('.dynamics') && !/\.(us|cn)$/.test(url.hostname)) {
    return `${url.origin}/${tenant ?? 'conformance.example'}`
  }
  if (tenant === undefined) throw missing('DATAVERSE_TENANT_ID')
  if (url.hostname.endsWith('.us')) return `https://login.microsoftonline.us/${tenant}`
  if (url.hostname.endsWith('.cn')) return `https://login.partner.microsoftonline.cn/${tenant}`
  return `https://login.microsoftonline.com/${tenant}`
}

function named(environment: Environment, name: string): string {
  const value = environment[name]
  if (value === undefined || value === '') throw missing(name)
  return value
}

function secretOf(environment: Environment, file: string | undefined): string {
  if (file === undefined) return named(environment, 'DATAVERSE_CLIENT_SECRET')
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    const complaint = {
      where: '--client-secret-file',
      found: 'a file that cannot be read',
      expected: 'the client secret',
      remedy: 'Name another file, or set DATAVERSE_CLIENT_SECRET.',
    }
    throw new CodedError('secret-missing', [complaint], { cause: error })
  }
}

function missing(name: string): CodedError {
  const [found, expected, remedy] = ['nothing', 'a value in the environment', `Set ${name}.`]
  return new CodedError('secret-missing', [{ where: name, found, expected, remedy }])
}

function usage(where: string, found: string, expected: string, remedy: string): CodedError {
  return new CodedError('usage', [{ where, found, expected, remedy }])
}
