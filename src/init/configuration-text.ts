/** A configuration as it is written to begin with: with comments, and only what a tenant needs. Pure. */

import type { Answers, DidomiAnswer, SourceAnswer } from './answers.ts'
import type { Choice, Destination, Proposal } from './proposal.ts'

/** The file beside it that editors read. */
export const SCHEMA_FILE = 'didomi-dataverse.schema.json'

const TYPES = { contact: 'microsoft-dynamics', consent: 'microsoft-dynamics-cpc' } as const

/** A text as YAML takes it wherever a value stands. */
const scalar = (text: string): string =>
  /^[A-Za-z0-9_./:@-]+$/.test(text) && !/^[\d.:-]+$/.test(text) ? text : JSON.stringify(text)

/** The whole file, with a line end. */
export function configurationText(answers: Answers, { pairs, destinationsLeft, choicesLeft }: Proposal): string {
  const { mode, instance, tenantId, clientId, secretVariable, authentication, didomi } = answers
  const entry = ({ id, name }: Destination, value: string, title = '') => [
    `        - id: ${scalar(id)} # ${oneLine(name)}`,
    `          value: ${value}${title}`,
  ]
  return [
    `# yaml-language-server: $schema=./${SCHEMA_FILE}`,
    '# Every key is explained in docs/configuration.md. Secrets are referred to, never written here.',
    'source:',
    ...sourceLines(answers.source),
    ...(didomi === undefined ? [] : didomiLines(didomi)),
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
    ...pairs.flatMap(({ destination, choice }) => entry(destination, scalar(choice.value), titleOf(choice))),
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
  '        # Choices that nothing is mapped to:',
  ...choices.map((choice) => `        #   ${choice.value}${titleOf(choice)}`),
]

/** What Didomi calls a choice, as a comment behind it; its id alone says nothing that the value does not. */
function titleOf({ names }: Choice): string {
  const [title = ''] = names.slice(0, -1)
  return title === '' ? '' : ` # ${oneLine(title)}`
}

function didomiLines({ organizationId, key, secretVariable, apiRoot }: DidomiAnswer): string[] {
  return [
    "didomi: # its API: `doctor` asks it what ids mean, `bootstrap` for everybody's choices",
    `  organizationId: ${scalar(organizationId)}`,
    `  key: ${scalar(key)}`,
    `  secret: \${env:${secretVariable}}`,
    ...(apiRoot === undefined ? [] : [`  apiRoot: ${scalar(apiRoot)}`]),
  ]
}

/** Names come from people: none may end the comment and begin a key. */
const oneLine = (name: string): string => name.replace(/[\p{C}\u2028\u2029]+/gu, ' ').trim()
