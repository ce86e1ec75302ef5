import { describe, expect, it } from 'vitest'
import { loadSettings } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'
import { document, leastConfig, load, refusal, surroundings } from '../support/config-files.ts'

const FILE = '/srv/job/conf/didomi.yaml'
const TENANT = 'd2a4c6e8-1357-4b9d-8f02-6a8c0e2b4d6f'
const THUMBPRINT = 'ab'.repeat(32)
/** What the workload identity webhook of a Kubernetes cluster sets. */
const PLATFORM = {
  AZURE_CLIENT_ID: 'platform-client',
  AZURE_TENANT_ID: 'platform-tenant',
  AZURE_FEDERATED_TOKEN_FILE: '/var/run/secrets/azure/tokens/azure-identity-token',
  AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us/',
}

function withAuthentication(authentication: unknown, target: Record<string, unknown> = {}) {
  const config = leastConfig()
  return { ...config, targets: [{ ...config.targets[0], authentication, ...target }] }
}

function loadWith(env: Record<string, string>, config: unknown): Promise<Settings> {
  const around = surroundings({ [FILE]: JSON.stringify(config) })
  return loadSettings('conf/didomi.yaml', { ...around, env: { ...around.env, ...env } })
}

async function usersOf(authentication: unknown, env: Record<string, string> = {}, target = {}) {
  const { targets } = await loadWith(env, withAuthentication(authentication, target))
  return targets[0]?.authentication
}

/** The paths complained about, without file and line. */
async function complainedPaths(authentication: unknown, target: Record<string, unknown> = {}): Promise<string[]> {
  const { complaints } = await refusal(withAuthentication(authentication, target))
  return complaints.map(({ where }) => where.replace(/^\S+ /, ''))
}

describe('application users as loaded', () => {
  it('one is a list of one, and the document completes it', async () => {
    for (const authentication of [{}, [{}]]) {
      expect(await usersOf(authentication)).toMatchObject([
        {
          tenantId: TENANT,
          clientId: '8c1f2b7e-4a53-4d0e-9b61-2f7c3e5a9d10',
          credential: { kind: 'secret' },
          authority: `https://login.microsoftonline.com/${TENANT}`,
          scope: 'https://acme.crm4.dynamics.com/.default',
        },
      ])
    }
  })

  it('several stand in their order, each with its own proof', async () => {
    const users = await usersOf([
      {},
      { clientId: 'c2', clientSecret: `\${env:DATAVERSE_CLIENT_SECRET}` },
      { clientId: 'c3', certificate: { privateKey: `\${env:DATAVERSE_CLIENT_SECRET}`, thumbprintSha256: THUMBPRINT } },
      { clientId: 'c4', workloadIdentity: { tokenFile: 'token' } },
      { managedIdentity: {} },
      { managedIdentity: { clientId: 'c6' } },
    ])
    expect(users?.map(({ credential }) => credential.kind)).toEqual([
      'secret',
      'secret',
      'certificate',
      'workload-identity',
      'managed-identity',
      'managed-identity',
    ])
    expect(users?.[3]).toMatchObject({ tenantId: TENANT, credential: { tokenFile: '/srv/job/conf/token' } })
  })

  it('a workload identity goes by what its platform sets, before the document', async () => {
    expect(await usersOf({ workloadIdentity: {} }, PLATFORM)).toMatchObject([
      {
        clientId: 'platform-client',
        tenantId: 'platform-tenant',
        authority: 'https://login.microsoftonline.us/platform-tenant',
        credential: { kind: 'workload-identity', tokenFile: PLATFORM.AZURE_FEDERATED_TOKEN_FILE },
      },
    ])
  })

  it('the settings win over the platform', async () => {
    const authentication = {
      clientId: 'c',
      tenantId: 't',
      authority: 'https://login.example.com/t',
      workloadIdentity: { tokenFile: '/run/token' },
    }
    expect(await usersOf(authentication, PLATFORM)).toMatchObject(
      [{ ...authentication, workloadIdentity: undefined, credential: { tokenFile: '/run/token' } }].map(
        ({ workloadIdentity: _, ...user }) => user,
      ),
    )
  })

  it('what the platform sets is nothing to a client secret', async () => {
    expect(await usersOf({}, PLATFORM)).toEqual(await usersOf({}))
  })

  it('without a platform the document names tenant and client', async () => {
    expect(await usersOf({ workloadIdentity: { tokenFile: '/run/token' } }, { AZURE_CLIENT_ID: ' ' })).toMatchObject([
      { clientId: '8c1f2b7e-4a53-4d0e-9b61-2f7c3e5a9d10', tenantId: TENANT },
    ])
  })

  it('a managed identity needs neither tenant, client nor secret', async () => {
    const {
      client_id: _,
      client_secret: __,
      tenant_id: ___,
      ...rest
    } = (await document('current.json'))['authentication'] as Record<string, string>
    const integration = { ...(await document('current.json')), authentication: rest }
    for (const [managedIdentity, identity] of [
      [{}, 'system-assigned'],
      [{ clientId: 'c' }, { clientId: 'c' }],
      [{ resourceId: '/subscriptions/s' }, { resourceId: '/subscriptions/s' }],
      [{ objectId: 'o' }, { objectId: 'o' }],
    ] as const) {
      expect(await usersOf({ managedIdentity }, {}, { integration })).toEqual([
        { credential: { kind: 'managed-identity', identity }, scope: 'https://acme.crm4.dynamics.com/.default' },
      ])
    }
  })

  it('nobody warns of an unknown cloud where no authority is derived from it', async () => {
    const instance = 'https://crm.example.com/acme'
    const warnings = async (user: object, env: Record<string, string> = {}) =>
      (await loadWith(env, withAuthentication([{ instance, ...user }]))).warnings
    expect(await warnings({ managedIdentity: {} })).toEqual([])
    expect(await warnings({ workloadIdentity: {} }, PLATFORM)).toEqual([])
    expect(await warnings({})).toHaveLength(1)
  })
})

describe('application users that are refused', () => {
  it.each<[string, unknown, string[]]>([
    ['an empty list', [], ['targets[0].authentication']],
    ['an unknown key', [{}, { clientID: 'c' }], ['targets[0].authentication[1].clientID']],
    [
      'a thumbprint of another form',
      { certificate: { privateKey: 'k', thumbprintSha256: 'ab' } },
      ['targets[0].authentication.certificate.thumbprintSha256'],
    ],
    ['an empty secret', [{ clientSecret: '' }], ['targets[0].authentication[0].clientSecret']],
    [
      'the token in place of its path',
      [{ workloadIdentity: { tokenFile: 'eyJ.canary.x' } }],
      ['targets[0].authentication[0].workloadIdentity.tokenFile'],
    ],
    ['neither an object nor a list', 'secret', ['targets[0].authentication']],
  ])('by its form: %s', async (_, authentication, paths) => {
    expect(await complainedPaths(authentication)).toEqual(paths)
  })

  it.each<[string, unknown, string[]]>([
    [
      'Dataverse: one application user per registration, and limits are counted per user',
      [
        { clientId: 'c1', clientSecret: 's' },
        { clientId: 'C1', clientSecret: 's' },
      ],
      ['targets[0].authentication[1].clientId'],
    ],
    ["the document's client twice", [{}, {}], ['targets[0].authentication[1].clientId']],
    [
      'a registration that is also a managed identity',
      [{ clientId: 'c1', clientSecret: 's' }, { managedIdentity: { clientId: 'c1' } }],
      ['targets[0].authentication[1].managedIdentity'],
    ],
    [
      'the system-assigned identity twice',
      [{ managedIdentity: {} }, { managedIdentity: {} }],
      ['targets[0].authentication[1].managedIdentity'],
    ],
    ['two proofs', [{ clientSecret: 's', managedIdentity: {} }], ['targets[0].authentication[0]']],
    [
      "another client with the document's secret, in a list",
      [{}, { clientId: 'c2' }],
      ['targets[0].authentication[1].clientId'],
    ],
    [
      'two identities at once',
      { managedIdentity: { clientId: 'c', objectId: 'o' } },
      ['targets[0].authentication.managedIdentity'],
    ],
    [
      'a client and a tenant beside a managed identity',
      { clientId: 'c', tenantId: 't', knownAuthorities: ['x'], managedIdentity: {} },
      ['tenantId', 'clientId', 'knownAuthorities'].map((key) => `targets[0].authentication.${key}`),
    ],
    [
      'users of two environments',
      [{ instance: 'https://a.crm4.dynamics.com' }, { instance: 'https://b.crm4.dynamics.com', managedIdentity: {} }],
      ['targets[0].authentication[1].instance'],
    ],
    ['no token file anywhere', { workloadIdentity: {} }, ['targets[0].authentication.workloadIdentity.tokenFile']],
  ])('by the program only: %s', async (_, authentication, paths) => {
    expect((await refusal(withAuthentication(authentication))).code).toBe('config-invalid')
    expect(await complainedPaths(authentication)).toEqual(paths)
  })

  it('an authority of the platform that is no https URL is named, and not printed', async () => {
    for (const AZURE_AUTHORITY_HOST of ['canary.example.com', 'http://127.0.0.1:1']) {
      const config = withAuthentication({ workloadIdentity: {} })
      const error = await loadWith({ ...PLATFORM, AZURE_AUTHORITY_HOST }, config).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'config-invalid', complaints: [{ where: 'AZURE_AUTHORITY_HOST' }] })
      expect(String(error)).not.toMatch(/canary|127/)
    }
  })

  it('no complaint about a user holds its id', async () => {
    const users = [{ clientId: 'canary-1', clientSecret: 'canary-2' }, { clientId: 'canary-1' }]
    expect((await refusal(withAuthentication(users))).message).not.toContain('canary')
  })

  it('instances may be named again in another spelling', async () => {
    const users = [
      { instance: 'https://acme.crm4.dynamics.com' },
      { instance: 'https://acme.crm4.dynamics.com/api/data/v9.2/', managedIdentity: {} },
    ]
    expect((await load(withAuthentication(users))).targets[0]?.authentication).toHaveLength(2)
  })
})
