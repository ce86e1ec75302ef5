import { describe, expect, it } from 'vitest'
import { loadSettings } from '../../src/config/load.ts'
import { parseDurationMs, ROLE_SESSION } from '../../src/config/quantity.ts'
import { parseSecureUrl } from '../../src/config/secure-url.ts'
import { CORES, leastConfig, load, refusal, SECRET, surroundings } from '../support/config-files.ts'

const ROLE = 'arn:aws:iam::123456789012:role/didomi-exports-acme-x1-role'
const didomi = { organizationId: 'acme', key: 'k1', secret: `\${env:DIDOMI_API_SECRET}` }

const withParts = (parts: Record<string, unknown>) => ({ ...leastConfig(), ...parts })
const withSource = (source: Record<string, unknown>) => withParts({ source })
const withS3 = (s3: Record<string, unknown>) => withSource({ s3: { bucket: 'a-bucket', ...s3 } })
const withRole = (role: Record<string, unknown>) => withS3({ assumeRole: { roleArn: ROLE, ...role } })
const withGcs = (gcs: Record<string, unknown>) => withSource({ gcs: { bucket: 'a-bucket', ...gcs } })
const withDidomi = (part: Record<string, unknown>) => withParts({ didomi: { ...didomi, ...part } })

const locationOf = async (config: unknown) => (await load(config)).source.location

/** The one complaint a configuration is refused with, its place without file and line. */
async function complaint(config: unknown) {
  const { code, complaints } = await refusal(config)
  expect(code).toBe('config-invalid')
  expect(complaints).toHaveLength(1)
  return { ...complaints[0], where: complaints[0]?.where.replace(/^\S+ /, '') }
}

describe('where the export is read', () => {
  it('an S3 bucket is paid for and addressed by host, and regions, servers and roles are left open', async () => {
    expect(await locationOf(withS3({}))).toEqual({
      kind: 's3',
      bucket: 'a-bucket',
      forcePathStyle: false,
      requestPayer: true,
    })
  })

  it("Didomi's S3 bucket is reached by a role, for an hour at a time", async () => {
    expect(await locationOf(withS3({ region: 'eu-central-1', assumeRole: { roleArn: ROLE } }))).toEqual({
      kind: 's3',
      bucket: 'a-bucket',
      region: 'eu-central-1',
      forcePathStyle: false,
      requestPayer: true,
      assumeRole: { roleArn: ROLE, sessionName: 'didomi-dataverse', durationSeconds: 3_600 },
    })
  })

  it('everything about an S3 bucket can be said', async () => {
    const server = { region: 'local', endpoint: 'http://127.0.0.1:9000', forcePathStyle: true, requestPayer: false }
    const role = { roleArn: ROLE, externalId: 'x:1', sessionName: 'nightly' }
    expect(await locationOf(withS3({ ...server, assumeRole: { ...role, duration: '12h' } }))).toEqual({
      kind: 's3',
      bucket: 'a-bucket',
      ...server,
      assumeRole: { ...role, durationSeconds: 43_200 },
    })
  })

  it('a Google bucket needs its name alone', async () => {
    expect(await locationOf(withGcs({}))).toEqual({ kind: 'gcs', bucket: 'a-bucket' })
  })

  it("a key file lies in the settings file's folder", async () => {
    const rest = { endpoint: 'https://storage.example.com', projectId: 'acme', userProject: 'acme-2' }
    expect(await locationOf(withGcs({ ...rest, keyFile: '../key.json' }))).toEqual({
      kind: 'gcs',
      bucket: 'a-bucket',
      ...rest,
      keyFile: '/srv/job/key.json',
    })
  })

  it.each([
    [1, 1],
    [CORES, CORES],
    [4, 4],
    [64, 4],
  ])('of %i cores %i work unless the settings say otherwise', async (cores, workers) => {
    const around = (source: Record<string, unknown>) => ({
      ...surroundings({ '/srv/job/x.yaml': JSON.stringify(withSource({ directory: 'x', ...source })) }),
      cores,
    })
    expect((await loadSettings('x.yaml', around({}))).source.workers).toBe(workers)
    expect((await loadSettings('x.yaml', around({ workers: 64 }))).source.workers).toBe(64)
  })

  it('an object may grow as much as the settings say', async () => {
    expect((await load(withSource({ directory: 'x', maxExpansion: 20 }))).source.maxExpansion).toBe(20)
  })
})

describe('the place is one', () => {
  it.each([
    ['none', {}, 'none of them'],
    ['a folder and a bucket', { directory: 'x', s3: { bucket: 'a-bucket' } }, 'directory and s3'],
    ['two buckets', { s3: { bucket: 'a-bucket' }, gcs: { bucket: 'a-bucket' } }, 's3 and gcs'],
  ])('%s', async (_, place, found) => {
    const expected = 'exactly one of the keys directory, s3, gcs'
    expect(await complaint(withSource(place))).toMatchObject({ where: 'source', found, expected })
    expect(await complaint(withParts({ archive: { to: place } }))).toMatchObject({
      where: 'archive.to',
      found,
      expected,
    })
  })

  it('is complained about beside what else is wrong with it', async () => {
    const { complaints } = await refusal(withSource({ prefx: 'y', workers: 0, s3: {}, gcs: null }))
    expect(complaints.map(({ where }) => where.replace(/^\S+ /, '')).sort()).toEqual([
      'source',
      'source.gcs',
      'source.prefx',
      'source.s3.bucket',
      'source.workers',
    ])
  })
})

describe('what cannot be meant is refused', () => {
  it.each<[string, unknown, string]>([
    ['a bucket with its scheme', withS3({ bucket: 's3://a-bucket' }), 'source.s3.bucket'],
    ['a bucket with a path', withS3({ bucket: 'a-bucket/data' }), 'source.s3.bucket'],
    ['an S3 bucket with an underscore', withS3({ bucket: 'a_bucket' }), 'source.s3.bucket'],
    ['an S3 bucket of 64 characters', withS3({ bucket: 'a'.repeat(64) }), 'source.s3.bucket'],
    ['a bucket in capitals', withGcs({ bucket: 'A-Bucket' }), 'source.gcs.bucket'],
    ['a bucket with two dots', withGcs({ bucket: 'a..bucket' }), 'source.gcs.bucket'],
    ['a bucket of two characters', withGcs({ bucket: 'ab' }), 'source.gcs.bucket'],
    ['a role without its account', withRole({ roleArn: 'arn:aws:iam:::role/x' }), 'source.s3.assumeRole.roleArn'],
    [
      'a role as some pages print it',
      withRole({ roleArn: 'arn:aws:0000000000:iam:role/x' }),
      'source.s3.assumeRole.roleArn',
    ],
    ['a user', withRole({ roleArn: 'arn:aws:iam::123456789012:user/x' }), 'source.s3.assumeRole.roleArn'],
    ['a role without a name', withRole({ roleArn: 'arn:aws:iam::123456789012:role/' }), 'source.s3.assumeRole.roleArn'],
    ['14 minutes', withRole({ duration: '14m' }), 'source.s3.assumeRole.duration'],
    ['13 hours', withRole({ duration: '13h' }), 'source.s3.assumeRole.duration'],
    ['a session name with a blank', withRole({ sessionName: 'a b' }), 'source.s3.assumeRole.sessionName'],
    ['plain http beyond this machine', withS3({ endpoint: 'http://s3.example.com' }), 'source.s3.endpoint'],
    ['no URL', withGcs({ endpoint: 'https://a:99999' }), 'source.gcs.endpoint'],
    ['plain http for the API', withDidomi({ apiRoot: 'http://api.didomi.io/v1' }), 'didomi.apiRoot'],
    ['an API of no URL', withDidomi({ apiRoot: 'https://[x]/v1' }), 'didomi.apiRoot'],
    ['plain http for the log', withDidomi({ exportLogPath: 'http://a.example.com/l' }), 'didomi.exportLogPath'],
    ['a log of no URL', withDidomi({ exportLogPath: 'https://[x]/l' }), 'didomi.exportLogPath'],
    ['a path that is a host', withDidomi({ exportLogPath: '//a.example.com/l' }), 'didomi.exportLogPath'],
    ['the same in disguise', withDidomi({ exportLogPath: '/\\a.example.com/l' }), 'didomi.exportLogPath'],
    ['a path with a query', withDidomi({ exportLogPath: '/l?x=1' }), 'didomi.exportLogPath'],
    ['no secret', withDidomi({ secret: undefined }), 'didomi.secret'],
    ['no thread', withSource({ directory: 'x', workers: 0 }), 'source.workers'],
    ['65 threads', withSource({ directory: 'x', workers: 65 }), 'source.workers'],
    ['half an expansion', withSource({ directory: 'x', maxExpansion: 0.5 }), 'source.maxExpansion'],
  ])('%s', async (_, config, where) => {
    expect((await complaint(config)).where).toBe(where)
  })

  it.each([
    'arn:aws:iam::123456789012:role/a/b/name',
    'arn:aws-cn:iam::123456789012:role/x',
    'arn:aws-us-gov:iam::123456789012:role/x',
  ])('%s is a role', async (roleArn) => {
    expect(await locationOf(withRole({ roleArn }))).toMatchObject({ assumeRole: { roleArn } })
  })

  it("the remedy for a role shows the form of Didomi's, and for a bucket where its path goes", async () => {
    const { remedy } = await complaint(withRole({ roleArn: 'arn:aws:iam::1:role/x' }))
    expect(remedy).toContain('arn:aws:iam::<its account>:role/<bucket>-role')
    expect((await complaint(withS3({ bucket: 'a/b' }))).remedy).toContain('source.prefix')
  })

  it('a key in the place of its path is refused and not printed', async () => {
    const config = withGcs({ keyFile: `\${file:/run/key.json}` })
    for (const content of [`{"private_key": "${SECRET}"}`, `-----BEGIN-----\n${SECRET}\n`]) {
      const error = await refusal(config, { '/run/key.json': content })
      expect(error.complaints.map(({ where }) => where)).toEqual([expect.stringContaining('source.gcs.keyFile')])
      expect(error.message).not.toContain(SECRET)
    }
  })
})

describe('a session of a role', () => {
  it('lasts 15 minutes to 12 hours, however it is written', () => {
    const written = ['ms', 's', 'm', 'h', 'd'].flatMap((unit) =>
      Array.from({ length: 50_000 }, (_, number) => `${number}${unit}`),
    )
    const unlike = written.filter((text) => {
      const ms = parseDurationMs(text) ?? 0
      return ROLE_SESSION.test(text) !== (ms >= 900_000 && ms <= 43_200_000)
    })
    expect(unlike).toEqual([])
  })
})

it.each([
  ['https://s3.example.com', true],
  ['https://s3.example.com:9000/a/b/', true],
  ['http://localhost:9000', true],
  ['http://127.0.0.1', true],
  ['http://[::1]:9000', true],
  ['http://localhost.example.com', false],
  ['http://127.0.0.1.example.com', false],
  ['http://127.0.0.1\\.example.com', false],
  ['https://user:word@s3.example.com', false],
  ['https://s3.example.com\\@a.example.com', false],
  ['https://s3.example.com?x', false],
  ['https://s3.example.com#x', false],
  ['s3.example.com', false],
])('%s takes credentials: %s', (text, taken) => {
  expect(parseSecureUrl(text) !== undefined).toBe(taken)
})

describe('the archive', () => {
  const archived = (source: Record<string, unknown>, to: Record<string, unknown>) =>
    withParts({ source, archive: { to } })

  it.each([
    ['a folder', { directory: '../copies' }, { kind: 'directory', directory: '/srv/job/copies' }],
    ['a folder beside with a like name', { directory: 'x2' }, { kind: 'directory', directory: '/srv/job/conf/x2' }],
    ['the folder around it', { directory: '.' }, { kind: 'directory', directory: '/srv/job/conf' }],
    ['a folder of dots', { directory: '..x' }, { kind: 'directory', directory: '/srv/job/conf/..x' }],
    ['a bucket', { gcs: { bucket: 'a-bucket' } }, { kind: 'gcs', bucket: 'a-bucket' }],
  ])('may be %s', async (_, to, location) => {
    expect((await load(archived({ directory: 'x' }, to))).archive).toEqual({ to: location })
  })

  it('is absent unless it is wanted', async () => {
    expect(await load(leastConfig())).not.toHaveProperty('archive')
  })

  it.each([
    ["the source's folder", { directory: 'x' }, { directory: './y/../x/' }],
    ['a folder inside it', { directory: 'x' }, { directory: 'x/copies' }],
    ['a folder inside it that starts with dots', { directory: 'x' }, { directory: 'x/..copies' }],
    ["the source's S3 bucket", { s3: { bucket: 'a-bucket' } }, { s3: { bucket: 'a-bucket' } }],
    [
      'the same bucket by its regional address',
      { s3: { bucket: 'a-bucket' } },
      { s3: { bucket: 'a-bucket', endpoint: 'https://s3.eu-central-1.amazonaws.com' } },
    ],
    [
      "Google's bucket by Amazon's protocol",
      { gcs: { bucket: 'a-bucket' } },
      { s3: { bucket: 'a-bucket', endpoint: 'https://storage.googleapis.com' } },
    ],
  ])('is not %s', async (_, source, to) => {
    expect((await complaint(archived(source, to))).where).toBe('archive.to')
  })

  it.each([
    ['another bucket', { s3: { bucket: 'b-bucket' } }],
    ['the same name at Google', { gcs: { bucket: 'a-bucket' } }],
    ['the same name at another server', { s3: { bucket: 'a-bucket', endpoint: 'http://127.0.0.1:9000' } }],
    ['the same name at a host that ends alike', { s3: { bucket: 'a-bucket', endpoint: 'https://notamazonaws.com' } }],
  ])('may be %s', async (_, to) => {
    expect((await load(archived({ s3: { bucket: 'a-bucket' } }, to))).archive?.to).toMatchObject({
      bucket: expect.any(String),
    })
  })
})

describe('the deletion clock', () => {
  const daysOf = async (parts: Record<string, unknown>) => (await load(withParts(parts))).retention

  it("Didomi's S3 bucket forgets after 7 days, a folder and a Google bucket never", async () => {
    expect(await daysOf({ source: { s3: { bucket: 'a-bucket' } } })).toEqual({ alarmAfterDays: 5, days: 7 })
    expect(await daysOf({ source: { gcs: { bucket: 'a-bucket' } } })).toEqual({ alarmAfterDays: 5 })
    expect(await daysOf({})).toEqual({ alarmAfterDays: 5 })
  })

  it('the settings know better', async () => {
    const retention = { alarmAfterDays: 20, days: 30 }
    expect(await daysOf({ source: { s3: { bucket: 'a-bucket' } }, retention })).toEqual(retention)
    expect(await daysOf({ retention })).toEqual(retention)
    expect(await daysOf({ retention: { alarmAfterDays: 400 } })).toEqual({ alarmAfterDays: 400 })
  })

  it.each([
    ['the day of the deletion', { retention: { alarmAfterDays: 4, days: 4 } }, 'less than 4'],
    [
      'a day that S3 has no more',
      { source: { s3: { bucket: 'a-bucket' } }, retention: { alarmAfterDays: 8 } },
      'less than 7',
    ],
    ['the default alarm, too late for a short life', { retention: { days: 3 } }, 'less than 3'],
  ])('an alarm that comes too late is refused: %s', async (_, parts, expected) => {
    expect(await complaint(withParts(parts))).toMatchObject({ where: 'retention.alarmAfterDays', expected })
  })
})

describe("Didomi's API", () => {
  it('has its export log outside of /v1, and is not asked for it unless told to', async () => {
    const { didomi: built, warnings } = await load(withDidomi({}))
    const { secret, ...rest } = built ?? {}
    expect(rest).toEqual({
      organizationId: 'acme',
      key: 'k1',
      apiRoot: 'https://api.didomi.io/v1',
      exportLogUrl: 'https://api.didomi.io/marketplace/exports/logs',
      checkExportLog: false,
    })
    expect(secret?.reveal()).toBe(SECRET)
    expect(warnings).toEqual([])
  })

  it.each([
    ['/exports/logs', 'http://127.0.0.1:8080/exports/logs'],
    ['/v1/exports/logs', 'http://127.0.0.1:8080/v1/exports/logs'],
    ['https://logs.example.com/l', 'https://logs.example.com/l'],
  ])('the export log %s is at %s', async (exportLogPath, exportLogUrl) => {
    const apiRoot = 'http://127.0.0.1:8080/v1//'
    expect((await load(withDidomi({ apiRoot, exportLogPath, checkExportLog: true }))).didomi).toMatchObject({
      apiRoot: 'http://127.0.0.1:8080/v1',
      exportLogUrl,
      checkExportLog: true,
    })
  })

  it('a secret written into the file works, with a warning that does not print it', async () => {
    const { didomi: built, warnings } = await load(withDidomi({ secret: 'plain-canary' }))
    expect(built?.secret.reveal()).toBe('plain-canary')
    expect(warnings).toEqual([expect.stringMatching(/didomi\.secret: a secret stands in the file/)])
    expect(warnings.join()).not.toContain('plain-canary')
    expect(JSON.stringify(built)).not.toContain('plain-canary')
  })

  it('is absent unless it is given', async () => {
    expect(await load(leastConfig())).not.toHaveProperty('didomi')
  })
})
