/** Loaded into a measured process of Node: says at its end, on descriptor 3, how much memory it held at its peak. */

import { writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const MEASURES = 3

// Workers inherit the flags of their process; its peak covers them, so one of the threads tells it.
if (isMainThread) {
  process.on('exit', () => {
    writeSync(MEASURES, `${JSON.stringify({ peakKiB: process.resourceUsage().maxRSS })}\n`)
  })
}
