/** The product's reading and joining, without its store: the states are counted as they come out, and let go. */

import { ingestExport } from '../ingest-export.mjs'
import { taskOf, tell } from '../reading.mjs'
import { statesLetGo } from '../states-let-go.mjs'

const task = taskOf()
const { store, result } = statesLetGo(task.digest)
const lines = await ingestExport(task, store)
tell({ lines, ...result() })
