/** What `--columns` says about a CSV file. */

import { CodedError, type Complaint } from '../lib/errors.ts'
import { CHANNEL_CODES, type Channel } from '../projection/contact-point.ts'
import type { ConsentEntry } from '../projection/slot.ts'
import type { CsvColumns } from './csv-speakers.ts'
import { entryId } from './pairing.ts'

const CHANNELS = Object.keys(CHANNEL_CODES) as Channel[]

/**
 * Reads `email=E-mail`, `ouid=Customer`, `asOf=Date` and `purpose:<guid>=Newsletter`: what is meant before the first `=`, the
 * file's column after it.
 * @throws CodedError `usage` with every problem
 */
export function csvColumnsOf(
  texts: readonly string[],
  { yes, no }: { readonly yes: readonly string[]; readonly no: readonly string[] },
  entries: readonly ConsentEntry[],
): CsvColumns {
  const complaints: Complaint[] = []
  const complain = (found: string, expected: string) =>
    complaints.push({ where: '--columns', found, expected, remedy: 'See docs/migration.md.' })
  const points: { channel: Channel; column: string }[] = []
  const choices: { entries: readonly number[]; column: string }[] = []
  const single: { ouid?: string; asOf?: string } = {}
  for (const text of texts) {
    const at = text.indexOf('=')
    const [name, column] = [text.slice(0, at).trim(), text.slice(at + 1).trim()]
    const channel = CHANNELS.find((each) => each === name)
    const positions = [...entries.keys()].filter((position) => named(entries[position], name))
    if (at < 1 || column === '') complain('a part without a name or a column', 'name=column')
    else if (channel !== undefined) points.push({ channel, column })
    else if (name === 'ouid' || name === 'asOf') single[name] = column
    else if (positions.length > 0) choices.push({ entries: positions, column })
    else
      complain('a name that means nothing here', `${CHANNELS.join(', ')}, ouid, asOf, or an id of the current document`)
  }
  if (points.length === 0) complain('no column of addresses', 'at least one, such as email=E-mail')
  if (choices.length === 0) complain('no column of choices', 'at least one, such as purpose:<guid>=Newsletter')
  if (yes.some((spelling) => no.some((other) => other.trim().toLowerCase() === spelling.trim().toLowerCase()))) {
    complain('a spelling for both yes and no', 'each in one of --true and --false only')
  }
  const [first, ...others] = complaints
  if (first !== undefined) throw new CodedError('usage', [first, ...others])
  return { points, choices, ...single, yes, no }
}

const named = (entry: ConsentEntry | undefined, name: string): boolean =>
  entry !== undefined && entryId(entry) === name.toLowerCase()
