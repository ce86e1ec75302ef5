/** What the reverse flow did: what was heard in each target, and what Didomi was told. */

/** One target. Places add up: those with a statement of somebody else, and the others. */
export interface HeardReport {
  readonly target: string
  readonly mode: 'contact' | 'consent'
  /** `changes` since the last run; `everything` without a usable place in the change log. */
  readonly read: 'changes' | 'everything'
  readonly rows: number
  readonly deletedRows: number
  /** Rows and places looked at again: an inbox, what waits, what delivery left. */
  readonly looks: number
  readonly places: number
  readonly ours: number
  readonly empty: number
  readonly unmapped: number
  readonly undated: number
  readonly foreign: number
  readonly told: number
  readonly known: number
  readonly superseded: number
  readonly parked: number
  /** Everything that waits now, by reason. */
  readonly waiting: Readonly<Record<string, number>>
  readonly warnings: readonly string[]
}

/** What was posted; `events` = posted + refused + deferred. */
export interface ToldReport {
  readonly events: number
  readonly statements: number
  readonly posted: number
  readonly refused: number
  /** Not posted yet: they are the first of the next run. */
  readonly deferred: number
  /** Events that Didomi does not take, of all runs. */
  readonly quarantined: number
}

/** Every place is one of its kinds, every statement of somebody else has one end. */
export function heardAddsUp(report: HeardReport): boolean {
  const { places, ours, empty, unmapped, undated, foreign, told, known, superseded, parked } = report
  return places === ours + empty + unmapped + undated + foreign && foreign === told + known + superseded + parked
}

/** The lines of a run's report that tell of it. Plain text; nothing personal. */
export function reverseLines(heard: readonly HeardReport[], told: ToldReport | undefined): string[] {
  return [...heard.flatMap(heardLines), ...(told === undefined ? [] : toldLines(told))]
}

function heardLines(report: HeardReport): string[] {
  const { target, read, rows, deletedRows, looks, places, ours, empty, unmapped, undated, foreign } = report
  const { told, known, superseded, parked, waiting, warnings } = report
  const waits = Object.entries(waiting).map(([reason, count]) => `${count} ${reason}`)
  return [
    `  heard ${target}: ${rows} rows of ${read === 'changes' ? 'the change log' : 'the whole table'}, ${deletedRows} deleted, ${looks} looked at again`,
    `    ${places} places = ${ours} ours + ${empty} empty + ${unmapped} unmapped + ${undated} undated + ${foreign} of others`,
    `    ${foreign} of others = ${told} told + ${known} known + ${superseded} superseded + ${parked} parked`,
    ...(waits.length === 0 ? [] : [`    waiting: ${waits.join(', ')}`]),
    ...warnings.map((warning) => `    ! ${warning}`),
  ]
}

function toldLines({ events, statements, posted, refused, deferred, quarantined }: ToldReport): string[] {
  return [
    `  told Didomi: ${events} events (${statements} statements) = ${posted} posted + ${refused} refused + ${deferred} deferred`,
    ...(quarantined === 0 ? [] : [`    ! ${quarantined} statements that Didomi does not take`]),
  ]
}
