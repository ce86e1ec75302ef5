/** The part of a page that tells of one target: outcomes, choices, speed, what was refused. */

import type { DeliverReport } from '../deliver-report.ts'
import type { Day } from '../trend.ts'
import type { DrawChart } from './chart.ts'
import { choicesChart, choicesTable, daysChart, type NamePlace } from './choices.ts'
import { type Content, type Html, html } from './html.ts'
import { deliveryOverTime, waitsOverTime } from './over-time.ts'
import { counted, countedOf, firstRows, lasting, MOST_ROWS, type Table, tableOf } from './table.ts'

export interface TargetSection {
  readonly report: DeliverReport
  /** Unique on the page. */
  readonly id: string
  readonly days: readonly Day[]
  readonly nameOf: NamePlace
}

export function targetSection({ report, id, days, nameOf }: TargetSection, draw: DrawChart): Html {
  const { target, mode } = report
  const drawn = (chart: Parameters<DrawChart>[0] | undefined): Content => chart && draw(chart)
  const choices = choicesChart(report, id, nameOf)
  const waits = waitsOverTime(report, id)
  const table = choicesTable(report, days, nameOf)
  return html`<section aria-labelledby="${id}"><h2 id="${id}">Target ${target}</h2>
<p class="note">${mode === 'consent' ? 'Contact point consents' : 'Columns of the contact'}. ${toldOf(report)}</p>
${tableOf(outcomesTable(report))}
<h3>Opt-ins and opt-outs</h3>
${choices === undefined ? html`<p class="note">No choice was written.</p>` : draw(choices)}
${table.rows.length > 0 && tableOf(table)}
${drawn(daysChart(target, days, id))}
<h3>Speed, waits and throttles</h3>
${deliveryOverTime(report, id).map(draw)}
${waits === undefined ? html`<p class="note">No request was throttled, and none had to wait.</p>` : draw(waits)}
${tableOf(requestsTable(report))}
<h3>Quarantine</h3>
${Object.keys(report.rejections).length === 0 ? html`<p class="note">Nothing was refused in this run.</p>` : tableOf(quarantineTable(report))}
<p class="note">${countedOf(report.quarantined, 'row')} in quarantine, ${countedOf(report.parked, 'person')} parked, ${counted(report.expired)} expired.</p>
</section>`
}

/** Facts that are sentences; most runs have none of them. */
function toldOf({ restored, topicsWithoutPurpose, adoptable = {}, warnings }: DeliverReport): Content {
  const sentences = [
    ...(restored ? ['The environment was restored from a backup: everybody was delivered anew.'] : []),
    ...(topicsWithoutPurpose > 0
      ? [`${counted(topicsWithoutPurpose)} topics were opted in without their purpose: nothing will be sent for them.`]
      : []),
    ...Object.entries(adoptable).map(
      ([column, count]) => `${column}: contact.adopt would overwrite ${counted(count)}.`,
    ),
    ...warnings,
  ]
  return sentences.join(' ')
}

function outcomesTable({ target, persons, outcomes, deferred, places }: DeliverReport): Table {
  const share = (count: number) => (persons === 0 ? '–' : `${((100 * count) / persons).toFixed(1)}%`)
  const some = [...Object.entries(outcomes), ['deferred', deferred] as const].filter(([, count]) => count > 0)
  const { written, superseded, unchanged, rejected } = places
  return {
    caption: `${countedOf(persons, 'person')} of ${target} by outcome; choices: ${counted(written)} written, ${counted(superseded)} superseded, ${counted(unchanged)} unchanged, ${counted(rejected)} rejected`,
    heads: ['Outcome', 'Persons', 'Share'],
    rows: some.sort(([, one], [, other]) => other - one).map(([outcome, count]) => [outcome, count, share(count)]),
  }
}

function requestsTable({ target, requests }: DeliverReport): Table {
  const { users, rowsSent, writeRequests, waitedMs, seconds } = requests
  const waits = Object.entries(waitedMs).map(([cause, ms]) => `${lasting(ms)} ${cause}`)
  const rate = seconds > 0 ? `, ${counted(rowsSent / seconds)} a second` : ''
  const waited = waits.length === 0 ? '' : `; waited ${waits.join(', ')}`
  return {
    caption: `Requests to ${target}: ${counted(rowsSent)} rows sent in ${counted(writeRequests)}${rate}${waited}`,
    heads: ['Application user', 'Requests', 'Execution', 'Throttled'],
    rows: users.slice(0, MOST_ROWS).map(({ name, requests: count, executionSeconds, throttles }) => [
      name,
      count,
      lasting(executionSeconds * 1_000),
      Object.entries(throttles)
        .map(([limit, times]) => `${counted(times)} × ${limit}`)
        .join(', ') || '–',
    ]),
  }
}

function quarantineTable({ target, rejections }: DeliverReport): Table {
  const rows = Object.entries(rejections).sort(([, one], [, other]) => other - one)
  return {
    caption: `Refused in this run, ${target}, by code`,
    heads: ['Code', 'Rows'],
    ...firstRows(rows, ([code, count]) => [html`<code>${code}</code>`, count]),
  }
}
