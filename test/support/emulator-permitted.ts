/** Which tables an answer permits: what was acknowledged is there, what was refused is not, the rest is either. */
import { applyUnit, type Model, type ModelRow, type Rules, UNSEEN, type Unit } from './emulator-model.ts'

/** What a caller knows of one unit after the answer. `unknown`: the connection broke, or a gateway answered. */
export type Verdict = 'applied' | 'refused' | 'unknown'

/** What was sent: units in order, a batch's with or without going on after an error. */
export interface Sent {
  readonly units: readonly Unit[]
  readonly continues: boolean
}

/** What came back: a verdict of each unit, or that nothing is known of the whole. */
export type Heard = readonly Verdict[] | 'unknown'

/** The tables that may be found after this. Throws where the answer acknowledges what must be refused. */
export function permitted(model: Model, { units, continues }: Sent, heard: Heard, rules: Rules): readonly Model[] {
  if (heard === 'unknown') return prefixes(model, { units, continues }, rules)
  let models: readonly Model[] = [model]
  for (const [at, unit] of units.entries()) {
    const verdict = heard[at]
    models = models.flatMap((each) => {
      if (verdict === 'refused') return [each]
      const after = applyUnit(each, unit, rules)
      if (verdict === 'applied') return after === undefined ? [] : [after]
      return after === undefined ? [each] : [each, after]
    })
  }
  if (models.length === 0) throw new Error('the answer acknowledges what the model refuses')
  return models
}

/** Units are done one after the other, so that a broken batch may have got to any of them. */
function prefixes(model: Model, { units, continues }: Sent, rules: Rules): readonly Model[] {
  const models = [model]
  let now = model
  for (const unit of units) {
    const after = applyUnit(now, unit, rules)
    if (after === undefined && !continues) break
    now = after ?? now
    models.push(now)
  }
  return models
}

/** The verdicts of a server on which nothing fails. */
export function predicted(model: Model, { units, continues }: Sent, rules: Rules): readonly Verdict[] {
  let now = model
  let stopped = false
  return units.map((unit) => {
    const after = stopped ? undefined : applyUnit(now, unit, rules)
    if (after === undefined) stopped ||= !continues
    else now = after
    return after === undefined ? 'refused' : 'applied'
  })
}

/** A row as it is read over the wire. */
export interface FoundRow {
  readonly ouid: string | null
  readonly title: string | null
  readonly mute: boolean | null
  readonly version: number
}

/** What was read before: the version of each row at its stamp, and the highest version that was ever seen. */
export interface Seen {
  readonly versions: ReadonlyMap<string, { readonly stamp: number; readonly version: number }>
  readonly highest: number
}

/** The model with the ids that the server gave, if the table is what it says, row by row and version by version. */
export function recognise(model: Model, found: ReadonlyMap<string, FoundRow>, seen: Seen): Model | undefined {
  if (found.size !== model.rows.size) return undefined
  const rows = new Map<string, ModelRow>()
  for (const row of model.rows.values()) {
    const id = row.id.startsWith(UNSEEN) ? newIdOf(row, found, [model.rows, seen.versions, rows]) : row.id
    const other = id === undefined ? undefined : found.get(id)
    if (id === undefined || other === undefined || !isAlike(row, other)) return undefined
    const before = seen.versions.get(id)
    const isUntouched = before?.stamp === row.stamp
    if (isUntouched ? other.version !== before.version : other.version <= seen.highest) return undefined
    rows.set(id, { ...row, id })
  }
  return { rows, stamp: model.stamp }
}

function isAlike(row: ModelRow, other: FoundRow): boolean {
  return row.ouid === other.ouid && row.title === other.title && row.mute === other.mute
}

/** An id that nobody knew, of a row that is alike. */
function newIdOf(
  row: ModelRow,
  found: ReadonlyMap<string, FoundRow>,
  known: readonly ReadonlyMap<string, unknown>[],
): string | undefined {
  for (const [id, other] of found) if (isAlike(row, other) && known.every((ids) => !ids.has(id))) return id
  return undefined
}
