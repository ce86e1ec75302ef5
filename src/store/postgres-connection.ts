/** One connection to PostgreSQL, made safe: TLS, our session settings, failures without the server's words. Only this file names `pg`. */

import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { Client, type ClientConfig } from 'pg'
import type { Secret } from '../config/secret.ts'
import { failureOf, PostgresFailure, unusable } from './postgres-failure.ts'
import type { Query, SqlParameter } from './postgres-values.ts'
import type { Row } from './stored-row.ts'

/** Where the store is. Without `tls` nothing is encrypted, which is for loopback alone. */
export interface PostgresAddress {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: Secret
  readonly schema: string
  /** `ca`: absolute path of the certificates to trust, instead of Node's own. */
  readonly tls?: { readonly ca?: string }
}

export interface PostgresConnection {
  /** Runs one statement. Throws `PostgresFailure`. */
  readonly query: Query
  /** Runs statements without parameters, one after the other; answers the rows of each. Throws `PostgresFailure`. */
  script(sql: string): Promise<Row[][]>
  /** Aborted as soon as the connection is gone. */
  readonly gone: AbortSignal
  /** Says goodbye. */
  close(): Promise<void>
  /** Breaks off at once, without a word to the server. */
  break(): void
}

/** A server out of reach is told soon; one that is starting is asked again by whoever connects. */
const CONNECT_MS = 10_000

/** A server that does not answer is not waited for at the end: whatever was committed is. */
const GOODBYE_MS = 5_000

/** Seconds of silence before the other side is asked whether it lives, seconds between questions, and their number. */
const KEEPALIVE = { idle: 30, interval: 10, count: 3 }

/**
 * What a session must not take from the server's defaults. A run may compute between two statements, and marking
 * everybody due takes minutes; but a transaction that nobody goes on with must end (and before those give up who wait for
 * its locks), and a machine that vanished must not keep the lease (keepalives). An intended ledger entry lost with a crash would let the next run read our own
 * write as somebody else's statement: commits wait for the disk.
 */
const SESSION_SETTINGS: ReadonlyArray<readonly [string, string]> = [
  ['statement_timeout', '0'],
  ['lock_timeout', '120s'],
  ['idle_in_transaction_session_timeout', '60s'],
  ['idle_session_timeout', '0'],
  ['default_transaction_read_only', 'off'],
  ['bytea_output', 'hex'],
  // Every join here looks a few keys up in a table of any size. Before the first ANALYZE the planner would rather read
  // the whole table.
  ['enable_hashjoin', 'off'],
  ['enable_mergejoin', 'off'],
  ['jit', 'off'],
  ['tcp_keepalives_idle', String(KEEPALIVE.idle)],
  ['tcp_keepalives_interval', String(KEEPALIVE.interval)],
  ['tcp_keepalives_count', String(KEEPALIVE.count)],
]

/** How complaints and logs name the store; never the user or the password. */
export function placeOf({ host, port, database, schema }: PostgresAddress): string {
  return `store ${host}:${port}/${database}, schema ${schema}`
}

/** Connects; asks once. Throws `PostgresFailure`, or `store-unusable` where the certificates to trust cannot be read. */
export async function connectPostgres(address: PostgresAddress): Promise<PostgresConnection> {
  // The socket is ours, so that it can be broken off when nobody answers any more.
  const socket = new Socket()
  const client = new Client(await clientConfig(address, socket))
  const gone = new AbortController()
  const over = () => gone.abort()
  client.on('error', over)
  client.on('end', over)
  const connection = connectionOver(client, socket, gone.signal)
  try {
    await client.connect()
    await prepareSession(connection, address)
    return connection
  } catch (error) {
    connection.break()
    throw error instanceof PostgresFailure ? error : failureOf(error)
  }
}

function connectionOver(client: Client, socket: Socket, gone: AbortSignal): PostgresConnection {
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (gone.aborted) throw new PostgresFailure('a connection that ended')
    try {
      return await work()
    } catch (error) {
      throw failureOf(error)
    }
  }
  return {
    gone,
    query: (sql, ...parameters) =>
      guarded(async () => (await client.query<Row>(sql, parameters as SqlParameter[])).rows),
    script: (sql) =>
      guarded(async () => {
        const results = await client.query<Row>(sql)
        return [results].flat().map(({ rows }) => rows)
      }),
    async close() {
      const patience = new AbortController()
      const goodbye = gone.aborted ? Promise.resolve() : client.end().catch(() => {})
      await Promise.race([goodbye, setTimeout(GOODBYE_MS, undefined, patience).catch(() => {})])
      patience.abort()
      socket.destroy()
    },
    break: () => void socket.destroy(),
  }
}

/** Every setting is given: the driver would take what is missing from `PG…` variables. */
async function clientConfig(address: PostgresAddress, socket: Socket): Promise<ClientConfig> {
  const { host, port, database, user, password } = address
  return {
    host,
    port,
    database,
    user,
    password: password.reveal(),
    ssl: await tlsOptions(address),
    stream: () => socket,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE.idle * 1_000,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: 'didomi-dataverse',
  }
}

/** Chain and host name are both verified, and there is no falling back to plain text. */
async function tlsOptions(address: PostgresAddress): Promise<NonNullable<ClientConfig['ssl']>> {
  const { tls } = address
  if (tls === undefined) return false
  const trusted = tls.ca === undefined ? undefined : await certificatesIn(tls.ca, address)
  return { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(trusted !== undefined && { ca: trusted }) }
}

async function certificatesIn(file: string, address: PostgresAddress): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    throw unusable(placeOf(address), `no readable file ${file} of certificates to trust`)
  }
}

async function prepareSession({ query, script }: PostgresConnection, { schema }: PostgresAddress): Promise<void> {
  await script(`SET search_path TO ${schemaName(schema)}`)
  // A server that does not know a setting (PostgreSQL 13: `idle_session_timeout`) does not need it either.
  const [names, values] = [SESSION_SETTINGS.map(([name]) => name), SESSION_SETTINGS.map(([, value]) => value)]
  await query(
    `SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS wanted (name, value)
      WHERE EXISTS (SELECT 1 FROM pg_settings WHERE pg_settings.name = wanted.name)`,
    names,
    values,
  )
  await query(`SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')`)
}

/** A schema's name as a statement writes it. */
export function schemaName(schema: string): string {
  return `"${schema.replaceAll('"', '""')}"`
}
