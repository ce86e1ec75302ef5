/** §3: what is spilled to disk reduces like a plain map, whatever the buckets and whenever the buffers are written out. */

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { personId } from '../../src/consent/person-id.ts'
import { joinTexts, stateOf, stateText } from '../../src/consent/state.ts'
import { Spill } from '../../src/ingest/spill.ts'
import type { StateRow } from '../../src/store/store.ts'
import { record } from '../support/consent-samples.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-spill-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

type Spilled = readonly [part: number, row: StateRow]

const hostile = fc.constantFrom('', '\n', '"', '\\', 'a\nb', '\u2028', '[', '😀', '__proto__', "' or 1 eq 1")
const rowOf = (ouid: string, userId: string, asOf: number, choice: boolean): StateRow => ({
  person: personId(ouid),
  ouid,
  userId,
  state: stateText(stateOf(record({ ouid, userId, asOf, statements: [['purpose/p', choice]] }))),
})

const spilled: fc.Arbitrary<Spilled> = fc
  .tuple(
    fc.nat(3),
    fc.oneof(hostile, fc.constantFrom('a', 'b', 'c')),
    fc.oneof(hostile, fc.string({ maxLength: 2 })),
    fc.nat(5),
    fc.boolean(),
  )
  .map(([part, ouid, userId, asOf, choice]) => [part, rowOf(ouid, userId, asOf, choice)])

function plainly(rows: readonly Spilled[], damaged: ReadonlySet<number>): StateRow[] {
  const byRecord = new Map<string, StateRow>()
  for (const [part, row] of rows) {
    if (damaged.has(part)) continue
    const key = `${row.person} ${row.userId}`
    const before = byRecord.get(key)
    byRecord.set(key, before === undefined ? row : { ...row, state: joinTexts(before.state, row.state) })
  }
  return [...byRecord].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

async function throughSpill(rows: readonly Spilled[], damaged: ReadonlySet<number>, characters: number) {
  const spill = new Spill(join(folder, 'spill'), characters)
  try {
    for (const [part, row] of rows) await spill.add(part, row)
    const reduced: StateRow[] = []
    for await (const bucket of spill.reduced(damaged)) reduced.push(...bucket)
    return reduced
  } finally {
    await spill.close()
  }
}

describe('Spill', () => {
  it('§3 reduces like a plain map in key order, for any rows, damage and buffer', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(spilled, { maxLength: 40 }),
        fc.uniqueArray(fc.nat(3), { maxLength: 2 }),
        fc.constantFrom(0, 150, 700, 1_000_000),
        async (rows, damaged, characters) => {
          const lost = new Set(damaged)
          expect(await throughSpill(rows, lost, characters)).toEqual(plainly(rows, lost))
          expect(existsSync(join(folder, 'spill'))).toBe(false)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('§3 the order in which rows come makes no difference', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(spilled, { maxLength: 20 }), async (rows) => {
        const forwards = await throughSpill(rows, new Set(), 150)
        expect(await throughSpill([...rows].reverse(), new Set(), 400)).toEqual(forwards)
      }),
      { numRuns: 40 },
    )
  })

  it('a small ingest never touches the disk; a large one leaves nothing there, and nobody else may read it', async () => {
    const path = join(folder, 'spill')
    const small = new Spill(path)
    await small.add(0, rowOf('a', 'u', 1, true))
    expect(existsSync(path)).toBe(false)
    await small.close()

    const large = new Spill(path, 0)
    await large.add(0, rowOf('a', 'u', 1, true))
    const [file = ''] = await readdir(path)
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    expect((await stat(join(path, file))).mode & 0o777).toBe(0o600)
    await large.close()
    expect(existsSync(path)).toBe(false)
  })

  it('what a killed run left behind is never read and does not stay', async () => {
    const row = rowOf('a', 'u', 1, true)
    const left = rowOf('b', 'u', 9, false)
    for (const characters of [0, 1_000_000]) {
      const path = join(folder, 'spill')
      await mkdir(path)
      const old = JSON.stringify([0, left.person, left.ouid, left.userId, left.state])
      for (const one of [row, left]) await writeFile(join(path, `${one.person.slice(0, 3)}.ndjson`), `${old}\n`)
      expect(await throughSpill([[0, row]], new Set(), characters)).toEqual([row])
      expect(existsSync(path)).toBe(false)
    }
  })
})
