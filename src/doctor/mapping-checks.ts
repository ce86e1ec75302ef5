/** Does the mapping fit the environment and what the store knows? */

import { lookAtMapping } from '../deliver/mapping.ts'
import { type Check, orOk, warning } from './finding.ts'
import type { TargetWorld } from './target-world.ts'

const mapping: Check<TargetWorld> = {
  id: 'mapping',
  title: 'mapping (columns, types, options, purposes, topics, references)',
  needs: ['tables', 'store/content'],
  run: async (world, signal) => {
    const { target, settings } = world
    const glance = await world.glance()
    const store = {
      knownIds: async () => [...(glance?.knownIds ?? [])],
      frozenReadings: async (name: string) => new Map(glance?.frozen.get(name) ?? []),
    }
    const dataverse = { ...world.dataverse, table: world.table }
    const { warnings } = await lookAtMapping({ store, dataverse }, settings, target, signal)
    const entries = target.entries.length === 1 ? '1 entry' : `${target.entries.length} entries`
    // Before the first export nothing can match.
    if ((glance?.knownIds.length ?? 0) === 0) return orOk([], `${entries} fit; which ids they match shows after a sync`)
    return orOk(
      // What is inactive is another check's to tell.
      warnings
        .filter((found) => !found.endsWith(' is inactive'))
        .map((found) => warning(found, 'Correct the entry, or leave it where this is meant.')),
      `${entries} fit`,
    )
  },
}

export const MAPPING_CHECKS: readonly Check<TargetWorld>[] = [mapping]
