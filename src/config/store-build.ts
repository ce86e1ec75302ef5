/** Checked settings as written → where state is kept, as used. */

import { resolve } from 'node:path'
import { defect } from '../lib/errors.ts'
import { isLoopbackHost } from '../lib/loopback.ts'
import { present } from './present.ts'
import { parseDurationMs } from './quantity.ts'
import type { WrittenSettings } from './schema.ts'
import { Secret } from './secret.ts'
import type { PostgresStoreSettings, StoreSettings } from './settings.ts'

/** Relative paths lie in `folder`. */
export function buildStore({ sqlite, postgres }: WrittenSettings['store'], folder: string): StoreSettings {
  if (postgres !== undefined) return buildPostgres(postgres, folder)
  if (sqlite === undefined) return defect('config/build', 'a store that the schema let through')
  const file = resolve(folder, sqlite)
  return { kind: 'sqlite', sqlite: file, spillFolder: `${file}.spill` }
}

function buildPostgres(
  { password, tls, lease, spill, ...address }: NonNullable<WrittenSettings['store']['postgres']>,
  folder: string,
): PostgresStoreSettings {
  const ca = tls?.ca === undefined ? undefined : resolve(folder, tls.ca)
  return present({
    kind: 'postgres' as const,
    ...address,
    password: new Secret(password),
    tls: tls === undefined && staysOnThisMachine(address.host) ? undefined : present({ ca }),
    leaseMs: parseDurationMs(lease) ?? defect('config/build', 'a lease that the schema let through'),
    spillFolder: resolve(folder, spill),
  })
}

/** A socket's folder, or an address that no network carries. */
function staysOnThisMachine(host: string): boolean {
  return host.startsWith('/') || isLoopbackHost(host)
}
