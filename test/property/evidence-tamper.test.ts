/** Whatever byte of the evidence log is changed, removed or put in, a check finds it. */

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CodedError } from '../../src/lib/errors.ts'
import { checkEvidence, type EvidenceCheck } from '../../src/store/evidence-check.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { openSqliteDatabase, type SqliteDatabase, type SqlValue } from '../../src/store/sqlite-database.ts'
import { addEvidence, evidenceFor } from '../contract/store-evidence.ts'
import { person, SCOPE } from '../contract/store-samples.ts'

const NOW = 1_793_500_000_123_456
const ENTRIES = 24
const SIGNAL = new AbortController().signal
const open = (path: string) => openSqliteStore(path, { now: () => 0 })

let folder: string
let whole: string
let tampered: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evidence-'))
  whole = join(folder, 'whole.db')
  tampered = join(folder, 'tampered.db')
  const store = await open(whole)
  for (let n = 0; n < 4; n += 1) await addEvidence(store, NOW + n, [evidenceFor(n)])
  await store.expireEvidence(NOW + 2)
  for (let n = 4; n < ENTRIES + 2; n += 1)
    await addEvidence(
      store,
      NOW + n,
      [evidenceFor(n % 5, { run: `run-${n}` })],
      n % 2 === 0 ? SCOPE : { ...SCOPE, target: 'other' },
    )
  await store.forget([{ person: person(4), ouid: 'ouid-4' }], NOW, 'none')
  await store.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the check says of the file; damage that keeps SQLite or our own reading from going on is found too. */
async function verdict(): Promise<EvidenceCheck | CodedError> {
  let store: Awaited<ReturnType<typeof open>> | undefined
  try {
    store = await open(tampered)
    return await checkEvidence(store, SIGNAL)
  } catch (error) {
    if (error instanceof CodedError) return error
    throw error
  } finally {
    await store?.close().catch(() => {})
  }
}

const found = (check: EvidenceCheck | CodedError): boolean => check instanceof CodedError || check.breaks.length > 0

/** Changes the copy as whoever may write the file can: without the tables' own guard. */
function tamper(work: (db: SqliteDatabase) => void): void {
  copyFileSync(whole, tampered)
  const db = openSqliteDatabase(tampered)
  try {
    for (const { name } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all())
      db.exec(`DROP TRIGGER ${name}`)
    work(db)
  } finally {
    db.close()
  }
}

const sequences = fc.integer({ min: 3, max: ENTRIES + 2 })

it('a log that nobody touched is whole', async () => {
  tamper(() => {})
  expect(await verdict()).toMatchObject({ entries: ENTRIES, expired: 2, erased: 5, breaks: [] })
})

describe('a check finds', () => {
  it('every flipped bit of what an entry holds, in the file itself', { timeout: 120_000 }, async () => {
    const db = openSqliteDatabase(whole)
    // Such as stand nowhere else in the file.
    const blobs = [
      'SELECT sealed AS b FROM evidence',
      'SELECT hash AS b FROM evidence',
      'SELECT subject AS b FROM evidence',
    ]
    const texts = ['run FROM evidence', 'organization FROM scope']
    const columns = [
      ...blobs,
      'SELECT key AS b FROM evidence_key',
      'SELECT hash AS b FROM evidence_end',
      ...texts.map((text) => `SELECT CAST(${text.replace(' ', ' AS BLOB) AS b ')}`),
    ]
    const held = columns.flatMap((sql) => db.prepare(sql).all()).map(({ b }) => Buffer.from(b as ArrayBuffer))
    db.close()
    const bytes = readFileSync(whole)
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 7 }), async (which, at, bit) => {
        const value = held[which % held.length] ?? Buffer.alloc(0)
        const copy = Buffer.from(bytes)
        const place = copy.indexOf(value) + (at % value.length)
        copy[place] = (copy[place] ?? 0) ^ (1 << bit)
        writeFileSync(tampered, copy)
        expect(found(await verdict())).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('every changed value of an entry, of the two ends, of a key, of a scope', { timeout: 120_000 }, async () => {
    const columns = ['at', 'scope', 'run', 'decision', 'subject', 'sealed', 'hash'].map((name) => `evidence.${name}`)
    const others = ['evidence_end.sequence', 'evidence_end.hash', 'evidence_key.key', 'evidence_key.person']
    const all = [...columns, ...others, 'evidence_key.subject', 'scope.organization', 'scope.target']
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...all), fc.nat(), fc.nat(), async (name, which, at) => {
        const [table = '', column = ''] = name.split('.')
        tamper((db) => {
          const by = table === 'evidence_end' ? 'name' : table === 'evidence_key' ? 'person' : 'rowid'
          const list = db.prepare(`SELECT ${by} AS id, ${column} AS value FROM ${table}`).all()
          const row = list[which % list.length] ?? {}
          const change = db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${by} = ?`)
          change.run(changed(row['value'], at), idOf(row['id']))
        })
        expect(found(await verdict()), name).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('entries that were removed, put in, exchanged, or copied', { timeout: 120_000 }, async () => {
    const swap = (db: SqliteDatabase, a: number, b: number) => {
      for (const [from, to] of [
        [a, -1],
        [b, a],
        [-1, b],
      ])
        db.prepare('UPDATE evidence SET sequence = ? WHERE sequence = ?').run(to ?? 0, from ?? 0)
    }
    const copy = (db: SqliteDatabase, from: number, to: number) =>
      db
        .prepare(
          `INSERT INTO evidence SELECT ?, at, scope, run, decision, subject, sealed, hash FROM evidence WHERE sequence = ?`,
        )
        .run(to, from)
    const changes: Record<string, (db: SqliteDatabase, a: number, b: number) => void> = {
      removed: (db, a) => void db.prepare('DELETE FROM evidence WHERE sequence = ?').run(a),
      'removed at the end': (db, a) => void db.prepare('DELETE FROM evidence WHERE sequence >= ?').run(a),
      'removed at the old end': (db, a) => void db.prepare('DELETE FROM evidence WHERE sequence <= ?').run(a),
      'put in before': (db, a) => void copy(db, a, 1),
      'put in behind': (db, a) => void copy(db, a, ENTRIES + 3),
      exchanged: (db, a, b) => swap(db, a, b === a ? (a === 3 ? 4 : 3) : b),
    }
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(changes)), sequences, sequences, async (name, a, b) => {
        tamper((db) => changes[name]?.(db, a, b))
        expect(found(await verdict()), name).toBe(true)
      }),
      { numRuns: 40 },
    )
  })
})

/** Another value of the same type. */
function changed(value: unknown, at: number): SqlValue {
  if (typeof value === 'number') return value + 1 + (at % 3)
  if (typeof value === 'string') return `${value.slice(0, at % value.length)}~${value.slice((at % value.length) + 1)}`
  const bytes = Buffer.from(value as ArrayBuffer)
  bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << (at % 8))
  return bytes
}

const idOf = (id: unknown): SqlValue =>
  typeof id === 'object' ? Buffer.from(id as ArrayBuffer) : (id as string | number)
