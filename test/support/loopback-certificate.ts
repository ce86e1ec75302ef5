/** A certificate for 127.0.0.1 that vouches for itself, made anew by openssl so that no key lies in the repository. */
import { spawnSync } from 'node:child_process'

/** Both in PEM; undefined where openssl is not installed. */
export function loopbackCertificate(): { readonly certificate: string; readonly key: string } | undefined {
  const made = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=loopback', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', '-', '-out', '-'],
    ],
    { encoding: 'utf8' },
  )
  if (made.status !== 0) return undefined
  const part = (name: string) =>
    new RegExp(`-----BEGIN ${name}-----[^-]+-----END ${name}-----`).exec(made.stdout)?.[0] ?? ''
  return { certificate: part('CERTIFICATE'), key: part('PRIVATE KEY') }
}
