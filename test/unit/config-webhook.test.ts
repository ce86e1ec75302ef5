/** `reverse.webhook`: what the receiver is given, and what it must never do. */

import { describe, expect, it } from 'vitest'
import { complaintText } from '../../src/lib/errors.ts'
import { leastConfig, load, refusal } from '../support/config-files.ts'

const SECRET = 'a-secret-that-opens-nothing-at-all'
const withWebhook = (webhook: object) => ({ ...leastConfig(), reverse: { webhook: { secrets: [SECRET], ...webhook } } })
const complaintsOf = async (webhook: object) =>
  (await refusal(withWebhook(webhook))).complaints.map((complaint) => complaintText(complaint))

describe('reverse.webhook', () => {
  it('needs no more than a secret, which is never printed; one that stands in the file is warned of', async () => {
    const { reverse, warnings } = await load(withWebhook({}))
    expect(reverse?.webhook).toMatchObject({
      host: '127.0.0.1',
      port: 8443,
      path: '/webhook',
      maxBodyBytes: 1_048_576,
      requestTimeoutMs: 30_000,
      ownUsers: [],
    })
    expect(JSON.stringify(reverse)).not.toContain(SECRET)
    expect(reverse?.webhook?.secrets.map((secret) => secret.reveal())).toEqual([SECRET])
    expect(warnings).toEqual([expect.stringMatching(/reverse\.webhook\.secrets\[0\]: a secret stands in the file/)])
  })

  it('paths of certificate and key lie beside the settings; users are told apart in lower case', async () => {
    const user = '0C1D2E3F-4B5A-6978-8796-A5B4C3D2E1F0'
    const tls = { certificate: 'tls/tls.crt', key: '/run/tls.key' }
    const { reverse } = await load(withWebhook({ host: '0.0.0.0', tls, ownUsers: [user] }))
    expect(reverse?.webhook?.tls).toEqual({ certificate: '/srv/job/conf/tls/tls.crt', key: '/run/tls.key' })
    expect(reverse?.webhook?.ownUsers).toEqual([user.toLowerCase()])
  })

  it.each([
    ['0.0.0.0', {}, false],
    ['10.0.0.7', {}, false],
    ['::', {}, false],
    ['receiver.internal', {}, false],
    ['127.0.0.1', {}, true],
    ['::1', {}, true],
    ['localhost', {}, true],
    ['0.0.0.0', { ingress: true }, true],
    ['0.0.0.0', { tls: { certificate: 'a', key: 'b' } }, true],
  ])('plain HTTP at %s with %j: allowed is %s', async (host, more, allowed) => {
    if (allowed) expect((await load(withWebhook({ host, ...more }))).reverse?.webhook?.host).toBe(host)
    else
      expect(await complaintsOf({ host, ...more })).toEqual([expect.stringMatching(/reverse\.webhook\.host.*no TLS/)])
  })

  it.each([
    ['a secret that could be guessed', { secrets: ['short'] }],
    ['a secret with a blank', { secrets: [`${SECRET} x`] }],
    ['no secret', { secrets: [] }],
    ['three secrets', { secrets: [SECRET, SECRET, SECRET] }],
    ['the path of the health check', { path: '/healthz' }],
    ['a header of Dataverse’s own', { header: 'x-ms-key' }],
    ['a key without a certificate', { tls: { key: 'a' } }],
    ['a user that is no id', { ownUsers: ['us'] }],
  ])('%s is refused, and no value is repeated', async (_, webhook) => {
    const complaints = await complaintsOf(webhook)
    expect(complaints).toHaveLength(1)
    expect(complaints[0]).toContain('reverse.webhook')
    expect(complaints[0]).not.toContain(SECRET)
  })
})
