/** Walking the evidence log: every entry in order, and whether each is what was once written. */

import { CodedError } from '../lib/errors.ts'
import type { EvidenceLink, KeptEvidence } from './evidence.ts'
import { entryHash } from './evidence-chain.ts'
import { unsealed } from './evidence-seal.ts'
import type { Store } from './store.ts'

type EvidenceLog = Pick<Store, 'evidenceEnds' | 'evidenceAfter' | 'countEvidenceFaults'>

/** Where the log is not what was written. */
export interface EvidenceBreak {
  readonly sequence: number
  /**
   * `changed`: a byte of the entry, or of the one before it. `missing`: entries that should stand here. `foreign`: an
   * entry that nobody wrote. `key`: the entry is what it was, but its person's key is another. `tables`: somewhere in
   * the log an index does not agree with its table, or a person's key has no entry.
   */
  readonly what: 'changed' | 'missing' | 'foreign' | 'key' | 'tables'
}

/** What a walk over the whole log found. */
export interface EvidenceCheck {
  readonly entries: number
  /** Entries that nobody can open any more, since their persons were erased. */
  readonly erased: number
  /** How many entries went with time. */
  readonly expired: number
  /** The hash of the last entry, in hex: whoever keeps it can tell later whether the log up to there is the same. */
  readonly head: { readonly sequence: number; readonly hash: string }
  readonly breaks: readonly EvidenceBreak[]
}

const PAGE = 500

/** Every entry in its order. */
export async function* evidenceEntries(
  log: Pick<Store, 'evidenceAfter'>,
  signal: AbortSignal,
): AsyncIterable<KeptEvidence> {
  for (let last = Number.MIN_SAFE_INTEGER; ; ) {
    signal.throwIfAborted()
    const page = await log.evidenceAfter(last, PAGE)
    yield* page
    const end = page.at(-1)
    if (end === undefined) return
    last = end.sequence
  }
}

/** Recomputes every hash and opens what can be opened. @throws the signal's reason */
export async function checkEvidence(log: EvidenceLog, signal: AbortSignal): Promise<EvidenceCheck> {
  const { anchor } = await log.evidenceEnds()
  const breaks: EvidenceBreak[] = []
  let [entries, erased] = [0, 0]
  let last: EvidenceLink = anchor
  try {
    for await (const entry of evidenceEntries(log, signal)) {
      entries += 1
      if (entry.held === undefined) erased += 1
      const what = breakAt(last, entry)
      if (what !== undefined) breaks.push({ sequence: entry.sequence, what })
      if (what !== 'foreign') last = entry
    }
  } catch (error) {
    // A column that holds no value of its type: the entry cannot even be read.
    if (!(error instanceof CodedError) || error.code !== 'defect') throw error
    breaks.push({ sequence: last.sequence + 1, what: 'changed' })
  }
  // Read after the entries: other pods may have gone on writing.
  const { head } = await log.evidenceEnds()
  if (breaks.length === 0 && last.sequence > head.sequence) breaks.push({ sequence: last.sequence, what: 'foreign' })
  if (last.sequence === head.sequence && !same(last.hash, head.hash))
    breaks.push({ sequence: last.sequence, what: 'changed' })
  if (last.sequence < head.sequence && !(await goesOn(log, last))) {
    breaks.push({ sequence: last.sequence + 1, what: 'missing' })
  }
  if ((await log.countEvidenceFaults()) > 0) breaks.push({ sequence: head.sequence, what: 'tables' })
  const told = { sequence: head.sequence, hash: Buffer.from(head.hash).toString('hex') }
  return { entries, erased, expired: anchor.sequence, head: told, breaks }
}

/** Whether entries were added since the walk ended. */
async function goesOn(log: EvidenceLog, last: EvidenceLink): Promise<boolean> {
  const [next] = await log.evidenceAfter(last.sequence, 1)
  return next !== undefined && breakAt(last, next) === undefined
}

function breakAt(before: EvidenceLink, entry: KeptEvidence): EvidenceBreak['what'] | undefined {
  if (entry.sequence <= before.sequence) return 'foreign'
  if (entry.sequence > before.sequence + 1) return 'missing'
  if (!same(hashOf(before, entry), entry.hash)) return 'changed'
  const { held } = entry
  if (held === undefined) return undefined
  return unsealed(held.key, entry.sealed)?.person === held.person ? undefined : 'key'
}

/** An instant outside of all calendars has no text: then nobody wrote the entry so. */
function hashOf(before: EvidenceLink, entry: KeptEvidence): Uint8Array {
  try {
    return entryHash(before.hash, entry)
  } catch {
    return new Uint8Array()
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b)
