/** A run's page in a real browser, opened as people open it: a file. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { migrationPage } from '../../src/migrate/migrate-page.ts'
import { reportPage } from '../../src/report/page/page.ts'
import { findBrowser, openBrowser } from '../support/browser.ts'
import { contrast, luminance } from '../support/contrast.ts'
import { migrationReport, ROLLBACK } from '../support/migration-samples.ts'
import { busyReport, hugeReport, nightsBefore } from '../support/page-samples.ts'
import { REPORT } from '../support/report-samples.ts'

const executable = findBrowser()

const LONG = 'events_and_webinars_in_your_region_and_beyond'
const GUID = 'purpose:10f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f1 email'
const BUSY = busyReport([
  ['crm', [GUID, 'acme_newsletter', 'acme_offers', LONG]],
  ['columns', ['new_newsletter', LONG]],
])

describe.skipIf(executable === undefined)('the page of a run in a browser', () => {
  let browser: Browser
  let page: Page
  let folder: string
  let complaints: string[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-page-'))
    const names = { [GUID]: 'newsletter · email' } as Readonly<Record<string, string>>
    const write = async (name: string, report: typeof BUSY, nights: number) =>
      writeFile(
        join(folder, name),
        await reportPage(report, {
          earlier: JSON.parse(JSON.stringify(nightsBefore(report, nights))),
          nameOf: (_, place) => names[place],
        }),
      )
    await write('busy.html', BUSY, 30)
    await write('huge.html', hugeReport(), 3)
    await write('quiet.html', REPORT, 0)
    const places = [
      GUID,
      ...Array.from({ length: 30 }, (_, at) => `topic:20f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0${at + 10} text`),
    ]
    const migrations = { 'migration.html': migrationReport('plan', places), 'rollback.html': ROLLBACK }
    for (const [name, report] of Object.entries(migrations))
      await writeFile(join(folder, name), await migrationPage(report, (_, place) => names[place]))
    browser = await openBrowser(executable ?? '')
  })
  afterAll(async () => {
    await browser.close()
    await rm(folder, { recursive: true, force: true })
  })
  afterEach(() => page.context().close())

  /** Everything that the console or an uncaught error says is kept, and every request but the page itself. */
  async function visit(name: string, options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext(options)
    page = await context.newPage()
    complaints = []
    const url = pathToFileURL(join(folder, name)).href
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (request.url() !== url && request.url() !== 'data:,') complaints.push(`request to ${request.url()}`)
    })
    await page.goto(url)
  }

  it('has a title, one heading of the first level, landmarks, and a region for each part', async () => {
    await visit('busy.html')
    expect(await page.title()).toBe('Sync of 2026-10-23, 02:15 UTC')
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
    for (const role of ['banner', 'main', 'contentinfo'] as const) expect(await page.getByRole(role).count()).toBe(1)
    expect(await page.getByRole('navigation', { name: 'Sections' }).count()).toBe(1)
    for (const name of [
      'To look at',
      'From lines to outcomes',
      'Target crm',
      'Target columns',
      'Reading',
      'Partitions',
    ])
      expect(await page.getByRole('region', { name, exact: true }).count()).toBe(1)
    expect(complaints).toEqual([])
  })

  it('every chart is an image with a name and what it tells; only the drawing that is seen is read out', async () => {
    for (const [width, height] of [
      [1_100, 800],
      [360, 740],
    ] as const) {
      await page?.context().close()
      await visit('busy.html', { viewport: { width, height } })
      const images = page.getByRole('img')
      expect(await images.count()).toBe(12)
      const first = page.getByRole('img', { name: 'From lines to outcomes' })
      expect(await first.getAttribute('aria-describedby')).toContain(width === 360 ? 'narrow' : 'wide')
      const box = await first.boundingBox()
      expect(box?.width).toBeGreaterThan(width === 360 ? 280 : 600)
    }
  })

  it('the keyboard reaches the content at once and opens the figures behind every chart', async () => {
    await visit('busy.html')
    await page.keyboard.press('Tab')
    expect(await page.locator(':focus').textContent()).toBe('To the content')
    const reached = new Set<string>()
    for (let step = 0; step < 60 && reached.size < 12; step++) {
      await page.keyboard.press('Tab')
      if ((await page.evaluate('document.activeElement.tagName')) !== 'SUMMARY') continue
      const name = (await page.locator(':focus').textContent()) ?? ''
      if (!reached.has(name)) await page.keyboard.press('Enter')
      reached.add(name)
    }
    expect(reached.size).toBe(12)
    expect(await page.locator('details[open]').count()).toBe(12)
    expect(
      await page.getByRole('table', { name: 'Each step, and what became of those that went no further' }).isVisible(),
    ).toBe(true)
  })

  it('every table has a caption, header cells for its columns and one for each row', async () => {
    await visit('busy.html')
    const shapes = await page.locator('table').evaluateAll((tables) =>
      tables.map((table) => ({
        caption: table.querySelector('caption')?.textContent ?? '',
        heads: table.querySelectorAll('thead th[scope=col]').length,
        widths: [...table.querySelectorAll('tbody tr')].map((row) => row.children.length),
        rowHeads: table.querySelectorAll('tbody tr > th[scope=row]:first-child').length,
      })),
    )
    expect(shapes.length).toBeGreaterThan(20)
    for (const { caption, heads, widths, rowHeads } of shapes) {
      expect(caption).not.toBe('')
      expect(new Set(widths)).toEqual(new Set([heads]))
      expect(rowHeads).toBe(widths.length)
    }
  })

  it('a migration has landmarks, a region for each part, and charts with names', async () => {
    await visit('migration.html')
    expect(await page.title()).toBe('Migration to current, plan of 2026-10-23, 02:15 UTC')
    for (const role of ['banner', 'main', 'contentinfo'] as const) expect(await page.getByRole(role).count()).toBe(1)
    for (const name of ['To look at', 'From contacts to rows', 'Choices to write', 'What is carried where'])
      expect(await page.getByRole('region', { name, exact: true }).count()).toBe(1)
    for (const name of ['From contacts to rows', 'Choices to write'])
      expect(await page.getByRole('img', { name, exact: true }).count()).toBe(1)
    expect(complaints).toEqual([])
  })

  for (const name of ['busy.html', 'huge.html', 'quiet.html', 'migration.html', 'rollback.html']) {
    it(`${name} does not scroll sideways at 360 pixels, with all figures open`, async () => {
      await visit(name, { viewport: { width: 360, height: 740 } })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
      await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true')
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
      const cut = await page
        .locator('.scroll')
        .evaluateAll((boxes) => boxes.filter((box) => box.scrollWidth > box.clientWidth).length)
      expect(cut).toBe(0)
    })
  }

  it('no hostile name runs, and none is asked for', async () => {
    await visit('huge.html')
    expect(await page.evaluate('window.struck')).toBeUndefined()
    expect(await page.locator('img, script').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`${colorScheme}: follows the wish of the system, with enough contrast in text and drawings`, async () => {
      await visit('busy.html', { colorScheme })
      const of = async (selector: string, property: string) => {
        const script = `getComputedStyle(document.querySelector(${JSON.stringify(selector)})).getPropertyValue('${property}')`
        return luminance(await page.evaluate<string>(script))
      }
      const [card, back] = [await of('main section', 'background-color'), await of('html', 'background-color')]
      expect(card > 0.5).toBe(colorScheme === 'light')
      for (const text of [
        'section h2',
        'section td',
        'section caption',
        'summary',
        '.legend li',
        'thead th',
        'small',
        'strong.bad',
      ])
        expect([text, contrast(await of(text, 'color'), card) > 4.5]).toEqual([text, true])
      for (const text of ['h1', 'header p', 'nav a', 'footer'])
        expect([text, contrast(await of(text, 'color'), back) > 4.5]).toEqual([text, true])
      const badge = contrast(await of('.badge', 'color'), await of('.badge', 'background-color'))
      expect(badge).toBeGreaterThan(4.5)
      // Letters and bars of drawings take the page's colours.
      expect(contrast(await of('svg.wide text', 'fill'), card)).toBeGreaterThan(4.5)
      for (const colour of ['--blue', '--teal', '--amber', '--violet', '--red'])
        expect([colour, contrast(await of(`svg.wide [fill="var(${colour})"]`, 'fill'), card) > 3]).toEqual([
          colour,
          true,
        ])
    })
  }

  it('no letter of a drawing is cut off, wide or narrow', async () => {
    for (const width of [1_100, 360]) {
      await page?.context().close()
      await visit('busy.html', { viewport: { width, height: 800 } })
      const cut = await page.locator('svg text').evaluateAll((texts) =>
        texts
          .filter((text) => {
            const drawing = text.closest('svg')?.getBoundingClientRect()
            const box = text.getBoundingClientRect()
            return (
              drawing !== undefined &&
              drawing.width > 0 &&
              (box.left < drawing.left - 1 || box.right > drawing.right + 1)
            )
          })
          .map((text) => text.textContent),
      )
      expect([width, cut]).toEqual([width, []])
    }
  })
})
