/** §2.7: CSV parts with a column map, from the folder to Dataverse; bad rows and bad objects as with lines. */

import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunReport } from '../../src/report/run-report.ts'
import { configuration, daysAgo, type Lab, openLab, target } from '../support/cli-run.ts'

const DATE = daysAgo(1)
const LIMIT_MS = 120_000
const HEADER = 'person,when,device,news,topics,unused'
const CSV = {
  organizationUserId: 'person',
  updatedAt: 'when',
  userId: 'device',
  choices: {
    'purpose/newsletter': { column: 'news', true: ['Yes', '1'], false: ['No', '0'] },
    'set/newsletter/topics': { column: 'topics' },
  },
}
const PEOPLE = ['ada', 'ben', 'cem', "o'brien, jr", 'eva']

let lab: Lab

beforeEach(async () => {
  const contacts = PEOPLE.map((name, index) => ({
    contactid: `c0000000-0000-4000-8000-00000000000${index}`,
    lastname: name,
    new_ouid: name,
  }))
  lab = await openLab({
    seed: {
      columns: {
        contact: [
          { type: 'text', name: 'new_ouid' },
          { type: 'boolean', name: 'new_newsletter' },
          { type: 'text', name: 'new_topics' },
        ],
      },
      rows: { contacts },
    },
  })
  await configure({ source: { directory: './export', csv: CSV } })
})

afterEach(() => lab.close())

async function configure(more: object) {
  const mappings = [
    { id: 'new_newsletter', value: 'consents_purposes_newsletter_enabled' },
    { id: 'new_topics', value: { purpose: 'newsletter', preference: 'topics' } },
  ]
  const crm = target(lab.emulator.url, 'crm', 'contact', mappings, { contact: { matchAttribute: 'new_ouid' } })
  await lab.configure(configuration([crm], more))
}

async function run() {
  const ended = await lab.sync(['--json'])
  return { ...ended, report: JSON.parse(ended.stdout) as RunReport }
}

const row = (person: string, news: string, topics = '', when = `${DATE}T10:00:00Z`) =>
  `${person},${when},d1,${news},${topics},`

const choices = () =>
  Object.fromEntries(
    lab.emulator.world
      .rows('contacts')
      .map((contact) => [contact['lastname'], [contact['new_newsletter'], contact['new_topics']]]),
  )

describe('CSV parts', () => {
  it(
    '§2.7 plain and compressed, quoted cells, spellings and sets arrive; a cell without a choice states nothing',
    async () => {
      await lab.part(DATE, 'a.csv', `\uFEFF${HEADER}\r\n${row('ada', ' yes ', '"b,a"')}\r\n${row('ben', '0')}\r\n`)
      await lab.part(
        DATE,
        'b.csv.gz',
        gzipSync([HEADER, row('"o\'brien, jr"', '1', 'c'), row('cem', 'maybe', 'a')].join('\n')),
      )
      await lab.seal(DATE)
      const { code, report } = await run()
      expect([code, report.failures]).toEqual([0, []])
      expect(report.ingest?.partitions[0]).toMatchObject({ objects: 2, counts: { lines: 4, records: 4 } })
      expect(choices()).toEqual({
        ada: [true, 'a,b'],
        ben: [false, null],
        cem: [null, 'a'],
        "o'brien, jr": [true, 'c'],
        eva: [null, null],
      })
      const again = await run()
      expect([again.code, again.report.ingest?.partitions]).toEqual([0, []])
    },
    LIMIT_MS,
  )

  it(
    '§2.7, §8.4 a malformed row, one without time, one of the future and a guest are told apart',
    async () => {
      const rows = [
        row('ada', 'yes'),
        'eva,too,few',
        row('eva', 'yes', '', 'never'),
        row('eva', 'yes', '', `${daysAgo(-2)}T00:00:00Z`),
        row(' ', 'yes'),
        row('ben', 'no'),
      ]
      await lab.part(DATE, 'a.csv', [HEADER, ...rows].join('\n'))
      await lab.seal(DATE)
      const { code, report, stderr } = await run()
      expect(code).toBe(5)
      expect(report.ingest?.partitions[0]?.counts).toMatchObject({ lines: 6, records: 2, rejects: 3, guests: 1 })
      expect(lab.stored('SELECT line, code FROM reject ORDER BY line')).toMatchObject([
        { line: 3, code: 'not-an-object' },
        { line: 4, code: 'no-readable-time' },
        { line: 5, code: 'time-in-the-future' },
      ])
      expect(choices()).toMatchObject({ ada: [true, null], ben: [false, null], eva: [null, null] })
      expect(stderr).not.toContain('eva')
    },
    LIMIT_MS,
  )

  const DAMAGED: Readonly<Record<string, string>> = {
    'lacks-a-column.csv': ['person,when,device,topics', 'eva,x,d,y'].join('\n'),
    'names-one-twice.csv': [`${HEADER},news`, `${row('eva', 'yes')},no`].join('\n'),
    'never-closed.csv': [HEADER, row('eva', 'yes'), `"${row('ben', 'no')}`].join('\n'),
    'without-header.csv': row('eva', 'yes'),
  }

  it(
    '§8.1 an unreadable object counts not at all, the others do, and its content is not told',
    async () => {
      await lab.part(DATE, 'a.csv', [HEADER, row('ada', 'yes')].join('\n'))
      for (const [name, text] of Object.entries(DAMAGED)) await lab.part(DATE, name, text)
      await lab.seal(DATE)
      const { code, report, stderr, stdout } = await run()
      expect(code).toBe(4)
      expect(report.ingest?.partitions[0]?.damaged).toHaveLength(Object.keys(DAMAGED).length)
      expect(choices()).toMatchObject({ ada: [true, null], eva: [null, null] })
      expect(stderr + stdout).not.toContain('eva')
      for (const name of Object.keys(DAMAGED)) await lab.part(DATE, name, [HEADER, row('eva', 'no')].join('\n'))
      expect((await run()).code).toBe(0)
      expect(choices()).toMatchObject({ eva: [false, null] })
    },
    LIMIT_MS,
  )

  it(
    '§2.7 without a column map a CSV part is a configuration error, and lines beside it wait for nothing',
    async () => {
      await configure({})
      await lab.part(DATE, 'a.csv', [HEADER, row('ada', 'yes')].join('\n'))
      await lab.seal(DATE)
      const { code, report } = await run()
      expect([code, report.failures.map(({ code: found }) => found)]).toEqual([2, ['config-invalid']])
      expect(choices()).toMatchObject({ ada: [null, null] })
    },
    LIMIT_MS,
  )
})
