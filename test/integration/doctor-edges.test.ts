/** What the doctor says of buckets, Didomi's API, stores in trouble and an environment out of reach. */

import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runDoctor } from '../../src/cli/doctor-command.ts'
import { openDoctorWorlds } from '../../src/cli/doctor-worlds.ts'
import type { LocationSettings, S3Location, Settings } from '../../src/config/settings.ts'
import { DIDOMI_CHECKS } from '../../src/doctor/didomi-checks.ts'
import { examine, groupOf } from '../../src/doctor/examine.ts'
import { SOURCE_CHECKS } from '../../src/doctor/source-checks.ts'
import { STORE_CHECKS } from '../../src/doctor/store-checks.ts'
import { type DidomiEmulator, startDidomiEmulator } from '../../src/emulator/didomi.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { noProgress } from '../../src/lib/progress.ts'
import { serverDate } from '../../src/source/server-date.ts'
import { openSqliteDatabase } from '../../src/store/sqlite-database.ts'
import { openStateStore } from '../../src/wire.ts'
import type { DeliverWorld } from '../support/deliver-world.ts'
import { ask, openHealthy, saidBy } from '../support/doctor-world.ts'
import { refuses, refusesRole } from '../support/s3-fault.ts'
import { BUCKET } from '../support/s3-faults.ts'
import { openS3World, ROLE, type S3World } from '../support/s3-world.ts'

const NEWSLETTER = { id: 'new_newsletter', value: 'consents_purposes_news_enabled' }

let world: DeliverWorld

beforeAll(async () => {
  world = await openHealthy()
}, 60_000)

afterAll(() => world.emulator.close())

/** One group alone, by settings that are changed; `check: status what-it-says`. */
async function group(
  id: 'store' | 'source' | 'didomi',
  change: (settings: Settings) => Settings,
  clock: Clock = world.clock,
): Promise<string[]> {
  const open = { log: silentLog, progress: noProgress, version: 'test', clock }
  const opened = openDoctorWorlds(change(world.settings), { sample: 200 }, open)
  // No bucket of the tests knows what is asked of it without a signature: the environment's server tells the time.
  const at = (_: LocationSettings, signal: AbortSignal) =>
    serverDate({ kind: 's3', endpoint: world.emulator.url } as S3Location, signal)
  const worlds = { ...opened, source: { ...opened.source, serverDate: at } }
  try {
    const store = groupOf('store', 'Store', worlds.store, STORE_CHECKS)
    const groups = [
      store,
      ...(id === 'source' ? [groupOf('source', 'Source', worlds.source, SOURCE_CHECKS)] : []),
      ...(id === 'didomi' ? [groupOf('didomi', 'Didomi', worlds.didomi, DIDOMI_CHECKS)] : []),
    ]
    const examined = await examine(groups, new AbortController().signal)
    return examined
      .filter((one) => one.group === id)
      .map((one) => `${one.check}: ${one.status} ${one.status === 'skipped' ? one.why : one.found}`)
  } finally {
    await worlds.close()
  }
}

describe('the store', () => {
  const at = (sqlite: string) => (settings: Settings) => ({
    ...settings,
    store: { kind: 'sqlite', sqlite, spillFolder: `${sqlite}.spill` } as const,
  })
  const own = () => String(world.settings.store.sqlite)

  it('a run that is under way: the lease is told, and everything else is seen all the same', async () => {
    const held = await openStateStore(world.settings.store, world.clock)
    try {
      const report = await ask(world)
      expect(saidBy(report, 'store/lease')).toMatch('another run holds the lease')
      expect(saidBy(report, 'contacts/match-rate')).toMatch('24 of 24 persons')
      expect(report.exitCode).toBe(0)
    } finally {
      await held.close()
    }
  })

  it('no store yet: nothing is made', async () => {
    const folder = join(world.folder, 'none')
    const found = await group('store', at(join(folder, 'none.db')))
    expect(found).toContain('content: ok none yet: the first run makes it')
    expect(found).toContain('last-run: ok no sync yet')
    await expect(rm(folder)).rejects.toThrow('ENOENT')
  })

  it('a file that is no store, and one of a newer version: what needs it is skipped', async () => {
    const foreign = join(world.folder, 'stores', 'foreign')
    const newer = join(world.folder, 'stores', 'newer')
    await mkdir(join(world.folder, 'stores'))
    await writeFile(foreign, 'zq-person '.repeat(500))
    await copyFile(own(), newer)
    const database = openSqliteDatabase(newer)
    database.pragma('user_version = 99')
    database.close()
    for (const [path, says] of [
      [foreign, /content: failed store-unusable: .* a file that is no database/],
      [newer, /content: failed store-unusable: .*version 99/],
    ] as const) {
      const found = await group('store', at(path))
      expect(found.join('\n')).toMatch(says)
      expect(found).toContain('last-run: skipped needs: readable, schema version')
    }
  })

  it('one of an older version is read as the next run will have it, and stays as it is', async () => {
    const older = join(world.folder, 'stores', 'older')
    await copyFile(fileURLToPath(new URL('../../fixtures/stores/v1.sqlite', import.meta.url)), older)
    const before = await readFile(older)
    const found = await group('store', at(older))
    const told = (check: string) => found.find((line) => line.startsWith(`${check}: `))
    expect(told('content')).toMatch(/^content: ok version 1; the next run brings it to \d+$/)
    expect(told('last-run')).toMatch(/^last-run: ok 2026-11-01T12:00Z/)
    expect(await readFile(older)).toEqual(before)
  })

  it('runs of which none was good', async () => {
    const spoilt = join(world.folder, 'stores', 'failing')
    await copyFile(own(), spoilt)
    const database = openSqliteDatabase(spoilt)
    database.exec('UPDATE run SET exit_code = 3')
    database.close()
    expect((await group('store', at(spoilt))).at(-1)).toBe(
      'last-run: warning none of the last 1 sync; the last one ended with 3',
    )
  })
})

describe('a bucket', () => {
  let s3: S3World

  beforeAll(async () => {
    s3 = await openS3World()
    s3.server.put('data/export-id=E1/date=2026-03-01/users/part-0.json.gz', Buffer.from('x'))
    s3.server.put('data/export-id=E1/date=2026-03-01/users/_SUCCESS', Buffer.alloc(0))
  })

  afterAll(() => s3.close())

  const inBucket =
    (more: Partial<Settings['source']['location']> = {}) =>
    (settings: Settings): Settings => ({
      ...settings,
      source: {
        ...settings.source,
        location: {
          kind: 's3',
          bucket: BUCKET,
          region: 'eu-central-1',
          endpoint: s3.server.endpoint,
          forcePathStyle: true,
          requestPayer: true,
          assumeRole: ROLE,
          ...more,
        } as Settings['source']['location'],
      },
    })

  it('is listed and read, with its role and its payer', async () => {
    const found = await group('source', inBucket(), systemClock)
    expect(found).toEqual(
      expect.arrayContaining([
        'list: ok 1 partition, the last of 2026-03-01',
        'role: ok assumed',
        'requester-pays: ok requests say that we pay, and are let in',
        'read: ok the first bytes of an object',
      ]),
    )
    expect(found.find((line) => line.startsWith('clock'))).toBe('clock: ok agrees with the object store')
  })

  it('that may not be listed: the permission is named', async () => {
    s3.server.faults.list.push(refuses(403, 'AccessDenied'))
    const found = await group('source', inBucket(), systemClock)
    expect(found[0]).toMatch(/list: failed source-forbidden: .*s3:ListBucket/)
    expect(found).toContain('read: skipped needs: listing')
  })

  it('whose role is refused', async () => {
    s3.server.faults.role.push(refusesRole(403, 'AccessDenied'))
    const found = await group('source', inBucket(), systemClock)
    expect(found[0]).toMatch(/list: failed source-forbidden: role arn:aws:iam::123456789012:role\/exports-role/)
  })

  it('that may be listed and not read', async () => {
    s3.server.faults.get.push(refuses(403, 'AccessDenied'))
    const found = await group('source', inBucket(), systemClock)
    expect(found.find((line) => line.startsWith('read'))).toMatch(/read: failed object-damaged: .*s3:GetObject/)
  })
})

describe('retention', () => {
  const ahead = (days: number) => (settings: Settings) => {
    const day = new Date(world.clock.now() - days * 86_400_000).toISOString().slice(0, 10)
    return { day, settings: { ...settings, retention: { alarmAfterDays: 5, days: 7 } } }
  }

  it.each([
    [2, 'ok', /partitions stay 7 days; nothing is about to be lost/],
    [5, 'warning', /1 partition not ingested, the oldest of 2026-02-24, which is deleted in 2 days/],
    [6, 'failed', /1 partition not ingested, the oldest of 2026-02-23, which is deleted in 1 day/],
  ])('a partition of %i days that nobody took: %s', async (days, status, says) => {
    const { day, settings } = ahead(days)(world.settings)
    const users = join(world.folder, 'export', 'data', 'export-id=E2', `date=${day}`, 'users')
    await mkdir(users, { recursive: true })
    await writeFile(join(users, 'part-0.json'), '{}')
    await writeFile(join(users, '_SUCCESS'), '')
    try {
      const found = await group('source', () => settings)
      const own = found.find((line) => line.startsWith('retention'))
      expect(own).toMatch(new RegExp(`^retention: ${status} `))
      expect(own).toMatch(says)
    } finally {
      await rm(join(world.folder, 'export', 'data', 'export-id=E2'), { recursive: true })
    }
  })
})

it('days that are missing between others: each hole is told with what closes it', async () => {
  const at = (date: string) => join(world.folder, 'export', 'data', 'export-id=E3', `date=${date}`, 'users')
  for (const date of ['2026-02-25', '2026-02-28']) {
    await mkdir(at(date), { recursive: true })
    await writeFile(join(at(date), '_SUCCESS'), '')
  }
  const found = await group('source', (settings) => settings)
  await rm(join(world.folder, 'export', 'data', 'export-id=E3'), { recursive: true })
  expect(found).toContain('retention: warning no partition E3 of 2026-02-26 to 2026-02-27')
})

it('before the first run nothing is overdue', async () => {
  const found = await group('source', (settings) => ({
    ...settings,
    store: { kind: 'sqlite', sqlite: join(world.folder, 'not-yet.db'), spillFolder: world.folder },
    retention: { alarmAfterDays: -1, days: 7 },
  }))
  expect(found).toContain(
    'retention: warning 1 partition not ingested, the oldest of 2026-03-01, which is deleted in 7 days',
  )
})

it('--target asks for targets that exist', async () => {
  const config = join(world.folder, 'didomi.json')
  const authentication = { client_id: 'a', client_secret: 'b', tenant_id: 'c', instance: 'https://a.crm4.dynamics.com' }
  const target = {
    name: 'crm',
    integration: {
      type: 'microsoft-dynamics',
      authentication,
      properties: {},
      mappings: [NEWSLETTER],
      upsert_mode: false,
    },
  }
  await writeFile(config, JSON.stringify({ source: { directory: './export' }, targets: [target] }))
  const flags = { config, json: false, quick: true, logLevel: 'silent', target: ['zq-person'] }
  const refused = await runDoctor(flags, 'test').catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'usage' })
  expect(String(refused)).not.toContain('zq-person')
})

describe("Didomi's API", () => {
  let api: DidomiEmulator

  beforeAll(async () => {
    const preference = { id: 'topics', type: 'multi', values: [{ id: 'sports' }] } as const
    api = await startDidomiEmulator({
      now: () => world.clock.now(),
      tree: {
        selected_purposes: [
          { id: 'node-1', purpose_id: 'letters', selected_preferences: [{ id: 'node-2', preference }] },
        ],
      },
      layoutEntities: [
        { id: 'widget-1', widget_id: 'w', selected_preference_id: 'node-2', preference_value_id: 'sports' },
      ],
    })
  })

  afterAll(() => api.close())

  const asked =
    (value: string, secret = 'emulated-secret') =>
    (settings: Settings): Settings => ({
      ...settings,
      didomi: {
        organizationId: api.organizationId,
        key: api.key,
        secret: { reveal: () => secret } as NonNullable<Settings['didomi']>['secret'],
        apiRoot: api.apiRoot,
        exportLogUrl: api.exportLogUrl,
        checkExportLog: false,
      },
      targets: settings.targets.map((target) => ({ ...target, entries: [{ id: 'new_newsletter', value }] })),
    })

  it.each([
    ['news', 'widget-ids: ok store, catalogue and lookup answer all of them'],
    ['widget-9', /widget-ids: failed the value that maps to new_newsletter stands neither/],
    ['widget-1', /widget-ids: warning the value that maps to new_newsletter is known to Didomi/],
  ])('the id %s in a mapping', async (value, says) => {
    const found = await group('didomi', asked(value))
    expect(found[0]).toBe('access: ok a session, configuration tree and widgets')
    expect(found[1]).toMatch(says)
  })

  it('what a widget stands for is told with its lookup entry', async () => {
    const open = { log: silentLog, progress: noProgress, version: 'test', clock: world.clock }
    const worlds = openDoctorWorlds(asked('widget-1')(world.settings), { sample: 0 }, open)
    const store = groupOf('store', 'Store', worlds.store, STORE_CHECKS)
    const didomi = groupOf('didomi', 'Didomi', worlds.didomi, DIDOMI_CHECKS)
    const remedies = (await examine([store, didomi], new AbortController().signal)).map((one) =>
      one.status === 'warning' ? one.remedy : '',
    )
    await worlds.close()
    expect(remedies.join('')).toContain('{"purpose":"letters","preference":"topics","value":"sports"}')
  })

  it('a secret that is wrong', async () => {
    const found = await group('didomi', asked('news', 'wrong'))
    expect(found).toEqual([
      expect.stringMatching(/^access: failed didomi-forbidden: session: HTTP 400/),
      'widget-ids: skipped needs: API keys',
    ])
  })
})

describe('an environment', () => {
  it('that is out of reach: the work stays due (6), and the store and the source are looked at all the same', async () => {
    const report = await ask(world, {
      environment: (emulated) => emulated.addFaults([{ match: {}, count: 0, action: { kind: 'reset-before-commit' } }]),
    })
    expect(saidBy(report, 'contacts/token')).toMatch('dataverse-unavailable')
    expect(saidBy(report, 'contacts/mapping')).toBe('needs: tables')
    expect(saidBy(report, 'store/content')).toMatch('version')
    expect(report.exitCode).toBe(6)
  })

  it.each(['RetrieveMultiple', 'Batch', 'Metadata', 'WhoAmI'])(
    'that quotes somebody in its refusal of %s: nobody is named',
    async (message) => {
      const text = 'Cannot do this for zq-person-0@example.com ("zq-person-7@example.com").'
      const report = await ask(world, {
        environment: (emulated) =>
          emulated.addFaults([
            {
              match: { message },
              count: 0,
              action: { kind: 'status', status: 400, code: '0x80060888', message: text },
            },
          ]),
      })
      expect(report.counts.failed).toBeGreaterThan(0)
      expect(JSON.stringify(report)).toContain('Cannot do this')
    },
  )

  it('--quick takes no samples', async () => {
    const report = await ask(world, { quick: true })
    const names = ['match-rate', 'match-uniqueness', 'hashed-ouids', 'other-writers']
    expect(names.map((name) => saidBy(report, `contacts/${name}`))).toEqual(names.map(() => '--quick takes no samples'))
    expect(report.exitCode).toBe(0)
  })
})
