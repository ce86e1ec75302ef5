/** The schema of a store in PostgreSQL, as versioned steps that only go forward. */

import type { CodedError } from '../lib/errors.ts'
import { type PostgresConnection, schemaName } from './postgres-connection.ts'
import { unusable } from './postgres-failure.ts'
import { lockKey } from './postgres-lease.ts'
import { sealPostgresEvidence } from './postgres-seal-step.ts'
import { integerOf, textOf } from './postgres-values.ts'

/**
 * Step n leads from version n to n + 1; a released step is never edited. Texts from outside are bytes
 * (`postgres-values.ts`); words of our own, names of the configuration and JSON are text. A text of any length is
 * indexed by its digest: PostgreSQL cannot index a value above a third of a page. NULL in an instant stands for "since
 * ever".
 */
const STEPS: ReadonlyArray<string | ((connection: PostgresConnection) => Promise<void>)> = [
  `
  CREATE TABLE meta (name text COLLATE "C" PRIMARY KEY, value bytea NOT NULL);
  CREATE TABLE opening (id uuid PRIMARY KEY, transaction bigint NOT NULL);
  CREATE TABLE scope (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, organization text COLLATE "C" NOT NULL,
    target text COLLATE "C" NOT NULL, UNIQUE (organization, target));

  CREATE TABLE person (person bytea PRIMARY KEY, ouid bytea NOT NULL);
  CREATE TABLE state (person bytea NOT NULL, user_id bytea NOT NULL, state bytea NOT NULL);
  CREATE UNIQUE INDEX state_by_person ON state (person, sha256(user_id));
  CREATE TABLE known_id (key bytea NOT NULL);
  CREATE UNIQUE INDEX known_id_once ON known_id (sha256(key));

  CREATE TABLE partition (export_id bytea NOT NULL, date text COLLATE "C" NOT NULL, state text NOT NULL,
    PRIMARY KEY (export_id, date));
  CREATE TABLE object (export_id bytea NOT NULL, date text COLLATE "C" NOT NULL, key bytea NOT NULL,
    size bigint NOT NULL, etag bytea NOT NULL, lines bigint NOT NULL, records bigint NOT NULL,
    rejects bigint NOT NULL, guests bigint NOT NULL, skipped bigint NOT NULL);
  CREATE UNIQUE INDEX object_once ON object (export_id, date, sha256(key));
  CREATE TABLE reject (export_id bytea NOT NULL, date text COLLATE "C" NOT NULL, object bytea NOT NULL,
    line bigint NOT NULL, code text NOT NULL);
  CREATE UNIQUE INDEX reject_once ON reject (export_id, date, sha256(object), line);

  CREATE TABLE due (target text COLLATE "C" NOT NULL, person bytea NOT NULL, mark bigint NOT NULL,
    afresh boolean NOT NULL, PRIMARY KEY (target, person));
  CREATE TABLE parked (target text COLLATE "C" NOT NULL, person bytea NOT NULL, since bigint NOT NULL,
    PRIMARY KEY (target, person));
  CREATE TABLE quarantine (target text COLLATE "C" NOT NULL, person bytea NOT NULL, place_hash bytea NOT NULL,
    what bytea NOT NULL, code bytea NOT NULL, message bytea NOT NULL, at bigint NOT NULL,
    PRIMARY KEY (target, person, place_hash));

  CREATE TABLE person_contacts (scope integer NOT NULL, person bytea NOT NULL, contacts text NOT NULL,
    PRIMARY KEY (scope, person));
  CREATE TABLE contact_person (scope integer NOT NULL, contact_id bytea NOT NULL, person bytea NOT NULL);
  CREATE UNIQUE INDEX contact_person_once ON contact_person (scope, sha256(contact_id), person);
  CREATE TABLE address_person (scope integer NOT NULL, channel text NOT NULL, address bytea NOT NULL,
    person bytea NOT NULL);
  CREATE UNIQUE INDEX address_person_once ON address_person (scope, sha256(address), channel, person);

  CREATE TABLE ledger (scope integer NOT NULL, place bytea NOT NULL,
    confirmed_value text, confirmed_lo bigint, confirmed_hi bigint, confirmed_at bigint,
    intended_value text, intended_lo bigint, intended_hi bigint,
    foreign_value text, foreign_lo bigint, foreign_hi bigint,
    row_id bytea, modified_floor bigint, missing_since bigint, restored boolean NOT NULL);
  CREATE UNIQUE INDEX ledger_by_place ON ledger (scope, sha256(place));
  CREATE INDEX ledger_by_time ON ledger (scope, confirmed_at) WHERE confirmed_at IS NOT NULL;

  CREATE TABLE evidence (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL,
    scope integer NOT NULL, run text NOT NULL, person bytea NOT NULL, place_hash bytea NOT NULL, row_id bytea,
    what bytea NOT NULL, from_value text NOT NULL, to_value text NOT NULL, lo bigint, hi bigint, event bytea,
    decision text NOT NULL);
  CREATE FUNCTION evidence_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'evidence is append-only'; END $$;
  CREATE TRIGGER evidence_never_changes BEFORE UPDATE OR DELETE ON evidence
    FOR EACH ROW EXECUTE FUNCTION evidence_is_append_only();
  CREATE TRIGGER evidence_never_goes BEFORE TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_append_only();

  CREATE TABLE run (id text COLLATE "C" PRIMARY KEY, job text NOT NULL, started_at bigint NOT NULL, ended_at bigint,
    exit_code integer, report text);
  CREATE TABLE fingerprint (scope bytea PRIMARY KEY, value bytea NOT NULL);
  CREATE TABLE bookmark (name bytea PRIMARY KEY, value bytea NOT NULL);
  CREATE TABLE frozen_reading (target text COLLATE "C" NOT NULL, reference bytea NOT NULL, reading bytea NOT NULL);
  CREATE UNIQUE INDEX frozen_reading_once ON frozen_reading (target, sha256(reference));
  CREATE TABLE delta_link (scope integer PRIMARY KEY, link bytea NOT NULL);
  CREATE TABLE writer (organization text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (organization, user_id));
  `,
  // Pods of one job. A digest as key of `held_key`: nobody reads an address from it. Position 0 of a phase is the phase
  // itself, done once it is closed.
  `
  CREATE TABLE holder (id uuid PRIMARY KEY, job bytea, seen_at timestamptz NOT NULL, patience_ms bigint NOT NULL,
    phase text COLLATE "C");
  CREATE TABLE job (name bytea PRIMARY KEY, completed_at timestamptz);
  CREATE TABLE work (phase text COLLATE "C" NOT NULL, position integer NOT NULL, item text COLLATE "C" NOT NULL,
    holder uuid, done boolean NOT NULL DEFAULT false, result text, PRIMARY KEY (phase, position));
  CREATE UNIQUE INDEX work_by_item ON work (phase, item);
  CREATE INDEX work_free ON work (phase, position) WHERE holder IS NULL AND NOT done;
  CREATE TABLE held_key (key bytea PRIMARY KEY, holder uuid, released bigint NOT NULL);
  CREATE INDEX held_key_by_holder ON held_key (holder) WHERE holder IS NOT NULL;
  CREATE SEQUENCE key_release;
  `,
  async (connection) => {
    await sealPostgresEvidence(connection)
    await connection.script('ALTER TABLE ledger ADD COLUMN intended_at bigint')
  },
  // The rows that Dataverse's webhooks told of. They have no holder: the receiver writes beside whoever holds the store.
  `
  CREATE TABLE inbox (table_name text COLLATE "C" NOT NULL, row_id uuid NOT NULL, mark bigint NOT NULL,
    PRIMARY KEY (table_name, row_id));
  CREATE UNIQUE INDEX inbox_by_mark ON inbox (mark);
  CREATE SEQUENCE inbox_mark;
  `,
  // What Didomi was told of choices made in Dataverse, and what could not be told yet (semantics §11).
  `
  CREATE TABLE told (person bytea NOT NULL, key bytea NOT NULL, value bytea NOT NULL, instant bigint NOT NULL,
    event text COLLATE "C" NOT NULL, state text NOT NULL);
  CREATE UNIQUE INDEX told_once ON told (person, sha256(key));
  CREATE INDEX told_to_be_posted ON told (event) WHERE state = 'intended';
  CREATE TABLE open_look (scope integer NOT NULL, kind text COLLATE "C" NOT NULL, name bytea NOT NULL,
    reason text NOT NULL);
  CREATE UNIQUE INDEX open_look_once ON open_look (scope, kind, sha256(name));
  `,
]

/** The schema version this program writes. */
export const POSTGRES_SCHEMA_VERSION = STEPS.length

/** `EXECUTE FUNCTION`, `sha256` and the rest are older; 13 is the oldest version that the tests could stand for. */
const OLDEST_SERVER = 130_000

/**
 * Makes the schema where it is missing and brings it up to date, all or nothing, under a lock: two programs that start
 * at once do not both do it. Throws `store-unusable` for a schema of another program or of a newer version of this
 * one, which stays as it is, and `PostgresFailure`.
 */
export async function migratePostgres(connection: PostgresConnection, schema: string, place: string): Promise<void> {
  await checkServer(connection, place)
  const [first, second] = lockKey('migration', schema)
  await connection.query('SELECT pg_advisory_lock($1::int, $2::int)', first, second)
  try {
    await connection.script('BEGIN')
    const version = await versionOf(connection, schema, place)
    if (version > POSTGRES_SCHEMA_VERSION) throw newer(place, version)
    await bringForward(connection, version)
    await connection.script('COMMIT')
  } catch (error) {
    await connection.script('ROLLBACK').catch(() => {})
    throw error
  } finally {
    await connection.query('SELECT pg_advisory_unlock($1::int, $2::int)', first, second).catch(() => {})
  }
}

/** The steps that are missing from tables of this version; within the caller's transaction, in the schema of its session. */
export async function bringForward(connection: PostgresConnection, version: number): Promise<void> {
  if (version === POSTGRES_SCHEMA_VERSION) return
  for (const step of STEPS.slice(version)) {
    await (typeof step === 'string' ? connection.script(step) : step(connection))
  }
  await connection.query(
    `INSERT INTO meta (name, value) VALUES ('schema-version', $1) ON CONFLICT (name) DO UPDATE SET value = $1`,
    Buffer.from(String(POSTGRES_SCHEMA_VERSION)),
  )
}

/** The error of tables of a version that came after this program. */
export function newer(place: string, version: number): CodedError {
  return unusable(place, `schema version ${version}, newer than the ${POSTGRES_SCHEMA_VERSION} this program knows`)
}

async function checkServer({ query }: PostgresConnection, place: string): Promise<void> {
  const [row = {}] = await query(`SELECT current_setting('server_version_num')::int AS version,
    current_setting('server_encoding') AS encoding`)
  if (integerOf(row, 'version') < OLDEST_SERVER) throw unusable(place, 'a PostgreSQL older than 13')
  if (textOf(row, 'encoding') !== 'UTF8') throw unusable(place, 'a database whose encoding is not UTF8')
}

/** The version of what is there, 0 for an empty schema, which is made where it is missing. */
async function versionOf({ query, script }: PostgresConnection, schema: string, place: string): Promise<number> {
  const [there] = await query('SELECT 1 FROM pg_namespace WHERE nspname = $1', schema)
  // Asked first: a user that may use a schema need not be allowed to make one.
  if (there === undefined) await script(`CREATE SCHEMA ${schemaName(schema)}`)
  const [row = {}] = await query(
    `SELECT count(*) AS tables, count(*) FILTER (WHERE relname = 'meta') AS ours FROM pg_class
      WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND relkind IN ('r', 'p', 'v')`,
    schema,
  )
  if (integerOf(row, 'tables') === 0) return 0
  const stranger = () => unusable(place, 'a schema of another program')
  if (integerOf(row, 'ours') === 0) throw stranger()
  const [column] = await query(
    `SELECT 1 FROM information_schema.columns
      WHERE table_schema = $1 AND table_name = 'meta' AND column_name = 'value' AND data_type = 'bytea'`,
    schema,
  )
  const [meta] = column === undefined ? [] : await query(`SELECT value FROM meta WHERE name = 'schema-version'`)
  const version = meta === undefined ? Number.NaN : Number(textOf(meta, 'value'))
  if (!Number.isSafeInteger(version)) throw stranger()
  return version
}
