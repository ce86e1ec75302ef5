/** A CSV file in the place of contacts. */

import { afterEach, describe, expect, it } from 'vitest'
import { parseInstant } from '../../src/consent/time.ts'
import { csvColumnsOf } from '../../src/migrate/csv-columns.ts'
import type { CsvSource } from '../../src/migrate/left-end.ts'
import { DAYS, saysNews, since } from '../support/deliver-samples.ts'
import { closeWorlds, openWorld } from '../support/deliver-world.ts'
import { migrateStep, migrationDraft, NEWS_PURPOSE, OFFERS_PURPOSE, standing } from '../support/migrate-world.ts'

afterEach(closeWorlds)

const SPELLINGS = { yes: ['yes', 'true'], no: ['no', 'false'] }
const COLUMNS = [
  'email=E-mail',
  'asOf=Signed up',
  'ouid=Customer',
  `${NEWS_PURPOSE}=News`,
  `${OFFERS_PURPOSE.toUpperCase().replace('PURPOSE', 'purpose')}=Offers`,
]

function csv(text: string, columns = COLUMNS): CsvSource {
  async function* bytes() {
    yield Buffer.from(text)
  }
  return {
    bytes: bytes(),
    modifiedAt: parseInstant(since(-DAYS)) ?? 0,
    columns: ({ mapping }) => csvColumnsOf(columns, SPELLINGS, mapping.entries),
  }
}

const TEXT = [
  '\uFEFFCustomer,E-mail,News,Offers,Signed up',
  'a,Ada@Example.com, YES ,no,2026-01-05',
  'b,"bob@example.com",maybe,,',
  'c,carl@example.com,No,,2026-01-05T10:00:00+01:00',
  'd,,yes,yes,',
  'e,eve@example.com,yes',
  '',
].join('\r\n')

describe('migrate --from-csv', () => {
  it('§2.7 reads spellings as CSV columns are read, dates and addresses; every row is counted', async () => {
    const world = await openWorld(migrationDraft([]))
    const report = await migrateStep(world, 'apply', { csv: csv(TEXT) })
    expect(report).toMatchObject({
      csv: true,
      reading: {
        rows: 5,
        malformed: 1,
        speakers: 4,
        answers: 8,
        statements: 5,
        empty: 2,
        unreadable: 1,
        withoutAddress: 2,
      },
    })
    expect(standing(world)).toEqual([
      'ada@example.com news in',
      'ada@example.com offers out',
      'carl@example.com news out',
    ])
    const reasons = world.consents().map((row) => String(row['msdynmkt_reason']).split(' ').slice(1, 3).join(' '))
    expect(new Set(reasons)).toEqual(
      new Set([
        'lo=2026-01-05T00:00:00Z hi=2026-01-05T23:59:59.999999Z',
        'lo=2026-01-05T09:00:00Z hi=2026-01-05T09:00:00.999999Z',
      ]),
    )
    world.quiet = false
  })

  it('§7 without a date no choice is younger than the file, and a person of the store dates the same choice', async () => {
    const world = await openWorld(migrationDraft([]))
    await world.say(saysNews('a', true, since(-40 * DAYS)))
    const text = 'Customer,E-mail,News,Offers,Signed up\na,ada@example.com,yes,no,\n'
    const { reading } = await migrateStep(world, 'apply', { csv: csv(text) })
    expect(reading.dated).toMatchObject({ store: 1, modifiedOn: 1 })
    const reasons = world.consents().map((row) => String(row['msdynmkt_reason']).replace(/ event=.*/, ''))
    expect(reasons.sort()).toEqual([
      'didomi-dataverse lo=- hi=2026-02-28T12:00:00Z',
      'didomi-dataverse lo=2026-01-20T12:00:00Z hi=2026-01-20T12:00:00Z',
    ])
    world.quiet = false
  })

  it.each([
    ['no addresses', [`${NEWS_PURPOSE}=News`]],
    ['no choices', ['email=E-mail']],
    ['an id that the current document does not map', [...COLUMNS, 'topic:00000000-0000-4000-8000-000000000001=News']],
    ['a part that is no pair', [...COLUMNS, 'email']],
  ])('refuses %s', async (_, columns) => {
    const world = await openWorld(migrationDraft([]))
    await expect(migrateStep(world, 'plan', { csv: csv(TEXT, columns) })).rejects.toMatchObject({ code: 'usage' })
  })

  it('refuses a file that lacks a column, without telling what stands in it', async () => {
    const world = await openWorld(migrationDraft([]))
    const failed = migrateStep(world, 'plan', { csv: csv('ada@example.com,yes\n') })
    await expect(failed).rejects.toMatchObject({ code: 'object-damaged' })
    await expect(failed).rejects.not.toThrow(/ada/)
  })
})
