/** The page of a migration's step, and its report as the store gives it back. */

import { describe, expect, it } from 'vitest'
import { migrationPage } from '../../src/migrate/migrate-page.ts'
import { parseMigrationReport } from '../../src/migrate/stored-migration.ts'
import type { JsonValue } from '../../src/record/record.ts'
import { migrationReport, ROLLBACK } from '../support/migration-samples.ts'
import { HOSTILE } from '../support/page-samples.ts'

const PLACE = 'purpose:10f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f1 email'
const nameOf = (_: string, place: string) => (place === PLACE ? 'newsletter · email' : undefined)
const stored = (report: object): JsonValue => JSON.parse(JSON.stringify(report))

describe('the page of a migration', () => {
  it('a plan: from contacts to rows, what blocks, what applying it takes; that nothing was written', async () => {
    const page = await migrationPage(migrationReport('plan', [PLACE]), nameOf)
    for (const text of [
      '<title>Migration to current, plan of 2026-10-23, 02:15 UTC</title>',
      'Nothing was written.',
      '<td>1,825,400 empty, 74 neither yes nor no</td>',
      '110,000 beside another one in the same slot',
      '49,300 kept: what stands there is newer, or may be',
      '1,200 topics are opted in while their purpose is not',
      '<code>parentPurpose: ensure</code> would make 900 purpose rows',
      '<code>apply</code> would send 3,790,000 rows in about 39,000 requests, in 2.5 h',
      'newsletter · email <small class="id">purpose:10f3a5c7',
      'left out: no purpose or topic of the other document shares its reference',
    ])
      expect(page).toContain(text)
  })

  it.each([
    ['apply', { exitCode: 5 }, 'Dataverse refused rows', 'Choices written'],
    ['apply', { exitCode: 6 }, 'run the same step again', 'Choices written'],
    ['apply', { exitCode: 0 }, 'Nothing needs doing.', 'Choices written'],
    ['verify', { exitCode: 6 }, 'Dataverse has drifted', 'Choices that have drifted'],
    ['verify', { exitCode: 0 }, 'Dataverse holds what the columns say.', 'Choices that have drifted'],
  ] as const)('%s that ended with %o says so', async (step, more, toDo, heading) => {
    const page = await migrationPage(migrationReport(step, [PLACE], more), nameOf)
    expect(page).toContain(toDo)
    expect(page).toContain(`>${heading}</h2>`)
    expect(page).not.toContain('would send')
  })

  it('a rollback tells what became of every row', async () => {
    const page = await migrationPage(ROLLBACK, nameOf)
    for (const text of ['Migration to current, rollback', 'refusals kept', '<td class="n">330</td>', '(exit 6)'])
      expect(page).toContain(text)
  })

  it('hundreds of columns with hostile names stay text, and the page stays small', async () => {
    const places = Array.from({ length: 300 }, (_, at) => `${HOSTILE} ${at}`)
    const page = await migrationPage(migrationReport('apply', places), nameOf)
    expect(page).not.toMatch(/<script|<img/)
    expect(page.length).toBeLessThan(2 * 1_048_576)
    expect(page).toContain('more: the JSON report has all of them.')
  })
})

describe('a stored report', () => {
  it.each([migrationReport('plan', [PLACE]), migrationReport('apply', [PLACE]), ROLLBACK])(
    'of $step is given back whole',
    (report) => {
      expect(parseMigrationReport(stored(report))).toEqual(report)
    },
  )

  it.each([
    ['of a sync', { version: 1, job: 'sync' }],
    ['of a later version', { ...ROLLBACK, version: 2 }],
    ['without a count', { ...ROLLBACK, refusalsKept: undefined }],
    ['without slots', { ...migrationReport('apply', [PLACE]), slots: {} }],
    ['of another step', { ...migrationReport('apply', [PLACE]), step: 'undo' }],
  ])('%s is none', (_, report) => {
    expect(parseMigrationReport(stored(report))).toBeUndefined()
  })

  it('none at all is none', () => {
    expect(parseMigrationReport(undefined)).toBeUndefined()
    expect(parseMigrationReport(null)).toBeUndefined()
  })
})
