import { describe, expect, it } from 'vitest'
import { fingerprints } from '../../src/config/fingerprint.ts'
import { document, leastConfig, load } from '../support/config-files.ts'

async function printsOf(change: Record<string, unknown>, target: Record<string, unknown> = {}) {
  const config = leastConfig()
  const { ingest, delivery } = fingerprints(
    await load({ ...config, targets: [{ ...config.targets[0], ...target }], ...change }),
  )
  return { ingest, delivery: delivery['crm'] }
}

const csv = {
  organizationUserId: 'id',
  updatedAt: 'at',
  choices: { 'purpose/a': { column: 'A', true: ['Y', '1'] }, 'purpose/b': { column: 'B' } },
}

describe('§8.6 fingerprints', () => {
  it('are SHA-256 in hexadecimal and the same for the same settings', async () => {
    const prints = await printsOf({})
    expect(prints.ingest).toMatch(/^[0-9a-f]{64}$/)
    expect(prints.delivery).toMatch(/^[0-9a-f]{64}$/)
    expect(await printsOf({})).toEqual(prints)
  })

  it.each([
    ['normalisation', { identity: { normalise: 'email' } }],
    ['regulations', { regulations: ['gdpr', 'cpra'] }],
    ['clock skew', { clockSkew: '1h' }],
    ['CSV map', { source: { directory: './exports', csv } }],
  ])('what shapes ingest changes ingest alone: %s', async (_, change) => {
    const [before, after] = [await printsOf({}), await printsOf(change)]
    expect(after.ingest).not.toBe(before.ingest)
    expect(after.delivery).toBe(before.delivery)
  })

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['events', { events: 'sparse' }, {}],
    ['lookup', { lookup: { e1: { purpose: 'p' } } }, {}],
    ['catalogue', { catalogue: { channels: ['email'] } }, {}],
    ['document', {}, { integration: 'legacy.json' }],
    ['entry options', {}, { entryOptions: { 'topic:20f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f2': { channel: 'email' } } }],
    ['match attribute', {}, { contact: { matchAttribute: 'emailaddress2' } }],
    ['contact points', {}, { contactPoints: [{ channel: 'text', from: 'contact.mobilephone' }] }],
    ['country', {}, { defaultCountry: 'FR' }],
    ['shared addresses', {}, { sharedAddress: 'newest' }],
    ['owner', {}, { owner: { team: '20f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f2' } }],
    ['conflict', {}, { conflict: 'didomi-wins' }],
    ['clock tolerance', {}, { clockTolerance: '6s' }],
  ])('what shapes delivery changes delivery alone: %s', async (_, change, target) => {
    const [before, after] = [await printsOf({}), await printsOf(change, target)]
    expect(after.delivery).not.toBe(before.delivery)
    expect(after.ingest).toBe(before.ingest)
  })

  it.each<[string, Record<string, unknown>]>([
    ['an S3 bucket', { source: { s3: { bucket: 'a-bucket', region: 'eu-central-1' } } }],
    ['a Google bucket', { source: { gcs: { bucket: 'a-bucket' } } }],
    ['threads', { source: { directory: './exports', workers: 7 } }],
    ['how far an object may expand', { source: { directory: './exports', maxExpansion: 7 } }],
    ['which partitions are read', { source: { directory: './exports', exportIds: ['e1'], successMarker: 'users' } }],
    ['an archive', { archive: { to: { directory: './copies' } } }],
    ["Didomi's API", { didomi: { organizationId: 'o', key: 'k', secret: 's', checkExportLog: true } }],
    ['the deletion clock', { retention: { alarmAfterDays: 2, days: 3 } }],
  ])('where and how the export is read changes nothing: %s', async (_, change) => {
    expect(await printsOf(change)).toEqual(await printsOf({}))
  })

  it('secrets, effort, paths, spelling and order change nothing', async () => {
    const before = await printsOf({})
    const authentication = { clientSecret: 'other', clientId: 'other' }
    const effort = {
      concurrency: 9,
      batchRows: 1,
      batchTarget: '1s',
      writes: 'batch',
      timeout: '1s',
      retries: 0,
      strict: true,
      freshness: '1s',
    }
    const { mappings, ...rest } = await document('current.json')
    const integration = { ...rest, mappings: [...(mappings as unknown[])].reverse() }
    const elsewhere = { source: { directory: '/other', prefix: 'p' }, store: { sqlite: '/other.db' }, clockSkew: '1d' }
    expect(await printsOf(elsewhere, { authentication, ...effort, integration })).toEqual(before)
    const a = await printsOf({ source: { directory: 'x', csv } })
    const { 'purpose/a': first, 'purpose/b': second } = csv.choices
    const turned = { 'purpose/b': second, 'purpose/a': { ...first, true: ['1', 'Y'] } }
    expect(await printsOf({ source: { directory: 'x', csv: { ...csv, choices: turned } } })).toEqual(a)
  })
})
