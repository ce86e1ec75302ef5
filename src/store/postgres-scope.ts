/** A target's scope in PostgreSQL as one small number: millions of ledger rows need not repeat an organization's id. */

import { integerOf, type Query } from './postgres-values.ts'
import type { TargetScope } from './store.ts'

/** The number of the scope given as the first two parameters, NULL where nothing was ever written for it. */
export const SCOPE_ASKED = '(SELECT id FROM scope WHERE organization = $1 AND target = $2)'

/** The scope's number, made where it is missing, within the caller's transaction. */
export async function ensureScope(query: Query, { organization, target }: TargetScope): Promise<number> {
  const find = () => query('SELECT id FROM scope WHERE organization = $1 AND target = $2', organization, target)
  const [known] = await find()
  if (known !== undefined) return integerOf(known, 'id')
  // Another pod may make it at the same time.
  const make = 'INSERT INTO scope (organization, target) VALUES ($1, $2) ON CONFLICT DO NOTHING'
  await query(make, organization, target)
  const [made = {}] = await find()
  return integerOf(made, 'id')
}
