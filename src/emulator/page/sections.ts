/** The parts of the overview, each by itself, so that a page that refreshes can replace what changed. */
import type { Fault } from '../faults.ts'
import { requestChart } from './chart.ts'
import { dataTable } from './data-table.ts'
import { counted, figure } from './figure.ts'
import { type Html, type HtmlValue, html } from './html.ts'
import type { Overview } from './overview.ts'

/** One part; `id` is that of its element. */
export interface Section {
  readonly id: string
  readonly title: string
  readonly content: Html
}

/** All parts, in the order of the page. */
export function sections(overview: Overview): Section[] {
  return [
    { id: 'figures', title: 'Figures', content: figures(overview) },
    { id: 'requests', title: 'Requests per second', content: requestChart(overview.seconds) },
    { id: 'tables', title: 'Tables', content: tables(overview) },
    { id: 'throttles', title: 'Throttles', content: throttles(overview) },
    { id: 'operations', title: 'Operations', content: operations(overview) },
    { id: 'faults', title: 'Faults', content: faults(overview) },
    { id: 'not-understood', title: 'Not understood', content: notUnderstood(overview) },
    { id: 'webhooks', title: 'Webhook deliveries', content: webhooks(overview) },
  ]
}

function figures({ counters, now }: Overview): Html {
  const { rowsCreated, rowsUpdated, rowsDeleted } = counters
  const tiles: readonly (readonly [string, number, string, boolean?])[] = [
    ['Requests', counters.requests, `${figure(counters.writeRequests)} of them writes`],
    ['Rows written', rowsCreated + rowsUpdated + rowsDeleted, writesInWords(counters)],
    ['Entitlement used', counters.billableRows, 'requests of the Power Platform'],
    ['Throttled', counters.throttles, 'answers 429', counters.throttles > 0],
    ['Not understood', counters.notUnderstood, 'should be 0', counters.notUnderstood > 0],
    ['Faults struck', counters.faults, 'scripted trouble'],
    ['Tokens issued', counters.tokensIssued, counted(counters.tokenCalls, 'call')],
  ]
  return html`<dl class="tiles">${tiles.map(
    ([name, value, note, alarming]) =>
      html`<div class="${alarming === true ? 'tile alarming' : 'tile'}"><dt>${name}</dt><dd><b>${figure(value)}</b> <span>${note}</span></dd></div>`,
  )}</dl><p class="clock">The environment's clock: <time>${now}</time></p>`
}

function writesInWords({ rowsCreated, rowsUpdated, rowsDeleted }: Overview['counters']): string {
  return `${figure(rowsCreated)} created, ${figure(rowsUpdated)} updated, ${figure(rowsDeleted)} deleted`
}

/** Where a table's rows are shown. */
export function rowsUrl(table: string, page = 1): string {
  return `/?table=${encodeURIComponent(table)}${page === 1 ? '' : `&page=${page}`}`
}

function tables({ tables }: Overview): Html {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  return dataTable({
    caption: `${counted(tables.length, 'table')} with ${counted(rows, 'row')}`,
    columns: [{ head: 'Table' }, { head: 'Rows', numeric: true }, { head: 'Entity set' }],
    rows: tables.map(({ name, displayName, entitySetName, rows: count }) => [
      html`<a href="${rowsUrl(name)}">${displayName}</a>`,
      figure(count),
      html`<code>${entitySetName}</code>`,
    ]),
    empty: 'There is no table.',
  })
}

function throttles({ throttles }: Overview): Html {
  return dataTable({
    caption: 'Answers 429 by limit, user and server',
    columns: [
      { head: 'Limit' },
      { head: 'User' },
      { head: 'Server', numeric: true },
      { head: 'Answers', numeric: true },
    ],
    rows: throttles.map(({ kind, user, server, count }) => [kind, user, figure(server), figure(count)]),
    empty: 'Nobody was throttled.',
  })
}

function operations({ counters }: Overview): Html {
  const byCount = (figures: Readonly<Record<string, number>>) => Object.entries(figures).sort(([, a], [, b]) => b - a)
  const pairs = (entries: readonly (readonly [string, number])[]): HtmlValue[][] =>
    entries.map(([name, count]) => [name, figure(count)])
  const messages = dataTable({
    caption: 'Operations by message, parts of batches included',
    columns: [{ head: 'Message' }, { head: 'Operations', numeric: true }],
    rows: pairs(byCount(counters.operations)),
    empty: 'No operation was asked for.',
  })
  const servers = dataTable({
    caption: 'Requests by simulated server',
    columns: [{ head: 'Server' }, { head: 'Requests', numeric: true }],
    rows: pairs(Object.entries(counters.servers)),
    empty: 'No server had a request.',
  })
  return html`${messages}${servers}`
}

function faults({ faults }: Overview): Html {
  return dataTable({
    caption: 'Scripted faults in the order they were armed',
    columns: [{ head: 'Fault' }, { head: 'Strikes' }, { head: 'Struck', numeric: true }, { head: 'State' }],
    rows: faults.map(({ fault, struck, spent }) => [
      fault.action.kind,
      conditionOf(fault),
      figure(struck),
      spent ? 'spent' : 'armed',
    ]),
    empty: 'No fault is armed.',
  })
}

function conditionOf({ match = {}, nth = 1 }: Fault): string {
  const parts = Object.entries(match).map(([name, value]) => `${name} ${value}`)
  const which = parts.length === 0 ? 'any request' : parts.join(', ')
  return nth === 1 ? which : `${which}, from match ${figure(nth)} on`
}

function notUnderstood({ notUnderstood }: Overview): Html {
  return dataTable({
    caption: 'The last requests that the emulator did not understand',
    columns: [{ head: 'What' }, { head: 'Method' }, { head: 'URL' }, { head: 'Time' }],
    rows: notUnderstood.map(({ at, method, url, what }) => [
      what,
      method,
      html`<code>${url}</code>`,
      html`<time>${at}</time>`,
    ]),
    empty: 'Every request was understood.',
  })
}

function webhooks({ webhooks: { waiting, inFlight, latest }, counters }: Overview): Html {
  const standing = `${counted(counters.deliveries, 'call')} made, ${figure(counters.deliveryFailures)} failed for good, ${figure(waiting)} waiting, ${figure(inFlight)} under way.`
  const table = dataTable({
    caption: 'The last deliveries',
    columns: [
      { head: 'Step' },
      { head: 'Table' },
      { head: 'Message' },
      { head: 'Status' },
      { head: 'Failure' },
      { head: 'Time' },
    ],
    rows: latest.map((each) => [
      each.step,
      each.table,
      each.message,
      each.status,
      each.failure,
      html`<time>${each.createdOn}</time>`,
    ]),
    empty: 'There was nothing to deliver.',
  })
  return html`<p>${standing}</p>${table}`
}
