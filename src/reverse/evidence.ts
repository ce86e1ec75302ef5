/** The evidence of what Didomi is told: who chose it in Dataverse, where, and within which span. */

import type { Pseudonyms } from '../deliver/pseudonyms.ts'
import type { Evidence } from '../store/evidence.ts'
import type { ToldStatement } from '../store/told.ts'
import type { Ruling } from './decide.ts'
import type { HeardSaying } from './hearing.ts'

/** One entry for each place that a statement was taken from; a place that another one outlasted leaves none. */
export function evidenceOfTold(
  ruled: ReadonlyArray<{ readonly saying: HeardSaying; readonly ruling: Ruling }>,
  statements: readonly ToldStatement[],
  run: string,
  pseudonyms: Pseudonyms,
): Evidence[] {
  const kept = new Map(statements.map((one) => [nameOf(one), one]))
  return ruled.flatMap(({ saying: { heard, look }, ruling }) => {
    if (ruling.kind !== 'told') return []
    return ruling.statements.flatMap((draft): Evidence[] => {
      const statement = kept.get(nameOf(draft))
      if (statement === undefined) return []
      const { person, place, key, value, was } = draft
      const { lo, hi } = heard.statement
      return [
        {
          ...{ run, person, placeHash: pseudonyms.of(place), place },
          rowId: look.kind === 'row' ? look.name : undefined,
          ...{ what: key, from: was ?? null, to: value, lo, hi, event: statement.event, decision: 'told' },
        },
      ]
    })
  })
}

/** Of a person's key: one choice at one instant. */
const nameOf = ({ person, key, value, instant }: Pick<ToldStatement, 'person' | 'key' | 'value' | 'instant'>): string =>
  `${person} ${instant} ${JSON.stringify(value)} ${key}`
