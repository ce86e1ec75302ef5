/** The canary search can fail: whatever form a text is planted in, it is found; a clean text is clean. */

import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Canary, formsOf, leaksIn } from '../support/canary.ts'

const TEXT = 'Zoë+tag/ü&"quoted" <o\'x>@example.com'
const CANARY: Canary = { what: 'the canary', text: TEXT }
const hash = (algorithm: string, text: string) => createHash(algorithm).update(text)

const PLANTED: Readonly<Record<string, string>> = {
  plain: TEXT,
  lower: TEXT.toLowerCase(),
  upper: TEXT.toUpperCase(),
  url: encodeURIComponent(TEXT),
  'url in lower case': encodeURIComponent(TEXT).toLowerCase(),
  'url of a form': new URLSearchParams({ q: TEXT }).toString(),
  'url twice': encodeURIComponent(encodeURIComponent(TEXT)),
  json: JSON.stringify({ q: TEXT }),
  'json twice': JSON.stringify({ q: JSON.stringify({ q: TEXT }) }),
  html: TEXT.replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;'),
  hex: Buffer.from(TEXT).toString('hex'),
  'hex in upper case': Buffer.from(TEXT).toString('hex').toUpperCase(),
  base64: Buffer.from(TEXT).toString('base64'),
  base64url: Buffer.from(TEXT).toString('base64url'),
  'base64, one byte in': Buffer.from(`"${TEXT}"`).toString('base64'),
  'base64, two bytes in': Buffer.from(`::${TEXT}::`).toString('base64'),
  'base64 of lower case': Buffer.from(TEXT.toLowerCase()).toString('base64'),
  'base64 of utf-16': Buffer.from(TEXT, 'utf16le').toString('base64'),
  ...Object.fromEntries(
    ['md5', 'sha1', 'sha256', 'sha512'].flatMap((algorithm) =>
      (['hex', 'base64', 'base64url'] as const).flatMap((coding) => [
        [`${algorithm} ${coding}`, hash(algorithm, TEXT).digest(coding)],
        [`${algorithm} ${coding} of lower case`, hash(algorithm, TEXT.toLowerCase()).digest(coding)],
      ]),
    ),
  ),
  'shortened sha256': hash('sha256', TEXT).digest('hex').slice(0, 32),
}

describe('the canary search', () => {
  it.each(Object.entries(PLANTED))('finds it %s', (_, planted) => {
    expect(leaksIn(`{"level":"error","msg":"before ${planted} after"}`, [CANARY])).not.toEqual([])
  })

  it('names what it found and never the text', () => {
    const [found = ''] = leaksIn(`x${TEXT}x`, [CANARY])
    expect(found).toBe('the canary in plain')
  })

  it('finds nothing where there is nothing, and takes no keyed hash for a plain one', () => {
    const keyed = createHmac('sha256', 'key').update(TEXT).digest('hex')
    expect(leaksIn(`{"msg":"*** ${keyed} example.com ***"}`, [CANARY])).toEqual([])
  })

  it('has no form so short that it would be found by chance', () => {
    expect(Math.min(...formsOf('zq-secret-5d1e').map(({ text }) => text.length))).toBeGreaterThanOrEqual(12)
  })
})
