/**
 * The naive way: readline, JSON.parse, and every state in a Map. It gives the same states as the product, with the
 * product's own rules for a line and a join; only the way of reading and keeping is the one first thought of.
 */

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { join, stateOf, stateText } from '../../dist/src/consent/state.js'
import { parseLine } from '../../dist/src/record/line.js'
import { latestBelievable } from '../../dist/src/source/outcomes.js'
import { Digest } from '../digest.mjs'
import { partsOf, READING, taskOf, tell } from '../reading.mjs'

const GZIPPED_LINES = /** @type {const} */ ({ form: 'json', gzip: true })

const { folder, digest } = taskOf()
/** @type {Map<string, {ouid: string, userId: string, state: import('../../dist/src/consent/state.js').State}>} */
const states = new Map()
let lines = 0
for (const { key, path, date } of await partsOf(folder)) {
  const { size, mtimeMs } = await stat(path)
  const listed = { key, size, etag: '', modifiedAt: mtimeMs * 1000 }
  const latest = latestBelievable(GZIPPED_LINES, listed, { exportId: '', date }, READING.clockSkew)
  const input = createReadStream(path).pipe(createGunzip())
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    lines += 1
    const outcome = parseLine(text, READING, latest)
    if (outcome.kind !== 'record') continue
    const { ouid, userId } = outcome.record
    const record = `${ouid}\0${userId}`
    const state = stateOf(outcome.record)
    const known = states.get(record)
    if (known === undefined) states.set(record, { ouid, userId, state })
    else known.state = join(known.state, state)
  }
}

if (digest) {
  const sum = new Digest()
  for (const { ouid, userId, state } of states.values()) sum.add(ouid, userId, stateText(state))
  tell({ lines, ...sum.value })
} else {
  tell({ lines, states: states.size })
}
