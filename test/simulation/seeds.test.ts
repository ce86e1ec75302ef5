/** Many lives: random exports, edits, faults, deaths and restarts, judged by an oracle that knows none of our code. */

import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { breaches } from '../invariants.ts'
import { HARD, type Story, simulate } from './simulate.ts'

const FIRST = Number(process.env['SIMULATION_FIRST'] ?? 1)
const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 300)
const BEHIND = process.env['SIMULATION_SOCKETS'] === '1' ? 'socket' : 'exchange'
const PATIENCE_MS = 3_600_000

it(
  `${SEEDS} seeds from ${FIRST} on: no breach`,
  async () => {
    const found: string[] = []
    for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
      // No real time passes in a life: without a turn of the loop, whatever was held weakly in it would never be let go.
      await setImmediate()
      const judge = async (story: Story) => {
        for (const breach of breaches(story)) {
          found.push(
            `seed ${seed} (${story.mode}, ${story.events}): ${breach.number}. ${breach.sentence} ${breach.found}`,
          )
        }
      }
      await simulate(seed, HARD, judge, BEHIND)
    }
    expect(found).toEqual([])
  },
  PATIENCE_MS,
)
