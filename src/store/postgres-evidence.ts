/** The evidence log in PostgreSQL: sealed entries in a chain, the keys of persons in a table of their own. */

import type { Instant } from '../consent/time.ts'
import type { Evidence, EvidenceEntry, EvidenceLink, KeptEvidence, RevealedEvidence } from './evidence.ts'
import { chained } from './evidence-chain.ts'
import { decisionOf, revealed, STRAY_KEYS } from './evidence-read.ts'
import { type EvidenceKey, newEvidenceKey, sealed } from './evidence-seal.ts'
import { personBytes, personOf } from './person-bytes.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { bytesOf, chunks, integerOf, type Query, textOf } from './postgres-values.ts'
import type { PersonId, TargetScope } from './store.ts'
import type { EvidencePart } from './store-parts.ts'
import type { Row } from './stored-row.ts'

const KEPT = `SELECT evidence.*, scope.organization, scope.target, evidence_key.person, evidence_key.key FROM evidence
  JOIN scope ON scope.id = evidence.scope LEFT JOIN evidence_key ON evidence_key.subject = evidence.subject`

/** The part of the store that tells what its evidence log holds. */
export function evidenceIn(db: PostgresDatabase): EvidencePart {
  return {
    async evidenceEnds() {
      const rows = await db.query('SELECT name, sequence, hash FROM evidence_end')
      const end = (name: string) => linkOf(rows.find((row) => row['name'] === name))
      return { anchor: end('anchor'), head: end('head') }
    },
    evidenceAfter: async (sequence, limit) =>
      (await db.query(`${KEPT} WHERE evidence.sequence > $1 ORDER BY evidence.sequence LIMIT $2`, sequence, limit)).map(
        keptOf,
      ),
    async countEvidenceFaults() {
      const [row = {}] = await db.query(STRAY_KEYS)
      return integerOf(row, 'n')
    },
    evidenceOf: async (person) => (await evidenceOfPerson(db.query, person)).map(({ entry }) => entry),
    expireEvidence: (before) => db.transaction((query) => expire(query, before), 'read-committed'),
  }
}

/** What a person's entries tell, with the number of their scope; nothing where the person has no key. */
export async function evidenceOfPerson(
  query: Query,
  person: PersonId,
): Promise<{ readonly scope: number; readonly entry: RevealedEvidence }[]> {
  const rows = await query(`${KEPT} WHERE evidence_key.person = $1 ORDER BY evidence.sequence`, personBytes(person))
  return rows.flatMap((row) => {
    const entry = revealed(keptOf(row))
    return entry === undefined ? [] : [{ scope: integerOf(row, 'scope'), entry }]
  })
}

/**
 * Adds entries at the chain's end, as the last thing that a transaction does: from here to its commit all others wait
 * who would add some too. `scope` is the number of the target's scope.
 */
export async function appendEvidence(
  query: Query,
  number: number,
  { organization, target }: TargetScope,
  at: Instant,
  entries: readonly Evidence[],
): Promise<void> {
  if (entries.length === 0) return
  const keys = await keyring(query, [...new Set(entries.map(({ person }) => person))].sort())
  const sealedOnes = entries.flatMap(({ run, decision, ...content }) => {
    const { subject, key } = keys.get(content.person) ?? newEvidenceKey()
    return { at, run, organization, target, decision, subject, sealed: sealed(key, content) }
  })
  const [head] = await query(`SELECT sequence, hash FROM evidence_end WHERE name = 'head' FOR UPDATE`)
  const chain = chained(linkOf(head), sealedOnes)
  for (const chunk of chunks(chain.entries, (entry) => entry.sealed.length)) await insert(query, number, chunk)
  await query(
    `UPDATE evidence_end SET sequence = $1, hash = $2 WHERE name = 'head'`,
    chain.head.sequence,
    chain.head.hash,
  )
}

async function insert(query: Query, scope: number, entries: readonly EvidenceEntry[]): Promise<void> {
  await query(
    `INSERT INTO evidence (scope, sequence, at, run, decision, subject, sealed, hash)
      SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[])`,
    scope,
    entries.map(({ sequence }) => sequence),
    entries.map(({ at }) => at),
    entries.map(({ run }) => run),
    entries.map(({ decision }) => decision),
    entries.map(({ subject }) => subject),
    entries.map((entry) => entry.sealed),
    entries.map(({ hash }) => hash),
  )
}

/** The keys of persons, made where there are none; another pod may make one at the same time, and the first one holds. */
async function keyring(query: Query, persons: readonly PersonId[]): Promise<Map<PersonId, EvidenceKey>> {
  const found = await findKeys(query, persons)
  const missing = persons.filter((person) => !found.has(person)).map((person) => ({ person, ...newEvidenceKey() }))
  if (missing.length === 0) return found
  await query(
    `INSERT INTO evidence_key (person, subject, key) SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[])
      ON CONFLICT (person) DO NOTHING`,
    missing.map(({ person }) => personBytes(person)),
    missing.map(({ subject }) => subject),
    missing.map(({ key }) => key),
  )
  return findKeys(query, persons)
}

async function findKeys(query: Query, persons: readonly PersonId[]): Promise<Map<PersonId, EvidenceKey>> {
  const rows = await query(
    'SELECT person, subject, key FROM evidence_key WHERE person = ANY ($1::bytea[])',
    persons.map(personBytes),
  )
  return new Map(
    rows.map((row) => [
      personOf(bytesOf(row, 'person')),
      { subject: bytesOf(row, 'subject'), key: bytesOf(row, 'key') },
    ]),
  )
}

/** Moves the anchor, and only then lets go of what lies before it: so the tables' own guard has it. */
async function expire(query: Query, before: Instant): Promise<number> {
  await query(`SELECT 1 FROM evidence_end WHERE name = 'anchor' FOR UPDATE`)
  const [kept] = await query('SELECT sequence FROM evidence WHERE at >= $1 ORDER BY sequence LIMIT 1', before)
  const [last] =
    kept === undefined
      ? await query('SELECT sequence, hash FROM evidence ORDER BY sequence DESC LIMIT 1')
      : await query('SELECT sequence, hash FROM evidence WHERE sequence = $1', integerOf(kept, 'sequence') - 1)
  if (last === undefined) return 0
  const { sequence, hash } = linkOf(last)
  await query(`UPDATE evidence_end SET sequence = $1, hash = $2 WHERE name = 'anchor'`, sequence, hash)
  // Whose entries all go needs no key.
  await query(
    `DELETE FROM evidence_key WHERE subject IN (SELECT subject FROM evidence WHERE sequence <= $1) AND NOT EXISTS
      (SELECT 1 FROM evidence WHERE evidence.subject = evidence_key.subject AND sequence > $1)`,
    sequence,
  )
  return (await query('DELETE FROM evidence WHERE sequence <= $1 RETURNING 1', sequence)).length
}

function keptOf(row: Row): KeptEvidence {
  const entry = {
    sequence: integerOf(row, 'sequence'),
    at: integerOf(row, 'at'),
    run: textOf(row, 'run'),
    organization: textOf(row, 'organization'),
    target: textOf(row, 'target'),
    decision: decisionOf(textOf(row, 'decision')),
    subject: bytesOf(row, 'subject'),
    sealed: bytesOf(row, 'sealed'),
    hash: bytesOf(row, 'hash'),
  }
  if (row['key'] === null) return entry
  return { ...entry, held: { person: personOf(bytesOf(row, 'person')), key: bytesOf(row, 'key') } }
}

function linkOf(row: Row | undefined): EvidenceLink {
  return { sequence: integerOf(row ?? {}, 'sequence'), hash: bytesOf(row ?? {}, 'hash') }
}
