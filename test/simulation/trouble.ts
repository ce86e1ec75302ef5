/** Troubles of the emulator's list, for some requests of a run. */

import type { Fault } from '../../src/emulator/faults.ts'
import type { World } from '../../src/emulator/world.ts'
import { below, type Chance } from '../support/sync-world.ts'
import { CONSENTS, VALUES } from './common.ts'

/** One to three troubles, each at some request of the run. */
export function troublesOf(mode: 'contact' | 'consent', world: World, chance: Chance): Fault[] {
  const table = mode === 'contact' ? 'contact' : CONSENTS
  const rows = world.rows(table)
  const row = rows[below(chance, rows.length)]
  const changes =
    mode === 'contact'
      ? { new_newsletter: chance() < 0.5 }
      : { msdynmkt_value: chance() < 0.5 ? VALUES.in : VALUES.out }
  const actions: Fault['action'][] = [
    { kind: 'reset-before-commit' },
    { kind: 'reset-after-commit' },
    { kind: 'status', status: 503, html: true },
    { kind: 'status', status: 502 },
    { kind: 'status', status: 504 },
    { kind: 'status', status: 429, code: '0x80072322', retryAfter: 3 },
    { kind: 'truncate-body' },
    { kind: 'deadlock' },
    { kind: 'sql-timeout-above', rows: 2 },
    { kind: 'bulk-unavailable' },
    ...(row === undefined
      ? []
      : [{ kind: 'edit-before' as const, set: table, id: String(row[`${table}id`]), changes }]),
  ]
  return Array.from({ length: 1 + below(chance, 3) }, (): Fault => {
    const action = actions[below(chance, actions.length)] ?? { kind: 'deadlock' }
    return { nth: 1 + below(chance, 8), count: 1 + below(chance, 2), action }
  })
}
