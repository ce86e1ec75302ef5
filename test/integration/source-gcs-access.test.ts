/** Who we are to Google Cloud Storage: no credentials where none are needed, and each kind that Google's library finds. */

import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openGcs } from '../../src/source/gcs.ts'
import type { GcsOptions } from '../../src/source/gcs-connection.ts'
import { gcsCredentials } from '../../src/source/gcs-credentials.ts'
import { CredentialsTrouble, failureOf, mayPass } from '../../src/source/gcs-failure.ts'
import { openGcsSink } from '../../src/source/gcs-sink.ts'
import { collect } from '../contract/object-store.ts'
import { breaksAfter, type Fault, neverAnswers, refuses, refusesToken } from '../support/gcs-fault.ts'
import { bytesOf, type GcsWorld, never, openGcsWorld, patternOf } from '../support/gcs-world.ts'

const SUBJECT_TOKEN = 'a-subject-token-that-nobody-sees'
const MIB = 1024 * 1024

let world: GcsWorld
const opened: Array<{ close(): void }> = []
beforeEach(async () => {
  world = await openGcsWorld()
})
afterEach(async () => {
  for (const store of opened.splice(0)) store.close()
  await world.close()
})

function open(changes: Partial<GcsOptions> = {}) {
  const store = openGcs(world.optionsOf(changes))
  opened.push(store)
  return store
}

const list = (changes: Partial<GcsOptions> = {}) => collect(open(changes).list('', never()))
const troubleOf = async (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error)
const authorizations = () => world.server.seenOf('list').map(({ authorization }) => authorization)

/** A file that describes a workload identity federation: its subject token lies in another file. */
async function federation(): Promise<string> {
  const subject = await world.file('subject-token', SUBJECT_TOKEN)
  return world.file('federation.json', {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${world.server.endpoint}/v1/token`,
    credential_source: { file: subject },
  })
}

describe('on loopback', () => {
  it('no credentials are needed, nor looked for', async () => {
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = '/no/such/file.json'
    world.bucket.put('a', Buffer.from('x'))
    const [object] = await list()
    expect(object?.key).toBe('a')
    expect(authorizations()).toEqual([undefined])
  })

  it('an address in the environment changes nothing', async () => {
    process.env['STORAGE_EMULATOR_HOST'] = 'http://127.0.0.1:9'
    world.bucket.put('a', Buffer.from('x'))
    expect((await list()).length).toBe(1)
  })

  it('a slash at the end of the endpoint changes nothing', async () => {
    world.bucket.put('a', Buffer.from('x'))
    expect((await list({ endpoint: `${world.server.endpoint}/` })).length).toBe(1)
  })
})

describe('elsewhere', () => {
  it('a proxy of the environment is asked for the bucket, with the token for nobody else to see', async () => {
    const asked: string[] = []
    const proxy = createServer().on('connect', ({ url, headers }, socket) => {
      asked.push(`${url} ${headers.authorization}`)
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    })
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const { port } = proxy.address() as AddressInfo
    Object.assign(process.env, { HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '127.0.0.1' })
    world.server.given.push('token-1')
    const error = await troubleOf(list({ keyFile: await federation(), endpoint: 'https://storage.example' }))
    expect(error).toMatchObject({ code: 'source-unreadable' })
    expect(asked).toEqual(['storage.example:443 undefined'])
    proxy.close()
  })

  it.each([
    ['ECONNRESET', true],
    ['ENOTFOUND', true],
    ['UND_ERR_SOCKET', true],
    ['UND_ERR_CONNECT_TIMEOUT', true],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', false],
    ['ENOENT', false],
    ['UND_ERR_INVALID_ARG', false],
  ])('%s may pass by itself: %s', (code, passes) => {
    expect(mayPass(failureOf(Object.assign(new Error('scripted'), { code })))).toBe(passes)
  })
})

describe('a workload identity federation', () => {
  it('exchanges the subject token once, for every request', async () => {
    const keyFile = await federation()
    world.server.given.push('token-1')
    world.server.tokens.add('token-1')
    const etag = world.bucket.put('a', patternOf(10))
    const store = open({ keyFile })
    expect((await collect(store.list('', never()))).length).toBe(1)
    expect(await bytesOf(await store.open('a', { etag }, never()))).toEqual(patternOf(10))
    const exchanges = world.server.seenOf('token').map(({ asked }) => asked)
    expect(exchanges.map((asked) => asked?.path)).toEqual(['/v1/token'])
    expect(exchanges[0]?.form.get('subject_token')).toBe(SUBJECT_TOKEN)
    expect(exchanges[0]?.form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:token-exchange')
  })

  it('serves an archive as well', async () => {
    world.server.given.push('token-1')
    world.server.tokens.add('token-1')
    const sink = openGcsSink(world.optionsOf({ keyFile: await federation() }))
    opened.push(sink)
    await sink.put('a', 10, chunked(patternOf(10)), never())
    expect(world.bucket.read('a')).toEqual(patternOf(10))
  })

  it('is asked for another token where one is refused, also amid an object', async () => {
    const content = patternOf(MIB)
    const etag = world.bucket.put('a', content)
    world.server.given.push('token-1', 'token-2')
    world.server.tokens.add('token-1')
    world.server.faults.get.push((answer, sending) => {
      world.server.tokens.clear()
      world.server.tokens.add('token-2')
      return breaksAfter(600_000)(answer, sending)
    })
    const store = open({ keyFile: await federation() })
    expect((await bytesOf(await store.open('a', { etag }, never()))).equals(content)).toBe(true)
    const seen = world.server.seenOf('get')
    expect(seen.map(({ authorization }) => authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-1',
      'Bearer token-2',
    ])
    expect(seen[2]?.range).toBe(seen[1]?.range)
  })

  it('Google: 401 with a new token is about the credentials', async () => {
    world.server.given.push('token-1', 'token-2')
    world.server.tokens.add('another')
    const error = await troubleOf(list({ keyFile: await federation() }))
    expect(error).toMatchObject({ code: 'source-forbidden' })
    expect(String(error)).toContain('federation.json')
    expect(authorizations()).toEqual(['Bearer token-1', 'Bearer token-2'])
  })

  it.each([
    ['a listing', (keyFile: string) => list({ keyFile })],
    ['a read', async (keyFile: string) => bytesOf(await open({ keyFile }).open('a', { etag: '1' }, never()))],
  ])('that is not trusted is source-forbidden for %s, and nothing secret is told', async (_, work) => {
    world.server.faults.token.push(refusesToken(400, 'invalid_grant', `The token ${SUBJECT_TOKEN} is not trusted.`))
    const error = await troubleOf(work(await federation()))
    expect(error).toMatchObject({ code: 'source-forbidden' })
    expect(String(error)).toContain('invalid_grant (HTTP 400)')
    expect(everythingOf(error)).not.toContain(SUBJECT_TOKEN)
    expect(world.server.seenOf('list').concat(world.server.seenOf('get'))).toEqual([])
  })

  it('whose subject token is not there is source-forbidden', async () => {
    const path = await world.file('broken.json', {
      type: 'external_account',
      audience: 'audience',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${world.server.endpoint}/v1/token`,
      credential_source: { file: '/no/such/subject-token' },
    })
    expect(await troubleOf(list({ keyFile: path }))).toMatchObject({ code: 'source-forbidden' })
    expect(world.server.seen).toEqual([])
  })

  it('whose token service falls silent is left, and asked again', async () => {
    world.server.faults.token.push(neverAnswers(() => world.clock.fallSilent()))
    world.server.given.push('the-answer-that-does-not-come', 'token-1')
    world.bucket.put('a', Buffer.from('x'))
    expect((await list({ keyFile: await federation() })).length).toBe(1)
    expect(world.clock.pauses).toEqual([125])
  })

  it('an abort while it is asked is thrown as it is', async () => {
    const control = new AbortController()
    world.server.faults.token.push(neverAnswers(() => control.abort('stop')))
    const store = open({ keyFile: await federation() })
    await expect(collect(store.list('', control.signal))).rejects.toBe('stop')
  })
})

async function* chunked(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

/** An error with its causes and all they hold. */
function everythingOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return [error.stack, JSON.stringify(error), everythingOf(error.cause)].join('\n')
}

describe('the key of a service account', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })

  // Google's library exchanges such a key at a fixed address, whatever `token_uri` says; keys of another universe
  // (Google's sovereign clouds) sign each token themselves, which is what can be seen here.
  const keyOf = (changes: Readonly<Record<string, unknown>> = {}) => ({
    type: 'service_account',
    project_id: 'project-1',
    private_key_id: 'key-1',
    private_key: privateKey,
    client_email: 'reader@project-1.iam.gserviceaccount.com',
    universe_domain: 'universe.example',
    ...changes,
  })

  it('signs what every request proves', async () => {
    world.bucket.put('a', Buffer.from('x'))
    await list({ keyFile: await world.file('key.json', keyOf()), projectId: 'project-2' })
    const [head = '', body = '', signature = ''] = (authorizations()[0] ?? '').replace(/^Bearer /, '').split('.')
    expect(parsedPart(head)).toMatchObject({ alg: 'RS256', kid: 'key-1' })
    expect(parsedPart(body)).toMatchObject({ iss: 'reader@project-1.iam.gserviceaccount.com' })
    const signed = Buffer.from(`${head}.${body}`)
    expect(verify('RSA-SHA256', signed, createPublicKey(publicKey), Buffer.from(signature, 'base64url'))).toBe(true)
  })

  it('that is not there is source-forbidden, and its place is named', async () => {
    const error = await troubleOf(list({ keyFile: '/no/such/key.json' }))
    expect(error).toMatchObject({ code: 'source-forbidden' })
    expect(String(error)).toContain('/no/such/key.json')
    expect(world.server.seen).toEqual([])
  })

  it.each([
    ['is no JSON', 'private-key-in-the-wrong-form'],
    ['holds no key', JSON.stringify(keyOf({ private_key: 'private-key-in-the-wrong-form' }))],
    ['is of an unknown kind', JSON.stringify({ type: 'private-key-in-the-wrong-form' })],
  ])('that %s is source-forbidden, and nothing of it is told', async (_, content) => {
    const error = await troubleOf(list({ keyFile: await world.file('wrong.json', content) }))
    expect(error).toMatchObject({ code: 'source-forbidden' })
    expect(everythingOf(error)).not.toContain('private-key')
    expect(world.server.seenOf('list')).toEqual([])
  })
})

function parsedPart(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}

describe('application default credentials', () => {
  it('are the file that the environment names', async () => {
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = await federation()
    world.server.given.push('token-1')
    expect(await gcsCredentials({}).headers()).toMatchObject({ Authorization: 'Bearer token-1' })
  })

  it('are what the metadata server of the machine or the pod gives', async () => {
    delete process.env['METADATA_SERVER_DETECTION']
    Object.assign(process.env, {
      METADATA_SERVER_DETECTION: 'assume-present',
      GCE_METADATA_HOST: world.server.endpoint.replace('http://', ''),
    })
    world.server.given.push('token-1')
    expect(await gcsCredentials({}).headers()).toMatchObject({ Authorization: 'Bearer token-1' })
    expect(world.server.seenOf('token')[0]?.asked?.path).toContain('/service-accounts/default/token')
  })

  it('are looked for anew after they were forgotten', async () => {
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = await federation()
    world.server.given.push('token-1', 'token-2')
    const credentials = gcsCredentials({})
    await credentials.headers()
    await credentials.headers()
    credentials.forget()
    expect(await credentials.headers()).toMatchObject({ Authorization: 'Bearer token-2' })
  })

  it('that are not there are told as such, before the bucket is asked', async () => {
    const trouble = await troubleOf(gcsCredentials({}).headers())
    expect(trouble).toBeInstanceOf(CredentialsTrouble)
    expect(failureOf(trouble)).toMatchObject({ origin: 'credentials', code: 'NoCredentials' })
    const { endpoint: _endpoint, ...atGoogle } = world.optionsOf()
    const store = openGcs(atGoogle)
    opened.push(store)
    const error = await troubleOf(collect(store.list('', never())))
    expect(error).toMatchObject({ code: 'source-forbidden' })
    expect(String(error)).toContain('GOOGLE_APPLICATION_CREDENTIALS')
  })
})

describe('an object that may not be read', () => {
  const read = async (fault: Fault, changes: Partial<GcsOptions> = {}) => {
    const etag = world.bucket.put('a', patternOf(10))
    world.server.faults.get.push(fault)
    return troubleOf((async () => bytesOf(await open(changes).open('a', { etag }, never())))())
  }

  it('Google: 403 names the permission, and is that object’s alone', async () => {
    const error = await read(refuses(403, 'forbidden', { message: 'Forbidden' }))
    expect(error).toMatchObject({ code: 'object-damaged', complaints: [{ where: 'a' }] })
    expect(String(error)).toContain('the permission storage.objects.get')
  })

  it('Google: 403 may be about the project that pays', async () => {
    const message = 'Caller does not have serviceusage.services.use access.'
    const error = await read(refuses(403, 'forbidden', { message }), { userProject: 'payer-1' })
    expect(error).toMatchObject({ code: 'source-forbidden' })
    expect(String(error)).toContain('serviceusage.services.use')
    expect(world.server.seenOf('get')[0]?.query.get('userProject')).toBe('payer-1')
  })

  it('Google: 401 is about the credentials', async () => {
    expect(await read(refuses(401, 'authError'))).toMatchObject({ code: 'source-forbidden' })
  })

  it('Google: a key that is disabled or refused is explained', async () => {
    const message = 'Permission denied on Cloud KMS key. Please ensure that your service account may use this key.'
    const error = await read(refuses(403, 'forbidden', { message }))
    expect(error).toMatchObject({ code: 'object-damaged' })
    expect(String(error)).toContain('Cloud KMS')
  })

  it('because its bucket is gone is source-unreadable', async () => {
    const error = await read(refuses(404, 'notFound', { message: 'The specified bucket does not exist.' }))
    expect(error).toMatchObject({ code: 'source-unreadable' })
  })
})
