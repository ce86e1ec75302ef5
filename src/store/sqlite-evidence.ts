/** The evidence log in the embedded store: sealed entries in a chain, the keys of persons in a table of their own. */

import type { Instant } from '../consent/time.ts'
import type { Evidence, EvidenceLink, KeptEvidence, RevealedEvidence } from './evidence.ts'
import { chained } from './evidence-chain.ts'
import { decisionOf, revealed, STRAY_KEYS } from './evidence-read.ts'
import { type EvidenceKey, newEvidenceKey, sealed } from './evidence-seal.ts'
import { personBytes, personOf } from './person-bytes.ts'
import { blobOf, integerOf, type SqliteDatabase, textOf } from './sqlite-database.ts'
import type { PersonId, TargetScope } from './store.ts'
import type { EvidencePart } from './store-parts.ts'
import type { Row } from './stored-row.ts'

/** Texts as bytes: the driver ends the process at a text that is no UTF-8, and a changed byte is to be told, not met. */
const KEPT = `SELECT sequence, at, scope, CAST(run AS BLOB) AS run, CAST(decision AS BLOB) AS decision,
    CAST(organization AS BLOB) AS organization, CAST(scope.target AS BLOB) AS target,
    evidence.subject, sealed, hash, evidence_key.person, key FROM evidence
  JOIN scope ON scope.id = evidence.scope LEFT JOIN evidence_key ON evidence_key.subject = evidence.subject`

/** The part of the store that tells what its evidence log holds. */
export function evidenceIn(db: SqliteDatabase): EvidencePart {
  const end = db.prepare('SELECT sequence, hash FROM evidence_end WHERE name = ?')
  const after = db.prepare(`${KEPT} WHERE evidence.sequence > ? ORDER BY evidence.sequence LIMIT ?`)
  const ofPerson = evidenceReader(db)
  const strayKeys = db.prepare(STRAY_KEYS)
  const expire = expirerIn(db)
  return {
    evidenceEnds: async () => ({ anchor: linkOf(end.get('anchor')), head: linkOf(end.get('head')) }),
    evidenceAfter: async (sequence, limit) => after.all(sequence, limit).map(keptOf),
    async countEvidenceFaults() {
      const found = ['evidence', 'evidence_key', 'evidence_end', 'scope'].flatMap((table) =>
        db.prepare(`PRAGMA integrity_check(${table})`).all().flatMap(Object.values),
      )
      return found.filter((text) => text !== 'ok').length + integerOf(strayKeys.get() ?? {}, 'n')
    },
    evidenceOf: async (person) => ofPerson(person).map(({ entry }) => entry),
    expireEvidence: async (before) => db.transaction(() => expire(before)),
  }
}

/** What a person's entries tell, with the number of their scope; nothing where the person has no key. */
export function evidenceReader(
  db: SqliteDatabase,
): (person: PersonId) => { readonly scope: number; readonly entry: RevealedEvidence }[] {
  const ofPerson = db.prepare(`${KEPT} WHERE evidence_key.person = ? ORDER BY evidence.sequence`)
  return (person) =>
    ofPerson.all(personBytes(person)).flatMap((row) => {
      const entry = revealed(keptOf(row))
      return entry === undefined ? [] : [{ scope: integerOf(row, 'scope'), entry }]
    })
}

/** Adds entries at the chain's end, within the caller's transaction. `scope` is the number of the target's scope. */
export function evidenceWriter(
  db: SqliteDatabase,
): (number: number, scope: TargetScope, at: Instant, entries: readonly Evidence[]) => void {
  const end = db.prepare("SELECT sequence, hash FROM evidence_end WHERE name = 'head'")
  const setEnd = db.prepare("UPDATE evidence_end SET sequence = ?, hash = ? WHERE name = 'head'")
  const add = db.prepare(`INSERT INTO evidence (sequence, at, scope, run, decision, subject, sealed, hash)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
  const keyOf = keyring(db)
  return (number, { organization, target }, at, entries) => {
    if (entries.length === 0) return
    const sealedOnes = entries.map(({ run, decision, ...content }) => {
      const { subject, key } = keyOf(content.person)
      return { at, run, organization, target, decision, subject, sealed: sealed(key, content) }
    })
    const chain = chained(linkOf(end.get()), sealedOnes)
    for (const entry of chain.entries) {
      const { sequence, run, decision, subject, hash } = entry
      add.run(sequence, at, number, run, decision, subject, entry.sealed, hash)
    }
    setEnd.run(chain.head.sequence, chain.head.hash)
  }
}

/** The key of a person, made where there is none. */
function keyring(db: SqliteDatabase): (person: PersonId) => EvidenceKey {
  const find = db.prepare('SELECT subject, key FROM evidence_key WHERE person = ?')
  const add = db.prepare('INSERT INTO evidence_key (person, subject, key) VALUES (?, ?, ?)')
  return (person) => {
    const bytes = personBytes(person)
    const row = find.get(bytes)
    if (row !== undefined) return { subject: blobOf(row, 'subject'), key: blobOf(row, 'key') }
    const made = newEvidenceKey()
    add.run(bytes, made.subject, made.key)
    return made
  }
}

/** Moves the anchor, and only then lets go of what lies before it: so the tables' own guard has it. */
function expirerIn(db: SqliteDatabase): (before: Instant) => number {
  const firstKept = db.prepare('SELECT sequence FROM evidence WHERE at >= ? ORDER BY sequence LIMIT 1')
  const newest = db.prepare('SELECT sequence, hash FROM evidence ORDER BY sequence DESC LIMIT 1')
  const entry = db.prepare('SELECT sequence, hash FROM evidence WHERE sequence = ?')
  const anchor = db.prepare("UPDATE evidence_end SET sequence = ?, hash = ? WHERE name = 'anchor'")
  // Whose entries all go needs no key.
  const dropKeys = db.prepare(`DELETE FROM evidence_key
    WHERE subject IN (SELECT subject FROM evidence WHERE sequence <= ?1) AND NOT EXISTS
      (SELECT 1 FROM evidence WHERE evidence.subject = evidence_key.subject AND sequence > ?1)`)
  const drop = db.prepare('DELETE FROM evidence WHERE sequence <= ?')
  return (before) => {
    const kept = firstKept.get(before)
    const last = kept === undefined ? newest.get() : entry.get(integerOf(kept, 'sequence') - 1)
    if (last === undefined) return 0
    const { sequence, hash } = linkOf(last)
    anchor.run(sequence, hash)
    dropKeys.run(sequence)
    return drop.run(sequence)
  }
}

function keptOf(row: Row): KeptEvidence {
  const entry = {
    sequence: integerOf(row, 'sequence'),
    at: integerOf(row, 'at'),
    run: textOf(row, 'run'),
    organization: textOf(row, 'organization'),
    target: textOf(row, 'target'),
    decision: decisionOf(textOf(row, 'decision')),
    subject: blobOf(row, 'subject'),
    sealed: blobOf(row, 'sealed'),
    hash: blobOf(row, 'hash'),
  }
  if (row['key'] === null) return entry
  return { ...entry, held: { person: personOf(blobOf(row, 'person')), key: blobOf(row, 'key') } }
}

function linkOf(row: Row | undefined): EvidenceLink {
  return { sequence: integerOf(row ?? {}, 'sequence'), hash: blobOf(row ?? {}, 'hash') }
}
