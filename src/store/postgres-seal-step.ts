/** The schema's step to sealed and chained evidence: what was kept in clear is sealed in its order, then dropped. */

import { randomBytes } from 'node:crypto'
import { clearEvidence } from './evidence-read.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { appendEvidence } from './postgres-evidence.ts'
import { bytesOf, integerOf, POSTGRES_COLUMNS, textOf } from './postgres-values.ts'

/** A session of somebody else's has other schemas in its path: the guard names its own. */
const TABLES = `
  DROP TRIGGER evidence_never_changes ON evidence;
  DROP TRIGGER evidence_never_goes ON evidence;
  ALTER TABLE evidence RENAME TO evidence_in_clear;
  ALTER INDEX evidence_pkey RENAME TO evidence_in_clear_pkey;

  CREATE TABLE evidence_key (person bytea PRIMARY KEY, subject bytea NOT NULL UNIQUE, key bytea NOT NULL);
  CREATE TABLE evidence_end (name text PRIMARY KEY, sequence bigint NOT NULL, hash bytea NOT NULL);
  INSERT INTO evidence_end (name, sequence, hash)
    SELECT name, 0, decode(repeat('00', 32), 'hex') FROM unnest(ARRAY ['anchor', 'head']) AS names (name);
  CREATE TABLE evidence (sequence bigint PRIMARY KEY, at bigint NOT NULL, scope integer NOT NULL, run text NOT NULL,
    decision text NOT NULL, subject bytea NOT NULL, sealed bytea NOT NULL, hash bytea NOT NULL);
  CREATE INDEX evidence_by_subject ON evidence (subject);
  CREATE FUNCTION evidence_only_expires() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE anchor bigint;
    BEGIN
      EXECUTE format('SELECT sequence FROM %I.evidence_end WHERE name = $1', TG_TABLE_SCHEMA) INTO anchor USING 'anchor';
      IF OLD.sequence > anchor THEN RAISE EXCEPTION 'evidence is append-only'; END IF;
      RETURN OLD;
    END $$;
  CREATE TRIGGER evidence_never_changes BEFORE UPDATE ON evidence
    FOR EACH ROW EXECUTE FUNCTION evidence_is_append_only();
  CREATE TRIGGER evidence_only_expires BEFORE DELETE ON evidence
    FOR EACH ROW EXECUTE FUNCTION evidence_only_expires();
  CREATE TRIGGER evidence_never_goes BEFORE TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_append_only();

  CREATE TABLE suppression (hash bytea PRIMARY KEY, until bigint NOT NULL);
`

/** Entries read at once. */
const PAGE = 1_000

/** Within the transaction of all steps. */
export async function sealPostgresEvidence({ query, script }: PostgresConnection): Promise<void> {
  await script(TABLES)
  await query(`INSERT INTO meta (name, value) VALUES ('erasure-key', $1)`, randomBytes(32))
  for (let last = 0; ; ) {
    const rows = await query(
      `SELECT evidence_in_clear.*, organization, target FROM evidence_in_clear JOIN scope ON scope.id = evidence_in_clear.scope
        WHERE evidence_in_clear.id > $1 ORDER BY evidence_in_clear.id LIMIT ${PAGE}`,
      last,
    )
    for (const row of rows) {
      const scope = { organization: textOf(row, 'organization'), target: textOf(row, 'target') }
      await appendEvidence(query, integerOf(row, 'scope'), scope, integerOf(row, 'at'), [
        clearEvidence(row, POSTGRES_COLUMNS, bytesOf(row, 'person')),
      ])
      last = integerOf(row, 'id')
    }
    if (rows.length === 0) break
  }
  await script('DROP TABLE evidence_in_clear')
}
