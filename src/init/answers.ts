/** What only the operator knows: given by flags, or asked for where somebody is there to answer. */

import { CodedError } from '../lib/errors.ts'

/** Where the export lies. */
export type SourceAnswer =
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 's3' | 'gcs'; readonly bucket: string; readonly prefix?: string }

/** Didomi's API. */
export interface DidomiAnswer {
  readonly organizationId: string
  /** The id of a private API key, which is no secret. */
  readonly key: string
  /** The variable of the environment that holds its secret. */
  readonly secretVariable: string
  /** Where it is not where everybody finds it. */
  readonly apiRoot?: string
}

export interface Answers {
  readonly mode: 'contact' | 'consent'
  /** Such as https://acme.crm4.dynamics.com. */
  readonly instance: string
  readonly tenantId: string
  readonly clientId: string
  /** The variable of the environment that holds the client secret. */
  readonly secretVariable: string
  readonly source: SourceAnswer
  /** Absent where it is not to be asked. */
  readonly didomi?: DidomiAnswer
  /** Further keys of `authentication`, as for AD FS or a national cloud. */
  readonly authentication?: Readonly<Record<string, unknown>>
}

/** The flags that answer. */
export interface AnsweringFlags {
  readonly mode?: string
  readonly instance?: string
  readonly tenant?: string
  readonly clientId?: string
  readonly secretVariable: string
  readonly source?: string
  readonly didomiOrganization?: string
  readonly didomiKey?: string
  readonly didomiSecretVariable: string
  readonly didomiApi?: string
  /** JSON. */
  readonly authentication?: string
}

/** Asks one question; resolves to what was answered. */
export type Ask = (question: string) => Promise<string>

/** Flags first; for what is missing `ask`, where there is one. @throws CodedError `usage` for what nobody answers */
export async function answersOf(flags: AnsweringFlags, ask: Ask | undefined): Promise<Answers> {
  const { secretVariable, authentication } = flags
  let asked = false
  const optional = async (given: string | undefined, question: string): Promise<string> => {
    asked ||= given === undefined
    return (given ?? (await ask?.(`${question}: `)) ?? '').trim()
  }
  const needed = async (flag: string, given: string | undefined, question: string): Promise<string> => {
    const text = await optional(given, question)
    if (text === '') throw unanswered(flag, 'nothing', question)
    return text
  }
  const mode = await needed('--mode', flags.mode, 'consent (contact point consents) or contact (columns)')
  if (mode !== 'consent' && mode !== 'contact') throw unanswered('--mode', 'another word', 'consent or contact')
  const answers = {
    mode,
    instance: await needed('--instance', flags.instance, 'address of the environment, https://….dynamics.com'),
    tenantId: await needed('--tenant', flags.tenant, 'directory (tenant) id'),
    clientId: await needed('--client-id', flags.clientId, 'application (client) id'),
    secretVariable,
    source: sourceOf(await needed('--source', flags.source, 'the export: a folder, s3://bucket or gs://bucket')),
    ...(authentication !== undefined && { authentication: jsonOf(authentication) }),
  } as const
  // Whoever gave all that is needed by flags is not kept from it by a question that may be left open.
  const organization = flags.didomiOrganization ?? (flags.didomiKey === undefined && !asked ? '' : undefined)
  const organizationId = await optional(
    organization,
    'organization id at Didomi, to read its configuration tree (or nothing)',
  )
  if (organizationId === '') {
    if (flags.didomiKey !== undefined)
      throw unanswered('--didomi-organization', 'nothing', 'the organization of --didomi-key')
    return answers
  }
  const key = await needed('--didomi-key', flags.didomiKey, 'id of a private API key of Didomi')
  const { didomiSecretVariable, didomiApi: apiRoot } = flags
  const didomi = {
    organizationId,
    key,
    secretVariable: didomiSecretVariable,
    ...(apiRoot !== undefined && { apiRoot }),
  }
  return { ...answers, didomi }
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
  throw unanswered('--authentication', 'a text that is no JSON object', 'keys of `authentication` as JSON')
}

function unanswered(where: string, found: string, expected: string): CodedError {
  return new CodedError('usage', [{ where, found, expected, remedy: 'See didomi-dataverse init --help.' }])
}
