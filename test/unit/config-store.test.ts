/** `store`: a file or a database, never both, and a password that shows nowhere. */

import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { loadSettings } from '../../src/config/load.ts'
import { configJsonSchema } from '../../src/config/schema.ts'
import type { PostgresStoreSettings, Settings } from '../../src/config/settings.ts'
import { leastConfig, load, refusal, SECRET, surroundings } from '../support/config-files.ts'
import { isValid } from '../support/config-json-schema.ts'

const PASSWORD = `\${env:DIDOMI_API_SECRET}`
const perfect = { host: 'db.example.com', database: 'consent', user: 'job', password: PASSWORD }
const withStore = (store: unknown) => ({ ...leastConfig(), store })
const withPostgres = (changes: object) => withStore({ postgres: { ...perfect, ...changes } })

async function postgres(changes: object = {}): Promise<PostgresStoreSettings> {
  const { store } = await load(withPostgres(changes))
  if (store.kind !== 'postgres') throw new TypeError('another store')
  return store
}

async function refused(store: unknown): Promise<string> {
  const config = withStore(store)
  const { code, complaints } = await refusal(config)
  expect(code).toBe('config-invalid')
  return complaints
    .map(({ where, found, expected }) => `${where.replace(/^\S+ /, '')}: ${found}; ${expected}`)
    .join('\n')
}

describe('a PostgreSQL store', () => {
  it('has defaults for everything but its place and its user; over the network it speaks TLS', async () => {
    const { password, ...settings } = await postgres()
    expect(settings).toEqual({
      kind: 'postgres',
      host: 'db.example.com',
      port: 5432,
      database: 'consent',
      user: 'job',
      schema: 'didomi_dataverse',
      tls: {},
      leaseMs: 30_000,
      spillFolder: '/srv/job/conf/state/didomi-dataverse.spill',
    })
    expect(password.reveal()).toBe(SECRET)
  })

  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.9.9.9', '::1', '/var/run/postgresql'])(
    'TLS is off only where nothing leaves the machine: %s',
    async (host) => {
      expect((await postgres({ host })).tls).toBeUndefined()
      expect((await postgres({ host, tls: {} })).tls).toEqual({})
    },
  )

  it.each(['127.0.0.1.example.com', '127.example.com', 'localhost.example.com', '10.0.0.1', '::2'])(
    'a host that only looks like this machine gets TLS: %s',
    async (host) => {
      expect((await postgres({ host })).tls).toEqual({})
    },
  )

  it('certificates and spill folder lie beside the settings file', async () => {
    const settings = await postgres({ tls: { ca: 'ca.pem' }, spill: 'tmp/spill' })
    expect(settings).toMatchObject({ tls: { ca: '/srv/job/conf/ca.pem' }, spillFolder: '/srv/job/conf/tmp/spill' })
  })

  it('the password shows in no print of the settings', async () => {
    const settings: Settings = await load(withPostgres({}))
    expect(inspect(settings, { depth: 9 }) + JSON.stringify(settings)).not.toContain(SECRET)
  })

  it('a password in the file works, and is warned about', async () => {
    const { warnings } = await load(withPostgres({ password: 'plain' }))
    expect(warnings).toEqual([expect.stringMatching(/store\.postgres\.password: a secret stands in the file/)])
  })

  it('a password that is not set is secret-missing', async () => {
    const config = withPostgres({ password: `\${env:NOWHERE}` })
    expect(await refusal(config)).toMatchObject({ code: 'secret-missing' })
  })
})

describe('what is refused', () => {
  it('two stores at once, and none', async () => {
    expect(await refused({ sqlite: 'x.db', postgres: perfect })).toContain(
      'store: sqlite and postgres; exactly one of the keys sqlite, postgres',
    )
    expect(await refused({})).toContain('store: none of them; exactly one of the keys sqlite, postgres')
  })

  it.each([
    { postgres: `postgres://job:${SECRET}@db.example.com/consent` },
    { postgres: { url: `postgres://job:${SECRET}@db.example.com/consent` } },
    { postgres: { ...perfect, host: `postgres://job:${SECRET}@db.example.com/consent` } },
    { postgres: { ...perfect, host: `job:${SECRET}@db.example.com` } },
    { postgres: { ...perfect, host: `/run/job:${SECRET}@db` } },
  ])('a URL with a password in it, however it is written, and it is not repeated', async (store) => {
    expect(await refused(store)).not.toContain(SECRET)
  })

  it.each([
    ['schema', 'pg_catalog'],
    ['schema', 'Upper'],
    ['schema', 'a"b'],
    ['schema', 'a'.repeat(64)],
    ['port', 0],
    ['port', 65_536],
    ['host', ''],
    ['host', 'two words'],
    ['database', ''],
    ['user', ''],
    ['password', ''],
    ['tls', true],
    ['tls', { rejectUnauthorized: false }],
  ])('%s: %j', async (key, value) => {
    expect(await refused({ postgres: { ...perfect, [key]: value } })).toContain(`store.postgres.${key}`)
  })

  it('what the JSON Schema accepts of a store the program accepts, and the other way round', async () => {
    const schema = configJsonSchema()
    const stores = [
      undefined,
      {},
      { sqlite: 'x.db' },
      { postgres: perfect },
      { sqlite: 'x.db', postgres: perfect },
      { postgres: { ...perfect, schema: 'pg_x' } },
      { postgres: { ...perfect, host: 'a b' } },
      { postgres: { ...perfect, tls: { ca: 'ca.pem' } } },
      { postgres: { ...perfect, tls: { key: 'x' } } },
      ...Object.keys(perfect).map((key) => ({ postgres: { ...perfect, [key]: undefined } })),
    ]
    const verdicts = stores.map(async (store) => {
      const text = JSON.stringify(withStore(store))
      const files = surroundings({ '/srv/job/didomi.yaml': text })
      const accepted = loadSettings('didomi.yaml', files).then(
        () => true,
        () => false,
      )
      return [isValid(schema, JSON.parse(text)), await accepted]
    })
    for (const [editor, program] of await Promise.all(verdicts)) expect(editor).toBe(program)
  })
})
