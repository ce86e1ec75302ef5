import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseApiRoot } from '../../src/dataverse/api-root.ts'
import type { IdentityChoice } from '../../src/dataverse/application-user.ts'
import { openTokens } from '../../src/dataverse/authentication.ts'
import { type IdentityEndpoint, startIdentityEndpoint } from '../support/identity-endpoint.ts'

// Where no variable names an endpoint it is the metadata service of a virtual machine, whose address this one stands for.
let server: IdentityEndpoint

beforeAll(async () => {
  server = await startIdentityEndpoint()
  process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] = server.origin
})

afterAll(async () => {
  delete process.env['AZURE_POD_IDENTITY_AUTHORITY_HOST']
  await server.close()
})

const ROOT = parseApiRoot('https://acme.crm4.dynamics.com/api/data/v9.2')

it.each<[string, IdentityChoice, Record<string, string>]>([
  ['the system-assigned identity', 'system-assigned', {}],
  ['a client id', { clientId: 'c1' }, { client_id: 'c1' }],
  ['a resource id', { resourceId: '/subscriptions/s/x' }, { msi_res_id: '/subscriptions/s/x' }],
  ['an object id', { objectId: 'o1' }, { object_id: 'o1' }],
])('the metadata service of a virtual machine is asked for %s', async (_, identity, query) => {
  server.seen.length = 0
  const tokens = openTokens({ credential: { kind: 'managed-identity', identity } }, ROOT, 10_000)
  expect(await tokens.token(new AbortController().signal)).toMatch(/^m\d+$/)
  expect(server.seen).toEqual([
    {
      path: '/metadata/identity/oauth2/token',
      query: { 'api-version': '2018-02-01', resource: ROOT.origin, ...query },
      header: 'true',
    },
  ])
})
