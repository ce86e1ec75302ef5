/** What a webhook is sent: a template filled in, an Adaptive Card for Teams, blocks for Slack. */

import type { NotifySettings } from '../config/watch-settings.ts'
import type { Alarm } from './alarms.ts'
import { type Filling, fill, PLACEHOLDERS } from './template.ts'

/** A run of which somebody is told. */
export interface Notice {
  readonly command: string
  readonly run: string
  readonly exitCode: number
  readonly startedAt: string
  readonly endedAt: string
  readonly version: string
  readonly alarms: readonly Alarm[]
}

/** Every placeholder under its own name: what is sent without a template. */
const DEFAULT_TEMPLATE = Object.fromEntries(Object.keys(PLACEHOLDERS).map((name) => [name, `{{${name}}}`]))

/** How many lines a chat message shows; services cut or refuse longer ones. */
const MOST_LINES = 20

export function payloadOf({ kind, template }: Pick<NotifySettings, 'kind' | 'template'>, notice: Notice): unknown {
  const filling = fillingOf(notice)
  switch (kind) {
    case 'webhook':
      return fill(template === undefined ? DEFAULT_TEMPLATE : JSON.parse(template.reveal()), filling)
    case 'teams':
      return teamsCard(notice, filling)
    case 'slack':
      return slackBlocks(notice, filling)
  }
}

function fillingOf({ alarms, exitCode, command, run, startedAt, endedAt, version }: Notice): Filling {
  const events = alarms.map(({ event }) => event).join(', ')
  const lines = alarms.flatMap((alarm) => alarm.lines.map((line) => `${alarm.event}: ${line}`))
  const more = lines.length - MOST_LINES
  const text = [...lines.slice(0, MOST_LINES), ...(more > 0 ? [`… and ${more} more: see the report`] : [])].join('\n')
  const title = `didomi-dataverse ${command}: ${events}`
  return { events, title, text, command, run, exitCode: String(exitCode), startedAt, endedAt, version }
}

function factsOf({ run, exitCode, startedAt, endedAt }: Notice): ReadonlyArray<readonly [string, string]> {
  return [
    ['Run', run],
    ['Exit code', String(exitCode)],
    ['Began', startedAt],
    ['Ended', endedAt],
  ]
}

/** A message with one card, as Teams' workflow "when a webhook request is received" takes it. */
function teamsCard(notice: Notice, { title, text }: Filling): object {
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [
      { type: 'TextBlock', text: title, weight: 'Bolder', size: 'Medium', wrap: true },
      ...text.split('\n').map((line) => ({ type: 'TextBlock', text: line, wrap: true, spacing: 'Small' })),
      { type: 'FactSet', facts: factsOf(notice).map(([name, value]) => ({ title: name, value })) },
    ],
  }
  return {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }],
  }
}

/** `text` is what a notification of the desktop shows. Slack reads three signs as its own. */
function slackBlocks(notice: Notice, { title, text }: Filling): object {
  const facts = factsOf(notice).map(([name, value]) => `${name}: ${value}`)
  return {
    text: slackText(title),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: title.slice(0, 150) } },
      { type: 'section', text: { type: 'mrkdwn', text: slackText(text).slice(0, 3_000) } },
      { type: 'context', elements: [{ type: 'mrkdwn', text: slackText(facts.join(' · ')) }] },
    ],
  }
}

function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
