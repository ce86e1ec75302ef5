/** Addresses with everybody who speaks at them, as slots to be delivered (semantics §6.4). */

import { createHash } from 'node:crypto'
import { overlay } from '../consent/overlay.ts'
import type { Statement } from '../consent/statement.ts'
import { groupBy } from '../lib/group.ts'
import { combine, type SharedAddress } from '../projection/person.ts'
import { type ConsentEntry, consentValue, slotPlace, type WantedSlot } from '../projection/slot.ts'
import type { AddressKey, AppliedAddress, MigrationFile, Spoken } from '../store/migration-file.ts'
import type { LedgerEntry, PersonId, Place } from '../store/store.ts'
import { type SaidHere, saidIn } from './speaker.ts'

/** One address with its slots. */
export interface AddressWork extends AddressKey {
  readonly wanted: ReadonlyMap<Place, WantedSlot>
  /** Statements that lie in these slots. */
  readonly placements: number
  /** Names what is said here: the same again needs no other look. */
  readonly digest: string
  /** Didomi purposes that somebody here refuses. */
  readonly refuses: ReadonlySet<string>
  /** The first speaker with an OUID, for the evidence. */
  readonly person?: PersonId
}

/** Speakers taken together: at six choices each some thousand rows, a few full messages. */
const CHUNK_SPEAKERS = 500

/** All addresses in order, several at once. */
export async function* addressChunks(
  file: MigrationFile,
  shaped: {
    readonly entries: readonly ConsentEntry[]
    readonly sharedAddress: SharedAddress
    /** Of the settings that shape the rows: under others everything is done anew. */
    readonly fingerprint: string
  },
): AsyncIterable<readonly AddressWork[]> {
  let after: AddressKey | undefined
  for (;;) {
    const spoken = await file.spokenAfter(after, CHUNK_SPEAKERS)
    const last = spoken.at(-1)
    if (last === undefined) return
    after = last
    yield [...groupBy(spoken, pointKey).values()].map((its) => addressWork(its, shaped))
  }
}

function addressWork(
  spoken: readonly Spoken[],
  { entries, sharedAddress, fingerprint }: Parameters<typeof addressChunks>[1],
): AddressWork {
  const [first] = spoken
  const { channel, address } = first ?? { channel: 'email', address: '' }
  const speakers = spoken.map(saidIn)
  const wanted = new Map<Place, WantedSlot>()
  for (const [position, entry] of entries.entries()) {
    const statement = combine(
      speakers.flatMap((speaker) => ownStatement(speaker, position) ?? []),
      sharedAddress,
    )
    if (statement === undefined) continue
    const slot = { channel, address, entry }
    wanted.set(slotPlace(slot), { slot, statement })
  }
  const hash = createHash('sha256').update(fingerprint)
  for (const { said, speaker } of spoken) hash.update(`\n${speaker} ${said}`)
  const person = speakers.find((speaker) => speaker.person !== undefined)?.person
  return {
    channel,
    address,
    wanted,
    placements: speakers.reduce((sum, { said }) => sum + said.length, 0),
    digest: hash.digest('hex').slice(0, 32),
    refuses: new Set(speakers.flatMap(({ refuses }) => refuses)),
    ...(person !== undefined && { person }),
  }
}

/** Several columns of one contact about one entry are overlaid, as the records of one person are. */
function ownStatement({ said }: SaidHere, position: number): Statement | undefined {
  const own = said.filter(({ entry }) => entry === position)
  return own.length === 0 ? undefined : overlay(own.map(({ statement }) => statement))
}

/**
 * A slot's wish beside what the ledger already confirms: where both say the same, the younger span stays, so that a
 * migration that is run again never makes a newer statement of a person older.
 */
export function besideLedger(wanted: WantedSlot, entry: LedgerEntry | undefined): WantedSlot {
  const known = entry?.confirmed
  const { statement, slot } = wanted
  if (known === undefined || known.value !== consentValue(statement.value)) return wanted
  return {
    slot,
    statement: { ...statement, lo: Math.max(statement.lo, known.lo), hi: Math.max(statement.hi, known.hi) },
  }
}

/** The addresses of a chunk whose slots are settled with just these statements. */
export async function settledAddresses(
  file: MigrationFile,
  chunk: readonly AddressWork[],
): Promise<ReadonlyMap<string, AppliedAddress>> {
  const applied = new Map((await file.applied(chunk)).map((one) => [pointKey(one), one]))
  return new Map(
    chunk.flatMap((one) => {
      const before = applied.get(pointKey(one))
      return before?.digest === one.digest ? [[pointKey(one), before] as const] : []
    }),
  )
}

export const pointKey = ({ channel, address }: { readonly channel: string; readonly address: string }): string =>
  `${channel}/${address}`
