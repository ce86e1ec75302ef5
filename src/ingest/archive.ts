/** The archive: every object is copied, byte for byte, while it is read; what could not be archived does not count. */

import { defect } from '../lib/errors.ts'
import type { ObjectSink } from '../source/object-sink.ts'
import type { ListedObject, ObjectStore } from '../source/object-store.ts'
import type { Partition } from '../source/partition.ts'
import { Handover } from './handover.ts'

/** Where one object is archived: under the key it has in the source, with the size it was listed with. */
export interface ArchivePlace {
  readonly sink: ObjectSink
  readonly key: string
  /** In bytes. */
  readonly size: number
}

/**
 * Gives the bytes on while they are written to the archive, neither more than a chunk ahead of the other. The iteration
 * ends without an error only once the archive holds the whole object: a reader that waits for the end never counts what
 * was not archived. An error of the source, and leaving early, leave in the archive what lay there before.
 *
 * A chunk is still being written when it is given on: it must not be changed, nor transferred to another thread.
 *
 * @throws CodedError `archive-unwritable` as the sink gives it; errors of the source as they are; the signal's reason
 */
export async function* archiving(
  bytes: AsyncIterable<Uint8Array>,
  { sink, key, size }: ArchivePlace,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const leaving = new AbortController()
  const handover = new Handover<Uint8Array>()
  const put = sink.put(key, size, handover, AbortSignal.any([signal, leaving.signal]))
  // Whichever way it ends, somebody who gives must not wait for ever; a rejection is met below.
  const ended = put.then(
    () => handover.close(),
    (error: unknown) => handover.fail(error),
  )
  let whole = false
  try {
    for await (const chunk of bytes) {
      if (!(await handover.give(chunk))) await endedEarly(put)
      yield chunk
    }
    handover.close()
    await put
    whole = true
  } catch (error) {
    handover.fail(error)
    throw error
  } finally {
    if (!whole) {
      const left = new Error('the reader left the object')
      leaving.abort(left)
      handover.fail(left)
      await ended
    }
  }
}

/** A sink that takes no more has met an error, and throws it; one that says all is well has lost bytes. */
async function endedEarly(put: Promise<void>): Promise<never> {
  await put
  return defect('the archive', 'a sink that ended before the object')
}

/** What sealing an archived partition needs. */
export interface ArchivePorts {
  readonly exports: ObjectStore
  readonly sink: ObjectSink
}

/**
 * Seals a partition in the archive, once all of it is there: an archive is a source, and a source says with `_SUCCESS`
 * that a partition is complete (semantics §1). Parts that this run had no reason to read (the partition was extended, or
 * part of it counted before there was an archive) are copied first. A partition that is not sealed in the source is left
 * as it is.
 *
 * @param archived keys of the parts that this run archived
 * @throws CodedError `archive-unwritable`; `object-damaged` where a part cannot be copied
 */
export async function archiveMarker(
  { marker, parts }: Pick<Partition, 'marker' | 'parts'>,
  archived: ReadonlySet<string>,
  ports: ArchivePorts,
  signal: AbortSignal,
): Promise<void> {
  if (marker === undefined) return
  for (const part of parts) if (!archived.has(part.key)) await copyObject(part, ports, signal)
  await ports.sink.put(marker, 0, nothing(), signal)
}

async function copyObject(part: ListedObject, { exports, sink }: ArchivePorts, signal: AbortSignal): Promise<void> {
  const bytes = await exports.open(part.key, part, signal)
  const copying = archiving(bytes, { sink, key: part.key, size: part.size }, signal)
  for await (const _ of copying) signal.throwIfAborted()
}

async function* nothing(): AsyncIterable<Uint8Array> {}
