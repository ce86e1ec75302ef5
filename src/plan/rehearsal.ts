/** A run rehearsed: the real job on a copy of the store, before a Dataverse that is only read; and what it came to. */

import type { RowWrite, TableMetadata } from '../dataverse/dataverse.ts'
import type { Evidence } from '../store/evidence.ts'
import type { PlannedRows } from '../store/planned-rows.ts'
import type { PersonId, Settlement, Store } from '../store/store.ts'
import type { Ports } from '../wire.ts'
import { planningDataverse } from './planning-dataverse.ts'

/** Choices at one column, or at one purpose or topic and channel. */
export interface PlannedChoices {
  /** Where nothing is said yet. */
  readonly filled: number
  readonly changed: number
  /** Kept against the person's wish: what stands there is newer, or may be (semantics §7). */
  readonly superseded: number
}

/** What a rehearsal saw of one target. */
export interface Seen {
  creates: number
  updates: number
  readonly choices: Map<string, { -readonly [K in keyof PlannedChoices]: PlannedChoices[K] }>
  /** The first entries; as evidence, which is not to be shown as it is. */
  readonly samples: Evidence[]
  /** Persons something would be written for. */
  readonly writtenFor: Set<PersonId>
}

/** Told of each write, with the target it is for. */
export type NoteWrite = (target: string, table: TableMetadata, row: RowWrite) => void

export interface RehearsalWishes {
  /** How many entries of each target are kept to be shown. */
  readonly samples: number
  readonly note?: NoteWrite
  /** Told of everybody's outcome, and of the codes of what would be refused. */
  readonly settled?: (target: string, settlement: Settlement, rejections: readonly string[]) => void
}

export interface Rehearsal {
  readonly ports: Ports
  readonly seen: ReadonlyMap<string, Seen>
}

/** `ports` are those of the copy. */
export function rehearse(
  ports: Ports,
  openPlannedRows: (target: string) => PlannedRows,
  { samples, note, settled: tell }: RehearsalWishes,
): Rehearsal {
  const seen = new Map<string, Seen>()
  const of = (target: string): Seen => {
    const known = seen.get(target) ?? { ...NOTHING(), samples: [] }
    seen.set(target, known)
    return known
  }
  const store: Store = {
    ...ports.store,
    async settle(scope, settled) {
      const target = of(scope.target)
      for (const entry of settled.evidence) count(target, entry, samples)
      for (const settlement of settled.settlements) {
        if (settlement.outcome === 'written') target.writtenFor.add(settlement.person)
        if (tell === undefined) continue
        const refused = settled.quarantine.filter(({ person }) => person === settlement.person)
        const codes = refused.map(({ code }) => code)
        tell(scope.target, settlement, codes)
      }
      await ports.store.settle(scope, settled)
    },
  }
  const openDataverse: Ports['openDataverse'] = (target) =>
    planningDataverse(ports.openDataverse(target), openPlannedRows(target.name), ports.clock, (table, row) => {
      of(target.name)[row.kind === 'create' ? 'creates' : 'updates'] += 1
      note?.(target.name, table, row)
    })
  return { ports: { ...ports, store, openDataverse }, seen }
}

const NOTHING = (): Omit<Seen, 'samples'> => ({ creates: 0, updates: 0, choices: new Map(), writtenFor: new Set() })

function count(target: Seen, entry: Evidence, samples: number): void {
  const { what, from, decision } = entry
  if (decision === 'rejected') return
  if (target.samples.length < samples) target.samples.push(entry)
  const choices = target.choices.get(what) ?? { filled: 0, changed: 0, superseded: 0 }
  choices[decision === 'superseded' ? 'superseded' : from === null ? 'filled' : 'changed'] += 1
  target.choices.set(what, choices)
}
