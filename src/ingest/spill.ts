/** Hash buckets on disk: large ingests are reduced bucket by bucket, so memory does not grow and joins come in key order. */

import { appendFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { joinTexts } from '../consent/state.ts'
import type { StateRow } from '../store/store.ts'

/** Three hex digits of the person id: buckets in order are persons in order, and each is small. */
const BUCKET_DIGITS = 3

/** Buffered text is written out beyond this many characters: a small ingest never touches the disk. */
const BUFFERED_CHARACTERS = 32 * 1024 * 1024

/** One state on its way, with the number of the part it came from: a damaged part is left out afterwards. */
type SpilledState = readonly [part: number, person: string, ouid: string, userId: string, state: string]

export class Spill {
  readonly #folder: string
  readonly #bufferedCharacters: number
  readonly #buffers = new Map<string, string[]>()
  readonly #written = new Set<string>()
  #buffered = 0

  /** `folder` is made when first needed and removed by `close`; what a killed run left there is removed first. */
  constructor(folder: string, bufferedCharacters = BUFFERED_CHARACTERS) {
    this.#folder = folder
    this.#bufferedCharacters = bufferedCharacters
  }

  /** Takes one state; `part` numbers the object it came from. */
  async add(part: number, { person, ouid, userId, state }: StateRow): Promise<void> {
    const bucket = person.slice(0, BUCKET_DIGITS)
    const line = JSON.stringify([part, person, ouid, userId, state] satisfies SpilledState)
    const buffer = this.#buffers.get(bucket)
    if (buffer === undefined) this.#buffers.set(bucket, [line])
    else buffer.push(line)
    this.#buffered += line.length
    if (this.#buffered > this.#bufferedCharacters) await this.#flush()
  }

  /** Reduced states of all parts but the damaged ones, bucket by bucket, in order of person and `user.id`. */
  async *reduced(damaged: ReadonlySet<number>): AsyncIterable<readonly StateRow[]> {
    for (const bucket of [...new Set([...this.#written, ...this.#buffers.keys()])].sort()) {
      const spilled = this.#written.has(bucket) ? (await readFile(this.#path(bucket), 'utf8')).split('\n') : []
      const rows = reduce([...spilled, ...(this.#buffers.get(bucket) ?? [])], damaged)
      if (rows.length > 0) yield rows
    }
  }

  async close(): Promise<void> {
    this.#buffers.clear()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #flush(): Promise<void> {
    if (this.#written.size === 0) {
      await rm(this.#folder, { recursive: true, force: true })
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    }
    for (const [bucket, lines] of this.#buffers) {
      await appendFile(this.#path(bucket), `${lines.join('\n')}\n`, { mode: 0o600 })
      this.#written.add(bucket)
    }
    this.#buffers.clear()
    this.#buffered = 0
  }

  #path(bucket: string): string {
    return join(this.#folder, `${bucket}.ndjson`)
  }
}

function reduce(lines: readonly string[], damaged: ReadonlySet<number>): StateRow[] {
  const byRecord = new Map<string, StateRow>()
  for (const line of lines) {
    if (line === '') continue
    const [part, person, ouid, userId, state] = JSON.parse(line) as SpilledState
    if (damaged.has(part)) continue
    const record = `${person}${userId}`
    const known = byRecord.get(record)
    byRecord.set(record, { person, ouid, userId, state: known === undefined ? state : joinTexts(known.state, state) })
  }
  return [...byRecord.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}
