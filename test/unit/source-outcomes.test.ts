/** §2, §8.4: one part, whatever its format, as numbered outcomes. */

import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

import { HOUR, parseInstant } from '../../src/consent/time.ts'
import type { CsvMap } from '../../src/record/csv.ts'
import { fastReader, plainReader } from '../../src/record/line-reader.ts'
import { Names } from '../../src/record/names.ts'
import type { ListedObject } from '../../src/source/object-store.ts'
import { type PartReading, partTask, readOutcomes } from '../../src/source/outcomes.ts'

const PARTITION = { exportId: 'E1', date: '2026-10-20' }
const SETTINGS: PartReading = {
  reading: { normalise: 'none', regulations: ['gdpr'], clockSkew: HOUR, maxLineBytes: 200 },
  maxExpansion: 1_000,
}
const CSV: CsvMap = {
  organizationUserId: 'person',
  updatedAt: 'when',
  choices: { 'purpose/p': { column: 'p', true: ['yes'], false: ['no'] } },
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

async function read(
  name: string,
  content: string | Uint8Array,
  settings = SETTINGS,
  change: Partial<ListedObject> = {},
) {
  const bytes = Buffer.from(content)
  const modifiedAt = parseInstant('2026-10-20T12:00:00Z') ?? 0
  const part = { key: `data/${name}`, size: bytes.length, etag: 'x', modifiedAt, ...change }
  const task = partTask(part, PARTITION, settings.reading)
  const both = await Promise.all(
    [plainReader(settings.reading), fastReader(settings.reading, new Names())].map(async (reader) => {
      const outcomes: [number, string][] = []
      await readOutcomes(once(bytes), task, settings, reader, (number, { kind, ...rest }) => {
        outcomes.push([number, 'code' in rest ? rest.code : kind === 'compact' ? 'record' : kind])
      })
      return outcomes
    }),
  )
  expect(both[1]).toEqual(both[0])
  return both[0]
}

const line = (change: object = {}) =>
  JSON.stringify({ user: { organization_user_id: 'a', updated_at: '2026-10-20T18:00:00Z', ...change } })

const LINES = [
  line(),
  line({ organization_user_id: null }),
  '',
  line({ regulation: 'cpra' }),
  'x',
  line({ id: 'x'.repeat(200) }),
  line({ updated_at: '2026-10-21T01:00:00Z' }),
  line({ updated_at: '2026-10-21T01:00:00.000001Z' }),
].join('\n')

const EXPECTED = [
  [1, 'record'],
  [2, 'guest'],
  [4, 'skipped'],
  [5, 'not-json'],
  [6, 'line-too-long'],
  [7, 'record'],
  [8, 'time-in-the-future'],
]

describe('readOutcomes', () => {
  it('§8.4 every line of a JSON part has one outcome, believed until the end of the date plus skew', async () => {
    expect(await read('a.json', LINES)).toEqual(EXPECTED)
    expect(await read('a.ndjson.gz', gzipSync(LINES))).toEqual(EXPECTED)
  })

  it('§2.4 a CSV part is believed until its modification plus skew', async () => {
    const rows = 'person,when,p\na,2026-10-20T13:00:00Z,yes\na,2026-10-20T13:00:01Z,yes\n,,\na,b\n'
    const expected = [
      [2, 'record'],
      [3, 'time-in-the-future'],
      [4, 'guest'],
      [5, 'not-an-object'],
    ]
    expect(await read('a.csv', rows, { ...SETTINGS, csv: CSV })).toEqual(expected)
    expect(await read('a.csv.gz', gzipSync(rows), { ...SETTINGS, csv: CSV })).toEqual(expected)
  })

  it('a CSV part without column map is a configuration error', async () => {
    await expect(read('a.csv', 'person,when\n')).rejects.toMatchObject({ code: 'config-invalid' })
  })

  it('§8.1 a part shorter or longer than listed is damaged', async () => {
    for (const size of [LINES.length - 1, LINES.length + 1]) {
      await expect(read('a.json', LINES, SETTINGS, { size })).rejects.toMatchObject({ code: 'object-damaged' })
    }
  })

  it('an error of the bytes passes as it is', async () => {
    const reason = new Error('stop')
    async function* broken(): AsyncIterable<Uint8Array> {
      yield Buffer.from(`${LINES}\n`)
      throw reason
    }
    const task = partTask({ key: 'a.json', size: 9, etag: 'x', modifiedAt: 0 }, PARTITION, SETTINGS.reading)
    await expect(readOutcomes(broken(), task, SETTINGS, plainReader(SETTINGS.reading), () => {})).rejects.toBe(reason)
  })

  it('a gzip bomb is damaged, and not inflated any further', async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000, '\n'))
    await expect(read('a.json.gz', bomb, { ...SETTINGS, maxExpansion: 100 })).rejects.toMatchObject({
      code: 'object-damaged',
    })
  })
})
