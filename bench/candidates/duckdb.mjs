/**
 * DuckDB's best form of several that were tried, under 1 GB: raw objects, one extraction of five paths, and a window that
 * keeps the newest line of a Didomi user. It does less than the others: no rules, no events, no join of what older lines
 * said, and it writes nothing.
 */

import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { partsOf, taskOf, tell } from '../reading.mjs'

const MEMORY_LIMIT = '1GB'

const { folder, work } = taskOf()
const instance = await DuckDBInstance.create(':memory:', {
  memory_limit: MEMORY_LIMIT,
  temp_directory: join(work, 'duckdb'),
  // Lines may come out in any order: keeping theirs would cost memory.
  preserve_insertion_order: 'false',
})
const connection = await instance.connect()
const files = (await partsOf(folder)).map(({ path }) => `'${path.replaceAll("'", "''")}'`)
const answer = await connection.runAndReadAll(`
  WITH line AS (
    SELECT json_extract_string(json, ['$.user.organization_user_id', '$.user.id', '$.user.updated_at',
      '$.user.version', '$.user.consents']) AS found
    FROM read_ndjson_objects([${files.join(', ')}])
  ), ranked AS (
    SELECT found[1] AS ouid, found[5] AS consents,
      row_number() OVER (PARTITION BY found[1], found[2]
        ORDER BY try_cast(found[3] AS TIMESTAMP) DESC, try_cast(found[4] AS BIGINT) DESC) AS place
    FROM line
  )
  SELECT count(*) AS lines, count(*) FILTER (WHERE place = 1 AND ouid IS NOT NULL) AS states,
    bit_xor(hash(consents)) FILTER (WHERE place = 1) AS consents
  FROM ranked`)
const [row] = answer.getRowObjects()
tell({ lines: Number(row?.lines), states: Number(row?.states) })
connection.closeSync()
instance.closeSync()
