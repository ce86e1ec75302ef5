/** Sealed content: opened whole with the key, not at all with another or where a bit was flipped. */

import { expect, it } from 'vitest'
import { newEvidenceKey, type SealedContent, sealed, unsealed } from '../../src/store/evidence-seal.ts'
import { evidenceFor } from '../contract/store-evidence.ts'
import { HOSTILE } from '../contract/store-samples.ts'

const { run: _run, decision: _decision, ...CONTENT } = evidenceFor(1)

it('what was sealed is opened whole', () => {
  const { key } = newEvidenceKey()
  const { place: _place, ...before } = CONTENT
  const contents: SealedContent[] = [
    CONTENT,
    before,
    ...HOSTILE.map((text) => ({ ...CONTENT, rowId: text, place: text, event: text, from: [text], to: { text } })),
  ]
  for (const content of contents) expect(unsealed(key, sealed(key, content))).toStrictEqual(content)
})

it('another key, a flipped bit, or fewer bytes open nothing', () => {
  const { key } = newEvidenceKey()
  const bytes = sealed(key, CONTENT)
  expect(unsealed(newEvidenceKey().key, bytes)).toBeUndefined()
  for (let at = 0; at < bytes.length; at += 1) {
    const flipped = Buffer.from(bytes)
    flipped[at] = (flipped[at] ?? 0) ^ 1
    expect(unsealed(key, flipped)).toBeUndefined()
    expect(unsealed(key, bytes.subarray(0, at))).toBeUndefined()
  }
})
