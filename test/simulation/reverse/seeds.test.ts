/** Many lives of both sides (semantics §11): they come to rest, nothing echoes, no opt-out is lost, both sides are equal. */

import { copyFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { makeWhereMissing } from '../../../src/store/sqlite-new.ts'
import { live } from './life.ts'

const FIRST = Number(process.env['SIMULATION_FIRST'] ?? 1)
const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 40)
const PATIENCE_MS = 3_600_000

it(
  `§11 ${SEEDS} interleavings from ${FIRST} on: no breach`,
  async () => {
    const found: string[] = []
    const folder = await mkdtemp(join(tmpdir(), 'both-sides-'))
    const unwritten = join(folder, 'new.db')
    makeWhereMissing(unwritten)
    try {
      for (let seed = FIRST; seed < FIRST + SEEDS && found.length < 200; seed += 1) {
        // No real time passes in a life: without a turn of the loop, whatever was held weakly in it would never be let go.
        await setImmediate()
        // A tenth of a life would go into making tables.
        copyFileSync(unwritten, join(folder, `${seed}.db`))
        for (const breach of await live(seed, folder)) found.push(`seed ${seed}: ${breach}`)
        for (const file of ['', '.lease', '-wal', '-shm']) rmSync(join(folder, `${seed}.db${file}`), { force: true })
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    expect(found).toEqual([])
  },
  PATIENCE_MS,
)
