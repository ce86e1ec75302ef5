/** A real browser, where the machine has one: Debian's Chromium, driven without a display. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** Where distributions put it. */
const USUAL_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The browser's executable; undefined, with a line that says so, where there is none. CHROMIUM_PATH names the only one to use. */
export function findBrowser(): string | undefined {
  const named = process.env['CHROMIUM_PATH']
  const found = (named === undefined ? USUAL_PATHS : [named]).find((path) => existsSync(path))
  if (found === undefined) {
    process.stdout.write(
      'No Chromium on this machine (apt-get install chromium, or CHROMIUM_PATH): page tests skipped.\n',
    )
  }
  return found
}

/** Starts it. Whoever opens it closes it. In containers Chromium cannot make its own sandbox. */
export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}
