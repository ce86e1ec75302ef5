/** The thread of a lane: takes messages, works them off one after the other, answers each. */

import { parentPort, workerData } from 'node:worker_threads'
import { defect } from '../lib/errors.ts'
import { type LaneSettings, LocalLane } from './lane.ts'
import { type FromLane, failureOf, type LaneAnswer, type ToLane } from './lane-messages.ts'
import { PartBytes } from './part-bytes.ts'

const port = parentPort ?? defect('a lane of the ingest', 'no thread around it')
const say = (message: FromLane) => port.postMessage(message)
// The only sender is `ThreadLane`, in the same process.
const lane = new LocalLane(workerData as LaneSettings)
let bytes = new PartBytes(() => {})

port.on('message', (message: ToLane) => {
  switch (message.kind) {
    case 'read':
      bytes = new PartBytes((taken) => say({ kind: 'took', bytes: taken }))
      return answer(lane.read(message.number, message.task, bytes))
    case 'bytes':
      return bytes.give(message.bytes)
    case 'end':
      return bytes.end()
    case 'broken':
      return bytes.break()
    case 'seal':
      return answer(lane.seal())
    case 'share':
      return answer(nothing(lane.share(message.spills, message.damaged)))
    case 'reduce':
      return answer(lane.reduce(message.bucket))
    case 'clear':
      return answer(nothing(lane.clear()))
    case 'close':
      return answer(nothing(lane.close().then(() => port.close())))
  }
})

/** A call whose answer is that it is done. */
const nothing = (work: Promise<void>): Promise<undefined> => work.then(() => undefined)

function answer(work: Promise<LaneAnswer>): void {
  work.then(
    (answer) => {
      const transferred = answer !== undefined && 'keys' in answer ? [answer.rows.buffer] : []
      port.postMessage({ kind: 'answer', answer } satisfies FromLane, transferred)
    },
    (error: unknown) => say({ kind: 'failure', failure: failureOf(error) }),
  )
}
