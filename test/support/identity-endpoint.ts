/**
 * A real HTTP server on loopback that gives tokens to the machine it runs on, as App Service documents it
 * (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`) and as the metadata service of a virtual machine does.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface IdentityRequest {
  readonly path: string
  /** Of the query. */
  readonly query: Readonly<Record<string, string>>
  readonly header: string | undefined
}

/** What one request gets; a token where nothing is scripted. */
export type IdentityAnswer = { readonly status: number; readonly body: unknown }

export interface IdentityEndpoint {
  readonly origin: string
  /** What `IDENTITY_HEADER` holds; requests with another one are refused. */
  readonly identityHeader: string
  readonly seen: IdentityRequest[]
  /** Answers to come, first first. */
  readonly script: IdentityAnswer[]
  close(): Promise<void>
}

const PATHS = ['/msi/token', '/metadata/identity/oauth2/token']

export async function startIdentityEndpoint(): Promise<IdentityEndpoint> {
  const identityHeader = 'b1c2d3e4-identity-header'
  const seen: IdentityRequest[] = []
  const script: IdentityAnswer[] = []
  let tokens = 0
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://127.0.0.1')
    const [appService] = PATHS
    // MSAL puts a slash behind an address from the environment.
    const path = url.pathname.replace(/\/$/, '')
    const isAppService = path === appService
    const header = request.headers[isAppService ? 'x-identity-header' : 'metadata']?.toString()
    seen.push({ path, query: Object.fromEntries(url.searchParams), header })
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    }
    if (request.method !== 'GET' || !PATHS.includes(path)) return answer(405, {})
    if (header !== (isAppService ? identityHeader : 'true')) return answer(401, { message: 'The header is wrong.' })
    const scripted = script.shift()
    if (scripted !== undefined) return answer(scripted.status, scripted.body)
    tokens += 1
    const seconds = Math.floor(Date.now() / 1_000) + 86_400
    answer(200, {
      access_token: `m${tokens}`,
      expires_on: String(seconds),
      resource: url.searchParams.get('resource'),
      token_type: 'Bearer',
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    identityHeader,
    seen,
    script,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
