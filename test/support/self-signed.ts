/** X.509 certificates that vouch for themselves, written in DER by hand: any dates, no tool, no key in the repository. */
import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'

/** All in PEM but the thumbprints, which are hex as MSAL takes them. */
export interface SelfSigned {
  readonly certificate: string
  readonly privateKey: string
  readonly thumbprint: string
  readonly thumbprintSha256: string
}

function tlv(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}

const sequence = (...content: readonly Buffer[]) => tlv(0x30, ...content)
const generalizedTime = (at: string) =>
  tlv(0x18, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '')}`))
/** sha256WithRSAEncryption. */
const ALGORITHM = sequence(Buffer.from('06092a864886f70d01010b0500', 'hex'))

/** subjectAltName (2.5.29.17). */
function alternativeNames(hosts: readonly string[]): Buffer {
  const names = sequence(...hosts.map((host) => tlv(0x82, Buffer.from(host))))
  return tlv(0xa3, sequence(sequence(Buffer.from('0603551d11', 'hex'), tlv(0x04, names))))
}

/** An RSA certificate that is valid between two ISO dates, for servers of these names. */
export function selfSigned(
  from = '2000-01-01T00:00:00Z',
  to = '2100-01-01T00:00:00Z',
  hosts: readonly string[] = [],
): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const commonName = sequence(Buffer.from('0603550403', 'hex'), tlv(0x0c, Buffer.from('test')))
  const name = sequence(tlv(0x31, commonName))
  const body = sequence(
    tlv(0xa0, Buffer.from('020102', 'hex')),
    Buffer.from('020101', 'hex'),
    ALGORITHM,
    name,
    sequence(generalizedTime(from), generalizedTime(to)),
    name,
    createPublicKey(publicKey).export({ type: 'spki', format: 'der' }),
    ...(hosts.length > 0 ? [alternativeNames(hosts)] : []),
  )
  const der = sequence(body, ALGORITHM, tlv(0x03, Buffer.from([0]), sign('sha256', body, privateKey)))
  const print = (algorithm: string) => createHash(algorithm).update(der).digest('hex')
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return {
    certificate: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    privateKey,
    thumbprint: print('sha1'),
    thumbprintSha256: print('sha256'),
  }
}
