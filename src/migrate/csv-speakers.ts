/** Rows of a CSV file as speakers: consents that were kept in Excel or another system. */

import type { Settings, TargetSettings } from '../config/settings.ts'
import { personId } from '../consent/person-id.ts'
import type { Statement } from '../consent/statement.ts'
import { type Instant, SINCE_EVER } from '../consent/time.ts'
import { readPersons } from '../deliver/persons.ts'
import { type Channel, type ContactPoint, normaliseAddress } from '../projection/contact-point.ts'
import { type Person, personStatement } from '../projection/person.ts'
import type { ConsentEntry } from '../projection/slot.ts'
import { isSpelt } from '../record/csv.ts'
import { normaliseOuid } from '../record/normalise.ts'
import { readRowBatches } from '../source/csv-rows.ts'
import type { Store } from '../store/store.ts'
import { type Dating, dateSpan } from './dating.ts'
import type { Speaker, SpeakerPage, Utterance } from './speaker.ts'

/** What the file's columns hold. */
export interface CsvColumns {
  readonly points: ReadonlyArray<{ readonly channel: Channel; readonly column: string }>
  readonly ouid?: string
  readonly asOf?: string
  readonly choices: ReadonlyArray<{ readonly entries: readonly number[]; readonly column: string }>
  /** How yes and no are spelt (semantics §2.7). */
  readonly yes: readonly string[]
  readonly no: readonly string[]
}

export interface CsvReading {
  readonly store: Store
  readonly bytes: AsyncIterable<Uint8Array>
  /** The file's modification: no choice in it is younger. */
  readonly modifiedAt: Instant
  readonly columns: CsvColumns
  readonly entries: readonly ConsentEntry[]
  /** Didomi purposes above a topic of the current document. */
  readonly parents: ReadonlySet<string>
  readonly target: TargetSettings
  readonly settings: Pick<Settings, 'events' | 'reading'>
}

type Cells = Readonly<Record<string, string>>

/** @throws CodedError `object-damaged` where the file is no CSV or lacks a column */
export async function* csvSpeakers(reading: CsvReading, signal: AbortSignal): AsyncIterable<SpeakerPage> {
  const { bytes, columns, settings, store } = reading
  const { points, ouid, asOf, choices } = columns
  const named = [...points, ...choices].map(({ column }) => column)
  const rowReading = {
    key: '--from-csv',
    maxLineBytes: settings.reading.maxLineBytes,
    columns: [...new Set([...named, ...(ouid === undefined ? [] : [ouid]), ...(asOf === undefined ? [] : [asOf])])],
  }
  for await (const batch of readRowBatches(bytes, rowReading)) {
    signal.throwIfAborted()
    const rows = batch.flatMap((line) => ('row' in line ? [{ number: line.number, cells: line.row }] : []))
    const ids = rows.flatMap(({ cells }) => personOf(reading, cells) ?? [])
    const persons = await readPersons(store, ids)
    const speakers = rows.map(({ number, cells }) => {
      const id = personOf(reading, cells)
      return speakerOf(reading, number, cells, id, id === undefined ? undefined : persons.get(id))
    })
    yield { speakers, merged: 0, malformed: batch.length - rows.length }
  }
}

function personOf({ columns: { ouid }, settings }: CsvReading, cells: Cells): string | undefined {
  const text = ouid === undefined ? '' : (cells[ouid] ?? '').trim()
  return text === '' ? undefined : personId(normaliseOuid(text, settings.reading.normalise))
}

function speakerOf(
  reading: CsvReading,
  number: number,
  cells: Cells,
  id: string | undefined,
  person: Person | undefined,
): Speaker {
  const { columns, entries, parents } = reading
  const utterances: Utterance[] = []
  const refuses: string[] = []
  let [empty, unreadable] = [0, 0]
  for (const choice of columns.choices) {
    const text = (cells[choice.column] ?? '').trim()
    const no = isSpelt(text, columns.no)
    if (text === '') empty += 1
    else if (!no && !isSpelt(text, columns.yes)) unreadable += 1
    else {
      const keys = choice.entries.flatMap((position) => entries[position]?.keys ?? [])
      if (no) refuses.push(...keys.flatMap((key) => (key.kind === 'purpose' ? [key.purpose] : [])))
      const known = person && personStatement(person, keys, reading.settings.events)
      utterances.push({ entries: choice.entries, ...dated(reading, cells, !no, known) })
    }
  }
  return {
    id: String(number).padStart(12, '0'),
    ...(id !== undefined && { person: id }),
    ...addressesOf(reading, cells),
    utterances,
    empty,
    unreadable,
    refuses: [...new Set(refuses)].filter((purpose) => parents.has(purpose)),
  }
}

/** As for contacts: by the person who says the same, else by the row's date, else up to the file's modification. */
function dated(
  { columns: { asOf }, modifiedAt }: CsvReading,
  cells: Cells,
  value: boolean,
  known: Statement | undefined,
): { readonly statement: Statement; readonly dating: Dating } {
  if (known?.value === value) return { statement: known, dating: 'store' }
  const date = asOf === undefined ? undefined : dateSpan(cells[asOf]?.trim())
  if (date !== undefined && date.lo <= modifiedAt) return { statement: { value, ...date }, dating: 'asOfColumn' }
  return { statement: { value, lo: SINCE_EVER, hi: modifiedAt }, dating: 'modifiedOn' }
}

function addressesOf({ columns, target }: CsvReading, cells: Cells): Pick<Speaker, 'points' | 'tooLong'> {
  const points = new Map<string, ContactPoint>()
  let tooLong = false
  for (const { channel, column } of columns.points) {
    const normalised = normaliseAddress(channel, cells[column] ?? '', target.defaultCountry)
    if (normalised.kind === 'too-long') tooLong = true
    if (normalised.kind !== 'address') continue
    points.set(`${channel}/${normalised.address}`, { channel, address: normalised.address })
  }
  return { points: [...points.values()], tooLong }
}
