/** A saved plan: a head, a line for each write, an end. Without identifiers unless they were asked for. */

import { createHmac, randomBytes } from 'node:crypto'
import { closeSync, createReadStream, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { RowWrite, TableMetadata } from '../dataverse/dataverse.ts'
import { CodedError } from '../lib/errors.ts'
import { MARKER } from '../projection/reason.ts'

const VERSION = 1

const headSchema = z.strictObject({
  format: z.literal('didomi-dataverse plan'),
  version: z.literal(VERSION),
  made: z.string(),
  /** Of the hashes; in hexadecimal. Whoever has the file could guess addresses with it: it is for its owner alone. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  /** What shapes ingest and, by target, delivery (semantics §8.6). */
  fingerprints: z.strictObject({ ingest: z.string(), delivery: z.record(z.string(), z.string()) }),
  asked: z.strictObject({
    ingest: z.boolean(),
    adoptEnvironment: z.boolean(),
    target: z.array(z.string()).optional(),
    exportId: z.array(z.string()).optional(),
    limit: z.number().optional(),
    from: z.string().optional(),
    to: z.string().optional(),
  }),
})
const lineSchema = z.looseObject({ write: z.string().optional(), writes: z.number().optional() })

export type PlanHead = z.infer<typeof headSchema>

/** A head for a plan made now. */
export function planHead(rest: Pick<PlanHead, 'fingerprints' | 'asked'>, nowMs: number): PlanHead {
  return {
    format: 'didomi-dataverse plan',
    version: VERSION,
    made: new Date(nowMs).toISOString(),
    key: randomBytes(32).toString('hex'),
    ...rest,
  }
}

/**
 * Names a write by all that it would set, but for the run that writes it. Two plans of one key that name the same writes
 * would leave the same rows.
 */
export function writeHash(key: string, target: string, table: TableMetadata, { kind, id, columns }: RowWrite): string {
  const set = Object.entries(columns)
    .map(([name, value]) => [name, isReason(value) ? value.replace(/ run=\S*$/, '') : value])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
  const text = JSON.stringify([target, table.logicalName, kind, id, set])
  return createHmac('sha256', Buffer.from(key, 'hex')).update(text, 'utf8').digest('hex').slice(0, 32)
}

const isReason = (value: unknown): value is string => typeof value === 'string' && value.startsWith(`${MARKER} `)

/** Bytes that are kept before they are written. */
const BUFFER = 65_536

/** Writes a plan as it is made. */
export interface PlanWriter {
  add(target: string, table: TableMetadata, row: RowWrite): void
  /** Durable once it returns. */
  end(): void
  /** Removes a plan that did not come to its end: nobody may apply half of one, and its name is free again. */
  discard(): void
}

/** @throws CodedError `usage` where there is something at `path`, or nothing can be written there */
export function openPlanWriter(path: string, head: PlanHead, withIdentifiers: boolean): PlanWriter {
  let file: number
  try {
    file = openSync(path, 'wx', 0o600)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'a file that cannot be made'
    const found = code === 'EEXIST' ? 'a file that is there already' : code
    throw trouble('usage', `--out ${path}`, found, 'a name that is free, in a folder that can be written')
  }
  let writes = 0
  let kept = ''
  let ended = false
  const line = (value: unknown) => {
    kept += `${JSON.stringify(value)}\n`
    if (kept.length >= BUFFER) flush()
  }
  const flush = () => {
    writeSync(file, kept)
    kept = ''
  }
  line(head)
  return {
    add(target, table, row) {
      writes += 1
      const write = writeHash(head.key, target, table, row)
      line(withIdentifiers ? { write, target, table: table.logicalName, ...row } : { write })
    },
    end() {
      line({ writes })
      flush()
      fsyncSync(file)
      closeSync(file)
      ended = true
    },
    discard() {
      if (ended) return
      closeSync(file)
      rmSync(path, { force: true })
    },
  }
}

export interface SavedPlan {
  readonly head: PlanHead
  /** By `writeHash`. */
  readonly writes: ReadonlySet<string>
}

/** @throws CodedError `plan-unreadable` for anything but a whole plan of this version */
export async function readPlan(path: string): Promise<SavedPlan> {
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })
  let head: PlanHead | undefined
  let told: number | undefined
  const writes = new Set<string>()
  try {
    for await (const line of lines) {
      if (head === undefined) head = headSchema.parse(JSON.parse(line))
      else if (told !== undefined) throw new TypeError('something after the end')
      else {
        const { write, writes: all } = lineSchema.parse(JSON.parse(line))
        if (write !== undefined) writes.add(write)
        told = all
      }
    }
  } catch {
    throw unreadable(path, 'no plan of this version')
  }
  if (head === undefined || told !== writes.size) throw unreadable(path, 'a plan without its end')
  return { head, writes }
}

const unreadable = (path: string, found: string): CodedError =>
  trouble('plan-unreadable', `plan ${path}`, found, 'a file that `plan --out` made, as it was made')

function trouble(code: 'usage' | 'plan-unreadable', where: string, found: string, expected: string): CodedError {
  const remedy = code === 'usage' ? 'Give another name.' : 'Plan again with --out.'
  return new CodedError(code, [{ where, found, expected, remedy }])
}
