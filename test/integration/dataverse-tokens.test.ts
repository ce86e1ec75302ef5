import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Events, OAuth2Server } from 'oauth2-mock-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseApiRoot } from '../../src/dataverse/api-root.ts'
import type { RegistrationSettings } from '../../src/dataverse/application-user.ts'
import { openTokens } from '../../src/dataverse/authentication.ts'
import { NoAnswer } from '../../src/dataverse/send.ts'
import { CodedError } from '../../src/lib/errors.ts'
import { authenticationAt } from '../support/dataverse-options.ts'
import { reply, type Script, startScripted } from '../support/scripted-dataverse.ts'

const ROOT = parseApiRoot('https://acme.crm4.dynamics.com/api/data/v9.2')
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const running = () => new AbortController().signal

const refusalOf = async (work: Promise<unknown>): Promise<CodedError> => {
  const error = await work.catch((reason: unknown) => reason)
  if (error instanceof CodedError) return error
  throw new Error('expected a CodedError')
}

/** A token of a platform: three parts, the middle one told apart. */
const federated = (name: string) => ['e30', Buffer.from(name).toString('base64url'), 'c2ln'].join('.')

interface Asked {
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: string
}

describe('workload identity', () => {
  let folder: string
  let tokenFile: string
  let server: OAuth2Server
  const asked: Asked[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'federated-'))
    tokenFile = join(folder, 'azure-identity-token')
    server = new OAuth2Server()
    await server.issuer.keys.generate('RS256')
    await server.start(0, '127.0.0.1')
    asked.length = 0
    server.service.on(Events.BeforeResponse, (_: unknown, { body, headers }: { body: object; headers: object }) => {
      asked.push({ body: { ...body }, headers: JSON.stringify(headers) })
    })
    let issued = 0
    server.service.on(Events.BeforeTokenSigning, ({ payload }: { payload: Record<string, unknown> }) => {
      issued += 1
      payload['jti'] = `t${issued}`
    })
  })

  afterEach(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })

  function open() {
    const settings: RegistrationSettings = {
      ...authenticationAt(`http://127.0.0.1:${server.address().port}/token`),
      credential: { kind: 'workload-identity', tokenFile },
    }
    return openTokens(settings, ROOT, 10_000)
  }

  const assertions = () => asked.map(({ body }) => body['client_assertion'])

  it('the federated token is the assertion of the token request', async () => {
    await writeFile(tokenFile, `${federated('a')}\n`)
    expect(await open().token(running())).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(asked.map(({ body }) => body)).toMatchObject([
      {
        grant_type: 'client_credentials',
        client_assertion: federated('a'),
        client_assertion_type: JWT_BEARER,
        client_id: authenticationAt('').clientId,
        scope: 'https://acme.crm4.dynamics.com/.default',
      },
    ])
    expect(asked[0]?.body).not.toHaveProperty('client_secret')
  })

  it('a rotated file is read anew for the next token request, and not before', async () => {
    await writeFile(tokenFile, federated('a'))
    const tokens = open()
    const first = await tokens.token(running())
    await writeFile(tokenFile, federated('b'))
    expect(await tokens.token(running())).toBe(first)
    expect(assertions()).toEqual([federated('a')])

    tokens.forget(first)
    const second = await tokens.token(running())
    expect(second).not.toBe(first)
    expect(assertions()).toEqual([federated('a'), federated('b')])
  })

  it('a file that is gone does not matter while the token at hand is good', async () => {
    await writeFile(tokenFile, federated('a'))
    const tokens = open()
    const first = await tokens.token(running())
    await rm(tokenFile)
    expect(await tokens.token(running())).toBe(first)
  })

  it('many callers on a cold cache make one token request', async () => {
    await writeFile(tokenFile, federated('a'))
    const tokens = open()
    const given = await Promise.all(Array.from({ length: 20 }, () => tokens.token(running())))
    expect(new Set(given).size).toBe(1)
    expect(asked).toHaveLength(1)
  })

  it.each([
    ['no file', undefined, 'no readable file'],
    ['an empty one', '', 'an empty file'],
    ['blanks', ' \n', 'an empty file'],
    ['no token', 'canary: what was never meant for Entra', 'holds no signed token'],
  ])('%s: refused with the path, and nothing is sent', async (_, content, found) => {
    if (content !== undefined) await writeFile(tokenFile, content)
    const tokens = open()
    const error = await refusalOf(tokens.token(running()))
    expect(error.code).toBe('token-refused')
    expect(error.message).toContain(`${found}`)
    expect(error.message).toContain(tokenFile)
    expect(error.message).not.toContain('canary')
    expect(asked).toEqual([])

    await writeFile(tokenFile, federated('late'))
    await tokens.token(running())
    expect(assertions()).toEqual([federated('late')])
    expect(asked[0]?.headers).not.toContain(folder)
  })

  it("a refusal names Entra's number, and neither the assertion nor whom it is of", async () => {
    await writeFile(tokenFile, federated('canary'))
    server.service.once(Events.BeforeResponse, (response: { statusCode: number; body: object }) => {
      response.statusCode = 401
      response.body = {
        error: 'invalid_client',
        error_description: `AADSTS700213: No matching federated identity record found for 'system:serviceaccount:canary' ${federated('canary')}`,
      }
    })
    const error = await refusalOf(open().token(running()))
    expect(error.code).toBe('token-refused')
    expect(error.message).toContain('AADSTS700213')
    expect(error.message).toContain('federated credential')
    expect(`${error.message}${String(error.cause)}`).not.toMatch(new RegExp(`canary|${federated('canary')}`))
  })
})

describe('the token at hand', () => {
  const granting =
    (access_token: string, expires_in: number): Script =>
    (_, response) =>
      reply(response, 200, { token_type: 'Bearer', expires_in, access_token })

  it('is used on while its renewal finds nobody', async () => {
    const server = await startScripted(() => {})
    try {
      // Less than the margin at which a token is renewed, so that a fresh one is wanted at once.
      server.tokenScript = granting('short', 200)
      const tokens = openTokens(authenticationAt(`${server.origin}/token`), ROOT, 10_000)
      expect(await tokens.token(running())).toBe('short')
      server.tokenScript = (_, response) => response.destroy()
      expect(await tokens.token(running())).toBe('short')
      expect(server.tokensIssued()).toBe(2)
      // The next one does not wait for one more try.
      expect(await tokens.token(running())).toBe('short')
      expect(server.tokensIssued()).toBe(2)

      tokens.forget('short')
      await expect(tokens.token(running())).rejects.toMatchObject({ name: 'NoAnswer', sent: false })
    } finally {
      await server.close()
    }
  })

  it('is not used once it has expired', async () => {
    const server = await startScripted(() => {})
    try {
      server.tokenScript = granting('over', -60)
      const tokens = openTokens(authenticationAt(`${server.origin}/token`), ROOT, 10_000)
      await tokens.token(running())
      server.tokenScript = (_, response) => response.destroy()
      await expect(tokens.token(running())).rejects.toBeInstanceOf(NoAnswer)
    } finally {
      await server.close()
    }
  })

  it('a caller that gave up gets its own reason', async () => {
    const server = await startScripted(() => {})
    try {
      const tokens = openTokens(authenticationAt(`${server.origin}/token`), ROOT, 10_000)
      const stop = new AbortController()
      server.tokenScript = () => stop.abort(new Error('stopped'))
      await expect(tokens.token(stop.signal)).rejects.toThrow('stopped')
      await expect(tokens.token(stop.signal)).rejects.toThrow('stopped')
    } finally {
      await server.close()
    }
  })

  it('no registration sends its secret to the metadata address', async () => {
    const tokens = openTokens(authenticationAt('http://169.254.169.254/token'), ROOT, 10_000)
    const error = await refusalOf(tokens.token(running()))
    expect(error.message).toContain('token_endpoint_is_plain_http')
  })
})
