/** What must hold in every store, whichever database keeps it, and how that is told. Read by `store check`. */

/** The answer of a check. Holds counts and names of tables; nothing personal. */
export interface StoreCheck {
  readonly kind: 'sqlite' | 'postgres'
  /** The schema's version in the store, and the one that this program writes. */
  readonly version: number
  readonly current: number
  /** What was looked at: the file, a copy of it (a run had the file, or it was killed), or a snapshot of the database. */
  readonly read: 'file' | 'copy' | 'snapshot'
  /** What the database says against its own pages and indexes; empty where all is sound. */
  readonly damage: readonly string[]
  /** Rows by table. */
  readonly counts: Readonly<Record<string, number>>
  /** Rules that do not hold, with the rows that break them. */
  readonly broken: ReadonlyArray<{ readonly rule: string; readonly rows: number }>
}

/** Tables of every version, in the order in which they are told. */
export const COUNTED = [
  'person',
  'state',
  'partition',
  'object',
  'reject',
  'due',
  'parked',
  'quarantine',
  'ledger',
  'evidence',
  'run',
] as const

const orphans = (table: string, parent: string, on: string) =>
  `SELECT count(*) AS n FROM ${table} AS child WHERE NOT EXISTS (SELECT 1 FROM ${parent} AS parent WHERE ${on})`

const SAME_PARTITION = 'parent.export_id = child.export_id AND parent.date = child.date'

/** Each asks for the number of rows that break a rule; statements that SQLite and PostgreSQL both understand. */
export const RULES: ReadonlyArray<{ readonly rule: string; readonly sql: string }> = [
  {
    rule: 'every line of an object is a record, a reject, a guest or skipped',
    sql: 'SELECT count(*) AS n FROM object WHERE lines <> records + rejects + guests + skipped',
  },
  { rule: 'every state belongs to a person', sql: orphans('state', 'person', 'parent.person = child.person') },
  { rule: 'every object belongs to a partition', sql: orphans('object', 'partition', SAME_PARTITION) },
  { rule: 'every reject belongs to a partition', sql: orphans('reject', 'partition', SAME_PARTITION) },
  ...['ledger', 'person_contacts', 'contact_person', 'address_person'].map((table) => ({
    rule: `every row of ${table} belongs to a target`,
    sql: orphans(table, 'scope', 'parent.id = child.scope'),
  })),
]
