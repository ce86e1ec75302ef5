/** The outcome of a run in words: a line per topic, then everything that deviates, with what it rests on. */
import { type CaseResult, type ConformanceReport, count, type Verdict } from './result.ts'

const VERDICTS: readonly Verdict[] = ['pass', 'deviates', 'observed', 'skipped']
const WIDTH = 10

/** The report as a text that ends with a line break. */
export function reportText(report: ConformanceReport): string {
  const { results, leftBehind, interrupted } = report
  const topics = [...new Set(results.map(({ topic }) => topic))]
  const width = Math.max(5, ...topics.map((topic) => topic.length))
  const line = (name: string, of: readonly CaseResult[]) =>
    `${name.padEnd(width)}${VERDICTS.map((verdict) => String(count(of, verdict)).padStart(WIDTH)).join('')}`
  return [
    `${'topic'.padEnd(width)}${VERDICTS.map((verdict) => verdict.padStart(WIDTH)).join('')}`,
    ...topics.map((topic) =>
      line(
        topic,
        results.filter((each) => each.topic === topic),
      ),
    ),
    line('all', results),
    ...details('deviates', results),
    ...details('observed', results),
    ...skips(results),
    ...(leftBehind === 0 ? [] : ['', leftText(leftBehind)]),
    ...(interrupted ? ['', 'The run was stopped before its end.'] : []),
    '',
  ].join('\n')
}

function leftText(leftBehind: number): string {
  return leftBehind < 0
    ? 'Whether rows of the run are left could not be seen: look for last names that begin with zzconf.'
    : `${leftBehind} rows of the run could not be deleted: look for last names that begin with zzconf.`
}

function details(verdict: Verdict, results: readonly CaseResult[]): string[] {
  return results
    .filter((each) => each.verdict === verdict)
    .flatMap(({ id, title, cites, confidence, detail }) => [
      '',
      `${verdict}: ${id}`,
      `  ${title}`,
      `  ${cites} (${confidence})`,
      `  ${detail}`,
    ])
}

/** Skips by their reason. */
function skips(results: readonly CaseResult[]): string[] {
  const skipped = results.filter(({ verdict }) => verdict === 'skipped')
  const reasons = [...new Set(skipped.map(({ detail }) => detail))]
  const lines = reasons.map(
    (reason) => `skipped: ${skipped.filter(({ detail }) => detail === reason).length} · ${reason}`,
  )
  return lines.length === 0 ? [] : ['', ...lines]
}

/** The report as JSON: figures first, then every case. */
export function reportJson({ results, leftBehind, interrupted }: ConformanceReport): string {
  const figures = Object.fromEntries(VERDICTS.map((verdict) => [verdict, count(results, verdict)]))
  return `${JSON.stringify({ ...figures, leftBehind, interrupted, results }, null, 2)}\n`
}
