import { describe, expect, it } from 'vitest'
import { defaultAuthority, parseInstance } from '../../src/config/instance.ts'

describe('an instance', () => {
  it.each([
    ['https://acme.crm4.dynamics.com', 'https://acme.crm4.dynamics.com/api/data/v9.2'],
    ['https://acme.crm4.dynamics.com/', 'https://acme.crm4.dynamics.com/api/data/v9.2'],
    ['https://acme.crm4.dynamics.com/api/data/v9.2', 'https://acme.crm4.dynamics.com/api/data/v9.2'],
    ['https://acme.crm4.dynamics.com/api/data/v9.2/', 'https://acme.crm4.dynamics.com/api/data/v9.2'],
    ['https://crm.example.com/acme', 'https://crm.example.com/acme/api/data/v9.2'],
    ['https://crm.example.com:8443/acme/api/data/v9.1', 'https://crm.example.com:8443/acme/api/data/v9.1'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/api/data/v9.2'],
    ['http://localhost:8080', 'http://localhost:8080/api/data/v9.2'],
    ['http://[::1]:8080', 'http://[::1]:8080/api/data/v9.2'],
  ])('%s has its API at %s', (text, root) => {
    const instance = parseInstance(text)
    expect(instance?.root).toBe(root)
    expect(instance?.scope).toBe(`${new URL(text).origin}/.default`)
    expect(instance?.origin).toBe(new URL(text).origin)
  })

  it.each([
    'http://acme.crm4.dynamics.com',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'https://user:secret@acme.crm4.dynamics.com',
    'https://acme.crm4.dynamics.com?x=1',
    'https://acme.crm4.dynamics.com/#top',
    'https://acme.crm4.dynamics.com/main.aspx',
    'https://acme.crm4.dynamics.com/api',
    'https://acme.crm4.dynamics.com/api/data',
    'https://acme.crm4.dynamics.com:99999',
    'acme.crm4.dynamics.com',
    'ftp://acme.example.com',
    'https://<host>',
    '',
  ])('%j is none', (text) => {
    expect(parseInstance(text)).toBeUndefined()
  })
})

it.each([
  ['https://acme.crm4.dynamics.com', 'https://login.microsoftonline.com/t1', true],
  ['https://acme.crm9.dynamics.com', 'https://login.microsoftonline.com/t1', true],
  ['https://acme.crm.microsoftdynamics.us', 'https://login.microsoftonline.us/t1', true],
  ['https://acme.crm.appsplatform.us', 'https://login.microsoftonline.us/t1', true],
  ['https://acme.crm.dynamics.cn', 'https://login.partner.microsoftonline.cn/t1', true],
  ['https://crm.example.com/acme', 'https://login.microsoftonline.com/t1', false],
  ['https://notdynamics.com', 'https://login.microsoftonline.com/t1', false],
])('the authority of %s is %s', (text, url, known) => {
  const instance = parseInstance(text)
  expect(instance && defaultAuthority(instance, 't1')).toEqual({ url, known })
})
