/** `forget` on the command line: whom to erase, from flags or a file, and what was removed on stdout. */

import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { forget } from '../../jobs/forget.ts'
import type { Settings } from '../config/settings.ts'
import { CodedError } from '../lib/errors.ts'
import { identify } from '../record/normalise.ts'
import { erasureText } from '../report/erasure-report.ts'
import { type OpeningFlags, withPorts } from './opening.ts'

/** The flags of `forget` as commander gives them. */
export interface ForgetFlags extends OpeningFlags {
  readonly ouid?: string[]
  /** A path, or `-` for stdin. */
  readonly ouidFile?: string
}

/** Erases and answers the exit code. The report is told once the store is closed: only then is it all done. */
export async function runForget(flags: ForgetFlags, version: string): Promise<number> {
  const given = [...(flags.ouid ?? []), ...(await ouidsIn(flags.ouidFile))]
  if (given.length === 0) usage('--ouid and --ouid-file', 'nobody', 'at least one OUID')
  const check = ({ reading }: Settings) => void given.map((ouid) => normalised(ouid, reading.normalise))
  const report = await withPorts(
    flags,
    version,
    ({ settings, ports }) =>
      forget(
        ports,
        settings,
        given.map((ouid) => normalised(ouid, settings.reading.normalise)),
      ),
    check,
  )
  process.stdout.write(`${flags.json ? JSON.stringify(report) : erasureText(report)}\n`)
  return 0
}

/** One OUID a line; blank lines are none. */
async function ouidsIn(file: string | undefined): Promise<string[]> {
  if (file === undefined) return []
  const content = await (file === '-' ? text(process.stdin) : readFile(file, 'utf8')).catch((error: unknown) => {
    const found = error instanceof Error && 'code' in error ? String(error.code) : 'a file that cannot be read'
    return usage('--ouid-file', found, 'a file with one OUID a line')
  })
  const lines = content.replace(/^\uFEFF/, '').split(/\r?\n/)
  return lines.filter((line) => line.trim() !== '')
}

/** As lines are read (semantics §2.3): else the person would not be found. */
function normalised(ouid: string, normalise: Settings['reading']['normalise']): string {
  const identity = identify(ouid, undefined, normalise)
  return identity.kind === 'identity'
    ? identity.ouid
    : usage('--ouid or --ouid-file', 'a text that no line can have as its OUID', 'OUIDs, one each')
}

function usage(where: string, found: string, expected: string): never {
  throw new CodedError('usage', [{ where, found, expected, remedy: 'See didomi-dataverse forget --help.' }])
}
