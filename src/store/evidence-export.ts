/** The evidence log for an auditor, as lines of JSON. */

import { formatInstant } from '../consent/time.ts'
import type { EvidenceLink, KeptEvidence } from './evidence.ts'
import { entryText } from './evidence-chain.ts'
import { evidenceEntries } from './evidence-check.ts'
import { revealed } from './evidence-read.ts'
import type { Store } from './store.ts'

/**
 * First a line with the two ends of the chain, then one for each entry. An entry's line is the text that was hashed with
 * `,"hash":"…"` put before its closing brace, so that anybody can compute the chain again. With `reveal` its content
 * follows, for persons who have not been erased: that is personal data.
 */
export async function* evidenceLines(
  log: Pick<Store, 'evidenceEnds' | 'evidenceAfter'>,
  reveal: boolean,
  signal: AbortSignal,
): AsyncIterable<string> {
  const { anchor, head } = await log.evidenceEnds()
  yield JSON.stringify({ evidence: 1, anchor: linkJson(anchor), head: linkJson(head) })
  for await (const entry of evidenceEntries(log, signal)) {
    if (entry.sequence > head.sequence) return
    yield `${entryText(entry).slice(0, -1)},"hash":"${hex(entry.hash)}"${reveal ? contentText(entry) : ''}}`
  }
}

function contentText(entry: KeptEvidence): string {
  const content = revealed(entry)
  if (content === undefined) return ',"content":null'
  const { person, placeHash, place, rowId, what, from, to, lo, hi, event } = content
  const span = { lo: formatInstant(lo), hi: formatInstant(hi) }
  return `,"content":${JSON.stringify({ person, placeHash, place, rowId, what, from, to, ...span, event })}`
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const linkJson = ({ sequence, hash }: EvidenceLink) => ({ sequence, hash: hex(hash) })
