/** The comparison with Didomi's export log: a warning where counts differ, never a failure. */

import { describe, expect, it } from 'vitest'
import type { Didomi, ExportLogEntry } from '../../src/didomi/didomi.ts'
import { checkExportLog, compareWithLog, countedWhole } from '../../src/ingest/export-check.ts'
import { CodedError } from '../../src/lib/errors.ts'
import type { Log } from '../../src/lib/log.ts'
import { PARTITION } from '../support/report-samples.ts'

const completed = (users: number, id = `run-${users}`): ExportLogEntry => ({ id, status: 'completed', users })
const failed = (id: string): ExportLogEntry => ({ id, status: 'failed' })
const counted = (date: string, lines: number, exportId = 'E1') => ({ exportId, date, lines })

describe('compareWithLog', () => {
  it('a count that a completed run has agrees, wherever in the log it stands', () => {
    const log = [completed(5), completed(100), { id: 'p', status: 'pending' } as const]
    expect(compareWithLog('E1', [counted('2026-10-20', 100), counted('2026-10-19', 5)], log)).toEqual([])
  })

  it('one line more or less is told, with the three nearest counts', () => {
    const log = [90, 97, 103, 99, 250, 97].map((users) => completed(users))
    expect(compareWithLog('E1', [counted('2026-10-20', 100)], log)).toEqual([
      { kind: 'count-not-logged', exportId: 'E1', date: '2026-10-20', lines: 100, nearest: [99, 97, 103] },
    ])
  })

  it('a run that failed or is not finished counts nothing', () => {
    const log: ExportLogEntry[] = [
      { id: 'p', status: 'pending', users: 100 },
      { id: 'f', status: 'failed', users: 100 },
      { id: 'c', status: 'completed' },
    ]
    expect(compareWithLog('E1', [counted('2026-10-20', 100)], log)).toEqual([
      { kind: 'count-not-logged', exportId: 'E1', date: '2026-10-20', lines: 100, nearest: [] },
      { kind: 'runs-failed', exportId: 'E1', runs: ['f'] },
    ])
  })

  it('failed runs are told also where all counts agree, five of them by name', () => {
    const log = [completed(0), ...[1, 2, 3, 4, 5, 6].map((number) => failed(`f${number}`))]
    expect(compareWithLog('E1', [counted('2026-10-20', 0)], log)).toEqual([
      { kind: 'runs-failed', exportId: 'E1', runs: ['f1', 'f2', 'f3', 'f4', 'f5'] },
    ])
  })
})

describe('countedWhole', () => {
  const part = (key: string) => ({ key, size: 1, etag: key, modifiedAt: 0 })
  const discovered = [
    { exportId: 'E1', date: '2026-10-20', sealed: true, unknownObjects: 0, parts: [part('a'), part('b')] },
  ]

  it('§8.4 a partition read from the first object to the last has all its lines counted', () => {
    expect(countedWhole([PARTITION], discovered)).toEqual([counted('2026-10-20', 100)])
  })

  it.each([
    ['with a damaged object', { damaged: ['b'] }],
    ['of which only what had changed was read', { objects: 1 }],
    ['that is no longer listed', { date: '2026-10-19' }],
    ['of another export', { exportId: 'E2' }],
  ])('§8.1 a partition %s is not compared', (_, change) => {
    expect(countedWhole([{ ...PARTITION, ...change }], discovered)).toEqual([])
  })
})

describe('checkExportLog', () => {
  const never = new AbortController().signal

  function setting(answers: Record<string, readonly ExportLogEntry[] | Error>) {
    const asked: string[] = []
    const warned: [object, string][] = []
    const surprise = () => {
      throw new Error('only warnings are expected')
    }
    const log: Log = {
      debug: surprise,
      info: surprise,
      error: surprise,
      warn: (fields, message) => void warned.push([fields, message]),
    }
    const didomi: Pick<Didomi, 'exportLog'> = {
      exportLog: async (exportId) => {
        asked.push(exportId)
        const answer = answers[exportId]
        if (answer === undefined) throw new Error('nobody should ask')
        if (answer instanceof Error) throw answer
        return answer
      },
    }
    return { asked, warned, ports: { didomi, log } }
  }

  const error = (code: 'didomi-unavailable' | 'didomi-forbidden' | 'defect') =>
    new CodedError(code, [{ where: 'the export log', found: 'an answer', expected: 'another', remedy: 'Wait.' }])

  it('asks once per export, and not at all where nothing was read whole', async () => {
    const { asked, ports, warned } = setting({ E1: [completed(1), completed(2)], E2: [completed(3)] })
    const partitions = [counted('2026-10-20', 3, 'E2'), counted('2026-10-19', 1), counted('2026-10-20', 2)]
    expect(await checkExportLog(ports, partitions, never)).toEqual([])
    expect(asked).toEqual(['E1', 'E2'])
    expect(await checkExportLog(ports, [], never)).toEqual([])
    expect([asked.length, warned]).toEqual([2, []])
  })

  it('warns of what it finds', async () => {
    const { ports, warned } = setting({ E1: [completed(7)] })
    await checkExportLog(ports, [counted('2026-10-20', 8)], never)
    expect(warned).toEqual([
      [{ exportId: 'E1', date: '2026-10-20', lines: 8, nearest: [7] }, 'export log: count-not-logged'],
    ])
  })

  it.each(['didomi-unavailable', 'didomi-forbidden'] as const)(
    '%s is a finding, and the next export is asked all the same',
    async (code) => {
      const { ports, asked } = setting({ E1: error(code), E2: [completed(1)] })
      const findings = await checkExportLog(ports, [counted('2026-10-20', 1), counted('2026-10-20', 1, 'E2')], never)
      expect(findings).toEqual([{ kind: 'log-unread', exportId: 'E1', message: error(code).message }])
      expect(asked).toEqual(['E1', 'E2'])
    },
  )

  it('a defect is none of the log', async () => {
    const { ports } = setting({ E1: error('defect') })
    await expect(checkExportLog(ports, [counted('2026-10-20', 1)], never)).rejects.toMatchObject({ code: 'defect' })
  })

  it('an interruption ends it, whatever the log said', async () => {
    const { ports } = setting({ E1: error('didomi-unavailable') })
    await expect(checkExportLog(ports, [counted('2026-10-20', 1)], AbortSignal.abort())).rejects.toThrow()
  })
})
