/** Suppressions in the embedded store: who was erased, and until when nothing counts (semantics §8.9). */

import type { Instant } from '../consent/time.ts'
import { blobOf, integerOf, type SqliteDatabase } from './sqlite-database.ts'
import type { StateRow } from './store.ts'
import { hashesToFind, type Spelling } from './suppression.ts'

/** The store's key for hashes of erased persons. */
export function erasureKeyIn(db: SqliteDatabase): () => Uint8Array {
  const read = db.prepare("SELECT value FROM meta WHERE name = 'erasure-key'")
  return () => blobOf(read.get() ?? {}, 'value')
}

/** Answers, within the caller's transaction, the instant of a row's person's last erasure. */
export function erasureIn(db: SqliteDatabase): (spelling?: Spelling) => (row: StateRow) => Instant | undefined {
  const any = db.prepare('SELECT 1 FROM suppression LIMIT 1')
  const find = db.prepare('SELECT until FROM suppression WHERE hash = ?')
  const erasureKey = erasureKeyIn(db)
  return (spelling = 'none') => {
    // Nobody was erased, as a rule: then nothing is hashed.
    if (any.get() === undefined) return () => undefined
    const key = erasureKey()
    return ({ ouid }) => {
      const found = hashesToFind(key, ouid, spelling).map((hash) => find.get(hash))
      const instants = found.flatMap((row) => (row === undefined ? [] : [integerOf(row, 'until')]))
      return instants.length === 0 ? undefined : Math.max(...instants)
    }
  }
}
