/** Memory does not grow with the number of users: a large export passes through a small heap (semantics §8.1). */

import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { contactTarget, openPlace, type Place } from '../support/sync-run.ts'
import { CONTACT_MAPPINGS, CONTACT_OPTIONS, environment, lineOf } from '../support/sync-world.ts'

const USERS = 100_000
const PARTS = 6
/** Well below what the states of so many users take: 32 million characters are buffered before the disk is used. */
const HEAP_MIB = 96

function* linesOfPart(part: number): Iterable<string> {
  for (let user = part; user < USERS; user += PARTS) {
    const said = { newsletter: user % 3 !== 0, offers: user % 2 === 0, interests: ['sports', 'travel'] }
    yield `${lineOf({ ouid: `user-${user}@example.com`, at: '2026-10-20T10:00:00Z', ...said })}\n`
  }
}

async function writeExport(place: Place): Promise<void> {
  const folder = place.partition('2026-10-20')
  await mkdir(folder, { recursive: true })
  for (let part = 0; part < PARTS; part += 1) {
    const file = createWriteStream(join(folder, `part-0000${part}.json.gz`))
    await pipeline(Readable.from(chunked(linesOfPart(part))), createGzip({ level: 1 }), file)
  }
  await place.seal('2026-10-20')
}

/** Lines a thousand at a time: one write for each would be slow. */
function* chunked(lines: Iterable<string>): Iterable<string> {
  let chunk: string[] = []
  for (const line of lines) {
    chunk.push(line)
    if (chunk.length < 1_000) continue
    yield chunk.join('')
    chunk = []
  }
  yield chunk.join('')
}

describe('memory', () => {
  it(`§8.1 ${USERS} users are ingested in a heap of ${HEAP_MIB} MiB, by way of the disk`, async () => {
    const emulator = await startEmulator({ seed: environment([]) })
    const place = await openPlace()
    try {
      await writeExport(place)
      await place.configure([contactTarget(emulator.url, CONTACT_MAPPINGS, { entryOptions: CONTACT_OPTIONS })])
      let spilled = false
      const watch = setInterval(() => {
        spilled ||= existsSync(`${place.store}.spill`)
      }, 50)
      // Delivers to one person only: the stage under test is ingest.
      const flags = ['--only', 'user-0@example.com']
      const { exitCode, report, stderr } = await place.run({ flags, node: [`--max-old-space-size=${HEAP_MIB}`] })
      clearInterval(watch)
      expect(report?.failures, stderr).toEqual([])
      expect(exitCode).toBe(6)
      expect(report?.ingest?.changedRecords).toBe(USERS)
      expect(spilled).toBe(true)
      expect(await readdir(join(place.store, '..'))).not.toContain('store.db.spill')
    } finally {
      await emulator.close()
      await place.remove()
    }
  }, 600_000)
})
