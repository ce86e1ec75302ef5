/** The emulator's page: what it answers, and how it behaves in a real browser. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { COMMERCIAL_PURPOSE_ID } from '../../src/emulator/seed-ids.ts'
import { findBrowser, openBrowser } from '../support/browser.ts'
import { contrast, luminance } from '../support/contrast.ts'
import { type Caller, id, openCaller } from './emulator-caller.ts'

/** Would run if it were ever taken for markup: as an element, in an attribute, in a script or in a style. */
const HOSTILE = `"><img src=x onerror="window.struck=1"><script>window.struck=2</script></style>'\`\${window.struck=3}`

let caller: Caller

async function open(): Promise<void> {
  caller = await openCaller({ servers: 2, limits: { requests: 5, pushMs: 0 } })
}

function get(path: string): Promise<Response> {
  return fetch(`${caller.emulator.url}${path}`)
}

/** Rows whose every text is hostile, and a request that is not understood because of one. */
async function seedHostile(): Promise<void> {
  caller.emulator.world.seed({
    rows: {
      contacts: [{ contactid: id(1), firstname: HOSTILE.slice(0, 50), lastname: 'L', description: HOSTILE }],
      systemusers: [{ systemuserid: id(2), fullname: HOSTILE }],
    },
  })
  caller.emulator.world.addFaults([{ match: { path: HOSTILE }, action: { kind: 'deadlock' } }])
  await caller.get(`contacts?$nonsense=${encodeURIComponent(HOSTILE)}`)
  await caller.send('GET', `${caller.emulator.url}/${HOSTILE.replaceAll(' ', '')}`)
}

/** A computed colour, `rgb(…)`. */
function styleOf(page: Page, selector: string, property: string): Promise<string> {
  const script = `getComputedStyle(document.querySelector(${JSON.stringify(selector)})).getPropertyValue('${property}')`
  return page.evaluate<string>(script)
}

describe('the page over HTTP', () => {
  beforeEach(open)
  afterEach(() => caller.emulator.close())

  it('is HTML without a sign-in, under a policy that fetches nothing and runs its own script alone', async () => {
    const response = await get('/')
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^' ]+'; style-src 'sha256-[^' ]+'; /)
    expect(policy).not.toContain('unsafe')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    const text = await response.text()
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(text.match(/(?:src|href)="(?!\/\?table=|#|data:,")[^"]*"/g)).toBeNull()
  })

  it('looking counts as no request, and a favicon is not asked for', async () => {
    const before = caller.emulator.world.counters()
    await get('/')
    await get('/?table=contact')
    await get('/__emulator/overview')
    expect(caller.emulator.world.counters()).toEqual(before)
    expect(await (await get('/')).text()).toContain('<link rel="icon" href="data:,">')
  })

  it('is for looking only: another method is not understood', async () => {
    expect((await fetch(caller.emulator.url, { method: 'POST' })).status).toBe(404)
    expect((await fetch(caller.emulator.url, { method: 'HEAD' })).status).toBe(200)
    expect(caller.emulator.world.counters().notUnderstood).toBe(1)
  })

  it('the overview as data tells tables, throttles by limit, user and server, faults and what was not understood', async () => {
    caller.emulator.world.addFaults([
      { match: { message: 'Batch' }, nth: 2, action: { kind: 'deadlock' } },
      { match: { message: 'WhoAmI' }, action: { kind: 'status', status: 429 } },
    ])
    await caller.get('contacts?$nonsense=1')
    await caller.post('contacts', { firstname: 'Ada' })
    await caller.get('WhoAmI')
    const pinned = { Cookie: 'ARRAffinity=1' }
    for (let sent = 0; sent < 6; sent++) await caller.get('WhoAmI', pinned)
    const answer = await caller.control('GET', 'overview')
    expect(answer.json.tables).toContainEqual({
      name: 'contact',
      displayName: 'Contact',
      entitySetName: 'contacts',
      rows: 1,
    })
    expect(answer.json.throttles).toMatchObject([
      { kind: 'requests', server: 1, user: '# application 0001', count: 2 },
      { kind: 'scripted', count: 1 },
    ])
    expect(answer.json.faults).toMatchObject([
      { struck: 0, spent: false },
      { struck: 1, spent: true },
    ])
    expect(answer.json.notUnderstood).toMatchObject([
      { method: 'GET', url: 'contacts?$nonsense=1', what: "the query option '$nonsense'" },
    ])
    expect(answer.json.seconds).toHaveLength(300)
    const sum = (name: string) =>
      answer.json.seconds.reduce((total: number, each: Record<string, number>) => total + (each[name] ?? 0), 0)
    expect([sum('requests'), sum('throttled')]).toEqual([9, 3])
    expect(answer.json.sections).toBeUndefined()
  })

  it('rows are paged, and a page beyond the last is the last', async () => {
    const contacts = Array.from({ length: 120 }, (_, index) => ({
      contactid: id(index + 1),
      lastname: `L${index + 1}.`,
    }))
    caller.emulator.world.seed({ rows: { contacts } })
    const texts = await Promise.all(
      ['', '&page=2', '&page=3', '&page=99', '&page=x'].map(async (page) =>
        (await get(`/?table=contact${page}`)).text(),
      ),
    )
    const named = texts.map((text) => [...text.matchAll(/<th scope="row">L(\d+)\.</g)].map((match) => Number(match[1])))
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
    expect(named).toEqual([range(1, 50), range(51, 100), range(101, 120), range(101, 120), range(1, 50)])
    expect(texts[1]).toContain('<caption>Rows 51 to 100 of 120</caption>')
  })

  it('an unknown table is 404 and says so', async () => {
    const response = await get(`/?table=${encodeURIComponent('<b>x')}`)
    expect(response.status).toBe(404)
    expect(await response.text()).toContain('<code>&lt;b&gt;x</code>')
  })

  it('hostile values are text everywhere', async () => {
    await seedHostile()
    const documents = ['/', '/?table=contact', '/?table=systemuser', `/?table=${encodeURIComponent(HOSTILE)}`]
    for (const path of documents) {
      const text = await (await get(path)).text()
      expect(text.match(/<script/g)?.length ?? 0).toBe(path === '/' ? 1 : 0)
      expect(text).not.toMatch(/<img|onerror="/)
    }
    const { sections } = (await caller.control('GET', 'overview?sections')).json
    expect(JSON.stringify(sections)).toContain('&lt;img')
    expect(JSON.stringify(sections)).not.toMatch(/<img|<script/)
  })

  it('forgets with a reset of the counters, and at a reset', async () => {
    await caller.get('contacts?$nonsense=1')
    await caller.control('DELETE', 'counters')
    const cleared = (await caller.control('GET', 'overview')).json
    expect(cleared.notUnderstood).toEqual([])
    expect(cleared.seconds.every((each: { requests: number }) => each.requests === 0)).toBe(true)
  })
})

const executable = findBrowser()

describe.skipIf(executable === undefined)('the page in a browser', () => {
  let browser: Browser
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    browser = await openBrowser(executable ?? '')
  })
  afterAll(() => browser.close())
  beforeEach(open)
  afterEach(async () => {
    await page.context().close()
    await caller.emulator.close()
  })

  /** Everything that the console or an uncaught error says is kept; a page must leave it empty. */
  async function visit(
    path: string,
    options: BrowserContextOptions = {},
    prepare: (opened: Page) => Promise<void> = async () => undefined,
  ): Promise<void> {
    const context = await browser.newContext(options)
    page = await context.newPage()
    await prepare(page)
    complaints = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== caller.emulator.url) complaints.push(`request to ${request.url()}`)
    })
    await page.goto(`${caller.emulator.url}${path}`)
  }

  it('has a title, one heading of the first level, and landmarks', async () => {
    await visit('/')
    expect(await page.title()).toBe('Dataverse emulator')
    expect(await page.getByRole('heading', { level: 1 }).allTextContents()).toEqual(['Dataverse emulator'])
    for (const role of ['banner', 'main', 'contentinfo'] as const) expect(await page.getByRole(role).count()).toBe(1)
    expect(await page.getByRole('navigation', { name: 'Page' }).count()).toBe(1)
    for (const name of [
      'Figures',
      'Requests per second',
      'Tables',
      'Throttles',
      'Not understood',
      'Webhook deliveries',
    ]) {
      expect(await page.getByRole('region', { name, exact: true }).count()).toBe(1)
    }
    expect(complaints).toEqual([])
  })

  it('counts change after writes without a reload, and focus stays where it was', async () => {
    await visit('/')
    const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'Contact', exact: true }) })
    expect(await row.getByRole('cell').first().textContent()).toBe('0')
    await page.getByRole('link', { name: 'Contact', exact: true }).focus()
    await caller.post('contacts', { firstname: 'Ada' })
    await caller.post('contacts', { firstname: 'Grace' })
    await row.getByRole('cell', { name: '2', exact: true }).waitFor()
    expect(await page.locator(':focus').textContent()).toBe('Contact')
    await page.getByRole('img', { name: /^2 requests in the last 5 minutes/ }).waitFor()
    expect(complaints).toEqual([])
  })

  it('can be paused, and goes on', async () => {
    await visit('/', {}, (opened) => opened.clock.install())
    const asked: string[] = []
    await page.getByRole('button', { name: 'Pause refreshing' }).click()
    // A refresh that left before the click is told by the time the page answers again.
    await page.evaluate('1')
    page.on('request', (request) => asked.push(request.url()))
    await page.clock.runFor(5_000)
    expect(asked).toEqual([])
    await page.getByRole('button', { name: 'Go on refreshing' }).click()
    const request = page.waitForRequest((each) => each.url().includes('/__emulator/overview'))
    await page.clock.runFor(1_000)
    await request
  })

  it('says when the emulator is gone', async () => {
    await visit('/')
    await page.route('**/__emulator/overview*', (route) => route.fulfill({ status: 500 }))
    await page.getByRole('status').filter({ hasText: 'The emulator does not answer.' }).waitFor()
    await page.unroute('**/__emulator/overview*')
    await page.locator('#status:empty').waitFor({ state: 'attached' })
  })

  it('no hostile value runs, neither at first nor after a refresh', async () => {
    await seedHostile()
    await visit('/')
    const refreshed = page.waitForResponse((response) => response.url().includes('/__emulator/overview'))
    await refreshed
    await seedHostile()
    await page.locator('#not-understood tbody tr').nth(3).waitFor()
    expect(await page.evaluate('window.struck')).toBeUndefined()
    expect(await page.locator('img').count()).toBe(0)
    expect(complaints).toEqual([])
    await page.goto(`${caller.emulator.url}/?table=contact`)
    expect(await page.getByRole('table').textContent()).toContain(HOSTILE)
    expect(await page.evaluate('window.struck')).toBeUndefined()
    expect(complaints).toEqual([])
  })

  for (const path of ['/', '/?table=msdynmkt_contactpointconsent4', '/?table=contact', '/?table=none']) {
    it(`${path} does not scroll sideways at 360 pixels`, async () => {
      await seedHostile()
      const row = {
        msdynmkt_purposeid: COMMERCIAL_PURPOSE_ID,
        msdynmkt_contactpointvalue: `${'a'.repeat(300)}@example.com`,
      }
      caller.emulator.world.seed({ rows: { msdynmkt_contactpointconsent4s: [row] } })
      await visit(path, { viewport: { width: 360, height: 740 } })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    })
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`${colorScheme}: follows the wish of the system, with enough contrast`, async () => {
      await visit('/', { colorScheme })
      const shades = (selectors: readonly string[], property: string) =>
        Promise.all(selectors.map(async (each) => luminance(await styleOf(page, each, property))))
      const [card = 0, back = 0] = await shades(['#tables', 'html'], 'background-color')
      const texts = ['#tables h2', '#tables a', '#tables caption', '.tile dt', '.clock', '.empty', 'footer']
      expect(card > 0.5).toBe(colorScheme === 'light')
      for (const text of await shades(texts, 'color')) {
        for (const ground of [card, back]) expect(contrast(text, ground)).toBeGreaterThan(4.5)
      }
    })
  }

  it('the tabulator reaches the content at once, every table, and the rows behind it', async () => {
    await visit('/')
    await page.keyboard.press('Tab')
    expect(await page.locator(':focus').textContent()).toBe('To the content')
    const reached = new Set<string>()
    for (let step = 0; step < 60; step++) {
      await page.keyboard.press('Tab')
      reached.add(String(await page.evaluate('document.activeElement.getAttribute("href")')))
    }
    const tables = [...caller.emulator.world.state.tables.keys()].map((name) => `/?table=${name}`)
    expect([...reached].filter((href) => href.startsWith('/?table='))).toEqual(tables)
    await page.getByRole('link', { name: 'Purpose', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Purpose: 4 rows' }).waitFor()
    const box = page.getByRole('region', { name: 'Rows 1 to 4 of 4' })
    await box.focus()
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Rows 1 to 4 of 4')
  })

  it('every table has a caption, header cells for its columns and one for each row', async () => {
    await caller.get('contacts?$nonsense=1')
    caller.emulator.world.addFaults([{ action: { kind: 'deadlock' } }])
    for (const path of ['/', '/?table=msdynmkt_purpose']) {
      await visit(path)
      const shapes = await page.locator('table').evaluateAll((tables) =>
        tables.map((table) => ({
          caption: table.querySelector('caption')?.textContent ?? '',
          heads: table.querySelectorAll('thead th[scope=col]').length,
          widths: [...table.querySelectorAll('tbody tr')].map((row) => row.children.length),
          rowHeads: table.querySelectorAll('tbody tr > th[scope=row]:first-child').length,
        })),
      )
      expect(shapes.length).toBeGreaterThan(0)
      for (const { caption, heads, widths, rowHeads } of shapes) {
        expect(caption).not.toBe('')
        expect(new Set(widths)).toEqual(new Set([heads]))
        expect(rowHeads).toBe(widths.length)
      }
      if (path === '/') await page.context().close()
    }
  })
})
