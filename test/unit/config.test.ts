import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadSettings } from '../../src/config/load.ts'
import { CodedError } from '../../src/lib/errors.ts'
import { CORES, leastConfig, load, refusal, surroundings } from '../support/config-files.ts'

const PURPOSE = 'purpose:10f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f1'

function withTarget(target: Record<string, unknown>) {
  const config = leastConfig()
  return { ...config, targets: [{ ...config.targets[0], ...target }] }
}

async function firstTarget(target: Record<string, unknown>) {
  const settings = (await load(withTarget(target))).targets[0]
  if (settings === undefined) throw new Error('no target')
  return settings
}

/** The paths complained about, without file and line. */
async function complainedPaths(config: unknown): Promise<string[]> {
  return (await refusal(config)).complaints.map(({ where }) => where.replace(/^\S+ /, ''))
}

describe('what is loaded', () => {
  it('the least configuration has every default', async () => {
    const { targets, ...settings } = await load(leastConfig())
    expect(settings).toEqual({
      source: {
        location: { kind: 'directory', directory: '/srv/job/conf/exports' },
        prefix: 'data/',
        successMarker: 'auto',
        workers: CORES,
        maxExpansion: 1_000,
      },
      store: {
        kind: 'sqlite',
        sqlite: '/srv/job/conf/state/didomi-dataverse.db',
        spillFolder: '/srv/job/conf/state/didomi-dataverse.db.spill',
      },
      reading: { normalise: 'none', regulations: ['gdpr'], clockSkew: 86_400_000_000, maxLineBytes: 8_388_608 },
      events: 'complete',
      rejects: { maxRatio: 0.01 },
      quarantine: { max: 0 },
      report: { directory: '/srv/job/conf/state/reports', page: true, keep: 100, prefix: 'reports/' },
      retention: { alarmAfterDays: 5 },
      catalogue: { purposes: [], channels: [] },
      lookup: {},
      metrics: { labels: {} },
      credentials: { alarmDays: 30, known: [] },
      notify: [],
      migration: { pairs: [] },
      reverse: { brake: { share: 0.2, atLeast: 1_000 } },
      warnings: [],
    })
    expect(targets).toHaveLength(1)
    expect(targets[0]).toMatchObject({
      name: 'crm',
      contact: {
        matchAttribute: 'emailaddress1',
        duplicates: 'all',
        template: {},
        adopt: [],
        upsertOn: 'statement',
        changeTracking: 'auto',
      },
      contactPoints: [{ channel: 'email', from: 'contact.emailaddress1' }],
      sharedAddress: 'opt-out-wins',
      addressOnly: false,
      owner: 'purpose-owner',
      businessUnit: 'owner',
      parentPurpose: 'warn',
      conflict: 'newest',
      clockToleranceMicros: 5_000_000,
      freshnessMs: 30_000,
      strict: false,
      brake: { share: 0.2, atLeast: 1_000 },
      park: { maxAgeDays: 30 },
      concurrency: 50,
      batchRows: 1_000,
      batchTargetMs: 5_000,
      writes: 'auto',
      timeoutMs: 120_000,
      retries: 8,
      tables: { consent: 'msdynmkt_contactpointconsent4', purpose: 'msdynmkt_purpose', topic: 'msdynmkt_topic' },
    })
    expect(targets[0]).not.toHaveProperty('entryOptions')
  })

  it('YAML and JSON say the same, and relative paths start from the settings file', async () => {
    const yaml = 'source:\n  directory: ../in\ntargets:\n  - name: crm\n    integration: current.json\n'
    expect(await load(yaml)).toEqual(await load(JSON.stringify(parse(yaml))))
    expect((await load(yaml)).source.location).toMatchObject({ directory: '/srv/job/in' })
    const absolute = resolve('/srv/job/conf/didomi.yaml')
    const files = surroundings({ [absolute]: yaml })
    expect(await loadSettings(absolute, { ...files, cwd: '/elsewhere' })).toEqual(await load(yaml))
  })

  it.each([
    ['data', 'data/'],
    ['/a/b/', 'a/b/'],
    ['', ''],
    ['/', ''],
  ])('the prefix %j is read as %j', async (prefix, read) => {
    expect((await load({ ...leastConfig(), source: { directory: 'x', prefix } })).source.prefix).toBe(read)
  })

  it('§2.2 regulations are lower case', async () => {
    expect((await load({ ...leastConfig(), regulations: ['GDPR', 'CPRA'] })).reading.regulations).toEqual([
      'gdpr',
      'cpra',
    ])
  })

  it('§2.7 a CSV column map becomes a list of keys', async () => {
    const choices = { 'purpose/newsletter': { column: 'N', true: ['Y'], false: ['N'] }, 'set/p%/f': { column: 'S' } }
    const csv = { organizationUserId: 'id', updatedAt: 'at', choices }
    expect((await load({ ...leastConfig(), source: { directory: 'x', csv } })).source.csv).toEqual({
      organizationUserId: 'id',
      updatedAt: 'at',
      choices: [
        { key: 'purpose/newsletter', column: 'N', trueSpellings: ['Y'], falseSpellings: ['N'] },
        { key: 'set/p%25/f', column: 'S', trueSpellings: ['true'], falseSpellings: ['false'] },
      ],
    })
  })

  it("options of an entry complete and override the document's, GUIDs in either case", async () => {
    const id = PURPOSE.toUpperCase().replace('PURPOSE', 'purpose')
    const { entries } = await firstTarget({ entryOptions: { [id]: { channel: 'email', allowTracking: true } } })
    expect(entries[0]).toEqual({ id: PURPOSE, value: 'newsletter', channel: 'email', allowTracking: true })
    expect(entries[1]).not.toHaveProperty('channel')
  })

  it("authentication overrides the document's, with a certificate in place of its secret", async () => {
    const { authentication, instance } = await firstTarget({
      authentication: {
        instance: 'https://crm.example.com/acme',
        tenantId: 't2',
        clientId: 'c2',
        authority: 'https://sts.example.com/adfs',
        authorityMetadata: { token_endpoint: 'http://127.0.0.1/token' },
        knownAuthorities: ['sts.example.com'],
        certificate: { privateKey: `\${env:DATAVERSE_CLIENT_SECRET}`, thumbprintSha256: 'ab'.repeat(32) },
      },
    })
    expect(instance.origin).toBe('https://crm.example.com')
    expect(authentication).toMatchObject([
      {
        tenantId: 't2',
        clientId: 'c2',
        authority: 'https://sts.example.com/adfs',
        authorityMetadata: '{"token_endpoint":"http://127.0.0.1/token"}',
        knownAuthorities: ['sts.example.com'],
        credential: { kind: 'certificate', thumbprintSha256: 'ab'.repeat(32) },
        scope: 'https://crm.example.com/.default',
      },
    ])
  })

  it('a host of no known cloud without an authority is warned about', async () => {
    const { warnings } = await load(withTarget({ authentication: { instance: 'https://crm.example.com/acme' } }))
    expect(warnings).toEqual([expect.stringMatching(/^target crm: .*authentication\.authority/)])
  })

  it('references stand anywhere in a text', async () => {
    expect(
      (await load({ ...leastConfig(), source: { directory: `\${env:EXPORTS}/d` } })).source.location,
    ).toMatchObject({
      directory: '/mnt/exports/d',
    })
  })
})

describe('what is refused', () => {
  it('no file, no YAML, nothing in it, a key twice', async () => {
    const nowhere = loadSettings('gone.yaml', {
      ...surroundings(),
      readFile: () => Promise.reject(new Error('ENOENT')),
    })
    await expect(nowhere).rejects.toMatchObject({ code: 'config-invalid' })
    for (const text of ['a: [', 'a: 1\na: 2', '', '[]', '&a [*b]', 'x: !env y', 'a\n---\nb']) {
      expect((await refusal(text)).code, text).toBe('config-invalid')
    }
  })

  it('every problem is reported at once, with file, line and path', async () => {
    const text = [
      'source: { directory: x, prefx: y }',
      'clockSkew: 24',
      'events: all',
      'targets:',
      '  - name: CRM',
      '    integration: gone.json',
      '    batchRows: 1001',
      '  - name: two',
      '    integration: { type: microsoft-dynamics, mappings: [] }',
      `    authentication: { clientSecret: "\${env:NOT_SET}" }`,
    ].join('\n')
    const error = await refusal(text, {})
    expect(error).toBeInstanceOf(CodedError)
    expect(error.code).toBe('config-invalid')
    expect(error.complaints.map(({ where }) => where).sort()).toEqual([
      'conf/didomi.yaml:10: targets[1].authentication.clientSecret',
      'conf/didomi.yaml:1: source.prefx',
      'conf/didomi.yaml:2: clockSkew',
      'conf/didomi.yaml:3: events',
      'conf/didomi.yaml:5: targets[0].name',
      'conf/didomi.yaml:6: targets[0].integration',
      'conf/didomi.yaml:7: targets[0].batchRows',
      'conf/didomi.yaml:9: targets[1].integration.mappings',
    ])
    expect(error.complaints.find(({ where }) => where.endsWith('prefx'))?.expected).toContain('prefix')
  })

  it.each([
    ['no source', { source: undefined }, ['source']],
    ['no targets', { targets: [] }, ['targets']],
    ['a number for a duration', { clockSkew: 30 }, ['clockSkew']],
    ['a share above 1', { rejects: { maxRatio: 2 } }, ['rejects.maxRatio']],
    ['a value without its preference', { lookup: { e1: { purpose: 'p', value: 'v' } } }, ['lookup.e1']],
  ])('%s', async (_, change, paths) => {
    expect(await complainedPaths({ ...leastConfig(), ...change })).toEqual(paths)
  })

  it.each([
    ['two targets of one name', { targets: [leastConfig().targets[0], leastConfig().targets[0]] }, ['targets[1].name']],
    [
      'a CSV spelling for yes and no',
      {
        source: {
          directory: 'x',
          csv: {
            organizationUserId: 'a',
            updatedAt: 'b',
            choices: { 'purpose/p': { column: 'c', true: ['1'], false: ['1'] } },
          },
        },
      },
      ['source.csv.choices["purpose/p"]'],
    ],
    ['options of an unknown entry', withTarget({ entryOptions: { new_x: {} } }), ['targets[0].entryOptions.new_x']],
    [
      'two kinds of proof',
      withTarget({
        authentication: { clientSecret: 'x', certificate: { privateKey: 'k', thumbprintSha256: 'ab'.repeat(32) } },
      }),
      ['targets[0].authentication'],
    ],
    [
      'an instance of another form',
      withTarget({ authentication: { instance: 'https://acme.example.com/main.aspx' } }),
      ['targets[0].authentication.instance'],
    ],
    [
      'metadata that is no JSON',
      withTarget({ authentication: { authorityMetadata: '{' } }),
      ['targets[0].authentication.authorityMetadata'],
    ],
    [
      'credentials that neither side has',
      withTarget({ integration: { type: 'microsoft-dynamics', mappings: [{ id: 'new_a', value: 'p' }] } }),
      ['instance', 'tenant_id', 'client_id', 'client_secret'].map(
        (key) => `targets[0].integration.authentication.${key}`,
      ),
    ],
  ])('by the program only: %s', async (_, change, paths) => {
    const config = { ...leastConfig(), ...change }
    expect((await refusal(config)).code).toBe('config-invalid')
    expect(await complainedPaths(config)).toEqual(paths)
  })

  it('a value that slipped into a key is not printed', async () => {
    const text =
      'source: { directory: x, {directory:canary}: 1, a:canary-2 }\ntargets: [{name: crm, integration: current.json}]'
    const error = await refusal(text)
    expect(error.message).not.toContain('canary')
  })
})
