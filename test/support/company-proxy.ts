/**
 * A company's proxy on loopback: whoever wants out says CONNECT. Behind it lie hosts of names that no resolver knows, each of
 * them a server of a test, which is given the TLS that it does not speak itself.
 */

import { once } from 'node:events'
import { createServer, request as forward } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type SelfSigned, selfSigned } from './self-signed.ts'

export interface CompanyProxy {
  /** As `HTTPS_PROXY` names it, with a password where one is wanted. */
  readonly url: string
  /** What vouches for the hosts behind it, in PEM. */
  readonly certificate: string
  /** `host:port` of every tunnel that was asked for. */
  readonly tunnels: readonly string[]
  close(): Promise<void>
}

/** `hosts`: by name (and port, where it is not 443), the server on loopback that answers for it. `password` is asked for where there is one. */
export async function startCompanyProxy(
  hosts: Readonly<Record<string, string>>,
  password?: string,
): Promise<CompanyProxy> {
  const identity: SelfSigned = selfSigned(
    undefined,
    undefined,
    Object.keys(hosts).map((host) => host.replace(/:\d+$/, '')),
  )
  const tunnels: string[] = []
  const behind = createTlsServer({ key: identity.privateKey, cert: identity.certificate }, (request, response) => {
    const { host = '', 'accept-encoding': _packed, ...headers } = request.headers
    const target = new URL(request.url ?? '/', hosts[host])
    const onward = forward(target, { method: request.method, headers: { ...headers, host: target.host } }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => {
        // A server speaks of itself by the name that it is reached by.
        const whole = Buffer.concat(chunks)
        const links = String(answer.headers['content-type']).includes('json')
        const body = links ? Buffer.from(whole.toString().replaceAll(target.origin, `https://${host}`)) : whole
        const { 'transfer-encoding': _chunked, ...told } = answer.headers
        const length = request.method === 'HEAD' ? {} : { 'content-length': body.length }
        response.writeHead(answer.statusCode ?? 502, { ...told, ...length })
        response.end(body)
      })
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  const wanted = password && `Basic ${Buffer.from(`gate:${password}`).toString('base64')}`
  const proxy = createServer((_, response) => void response.writeHead(400).end()).on(
    'connect',
    ({ url = '', headers }, socket) => {
      tunnels.push(url)
      socket.on('error', () => {})
      const refused = (why: string) => void socket.end(`HTTP/1.1 ${why}\r\nContent-Length: 0\r\n\r\n`)
      if (wanted !== undefined && headers['proxy-authorization'] !== wanted)
        refused('407 Proxy Authentication Required')
      else if (hosts[url.replace(/:443$/, '')] === undefined) refused('502 Bad Gateway')
      else {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        behind.emit('connection', socket)
      }
    },
  )
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const { port } = proxy.address() as AddressInfo
  return {
    url: `http://${password === undefined ? '' : `gate:${password}@`}127.0.0.1:${port}`,
    certificate: identity.certificate,
    tunnels,
    close: async () => {
      behind.closeAllConnections()
      proxy.closeAllConnections()
      proxy.close()
    },
  }
}
