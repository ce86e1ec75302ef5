/** The schema of `store`: a file beside the program, or a schema of a PostgreSQL database. */

import { WAIT } from './quantity.ts'
import { closed, exactlyOne, formed, formedAs, text, whole } from './schema-parts.ts'

/** The database's own rules for a name that needs no quotes; names that begin with `pg_` are the server's. */
const SCHEMA_FORM = /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/

const HOST_EXPECTED = 'the bare name or address of a server, or the folder of its socket'
const HOST_REMEDY = 'Give host, port, database, user and password each under a key of its own; a URL is not read.'

const tls = closed({
  ca: text
    .optional()
    .describe(
      "Path of the certificates (PEM) to trust; without it, those that Node trusts. The host's name is checked too.",
    ),
})

const postgres = closed({
  host: formedAs(/^(\/[^\s@]*|[^\s@?#<>/\\]+)$/, HOST_EXPECTED, HOST_REMEDY).describe(
    'Name or address of the server, or the folder of its socket.',
  ),
  port: whole(1, 65_535).default(5432).describe('Its port.'),
  database: text.describe('Name of the database; its encoding is UTF8.'),
  user: text.describe('Name of the user, who may make the schema or owns it.'),
  password: text.describe('Its password, as a reference.'),
  schema: formed(SCHEMA_FORM, 'a name of at most 63 lower-case letters, digits and _, not beginning with pg_')
    .default('didomi_dataverse')
    .describe("The store's own schema in it; made where it is missing."),
  tls: tls
    .optional()
    .describe('How the server is recognised. Without it TLS is still used, but to loopback and to a socket.'),
  lease: formed(WAIT, 'a waiting time such as 30s')
    .default('30s')
    .describe('How long a process that is silent still counts as alive.'),
  spill: text
    .default('./state/didomi-dataverse.spill')
    .describe('Folder for records on their way while a large ingest lasts.'),
})

/** Where the store is, unless the settings say so. */
export const DEFAULT_STORE = { sqlite: './state/didomi-dataverse.db' }

/** `store`. */
export const storeSchema = exactlyOne(
  closed({
    sqlite: text.optional().describe('Path of the state store. One of `sqlite` and `postgres` is given.'),
    postgres: postgres.optional().describe('A PostgreSQL database that keeps the state store.'),
  }),
  ['sqlite', 'postgres'],
)
