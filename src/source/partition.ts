/** The documented layout of an export: which partition a key belongs to, and what it is there (semantics §1). */

import { parseDay } from '../consent/time.ts'
import type { ListedObject } from './object-store.ts'

/** One export on one date; `date` is `YYYY-MM-DD`, the day the export ran. */
export interface PartitionId {
  readonly exportId: string
  readonly date: string
}

/** A partition as found in the source. */
export interface Partition extends PartitionId {
  /** `_SUCCESS` exists where the settings look for it. */
  readonly sealed: boolean
  /** Sorted by key. */
  readonly parts: readonly ListedObject[]
  /** Objects beside the parts whose extension says no known format; 0 in a healthy export. */
  readonly unknownObjects: number
  /** The key of the `_SUCCESS` that seals it; absent while it is not sealed. */
  readonly marker?: string
}

/** Where `_SUCCESS` is looked for: in `users/`, beside it, or (`auto`) in either place. */
export type SuccessMarker = 'auto' | 'users' | 'partition'

/** How a part is stored. */
export interface PartFormat {
  readonly form: 'json' | 'csv'
  readonly gzip: boolean
}

/** What a key is to its partition. `folder` is a folder that is not read, `stray` an object that means nothing. */
export type Place =
  | { readonly kind: 'part'; readonly partition: PartitionId }
  | { readonly kind: 'unknown-object'; readonly partition: PartitionId }
  | { readonly kind: 'marker'; readonly partition: PartitionId; readonly where: 'users' | 'partition' }
  | { readonly kind: 'folder'; readonly partition: PartitionId; readonly folder: string }
  | { readonly kind: 'stray' }

const FORMATS: ReadonlyArray<readonly [string, PartFormat]> = [
  ['.json.gz', { form: 'json', gzip: true }],
  ['.ndjson.gz', { form: 'json', gzip: true }],
  ['.csv.gz', { form: 'csv', gzip: true }],
  ['.json', { form: 'json', gzip: false }],
  ['.ndjson', { form: 'json', gzip: false }],
  ['.csv', { form: 'csv', gzip: false }],
]

/** The format of an object by its extension, in whatever case; names may change at any time, extensions do not. */
export function partFormat(key: string): PartFormat | undefined {
  const name = key.toLowerCase()
  return FORMATS.find(([extension]) => name.endsWith(extension))?.[1]
}

/**
 * Says what a key is: `{prefix}export-id=E/date=YYYY-MM-DD/users/NAME`, `E` percent-decoded as Hive writes it, a
 * leading slash of key or prefix disregarded. What starts with `_` or `.`, object or folder, in `users/` or beside it, is
 * what writers leave behind: it means nothing. Other folders, in `users/` too, are not read either, for no page documents
 * them, but they are named.
 */
export function placeOf(key: string, prefix: string): Place {
  const path = key.replace(/^\/+/, '')
  const start = prefix.replace(/^\/+/, '')
  const [first = '', second = '', ...rest] = path.startsWith(start) ? path.slice(start.length).split('/') : []
  const exportId = hiveValue(first, 'export-id')
  const date = hiveValue(second, 'date')
  if (exportId === undefined || date === undefined || parseDay(date) === undefined) return { kind: 'stray' }
  const partition = { exportId, date }
  const [head = '', name = '', ...deeper] = rest
  if (rest.length === 1)
    return head === '_SUCCESS' ? { kind: 'marker', partition, where: 'partition' } : { kind: 'stray' }
  if (head !== 'users') return hidden(head) ? { kind: 'stray' } : { kind: 'folder', partition, folder: head }
  if (deeper.length > 0)
    return hidden(name) ? { kind: 'stray' } : { kind: 'folder', partition, folder: `users/${name}` }
  if (name === '_SUCCESS') return { kind: 'marker', partition, where: 'users' }
  if (hidden(name)) return { kind: 'stray' }
  return { kind: partFormat(name) === undefined ? 'unknown-object' : 'part', partition }
}

const hidden = (name: string): boolean => name === '' || name.startsWith('_') || name.startsWith('.')

function hiveValue(segment: string, name: string): string | undefined {
  if (!segment.startsWith(`${name}=`)) return undefined
  const value = segment.slice(name.length + 1)
  if (value === '') return undefined
  try {
    return decodeURIComponent(value)
  } catch {
    // A value with a bare percent sign was never encoded.
    return value
  }
}
