/** The content of an evidence entry, sealed under its person's key: without the key it tells nothing. */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { SINCE_EVER } from '../consent/time.ts'
import type { JsonValue } from '../record/record.ts'
import type { Evidence } from './evidence.ts'

import { instantColumn } from './stored-row.ts'

/** What is sealed: everything of an entry that tells of a person. */
export type SealedContent = Omit<Evidence, 'run' | 'decision'>

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** A person's key, and the random name under which the person's entries stand: both go with an erasure. */
export interface EvidenceKey {
  /** 16 bytes; names nobody once the key is gone. */
  readonly subject: Uint8Array
  /** 32 bytes. */
  readonly key: Uint8Array
}

/** A new key for a person that has none. */
export function newEvidenceKey(): EvidenceKey {
  return { subject: randomBytes(16), key: randomBytes(32) }
}

/** AES-256-GCM: nonce, ciphertext and tag, one after the other. The nonce is by chance: a person has few entries. */
export function sealed(key: Uint8Array, content: SealedContent): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce)
  return Buffer.concat([nonce, cipher.update(contentText(content), 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** Opens what `sealed` made; `undefined` where a byte of it or of the key is another. */
export function unsealed(key: Uint8Array, bytes: Uint8Array): SealedContent | undefined {
  try {
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
    const content = decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES))
    return contentOf(Buffer.concat([content, decipher.final()]).toString('utf8'))
  } catch {
    return undefined
  }
}

/** As JSON keeps it: null for "since ever" and for what is absent. */
interface ContentJson {
  readonly person: string
  readonly placeHash: string
  readonly place: string | null
  readonly row: string | null
  readonly what: string
  readonly from: JsonValue
  readonly to: JsonValue
  readonly lo: number | null
  readonly hi: number | null
  readonly event: string | null
}

function contentText({ person, placeHash, place, rowId, what, from, to, lo, hi, event }: SealedContent): string {
  const content: ContentJson = {
    person,
    placeHash,
    place: place ?? null,
    row: rowId ?? null,
    what,
    from,
    to,
    lo: instantColumn(lo),
    hi: instantColumn(hi),
    event: event ?? null,
  }
  return JSON.stringify(content)
}

function contentOf(text: string): SealedContent {
  const { person, placeHash, place, row, what, from, to, lo, hi, event } = JSON.parse(text) as ContentJson
  const span = { lo: lo ?? SINCE_EVER, hi: hi ?? SINCE_EVER }
  const told = { person, placeHash, rowId: row ?? undefined, what, from, to, ...span, event: event ?? undefined }
  return place === null ? told : { ...told, place }
}
