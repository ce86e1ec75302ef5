import { afterEach, describe, expect, it } from 'vitest'
import type { ContactChanges, RowWrite } from '../../src/dataverse/dataverse.ts'
import { type OpenDataverse, openDataverse } from '../../src/dataverse/open.ts'
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/emulator.ts'
import * as ids from '../../src/emulator/seed-ids.ts'
import { authenticationAt, countingClock, guid, optionsFor, TENANT } from '../support/dataverse-options.ts'

const opened: Array<{ close(): Promise<void> }> = []
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})

async function open(
  options: EmulatorOptions = {},
  more: Parameters<typeof optionsFor>[1] = {},
): Promise<{ emulator: Emulator; dataverse: OpenDataverse }> {
  const emulator = await startEmulator(options)
  const endpoint = `${emulator.url}/${TENANT}/oauth2/v2.0/token`
  const authentication = authenticationAt(endpoint, ids.DEFAULT_SECRET, ids.DEFAULT_APP_ID)
  const dataverse = openDataverse(optionsFor(emulator.url, { authentication: [authentication], ...more }))
  opened.push(emulator, dataverse)
  return { emulator, dataverse }
}

const signal = new AbortController().signal
const CONSENT = 'msdynmkt_contactpointconsent4'

/** Texts that break string-built keys, URLs, JSON, multipart bodies, and careless encodings. */
const HOSTILE = [
  "o'neil@example.com",
  'plus+tag@example.com',
  'slash/hash#percent%question?and&star*',
  '%27%2F',
  'double "quotes" and \\backslash',
  'line\r\n--batch_1--\r\nbreak',
  'tab\tand\u2028separator',
  '😀 emoji and zero\u200bwidth',
  '[brackets]_and{braces}',
  "'',''),contactid ne null or startswith(lastname,'",
  `${'x'.repeat(391)}'+/#%&?*y`,
]

describe('metadata (Dataverse: query table definitions)', () => {
  it('reads columns, options, lengths, lookups and bulk messages of the consent table', async () => {
    const { dataverse } = await open()
    const table = await dataverse.table(CONSENT, signal)
    expect(table).toMatchObject({
      logicalName: CONSENT,
      entitySetName: `${CONSENT}s`,
      primaryId: `${CONSENT}id`,
      elastic: false,
      bulk: { createMultiple: true, updateMultiple: true },
    })
    expect(table.columns.get('msdynmkt_contactpointvalue')).toMatchObject({ type: 'text', maxLength: 400 })
    const value = table.columns.get('msdynmkt_value')
    expect(value?.type).toBe('choice')
    expect(value?.options?.find(({ code }) => code === 534120001)?.labels).toContain('Opted In')
    expect(table.lookups.get('msdynmkt_purposeid')).toEqual([
      { navigation: 'msdynmkt_purposeId', table: 'msdynmkt_purpose' },
    ])
    expect(table.columns.get('modifiedon')).toMatchObject({ validForCreate: false, validForUpdate: false })
  })

  it('reads the types of contact columns', async () => {
    const { dataverse } = await open({
      seed: {
        columns: {
          contact: [
            { type: 'choices', name: 'new_topics', options: [{ value: 7, label: 'Seven' }] },
            { type: 'dateonly', name: 'new_day' },
            { type: 'datetime', name: 'new_instant' },
          ],
        },
      },
    })
    const { columns, changeTracking } = await dataverse.table('contact', signal)
    expect(changeTracking).toBe(true)
    const type = (name: string) => columns.get(name)?.type
    expect(type('contactid')).toBe('unique-identifier')
    expect(type('masterid')).toBe('lookup')
    expect(type('donotbulkemail')).toBe('boolean')
    expect(
      columns
        .get('donotbulkemail')
        ?.options?.map(({ code }) => code)
        .sort(),
    ).toEqual([0, 1])
    expect(columns.get('emailaddress1')).toMatchObject({ type: 'text', maxLength: 100 })
    expect(type('new_topics')).toBe('choices')
    expect(columns.get('new_topics')?.options).toMatchObject([{ code: 7 }])
    expect(type('new_day')).toBe('date-only')
    expect(type('new_instant')).toBe('date-time')
  })

  it('an unknown table is a mapping error; a table without bulk messages says so', async () => {
    const { dataverse } = await open({ bulk: false })
    await expect(dataverse.table('new_nothing', signal)).rejects.toMatchObject({ code: 'mapping-invalid' })
    await expect(dataverse.table("contact')", signal)).rejects.toMatchObject({ code: 'mapping-invalid' })
    expect((await dataverse.table('contact', signal)).bulk).toEqual({ createMultiple: false, updateMultiple: false })
  })

  it('says who we are', async () => {
    const { dataverse } = await open()
    expect((await dataverse.whoAreWe(signal))[0]).toEqual({
      userId: ids.APPLICATION_USER_ID,
      businessUnitId: ids.DEFAULT_BUSINESS_UNIT_ID,
      organizationId: ids.ORGANIZATION_ID,
    })
  })
})

describe('purposes and topics', () => {
  it('§6.1 reads kind, state, owner and business unit; unknown ids are absent', async () => {
    const { dataverse } = await open()
    const asked = [ids.COMMERCIAL_PURPOSE_ID, ids.TRACKING_PURPOSE_ID, ids.INACTIVE_PURPOSE_ID, guid(404)]
    const found = await dataverse.purposes(asked, signal)
    const owner = { kind: 'user', id: ids.HUMAN_USER_ID }
    const businessUnitId = ids.DEFAULT_BUSINESS_UNIT_ID
    expect(found).toHaveLength(3)
    expect(found).toContainEqual({ id: asked[0], active: true, tracking: false, owner, businessUnitId })
    expect(found).toContainEqual({ id: asked[1], active: true, tracking: true, owner, businessUnitId })
    expect(found).toContainEqual({ id: asked[2], active: false, tracking: false, owner, businessUnitId })
    expect(await dataverse.topics([ids.NEWSLETTER_TOPIC_ID.toUpperCase(), guid(404)], signal)).toEqual([
      { id: ids.NEWSLETTER_TOPIC_ID, active: true, purposeId: ids.COMMERCIAL_PURPOSE_ID },
    ])
  })

  it('§6.5 tells a team from a user', async () => {
    const team = { msdynmkt_purposeid: guid(9), msdynmkt_name: 'Team', ownerid: ids.DEFAULT_TEAM_ID }
    const { dataverse } = await open({ seed: { rows: { msdynmkt_purposes: [team] } } })
    expect((await dataverse.purposes([guid(9)], signal))[0]?.owner).toEqual({ kind: 'team', id: ids.DEFAULT_TEAM_ID })
  })
})

describe('hostile values', () => {
  it.each([
    ['in bulk', {}],
    ['in batches', { bulk: false }],
  ])('go out and come back byte for byte, %s', async (_, options) => {
    const { dataverse, emulator } = await open(options)
    const table = await dataverse.table(CONSENT, signal)
    const rows: RowWrite[] = HOSTILE.map((value, n) => ({
      kind: 'create',
      id: guid(n + 1),
      columns: { msdynmkt_contactpointvalue: value, msdynmkt_value: 534120002 },
    }))
    const created = await dataverse.write(table, rows, { repeatable: true }, signal)
    expect(created.map(({ kind }) => kind)).toEqual(rows.map(() => 'done'))

    const select = ['msdynmkt_contactpointvalue', 'msdynmkt_reason']
    const read = () => dataverse.rowsIn(table, select, 'msdynmkt_contactpointvalue', HOSTILE, signal)
    const found = new Map((await read()).rows.map((row) => [row.id, row]))
    expect(HOSTILE.map((_, n) => found.get(guid(n + 1))?.columns['msdynmkt_contactpointvalue'])).toEqual(HOSTILE)
    for (const [n, value] of HOSTILE.entries()) {
      const alone = await dataverse.rowsIn(table, select, 'msdynmkt_contactpointvalue', [value], signal)
      expect(alone.rows.map(({ id }) => id)).toEqual([guid(n + 1)])
    }

    const updates: RowWrite[] = [...found.values()].map(({ id, etag }, n) => ({
      kind: 'update',
      id,
      columns: { msdynmkt_reason: HOSTILE[n] ?? '' },
      ...(n % 2 === 0 ? { ifMatch: etag } : {}),
    }))
    expect((await dataverse.write(table, updates, { repeatable: true }, signal)).map(({ kind }) => kind)).toEqual(
      updates.map(() => 'done'),
    )
    for (const { id, columns } of updates) {
      expect(emulator.world.row(`${CONSENT}s`, id)?.['msdynmkt_reason']).toBe(columns['msdynmkt_reason'])
    }
  })

  it('values that In cannot take match nothing and break nothing', async () => {
    const { dataverse } = await open({ seed: { rows: { contacts: [{ contactid: guid(1), lastname: 'plain' }] } } })
    const table = await dataverse.table('contact', signal)
    const values = ['x'.repeat(851), 'nul\0', '\ud800', 'plain', 'PLAIN', 'plain']
    const { rows, at } = await dataverse.rowsIn(table, ['lastname'], 'lastname', values, signal)
    expect(rows.map(({ id, columns }) => [id, columns['lastname']])).toEqual([[guid(1), 'plain']])
    expect(Number.isFinite(at)).toBe(true)
    expect(
      (await dataverse.rowsIn(table, ['lastname'], 'contactid', ['nonsense', guid(1).toUpperCase()], signal)).rows,
    ).toHaveLength(1)
    expect((await dataverse.rowsIn(table, ['lastname'], 'lastname', [], signal)).rows).toEqual([])
  })

  it('a prefix means itself, wildcards and quotes included', async () => {
    const rows = ["didomi'100%_sure", 'plain'].map((lastname, n) => ({ contactid: guid(n + 1), lastname }))
    const { dataverse } = await open({ seed: { rows: { contacts: rows } } })
    const table = await dataverse.table('contact', signal)
    const any = (prefix: string) => dataverse.anyStartingWith(table, 'lastname', prefix, signal)
    expect(await any("didomi'100%_")).toBe(true)
    expect(await any('pla')).toBe(true)
    expect(await any('p%n')).toBe(false)
    expect(await any('_lain')).toBe(false)
  })
})

describe('many rows', () => {
  it('reads thousands in chunks and follows next links verbatim', async () => {
    const count = 450
    const rows = Array.from({ length: count }, (_, n) => ({
      contactid: guid(n + 1),
      emailaddress1: `user${n}@example.com`,
    }))
    const { dataverse } = await open({ pageSize: 30, seed: { rows: { contacts: rows } } })
    const table = await dataverse.table('contact', signal)
    const found = await dataverse.rowsIn(
      table,
      ['emailaddress1'],
      'emailaddress1',
      rows.map((row) => row.emailaddress1),
      signal,
    )
    expect(new Set(found.rows.map(({ id }) => id)).size).toBe(count)
    const byId = await dataverse.rowsIn(
      table,
      ['emailaddress1'],
      'contactid',
      rows.map(({ contactid }) => contactid),
      signal,
    )
    expect(byId.rows).toHaveLength(count)
  })
})

describe('writing', () => {
  const contacts = Array.from({ length: 5 }, (_, n) => ({ contactid: guid(n + 1), lastname: `old ${n}` }))
  const updates: RowWrite[] = contacts.map(({ contactid }, n) => ({
    kind: 'update',
    id: contactid,
    columns: { lastname: n === 2 ? 'poisonous' : `new ${n}` },
  }))
  const seed = { rows: { contacts } }
  const kinds = (outcomes: ReadonlyArray<{ kind: string }>) => outcomes.map(({ kind }) => kind)

  it('§8 a poison row is isolated, a missing one gone, and nothing is created by an update', async () => {
    const { dataverse, emulator } = await open({ seed })
    emulator.world.addFaults([{ action: { kind: 'poison-row', column: 'lastname', value: 'poisonous' } }])
    const table = await dataverse.table('contact', signal)
    const missing: RowWrite = { kind: 'update', id: guid(99), columns: { lastname: 'nobody' } }
    const outcomes = await dataverse.write(table, [...updates, missing], { repeatable: true }, signal)
    expect(kinds(outcomes)).toEqual(['done', 'done', 'rejected', 'done', 'done', 'gone'])
    expect(JSON.stringify(outcomes)).not.toContain('poisonous')
    expect(emulator.world.rows('contacts')).toHaveLength(5)
    expect(emulator.world.row('contacts', guid(3))?.['lastname']).toBe('old 2')
  })

  it.each(['reset-before-commit', 'reset-after-commit'] as const)(
    '§7 %s: refusals are repeated, opt-ins again',
    async (kind) => {
      const { dataverse, emulator } = await open({ seed })
      const table = await dataverse.table('contact', signal)
      const match = { message: 'UpdateMultiple' }
      emulator.world.addFaults([{ match, action: { kind } }])
      expect(kinds(await dataverse.write(table, updates, { repeatable: false }, signal))).toEqual(
        Array(5).fill('again'),
      )
      const applied = kind === 'reset-after-commit' ? 'new 0' : 'old 0'
      expect(emulator.world.row('contacts', guid(1))?.['lastname']).toBe(applied)
      emulator.world.addFaults([{ match, action: { kind } }])
      expect(kinds(await dataverse.write(table, updates, { repeatable: true }, signal))).toEqual(Array(5).fill('done'))
    },
  )

  it('§7 a stale row is a conflict; a create repeated after its commit, too', async () => {
    const { dataverse, emulator } = await open({ seed })
    const table = await dataverse.table('contact', signal)
    const { rows } = await dataverse.rowsIn(table, ['lastname'], 'contactid', [guid(1), guid(2)], signal)
    emulator.world.edit('contacts', guid(2), { lastname: 'foreign' })
    const guarded = rows.map(
      ({ id, etag }): RowWrite => ({ kind: 'update', id, columns: { lastname: 'x' }, ifMatch: etag }),
    )
    const byId = guarded.sort((a, b) => a.id.localeCompare(b.id))
    expect(kinds(await dataverse.write(table, byId, { repeatable: false }, signal))).toEqual(['done', 'conflict'])

    emulator.world.addFaults([{ match: { message: 'CreateMultiple' }, action: { kind: 'reset-after-commit' } }])
    const creates = [11, 12].map((n): RowWrite => ({ kind: 'create', id: guid(n), columns: { lastname: 'y' } }))
    expect(kinds(await dataverse.write(table, creates, { repeatable: true }, signal))).toEqual(['conflict', 'conflict'])
    expect(emulator.world.rows('contacts')).toHaveLength(7)
  })

  it('large bulk requests are halved until the server can', async () => {
    const { dataverse, emulator } = await open({ seed })
    emulator.world.addFaults([{ action: { kind: 'sql-timeout-above', rows: 2 } }])
    const table = await dataverse.table('contact', signal)
    expect(kinds(await dataverse.write(table, updates, { repeatable: true }, signal))).toEqual(Array(5).fill('done'))
  })

  it('throttling, deadlocks, HTML and cut-off answers pass', async () => {
    const clock = countingClock()
    const { dataverse, emulator } = await open({ seed }, { clock })
    const table = await dataverse.table('contact', signal)
    const match = { message: 'UpdateMultiple' }
    emulator.world.addFaults([
      { match, action: { kind: 'status', status: 429, code: '0x80072322', retryAfter: 17 } },
      { match, nth: 2, action: { kind: 'status', status: 503, html: true } },
      { match, nth: 3, action: { kind: 'deadlock' } },
      { match, nth: 4, action: { kind: 'truncate-body' } },
    ])
    expect(kinds(await dataverse.write(table, updates, { repeatable: true }, signal))).toEqual(Array(5).fill('done'))
    expect(clock.slept).toContain(17_600)
  })

  it('tokens that expire in the middle are renewed', async () => {
    const { dataverse, emulator } = await open({ seed })
    const table = await dataverse.table('contact', signal)
    emulator.world.tokens.expireAll()
    expect(kinds(await dataverse.write(table, updates, { repeatable: false }, signal))).toEqual(Array(5).fill('done'))
  })
})

describe('change tracking', () => {
  it('gives all rows, then the changed and the deleted ones', async () => {
    const contacts = [1, 2, 3].map((n) => ({ contactid: guid(n), lastname: `old ${n}` }))
    const { dataverse, emulator } = await open({ seed: { rows: { contacts } }, pageSize: 2 })
    const table = await dataverse.table('contact', signal)
    const all = async (link: string | undefined) => {
      const pages: ContactChanges[] = []
      for await (const page of dataverse.changes(table, ['lastname'], link, signal)) {
        if (page === 'expired') throw new Error('expired')
        pages.push(page)
      }
      return {
        rows: pages.flatMap(({ rows }) => rows.map(({ id }) => id)).sort(),
        deleted: pages.flatMap(({ deleted }) => deleted),
        link: pages.at(-1)?.deltaLink,
      }
    }
    const first = await all(undefined)
    expect(first).toMatchObject({ rows: [guid(1), guid(2), guid(3)], deleted: [] })
    emulator.world.edit('contacts', guid(2), { lastname: 'edited' })
    emulator.world.delete('contacts', guid(3))
    const second = await all(first.link)
    expect(second).toMatchObject({ rows: [guid(2)], deleted: [guid(3)] })
    expect(await all(second.link)).toMatchObject({ rows: [], deleted: [] })
  })

  it('a link that is too old is expired', async () => {
    const { dataverse, emulator } = await open({ seed: { rows: { contacts: [{ contactid: guid(1) }] } } })
    const table = await dataverse.table('contact', signal)
    let link: string | undefined
    for await (const page of dataverse.changes(table, [], undefined, signal)) {
      link = page === 'expired' ? undefined : page.deltaLink
    }
    emulator.world.state.clock.shift(8 * 24 * 3_600_000)
    const pages: unknown[] = []
    for await (const page of dataverse.changes(table, [], link, signal)) pages.push(page)
    expect(pages).toEqual(['expired'])
  })
})
