/** An emulator in a process of its own: `node emulator.mjs DIST OPTIONS` with its options as JSON; gone at SIGTERM. */

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [dist = '', options = '{}'] = process.argv.slice(2)
const { startEmulator } = await import(pathToFileURL(join(dist, 'src', 'emulator', 'emulator.js')).href)
const emulator = await startEmulator(JSON.parse(options))
const ended = new Promise((resolve) => {
  process.once('SIGTERM', resolve)
  process.once('disconnect', resolve)
})
process.send?.({ url: emulator.url })
await ended
await emulator.close()
process.exit()
