/** Progress at a terminal and for machines: a wait is told, whether or not a stage is under way. */

import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { jsonProgress, terminalProgress } from '../../src/cli/progress.ts'
import { countingClock } from '../support/dataverse-options.ts'

/** A stream that says of itself whether it is a terminal, and keeps what was written. */
function streamOf(isTTY: boolean): { stream: NodeJS.WriteStream; written(): string } {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 120, rows: 40 })
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => String(stream.read() ?? '') }
}

describe('terminalProgress', () => {
  it('tells a wait at once where no bar is drawn', () => {
    const { stream, written } = streamOf(true)
    terminalProgress(stream).waiting('partition 2026-10-23 is not sealed', 29_001)
    expect(written()).toBe('partition 2026-10-23 is not sealed, waiting 30 s\n')
  })

  it('leaves it to the bars while there are some, and tells it at once when they are gone', () => {
    const { stream, written } = streamOf(true)
    const progress = terminalProgress(stream)
    const stage = progress.stage('ingest', 2)
    progress.waiting('Dataverse is busy', 1_000)
    stage.advance(1)
    stage.end()
    // A line amid the bars would break them.
    expect(written()).toMatch(/^[^\n]*1\/2[^\n]*\n*$/)
    progress.waiting('Dataverse is busy again', 2_000)
    expect(written()).toBe('Dataverse is busy again, waiting 2 s\n')
  })

  it('is silent where nobody looks', () => {
    const { stream, written } = streamOf(false)
    terminalProgress(stream).waiting('anything', 1_000)
    expect(written()).toBe('')
  })
})

describe('jsonProgress', () => {
  it('tells a wait as one line', () => {
    const { stream, written } = streamOf(false)
    jsonProgress(stream, countingClock()).waiting('a partition', 30_000)
    expect(written()).toBe('{"progress":{"waiting":"a partition","waitMs":30000}}\n')
  })
})
