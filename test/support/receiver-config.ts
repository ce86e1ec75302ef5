/** The configuration of a receiver that runs as a process of its own. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { contactTarget } from './sync-run.ts'

/** A secret that opens nothing but a test. */
export const KEY = 'a-secret-of-tests-that-opens-nothing'

/** Writes `config.yaml`; the store, and the inbox beside it, are in `state/`. */
export async function configure(folder: string): Promise<void> {
  const target = contactTarget('http://127.0.0.1:9', [{ id: 'new_newsletter', value: 'newsletter' }], {})
  const webhook = { port: 0, secrets: ['$' + '{env:WEBHOOK_SECRET}'] }
  const config = {
    source: { directory: './exports' },
    store: { sqlite: './state/store.db' },
    reverse: { webhook },
    targets: [target],
  }
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config))
}
