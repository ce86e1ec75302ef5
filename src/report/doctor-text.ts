/** The answer of `doctor` for people at a terminal. */

import type { Examined } from '../doctor/examine.ts'
import type { DoctorReport } from './doctor-report.ts'

type Status = Examined['status']

const MARKS: Readonly<Record<Status, string>> = { ok: '✓', warning: '!', failed: '✗', skipped: '-' }

/** SGR codes: green, yellow, red, faint. */
const COLOURS: Readonly<Record<Status, number>> = { ok: 32, warning: 33, failed: 31, skipped: 2 }

/** Group by group, one line for each finding, the remedy below it; the sum comes last. */
export function doctorText({ groups, checks, counts }: DoctorReport, { colour }: { readonly colour: boolean }): string {
  const marked = (status: Status) => (colour ? `\u001b[${COLOURS[status]}m${MARKS[status]}\u001b[0m` : MARKS[status])
  const lines = groups.flatMap(({ id, title }) => [
    title,
    ...checks.filter(({ group }) => group === id).flatMap((one) => linesOf(one, marked(one.status))),
    '',
  ])
  const { ok, warning, failed, skipped } = counts
  const warnings = `${warning} ${warning === 1 ? 'warning' : 'warnings'}`
  return [...lines, `${ok} ok, ${warnings}, ${failed} failed, ${skipped} skipped.`].join('\n')
}

function linesOf(one: Examined, mark: string): string[] {
  const head = `  ${mark} ${one.title}: `
  switch (one.status) {
    case 'ok':
      return [`${head}${one.found}`]
    case 'warning':
    case 'failed':
      return [`${head}${one.found}`, `      ${one.remedy}`]
    case 'skipped':
      return [`${head}skipped: ${one.why}`]
  }
}
