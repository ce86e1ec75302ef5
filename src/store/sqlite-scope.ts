/** A target's scope as one small number: millions of ledger rows need not repeat an organization's id. */

import { integerOf, type SqliteDatabase } from './sqlite-database.ts'
import type { TargetScope } from './store.ts'

export interface Scopes {
  /** The scope's number, `undefined` where nothing was ever written for it. */
  find(scope: TargetScope): number | undefined
  /** The scope's number, made where it is missing; belongs into the caller's transaction. */
  ensure(scope: TargetScope): number
}

/** Looks scopes up each time: a number remembered from a transaction that was rolled back would be wrong. */
export function scopesIn(db: SqliteDatabase): Scopes {
  const select = db.prepare('SELECT id FROM scope WHERE organization = ? AND target = ?')
  const insert = db.prepare('INSERT INTO scope (organization, target) VALUES (?, ?) RETURNING id')
  const find = ({ organization, target }: TargetScope) => {
    const row = select.get(organization, target)
    return row === undefined ? undefined : integerOf(row, 'id')
  }
  return {
    find,
    ensure: (scope) => find(scope) ?? integerOf(insert.get(scope.organization, scope.target) ?? {}, 'id'),
  }
}
