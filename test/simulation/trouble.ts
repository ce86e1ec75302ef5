/**
 * Troubles of the emulator's list, for some requests of a run. Not `hold-after-commit`, which waits for a hand to let go
 * and is otherwise `reset-after-commit`, and not `control-before`, of which `edit-before` is the part that matters.
 */

import type { Fault } from '../../src/emulator/faults.ts'
import type { Value } from '../../src/emulator/schema.ts'
import type { World } from '../../src/emulator/world.ts'
import { below, type Chance } from '../support/sync-world.ts'
import { CONSENTS, MAPPED, VALUES } from './common.ts'

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
    { kind: 'status-after-commit', status: 504, html: true },
    { kind: 'truncate-body' },
    { kind: 'slow', ms: 40_000 },
    { kind: 'token-reject' },
    { kind: 'too-large-above', bytes: 2_000 },
    { kind: 'poison-row', table, ...poisonous(mode, chance) },
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

/** What a customer's plug-in takes offence at. */
function poisonous(mode: 'contact' | 'consent', chance: Chance): { readonly column: string; readonly value: Value } {
  const yes = chance() < 0.5
  if (mode === 'contact') return { column: MAPPED.contact.newsletter, value: yes }
  return { column: 'msdynmkt_value', value: yes ? VALUES.in : VALUES.out }
}
