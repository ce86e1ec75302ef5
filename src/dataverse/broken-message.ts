/** The rows of a bulk message that one of them broke: each gets its own outcome, and all but the bad ones are written. */

import { groupBy } from '../lib/group.ts'
import { allAgain, allOf, inBatches, kindOf, type Message, orAgain, sendBulk, type Writing } from './bulk-message.ts'
import type { RowWrite, WriteOutcome } from './dataverse.ts'
import { type ApiError, classify } from './errors.ts'
import { NO_ANSWER } from './isolate.ts'
import { guidsIn } from './json.ts'
import { divided } from './parts.ts'

type Rows = readonly RowWrite[]

/** Refusals whose word is taken for which rows are bad: each may name one, and all others are sent again after it. */
const MOST_NAMINGS = 3

/**
 * What became of the rows of a message that was refused with this error. A missing row is named by its id (Dataverse: bulk
 * operations); what else is bad must be found.
 * @throws CodedError, NoAnswer
 */
export async function apart(message: Message, rows: Rows, error: ApiError, writing: Writing): Promise<WriteOutcome[]> {
  const { settings, table } = writing
  const outcomes = await freed(message, rows, error, writing, MOST_NAMINGS)
  const bad = outcomes.filter(({ kind }) => kind !== 'done' && kind !== 'again').length
  settings.sizes.learn(kindOf(message, table), { kind: 'bad', rows: rows.length, bad })
  return outcomes
}

/** Rows that the refusal names go each for itself, and the others together once more. */
async function freed(
  message: Message,
  rows: Rows,
  error: ApiError,
  writing: Writing,
  namings: number,
): Promise<WriteOutcome[]> {
  const byWord = groupBy(rows, namings === 0 ? () => false : namedBy(error))
  const [named = [], others = []] = [byWord.get(true), byWord.get(false)]
  if (named.length === 0 || others.length === 0) return narrowed(message, rows, writing)
  const together = async () => {
    const after = await piece(message, others, writing)
    return after.kind === 'broken' ? freed(message, others, after.error, writing, namings - 1) : after.outcomes
  }
  const [alone = [], after = []] = await allOf([inBatches(named, writing), orAgain(others.length, together)])
  const results = [...alone, ...after]
  const outcomes = new Map([...named, ...others].map((row, at) => [row, results[at]]))
  return rows.map((row) => outcomes.get(row) ?? NO_ANSWER)
}

/** Whether a refusal speaks of a row: of its id, or of one that it points to. */
function namedBy({ message }: ApiError): (row: RowWrite) => boolean {
  const told = new Set(guidsIn(message))
  if (told.size === 0) return () => false
  const speaksOf = (value: unknown) => typeof value === 'string' && guidsIn(value).some((guid) => told.has(guid))
  return ({ id, columns }) => speaksOf(id) || Object.values(columns).some(speaksOf)
}

/**
 * Part of the rows that are tried first. A part with the bad row in it costs its own rows once more, one without shortens the
 * search by as many: a little less than half is best, wherever rows are few or many, cheap or dear.
 */
const FIRST = 3 / 8

/**
 * Rows that surely hold a bad one, nobody says which: divided until they are few, then each for itself. Where the first part
 * passes, the second need not be asked whether it does. However many are bad, no row is sent more often than it takes to
 * divide the message into one `$batch`, and once by itself.
 */
async function narrowed(message: Message, rows: Rows, writing: Writing): Promise<WriteOutcome[]> {
  if (rows.length <= writing.settings.batchParts) return inBatches(rows, writing)
  const [first, second] = divided(rows, FIRST)
  const before = await piece(message, first, writing)
  if (before.kind === 'passed') {
    return [...before.outcomes, ...(await orAgain(second.length, () => narrowed(message, second, writing)))]
  }
  const either = async () => {
    const after = await piece(message, second, writing)
    return after.kind === 'broken' ? narrowed(message, second, writing) : after.outcomes
  }
  const parts = [
    before.kind === 'broken'
      ? orAgain(first.length, () => narrowed(message, first, writing))
      : Promise.resolve(before.outcomes),
    orAgain(second.length, either),
  ]
  return (await allOf(parts)).flat()
}

/** What became of some of the rows: written, broken by a row of theirs, or whatever else is known of them. */
type Piece =
  | { readonly kind: 'broken'; readonly error: ApiError }
  | { readonly kind: 'passed' | 'other'; readonly outcomes: WriteOutcome[] }

async function piece(message: Message, rows: Rows, writing: Writing): Promise<Piece> {
  let broken: ApiError | undefined
  let passed = false
  const outcomes = await orAgain(rows.length, async () => {
    if (rows.length < 2) return inBatches(rows, writing)
    const answer = await sendBulk(message, rows, writing)
    if ('outcomes' in answer) {
      passed = true
      const { outcomes, latencyMs } = answer
      writing.settings.sizes.learn(kindOf(message, writing.table), { kind: 'part-done', rows: rows.length, latencyMs })
      return outcomes
    }
    const { error } = answer
    switch (classify(error)) {
      case 'conflict':
      case 'gone':
      case 'row':
        broken = error
        return []
      case 'throttled':
      case 'transient':
      case 'deadlock':
        return allAgain(rows, error)
      case 'ambiguous':
        return writing.repeatable && error.status === 500 ? inBatches(rows, writing) : allAgain(rows, error)
      default:
        // Whatever it is, the rows' own requests tell it of each.
        return inBatches(rows, writing)
    }
  })
  return broken === undefined ? { kind: passed ? 'passed' : 'other', outcomes } : { kind: 'broken', error: broken }
}
