/** What shall be registered in Dataverse, so that the receiver hears of every change that matters. */

import { scryptSync } from 'node:crypto'
import type { WebhookSettings } from '../config/settings.ts'
import type { MessageIds, WebhookRegistry } from '../dataverse/webhooks.ts'
import { CodedError } from '../lib/errors.ts'
import type { JsonValue } from '../record/record.ts'
import type { WatchedTable } from './webhook-tables.ts'

/** Begins the name of everything that we register: what is called otherwise is not touched. */
export const OURS = 'didomi-dataverse'

/** Filtering columns say nothing to a Create: it has a step of its own (Dataverse: register webhooks). */
export const MESSAGES = ['Create', 'Update'] as const
export type Message = (typeof MESSAGES)[number]

type Columns = Readonly<Record<string, JsonValue>>

export interface WantedStep {
  readonly message: Message
  readonly messageId: string
  readonly filterId: string
  /** Compared one by one with what is there. */
  readonly columns: Columns
  readonly image: Columns
}

export interface WantedWebhook {
  readonly name: string
  readonly url: string
  /** Compared; `description` stands for the secret, which nobody can read back. */
  readonly columns: Columns
  /** Sent whenever one of the others is. */
  readonly authvalue: string
  readonly steps: readonly WantedStep[]
}

/** Dataverse: serviceendpoint, sdkmessageprocessingstep, sdkmessageprocessingstepimage. */
const WEBHOOK = 8
const HTTP_HEADER = 5
const POST_OPERATION = 40
const ASYNCHRONOUS = 1
const SERVER_ONLY = 0
const ENABLED = 0
const POST_IMAGE = 1

/** The endpoint of a target, by its name. */
export const endpointName = (target: string): string => `${OURS}: ${target}`

/**
 * Looks up where the steps hang, and says what shall be there.
 * @throws CodedError `config-invalid` where the mapping names nothing to listen to
 */
export async function wantedIn(
  registry: WebhookRegistry,
  target: string,
  url: string,
  settings: WebhookSettings,
  watched: WatchedTable,
  signal: AbortSignal,
): Promise<WantedWebhook> {
  if (watched.columns.length === 0) {
    const [found, expected] = ['a mapping that names no choice', 'columns to listen to']
    const remedy = 'Map a purpose or preference; without one nothing can change in Dataverse that Didomi knows.'
    throw new CodedError('config-invalid', [{ where: `target ${target}`, found, expected, remedy }])
  }
  const Create = await registry.messageIds(watched.table, 'Create', signal)
  const Update = await registry.messageIds(watched.table, 'Update', signal)
  return wantedWebhook(target, url, settings, watched, { Create, Update })
}

/** What the operator's settings come to. Pure, but slow: a secret's fingerprint is made so that nobody can guess from it. */
function wantedWebhook(
  target: string,
  url: string,
  webhook: Pick<WebhookSettings, 'header' | 'secrets'>,
  watched: WatchedTable,
  ids: Readonly<Record<Message, MessageIds>>,
): WantedWebhook {
  const { header, secrets } = webhook
  const secret = secrets[0].reveal()
  const name = endpointName(target)
  const fingerprint = scryptSync(secret, `${name} ${url} ${header}`, 16).toString('hex')
  return {
    name,
    url,
    columns: {
      contract: WEBHOOK,
      authtype: HTTP_HEADER,
      description: `Made by didomi-dataverse. Header ${header}, secret ${fingerprint}.`,
    },
    authvalue: `<settings><setting name="${header}" value="${escaped(secret)}"/></settings>`,
    steps: MESSAGES.map((message) => wantedStep(message, ids[message], watched)),
  }
}

function wantedStep(message: Message, ids: MessageIds, { table, columns }: WatchedTable): WantedStep {
  return {
    message,
    ...ids,
    columns: {
      name: `${OURS}: ${message} of ${table}`,
      stage: POST_OPERATION,
      mode: ASYNCHRONOUS,
      rank: 1,
      supporteddeployment: SERVER_ONLY,
      // System jobs of events that arrived would pile up (Dataverse: asyncoperation); those that failed stay.
      asyncautodelete: true,
      filteringattributes: message === 'Update' ? columns.join(',') : null,
      statecode: ENABLED,
    },
    image: {
      name: 'post',
      entityalias: 'post',
      imagetype: POST_IMAGE,
      // Observed on live environments: the image of a Create hangs on 'Id', every other one on 'Target'.
      messagepropertyname: message === 'Create' ? 'Id' : 'Target',
      // The row is read afresh, so nothing that names a person needs to travel.
      attributes: [...new Set([...columns, 'modifiedon'])].join(','),
    },
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign)
