import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configJsonSchema, settingsSchema } from '../../src/config/schema.ts'
import { CodedError } from '../../src/lib/errors.ts'
import { document, leastConfig, load } from '../support/config-files.ts'
import { isValid } from '../support/config-json-schema.ts'

const schema = configJsonSchema()

/** A configuration that names every key, so that each can be broken. */
async function fullConfig() {
  return {
    $schema: './schema.json',
    source: {
      s3: {
        bucket: 'didomi-exports-acme-x1',
        region: 'eu-central-1',
        endpoint: 'http://127.0.0.1:9000',
        forcePathStyle: true,
        requestPayer: false,
        assumeRole: {
          roleArn: 'arn:aws:iam::123456789012:role/didomi-exports-acme-x1-role',
          externalId: 'e1',
          sessionName: 'nightly',
          duration: '15m',
        },
      },
      prefix: 'data/',
      exportIds: ['e1'],
      successMarker: 'users',
      csv: {
        organizationUserId: 'id',
        updatedAt: 'at',
        userId: 'u',
        choices: { 'purpose/p': { column: 'c', true: ['1'], false: ['0'] } },
      },
      workers: 2,
      maxExpansion: 50,
    },
    archive: {
      to: {
        gcs: {
          bucket: 'acme_copies.example.com',
          endpoint: 'https://storage.example.com',
          projectId: 'acme',
          keyFile: './key.json',
          userProject: 'acme-2',
        },
      },
    },
    didomi: {
      organizationId: 'acme',
      key: 'k1',
      secret: 's1',
      apiRoot: 'https://api.example.com/v1/',
      exportLogPath: '/exports/logs',
      checkExportLog: true,
    },
    store: { sqlite: 'x.db' },
    identity: { normalise: 'email' },
    regulations: ['gdpr'],
    clockSkew: '24h',
    maxLineBytes: '8MiB',
    events: 'sparse',
    rejects: { maxRatio: 0.5 },
    quarantine: { max: 1 },
    retention: { alarmAfterDays: 3, days: 7 },
    catalogue: {
      purposes: [{ id: 'p', preferences: [{ id: 'f', values: ['v'] }], channels: ['c'] }],
      channels: ['c'],
    },
    lookup: { e1: { purpose: 'p', preference: 'f', value: 'v' } },
    targets: [
      {
        name: 'crm',
        integration: await document('current.json'),
        authentication: {
          instance: 'https://acme.example.com',
          tenantId: 't',
          clientId: 'c',
          authority: 'https://login.example.com/t',
          authorityMetadata: { a: 1 },
          knownAuthorities: ['login.example.com'],
          certificate: { privateKey: 'k', thumbprintSha256: 'ab'.repeat(32), x5c: 'x' },
        },
        contact: {
          matchAttribute: 'emailaddress1',
          duplicates: 'all',
          template: { lastname: '-', new_n: 1, new_b: true, new_z: null },
          adopt: ['new_a'],
          upsertOn: 'opt-in',
          changeTracking: 'off',
        },
        contactPoints: [{ channel: 'text', from: 'user_metadata_phone' }],
        defaultCountry: 'FR',
        sharedAddress: 'newest',
        addressOnly: true,
        owner: { team: '20f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f2' },
        businessUnit: 'any',
        parentPurpose: 'off',
        conflict: 'didomi-wins',
        clockTolerance: '5s',
        freshness: '30s',
        strict: true,
        brake: { share: 0.1, atLeast: 5 },
        park: { maxAgeDays: 3 },
        concurrency: 2,
        batchRows: 10,
        timeout: '60s',
        retries: 1,
        entryOptions: {
          'topic:20f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f2': {
            channel: 'text',
            invert: true,
            trueValue: 'Yes',
            falseValue: 0,
            options: { v: 1 },
            li: true,
            allowTracking: true,
          },
        },
        tables: { consent: 'a', purpose: 'b', topic: 'c' },
      },
      {
        name: 'old',
        integration: await document('older.json'),
        authentication: [
          { clientId: 'c', workloadIdentity: { tokenFile: '/run/token' } },
          { managedIdentity: { clientId: 'c2' } },
          { managedIdentity: { resourceId: '/subscriptions/s' } },
          { managedIdentity: { objectId: 'o' } },
        ],
      },
      { name: 'legacy', integration: await document('legacy.json') },
    ],
  }
}

type Step = readonly (string | number)[]

function pathsOf(value: unknown, path: Step = []): Step[] {
  if (typeof value !== 'object' || value === null) return [path]
  const entries = Array.isArray(value) ? value.map((item, index) => [index, item] as const) : Object.entries(value)
  return [path, ...entries.flatMap(([key, item]) => pathsOf(item, [...path, key]))]
}

/** A copy with the value at the path replaced; `undefined` removes it. */
function changed(root: unknown, [key, ...rest]: Step, value: unknown): unknown {
  if (key === undefined) return value
  const inside = (root as Record<string | number, unknown>)[key]
  const replaced = changed(inside, rest, value)
  if (Array.isArray(root)) {
    return root.flatMap((item, index) => (index === key ? (replaced === undefined ? [] : [replaced]) : [item]))
  }
  const entries = Object.entries(root as object).filter(([name]) => name !== key)
  return Object.fromEntries(replaced === undefined ? entries : [...entries, [key, replaced]])
}

const REPLACEMENTS: readonly unknown[] = [
  undefined,
  null,
  '',
  'x',
  '<x>',
  'two words',
  '30s',
  '100000s',
  '100MiB',
  'email',
  'all',
  'off',
  'newest',
  'microsoft-dynamics',
  'microsoft-dynamics-cpc',
  'https://a.example.com',
  'http://a.example.com',
  'http://localhost:9000/x',
  '/exports/logs',
  '//a.example.com',
  'arn:aws-cn:iam::123456789012:role/a/b',
  'arn:aws:123456789012:iam:role/b',
  'a-bucket',
  'a..bucket',
  '12h',
  '13h',
  'contact.new_a',
  '20F3A5C7-9b1d-4e2f-8a60-c2e4a6b8d0f2',
  'purpose:20F3A5C7-9b1d-4e2f-8a60-c2e4a6b8d0f2',
  `\${env:EXPORTS}`,
  `a\${file:/x}b`,
  0,
  1,
  -1,
  0.5,
  65,
  1001,
  1e10,
  true,
  false,
  [],
  ['x'],
  [1],
  {},
  { x: 1 },
  { directory: 'x' },
  { directory: null },
  { directory: 'x', s3: { bucket: 'a-bucket' } },
  { s3: { bucket: 'a-bucket' } },
  { gcs: { bucket: 'a-bucket' }, x: 1 },
  { s3: { bucket: 'a-bucket' }, gcs: { bucket: 'a-bucket' } },
  { purpose: 'p' },
  { purpose: 'p', value: 'v' },
]

/** The program's verdict on the form alone; what rules and references add is the exception that the manual lists. */
const verdict = (config: unknown): boolean => settingsSchema.safeParse(config).success

/** The whole program's verdict: a refusal for anything but the rules that editors cannot check. */
async function accepts(config: unknown): Promise<boolean> {
  try {
    await load(config)
    return true
  } catch (error) {
    if (error instanceof CodedError) return false
    throw error
  }
}

describe('what the editor accepts the program accepts', () => {
  it('the full and the least configuration', async () => {
    for (const config of [await fullConfig(), leastConfig()]) {
      expect(isValid(schema, config)).toBe(true)
      expect(await accepts(config)).toBe(true)
    }
  })

  it('every value replaced by every other, and every object given an unknown key', async () => {
    const full = await fullConfig()
    const verdicts = { accepted: 0, refused: 0 }
    for (const path of pathsOf(full)) {
      const candidates = REPLACEMENTS.map((value) => changed(full, path, value))
      const there = path.reduce<unknown>((node, key) => Object(node)[key], full)
      if (typeof there === 'object' && there !== null) candidates.push(changed(full, [...path, 'unknownKey'], 1))
      for (const config of candidates.filter((candidate) => candidate !== undefined)) {
        const valid = isValid(schema, config)
        expect(verdict(config), path.join('.')).toBe(valid)
        verdicts[valid ? 'accepted' : 'refused'] += 1
      }
    }
    expect(verdicts.accepted).toBeGreaterThan(500)
    expect(verdicts.refused).toBeGreaterThan(2_000)
  })

  it('several changes at once, and what the editor refuses the whole program refuses', async () => {
    const full = await fullConfig()
    const paths = pathsOf(full).filter((path) => path.length > 0)
    const change = fc.record({
      path: fc.constantFrom(...paths),
      value: fc.oneof(fc.constantFrom(...REPLACEMENTS), fc.jsonValue()),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const config = changes.reduce<unknown>((value, { path, value: replacement }) => {
          const parent = path.slice(0, -1).reduce<unknown>((node, key) => Object(node)[key], value)
          return typeof parent === 'object' && parent !== null ? changed(value, path, replacement) : value
        }, full)
        const valid = isValid(schema, config)
        expect(verdict(config)).toBe(valid)
        if (!valid) expect(await accepts(config)).toBe(false)
      }),
      { numRuns: 300 },
    )
  })
})

describe('no complaint holds a value', () => {
  it('a canary at any place of the settings or the document', async () => {
    const full = await fullConfig()
    let complained = 0
    for (const path of pathsOf(full).filter((candidate) => candidate.length > 0)) {
      for (const canary of ['canary-7f3a', 'canary 7f3a', ['canary-7f3a'], `canary\${env:NOT_SET}-7f3a`]) {
        // One more thing is wrong, so that every run complains.
        const config = { ...(changed(full, path, canary) as object), clockSkew: 1 }
        const error = await load(config).then(
          () => undefined,
          (reason: unknown) => reason,
        )
        expect(error).toBeInstanceOf(CodedError)
        if (!(error instanceof CodedError)) continue
        expect(`${error.message} ${JSON.stringify(error.complaints)} ${String(error.cause)}`).not.toContain('canary')
        complained += error.complaints.length
      }
    }
    expect(complained).toBeGreaterThan(500)
  })
})
