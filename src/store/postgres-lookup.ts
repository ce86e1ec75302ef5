/** Looking rows up by keys that are asked for as a list, whatever PostgreSQL's planner believes about the table. */

/**
 * Joins what stands before it in FROM with a lookup that may name its columns, one by one by index: OFFSET 0 keeps the
 * planner from turning the lookup round. Before the first ANALYZE it knows nothing of a new table and would read the
 * whole of it, for each of the keys.
 */
export function lookedUp(select: string, name: string): string {
  return `CROSS JOIN LATERAL (${select} OFFSET 0) AS ${name}`
}

/** The same, where what was not found stays, with NULLs. */
export function lookedUpIfThere(select: string, name: string): string {
  return `LEFT JOIN LATERAL (${select} OFFSET 0) AS ${name} ON true`
}

/** A condition: the row is one of those that a lookup finds for what is asked. */
export function isFound(table: string, asked: string, condition: string): string {
  const lookup = lookedUp(`SELECT ${table}.ctid AS row FROM ${table} WHERE ${condition}`, 'found')
  return `ctid = ANY (ARRAY (SELECT found.row FROM ${asked} ${lookup}))`
}
