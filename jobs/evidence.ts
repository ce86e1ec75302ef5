/** The evidence log: is it what was written, what does it hold, and what of it is too old. */

import { open } from 'node:fs/promises'
import { DAY, fromMilliseconds } from '../src/consent/time.ts'
import { CodedError } from '../src/lib/errors.ts'
import type { EvidenceReport } from '../src/report/evidence-report.ts'
import { checkEvidence } from '../src/store/evidence-check.ts'
import { evidenceLines } from '../src/store/evidence-export.ts'
import type { Ports } from '../src/wire.ts'

/** Walks the whole log. Writes nothing. */
export async function evidenceCheck({ store }: Pick<Ports, 'store'>, signal: AbortSignal): Promise<EvidenceReport> {
  return { version: 1, ...(await checkEvidence(store, signal)) }
}

/**
 * Writes the log to a new file that its owner alone may read; answers the number of entries.
 * @throws CodedError `usage` where the file is there already, or cannot be written
 */
export async function evidenceExport(
  { store }: Pick<Ports, 'store'>,
  { out, reveal }: { readonly out: string; readonly reveal: boolean },
  signal: AbortSignal,
): Promise<number> {
  const file = await open(out, 'wx', 0o600).catch((error: unknown) => unwritable(error))
  let lines = 0
  try {
    for await (const line of evidenceLines(store, reveal, signal)) {
      await file.write(`${line}\n`).catch((error: unknown) => unwritable(error))
      lines += 1
    }
    await file.sync().catch((error: unknown) => unwritable(error))
  } finally {
    await file.close()
  }
  // The first line tells of the ends.
  return lines - 1
}

/** Lets entries go that are older than so many days. */
export async function expireEvidence(
  { store, clock, log }: Pick<Ports, 'store' | 'clock' | 'log'>,
  days: number,
): Promise<void> {
  const entries = await store.expireEvidence(fromMilliseconds(clock.now()) - days * DAY)
  if (entries > 0) log.info({ entries }, 'evidence expired')
}

function unwritable(error: unknown): never {
  const found = error instanceof Error && 'code' in error ? String(error.code) : 'a file that cannot be written'
  const complaint = { where: '--out', found, expected: 'a new file in a folder with room', remedy: 'Choose another.' }
  throw new CodedError('usage', [complaint], { cause: error })
}
