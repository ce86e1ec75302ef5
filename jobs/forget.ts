/** Erases persons from everything the program keeps. Dataverse is left alone: whoever answers for it erases there. */

import { rm } from 'node:fs/promises'
import type { Settings } from '../src/config/settings.ts'
import { personId } from '../src/consent/person-id.ts'
import { formatInstant, fromMilliseconds } from '../src/consent/time.ts'
import { type ContactPoint, normaliseAddress } from '../src/projection/contact-point.ts'
import type { ErasureReport } from '../src/report/erasure-report.ts'
import type { ErasedPerson } from '../src/store/store.ts'
import type { Ports } from '../src/wire.ts'

/**
 * `ouids` are normalised. One transaction: all of them or none. Afterwards nothing that they said up to now is joined
 * again, wherever it is read from; the archive keeps what the source delivered.
 */
export async function forget(
  ports: Pick<Ports, 'store' | 'clock' | 'log' | 'migrationsKept' | 'openMigrationFile'>,
  { reading, store: { spillFolder } }: Pick<Settings, 'reading' | 'store'>,
  ouids: readonly string[],
): Promise<ErasureReport> {
  const { store, clock, log } = ports
  const at = fromMilliseconds(clock.now())
  const persons = [...new Set(ouids)].map((ouid) => ({ person: personId(ouid), ouid }))
  // Before the store forgets which addresses they had: after a kill in between, the next try finds them again.
  const images = await eraseFromMigrations(ports, persons)
  const erased = await store.forget(persons, at, reading.normalise)
  // What a killed ingest left behind; none is under way while we hold the lease.
  await rm(spillFolder, { recursive: true, force: true })
  log.info({ persons: erased.persons, known: erased.known }, 'persons erased')
  return { version: 1, at: formatInstant(at), ...erased, images }
}

/** What migrations keep at these persons' addresses goes, also where others share them: whoever rolls back does without. */
async function eraseFromMigrations(
  { store, migrationsKept, openMigrationFile }: Pick<Ports, 'store' | 'migrationsKept' | 'openMigrationFile'>,
  persons: readonly ErasedPerson[],
): Promise<number> {
  const targets = await migrationsKept()
  if (targets.length === 0) return 0
  const held = await store.addressesHeld(persons.map(({ person }) => person))
  // A person whom only the migration knows is known there by the address alone, which may be the OUID.
  const own = persons.flatMap(({ ouid }): ContactPoint[] => {
    const email = normaliseAddress('email', ouid, undefined)
    return email.kind === 'address' ? [{ channel: 'email', address: email.address }] : []
  })
  let images = 0
  for (const target of targets) {
    const file = await openMigrationFile(target, true)
    try {
      images += await file.erase([...held, ...own])
    } finally {
      await file.close()
    }
  }
  return images
}
