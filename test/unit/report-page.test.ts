/** A run's page as text: whole, small, without scripts, without anything that a value could make of it. */

import { describe, expect, it } from 'vitest'
import { reportPage } from '../../src/report/page/page.ts'
import type { RunReport } from '../../src/report/run-report.ts'
import { busyReport, HOSTILE, hugeReport, nightsBefore } from '../support/page-samples.ts'
import { DELIVER, INGEST, REPORT } from '../support/report-samples.ts'

const unnamed = () => undefined

/** What a page says, without tags, drawings and style. */
const textOf = (page: string) =>
  page
    .replace(/<(style|svg)[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')

const pageOf = (report: RunReport, earlier: RunReport[] = []) =>
  reportPage(report, { earlier: JSON.parse(JSON.stringify(earlier)), nameOf: unnamed })

const THE_TWO = [
  ['crm', ['acme_newsletter', 'acme_offers']],
  ['columns', ['new_newsletter']],
] as const

describe('the page', () => {
  it('tells how the run ended, what needs doing, and every figure of the funnel', async () => {
    const text = textOf(await pageOf(busyReport(THE_TWO)))
    expect(text).toContain('Sync of 2026-10-23, 02:15 UTC deferred work remains (exit 6)')
    expect(text).toContain('Persons stay due. The next run takes them up.')
    expect(text).toContain('deliver crm : dataverse-unavailable: found 503')
    expect(text).toContain('Lines read 1,000,000 2,000 rejects, 30,000 guests, 8,000 skipped')
    expect(text).toContain('Records 960,000 529,000 said nothing new')
    expect(text).toContain('crm: persons due 341,268 47,000 unmatched, 120 ambiguous-contact, 268 deferred')
    expect(text).toContain('crm: found 293,880 12,268 unchanged, 1,200 superseded, 412 rejected')
    expect(text).toContain('crm: written 280,000 –')
  })

  it('tells quarantine by code, throttles by user and limit, and waits by cause', async () => {
    const text = textOf(await pageOf(busyReport(THE_TWO)))
    expect(text).toContain('0x80040265 330 address-too-long 52')
    expect(text).toContain('user 1 9,123 1 h 11 min 14 × execution-time, 2 × requests')
    expect(text).toContain('waited 6 min 52 s execution time limit, 21 s request limit')
  })

  it('tells partitions, and the days until the source deletes them', async () => {
    const text = textOf(await pageOf(busyReport(THE_TWO)))
    expect(text).toContain('Partitions of export E1; the source deletes each after 7 days')
    expect(text).toContain('2026-10-23 not sealed yet – – –')
    expect(text).toContain('2026-10-22 read 200,000 400 6 days')
    expect(text).toContain('2026-10-18 read 200,000 400 2 days')
    expect(text).toContain('2026-10-14 gone before it was read')
  })

  it('compares a day with the one before: runs of one day are one, later runs and other targets play no part', async () => {
    const at = (run: string, startedAt: string, target: string, optedIn: number, optedOut: number): RunReport => ({
      ...REPORT,
      run,
      startedAt,
      deliver: [{ ...DELIVER, target, written: { acme_newsletter: { optedIn, optedOut, other: 0 } } }],
    })
    const report = at('now', '2026-10-23T02:15:00Z', 'crm', 40, 30)
    const page = await pageOf(report, [
      report,
      at('earlier', '2026-10-23T01:00:00Z', 'crm', 5, 0),
      at('yesterday', '2026-10-22T02:15:00Z', 'crm', 50, 20),
      at('the day before', '2026-10-21T02:15:00Z', 'crm', 1_000, 1_000),
      at('later', '2026-10-23T04:00:00Z', 'crm', 9_000, 9_000),
      at('another', '2026-10-22T03:00:00Z', 'columns', 7_000, 7_000),
    ])
    const text = textOf(page)
    expect(text).toContain('crm: choices written on 2026-10-23, and against 2026-10-22')
    expect(text).toContain('acme_newsletter 45 −5 30 +10 0')
    expect(text).toContain('Day (UTC) Opted in Opted out 2026-10-21 1,000 1,000 2026-10-22 50 20 2026-10-23 45 30')
  })

  it('says that no earlier day is known, and what stands in the store may be anything', async () => {
    const strange = [null, 'x', { run: 1 }, { ...REPORT, deliver: 'none' }] as unknown as RunReport[]
    expect(textOf(await pageOf(REPORT, strange))).toContain('no earlier day is known')
  })

  it('has no script, and nothing that is fetched', async () => {
    const page = await pageOf(busyReport(THE_TWO), nightsBefore(busyReport(THE_TWO), 20))
    expect(page.match(/<script|<img|<iframe|<object|<embed|javascript:|@import|url\((?!#)/i)).toBeNull()
    const links = [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link]) => link)
    expect(links.filter((link) => link !== 'data:,' && !link?.startsWith('#'))).toEqual([])
    expect(page).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline';`)
  })

  it('every chart is an image with a name, and its figures stand in a table behind it', async () => {
    const page = await pageOf(busyReport(THE_TWO), nightsBefore(busyReport(THE_TWO), 20))
    const drawings = [
      ...page.matchAll(
        /<svg class="(wide|narrow)" viewBox="0 0 \d+ \d+" role="img" aria-labelledby="([\w-]+)" aria-describedby="([\w-]+)"/g,
      ),
    ]
    // Funnel, reading, and for each target choices, days, rows, requests, waits; each for wide and narrow windows.
    expect(drawings).toHaveLength(2 * (2 + 2 * 5))
    expect(page.match(/<svg/g)).toHaveLength(drawings.length)
    for (const [, , name, told] of drawings)
      expect(page).toMatch(new RegExp(`<title id="${name}">[^<]+</title><desc id="${told}">[^<]+<`))
    expect(page.match(/<details><summary>Figures: /g)).toHaveLength(drawings.length / 2)
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('a run of a million lines is small, and one with as many and as long names as can be stays below 2 MiB', async () => {
    const ordinary = await pageOf(busyReport(THE_TWO), nightsBefore(busyReport(THE_TWO), 30))
    expect(Buffer.byteLength(ordinary)).toBeLessThan(512 * 1024)
    const huge = await pageOf(hugeReport(), nightsBefore(hugeReport(), 40))
    expect(Buffer.byteLength(huge)).toBeLessThan(2 * 1024 * 1024)
    expect(textOf(huge)).toContain('340 more: the JSON report has all of them.')
    expect(textOf(huge)).toContain('1,980 more damaged objects.')
  })

  it('hostile names are text everywhere', async () => {
    const page = await pageOf(hugeReport(), nightsBefore(hugeReport(), 5))
    expect(page.match(/<img|<script|onerror="/)).toBeNull()
    expect(page.match(/<\/style>/g)).toHaveLength(1)
    expect(page.includes('\u0000')).toBe(false)
    expect(page.includes('&quot;&gt;&lt;img src=x onerror=&quot;window.struck=1&quot;&gt;')).toBe(true)
    expect(HOSTILE).toContain('<img')
  })

  it('names purposes as the mapping does', async () => {
    const report: RunReport = {
      ...REPORT,
      deliver: [{ ...DELIVER, written: { 'purpose:1 email': { optedIn: 1, optedOut: 0, other: 0 } } }],
    }
    const page = await reportPage(report, { earlier: [], nameOf: (target, place) => `${target}/${place}/newsletter` })
    expect(page).toContain('crm/purpose:1 email/newsletter <small class="id">purpose:1 email</small>')
  })

  it('a run in which nothing happened, a bootstrap and the way back have pages too', async () => {
    const nothing: RunReport = { ...REPORT, ingest: { ...INGEST, partitions: [], changedRecords: 0 }, deliver: [] }
    expect(textOf(await pageOf(nothing))).toContain('done (exit 0) Nothing needs doing.')
    const counts = { lines: 10, records: 8, rejects: 1, guests: 1, skipped: 0, ignoredEvents: 0 }
    const api = { from: 'api', resumed: false, pages: 1, counts, changedRecords: 8, tooManyRejects: false } as const
    const { ingest: _, ...rest } = REPORT
    const bootstrap: RunReport = { ...rest, job: 'bootstrap', deliver: [], bootstrap: api }
    expect(textOf(await pageOf(bootstrap))).toContain('Users read 10 1 rejects, 1 guests')
    const told = { events: 3, statements: 4, posted: 2, refused: 0, deferred: 1, quarantined: 0 }
    const back: RunReport = { ...rest, job: 'reverse', deliver: [], heard: [], told }
    expect(textOf(await pageOf(back))).toContain('Told Didomi: 3 events with 4 statements Events Count posted 2')
  })
})
