/** Which way out: the variables that every program heeds, and never a proxy for this machine. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { proxyFor } from '../../src/lib/egress.ts'
import { bucketUrl, requestHandlerFor, tokenServiceUrl } from '../../src/source/s3-egress.ts'

const NAMES = [
  'HTTPS_PROXY',
  'https_proxy',
  'HTTP_PROXY',
  'http_proxy',
  'ALL_PROXY',
  'all_proxy',
  'NO_PROXY',
  'no_proxy',
]
const PROXY = 'http://gate:secret@proxy.example:3128/'

let before: Record<string, string | undefined>
beforeEach(() => {
  before = Object.fromEntries([...NAMES, 'AWS_ENDPOINT_URL_STS'].map((name) => [name, process.env[name]]))
  for (const name of Object.keys(before)) delete process.env[name]
})
afterEach(() => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

const wayTo = (url: string) => proxyFor(new URL(url))?.href

describe('a proxy', () => {
  it.each(['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'])('is what %s names', (name) => {
    expect(wayTo('https://acme.crm4.dynamics.com/api')).toBeUndefined()
    process.env[name] = PROXY
    expect(wayTo('https://acme.crm4.dynamics.com/api')).toBe(PROXY)
  })

  it.each([
    'https://127.0.0.1:8080/',
    'https://localhost/',
    'https://[::1]:9/',
    'http://127.0.0.1/',
    'http://169.254.169.254/metadata',
  ])('is never asked for %s', (url) => {
    for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY']) process.env[name] = PROXY
    expect(wayTo(url)).toBeUndefined()
  })

  it('is not asked for what NO_PROXY names', () => {
    Object.assign(process.env, { HTTPS_PROXY: PROXY, NO_PROXY: '.dynamics.com,api.didomi.io' })
    expect(wayTo('https://acme.crm4.dynamics.com/')).toBeUndefined()
    expect(wayTo('https://api.didomi.io/v1')).toBeUndefined()
    expect(wayTo('https://login.microsoftonline.com/')).toBe(PROXY)
    process.env['NO_PROXY'] = '*'
    expect(wayTo('https://login.microsoftonline.com/')).toBeUndefined()
  })

  it.each([
    ['socks5://gate:secret@proxy.example:1080', 'a proxy of the kind socks5:'],
    ['http://gate:secret@:port', 'no URL'],
  ])('that is none (%s) is told without what stands in it', (value, found) => {
    process.env['HTTPS_PROXY'] = value
    const way = () => wayTo('https://api.didomi.io/')
    expect(way).toThrow(`config-invalid: HTTPS_PROXY: found ${found};`)
    expect(way).not.toThrow('secret')
  })
})

describe('to AWS', () => {
  it('the bucket and the token service are reached by the same rules', () => {
    expect(bucketUrl('exports', 'eu-west-1', undefined).href).toBe('https://exports.s3.eu-west-1.amazonaws.com/')
    expect(bucketUrl('exports', 'cn-north-1', undefined).host).toBe('exports.s3.cn-north-1.amazonaws.com.cn')
    expect(bucketUrl('exports', 'eu-west-1', 'https://minio.example:9000').href).toBe('https://minio.example:9000/')
    expect(tokenServiceUrl('eu-west-1').href).toBe('https://sts.eu-west-1.amazonaws.com/')
    process.env['AWS_ENDPOINT_URL_STS'] = 'https://sts.example'
    expect(tokenServiceUrl('eu-west-1').href).toBe('https://sts.example/')
    const handler = () => requestHandlerFor(bucketUrl('exports', 'eu-west-1', undefined), 10)
    expect(handler()).toEqual({ connectionTimeout: 10 })
    process.env['HTTPS_PROXY'] = PROXY
    expect(handler().httpsAgent).toMatchObject({ proxy: new URL(PROXY) })
    process.env['NO_PROXY'] = '.amazonaws.com'
    expect(handler()).toEqual({ connectionTimeout: 10 })
  })
})
