/** A configuration as it is written to begin with: with comments, and only what a tenant needs. Pure. */

import type { Choice, Destination, Proposal } from './proposal.ts'

/** Where the export lies. */
export type SourceAnswer =
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 's3' | 'gcs'; readonly bucket: string; readonly prefix?: string }

/** What only the operator knows. */
export interface Answers {
  readonly mode: 'contact' | 'consent'
  /** Such as https://acme.crm4.dynamics.com. */
  readonly instance: string
  readonly tenantId: string
  readonly clientId: string
  /** The variable of the environment that holds the client secret. */
  readonly secretVariable: string
  readonly source: SourceAnswer
  /** Further keys of `authentication`, as for AD FS or a national cloud. */
  readonly authentication?: Readonly<Record<string, unknown>>
}

/** The file beside it that editors read. */
export const SCHEMA_FILE = 'didomi-dataverse.schema.json'

const TYPES = { contact: 'microsoft-dynamics', consent: 'microsoft-dynamics-cpc' } as const

/** A text as YAML takes it wherever a value stands. */
const scalar = (text: string): string =>
  /^[A-Za-z0-9_./:@-]+$/.test(text) && !/^[\d.:-]+$/.test(text) ? text : JSON.stringify(text)

/** The whole file, with a line end. */
export function configurationText(answers: Answers, { pairs, destinationsLeft, choicesLeft }: Proposal): string {
  const { mode, instance, tenantId, clientId, secretVariable, authentication } = answers
  const entry = ({ id, name }: Destination, value: string) => [
    `        - id: ${scalar(id)} # ${oneLine(name)}`,
    `          value: ${value}`,
  ]
  return [
    `# yaml-language-server: $schema=./${SCHEMA_FILE}`,
    '# Every key is explained in docs/configuration.md. Secrets are referred to, never written here.',
    'source:',
    ...sourceLines(answers.source),
    'store:',
    '  sqlite: ./state/didomi-dataverse.db # a local disk; back it up',
    'targets:',
    '  - name: crm # the ledger goes by this name: keep it',
    '    integration:',
    `      type: ${TYPES[mode]}`,
    '      authentication:',
    `        instance: ${scalar(instance)}`,
    `        tenant_id: ${scalar(tenantId)}`,
    `        client_id: ${scalar(clientId)}`,
    `        client_secret: \${env:${secretVariable}}`,
    '      properties: {}',
    `      mappings:${pairs.length === 0 ? ' []' : ''} # proposed by name: check each`,
    ...pairs.flatMap(({ destination, choice }) => entry(destination, scalar(choice.value))),
    ...destinationsLeft.flatMap((destination) => entry(destination, '<what Didomi calls it>')).map(commented),
    ...(choicesLeft.length === 0 ? [] : choiceLines(choicesLeft)),
    '      upsert_mode: false # true makes contacts for persons that have none',
    ...(authentication === undefined ? [] : [`    authentication: ${JSON.stringify(authentication)}`]),
    '',
  ].join('\n')
}

function sourceLines(source: SourceAnswer): string[] {
  if (source.kind === 'directory')
    return [`  directory: ${scalar(source.directory)} # holds data/export-id=…/date=…/users/`]
  return [
    `  ${source.kind}:`,
    `    bucket: ${scalar(source.bucket)}`,
    ...(source.kind === 's3' ? ['    # assumeRole: { roleArn: … } # where Didomi keeps the bucket'] : []),
    ...(source.prefix === undefined ? [] : [`  prefix: ${scalar(source.prefix)}`]),
  ]
}

/** A line that is kept for whoever completes it; the dash stays where the others have theirs. */
const commented = (line: string): string => line.replace(/^ {8}/, '        # ')

const choiceLines = (choices: readonly Choice[]): string[] => [
  '        # Choices of the export that nothing is mapped to:',
  ...choices.map(({ value }) => `        #   ${value}`),
]

/** Names come from people: none may end the comment and begin a key. */
const oneLine = (name: string): string => name.replace(/[\p{C}\u2028\u2029]+/gu, ' ').trim()
